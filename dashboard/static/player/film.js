// A proxy as film: seeks, steps, plays and shuttles, and says which frame is in its gate.
//
// What a browser presents and when it says so are two things. So the video is copied whole onto a
// canvas, the gate, and the frame's number is read from that copy: picture and number are one.
// Everything shown is drawn from the gate, nothing from the video.

import { readNumber } from "./number.js";

const LOOK_AGAIN = 300; // milliseconds after which a picture that did not come is asked for again

// Where in a frame's duration the video is sent. Chromium shows the picture whose start is nearest,
// so from the middle on it shows the next one; others show the picture whose duration it is.
const PLACES = [0.25, 0.1, 0.4, 0.01, 0.6];

export class Film {
  #video;
  #facts;
  #gate;
  #onPicture;
  #onState;
  #busy = false; // the video is seeking
  #asked = -1; // the frame that the video was sent to
  #stands = null; // the frame that it stands on
  #tries = 0;
  #watch = 0;
  #reverse = null;

  /**
   * @param {HTMLVideoElement} video
   * @param {object} facts of the proxy, as its address answers
   * @param {() => void} onPicture another picture is in the gate: draw it
   * @param {() => void} onState it plays, is sought, or stands
   */
  constructor(video, facts, onPicture, onState) {
    this.#video = video;
    this.#facts = facts;
    this.#onPicture = onPicture;
    this.#onState = onState;
    this.canvas = document.createElement("canvas");
    this.canvas.width = facts.panels.frame_width;
    this.canvas.height = facts.panels.frame_height;
    this.#gate = this.canvas.getContext("2d", { willReadFrequently: true, alpha: false });
    this.shown = null; // number of the picture in the gate
    this.goal = null; // the frame that is wanted, until it is shown
    this.speed = 0; // 1 plays, -2 goes back twice as fast
    this.loop = null; // [first, last] frame that is repeated
    video.addEventListener("seeked", () => this.#arrived());
    video.addEventListener("loadeddata", () => this.#grab());
    video.addEventListener("ended", () => this.#ended());
    this.#listen();
  }

  get context() {
    return this.#gate;
  }

  get state() {
    if (this.speed !== 0) return "playing";
    return this.goal === null && this.shown !== null ? "still" : "seeking";
  }

  /** Go to a frame and stand there. */
  seek(frame) {
    const stood = this.state === "still";
    this.#halt();
    if (!stood || this.#within(frame) !== this.shown) this.#aim(this.#within(frame));
    this.#onState();
  }

  /** So many frames on from where it is going. */
  step(frames) {
    this.seek((this.goal ?? this.shown ?? 0) + frames);
  }

  /** Play forwards or back, at so many times its rate; 0 stands. */
  play(speed) {
    if (speed === 0) return this.pause();
    this.#halt();
    const from = this.goal ?? this.shown ?? 0;
    const last = this.#facts.frames - 1;
    this.#stands = null;
    this.goal = null;
    if (speed > 0 && from >= last) this.#aim(this.loop ? this.loop[0] : 0);
    this.speed = speed;
    if (speed > 0) {
      this.#video.playbackRate = speed;
      this.#video.play().catch(() => this.pause());
    } else {
      this.#reverse = { from, since: performance.now() };
      requestAnimationFrame((now) => this.#back(now));
    }
    this.#onState();
  }

  /** Stand on the picture that is shown. */
  pause() {
    if (this.speed === 0) return;
    this.#grab();
    this.#halt();
    this.#aim(this.#looped(this.shown ?? 0));
    this.#onState();
  }

  #halt() {
    this.#reverse = null;
    this.speed = 0;
    this.#video.pause();
  }

  /** The nearest frame of the loop. */
  #looped(frame) {
    return this.loop ? Math.min(Math.max(frame, this.loop[0]), this.loop[1]) : frame;
  }

  #within(frame) {
    return Math.min(Math.max(Math.round(frame), 0), this.#facts.frames - 1);
  }

  #aim(frame) {
    this.goal = frame;
    this.#tries = 0;
    if (!this.#busy) this.#send();
  }

  /** Send the video to the goal; elsewhere within the frame where that gave another one. */
  #send() {
    const [frames, seconds] = this.#facts.rate;
    this.#busy = true;
    this.#asked = this.goal;
    const place = PLACES[this.#tries % PLACES.length];
    this.#tries += 1;
    this.#video.currentTime = ((this.goal + place) * seconds) / frames;
  }

  #arrived() {
    this.#busy = false;
    if (this.speed > 0) {
      this.goal = null; // it plays on: the next picture that comes is shown
      return;
    }
    this.#grab();
    if (this.goal === null) return;
    if (this.goal !== this.#asked) this.#send();
    else this.#wait(performance.now());
  }

  /** `seeked` may come before the picture does. */
  #wait(since) {
    cancelAnimationFrame(this.#watch);
    this.#watch = requestAnimationFrame((now) => {
      if (this.goal === null || this.#busy) return;
      this.#grab();
      if (this.goal === null) return;
      if (now - since > LOOK_AGAIN) this.#send();
      else this.#wait(since);
    });
  }

  #listen() {
    const next = () => {
      this.#grab();
      if ("requestVideoFrameCallback" in this.#video) this.#video.requestVideoFrameCallback(next);
      else requestAnimationFrame(next);
    };
    next();
  }

  /** Copy the picture into the gate, with its number, and have it shown. */
  #grab() {
    if (this.#video.readyState < 2) return;
    this.#gate.drawImage(this.#video, 0, 0, this.canvas.width, this.canvas.height);
    const frame = readNumber(this.#gate, this.#facts.strip);
    if (frame === null) return;
    const isNew = frame !== this.shown;
    this.shown = frame;
    if (this.#isBeyond(frame)) {
      if (this.speed > 0 && !this.#busy) this.#aim(this.loop[0]);
      return;
    }
    const reached = this.#isReached(frame);
    if (reached) {
      this.goal = null;
      this.#stands = frame;
    }
    if (isNew) this.#onPicture();
    if (reached) this.#onState();
    else if (this.#isDisplaced(frame)) this.#return();
  }

  /**
   * Whether this is the goal's picture, and not one like it that is about to go: until the video
   * was sent to the goal and is there, the picture of an earlier errand may still be on its way.
   */
  #isReached(frame) {
    return frame === this.goal && frame === this.#asked && !this.#busy;
  }

  /** A late picture of an earlier errand came while it stood. */
  #isDisplaced(frame) {
    const isStanding = this.speed === 0 && this.goal === null && this.#stands !== null;
    return isStanding && frame !== this.#stands;
  }

  #return() {
    this.goal = this.#stands;
    this.#onState();
    this.#wait(performance.now());
  }

  /** Outside the loop, while it plays or goes to a frame of it: it is not shown. */
  #isBeyond(frame) {
    const isOutside = (number) => this.#looped(number) !== number;
    const isLooping = this.speed > 0 || (this.goal !== null && !isOutside(this.goal));
    return isLooping && isOutside(frame);
  }

  #back(now) {
    if (!this.#reverse) return;
    const [frames, seconds] = this.#facts.rate;
    const gone = ((now - this.#reverse.since) / 1000) * (frames / seconds) * -this.speed;
    const first = this.loop ? this.loop[0] : 0;
    let frame = Math.floor(this.#reverse.from - gone);
    if (frame < first && this.loop) {
      this.#reverse = { from: this.loop[1], since: now };
      frame = this.loop[1];
    }
    if (frame <= first && !this.loop) return this.seek(0);
    if (frame !== this.shown && !this.#busy) this.#aim(frame);
    requestAnimationFrame((later) => this.#back(later));
  }

  #ended() {
    if (this.speed <= 0) return;
    if (!this.loop) return this.seek(this.#facts.frames - 1);
    this.#aim(this.loop[0]);
    this.#video.play().catch(() => this.pause());
  }
}
