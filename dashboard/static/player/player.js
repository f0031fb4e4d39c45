// <wet-player src="/pictures/REEL/KEY"></wet-player>: before and after, frame by frame.
//
// Asks `src` for the proxy's facts (which has it built if need be), and shows it. The number that
// is shown is that of the picture that is drawn, never the one hoped for: film.js.
//
//   next="/pictures/REEL/KEY"    shot that is looked at next: its proxy is made meanwhile
//   data-state="waiting" | "failed" | "seeking" | "playing" | "still"
//   data-frame, data-reel-frame    frame of the shot, of the reel, that is on the screen
//   wet-facts     (event) the facts are here, in `detail`
//   wet-frame     (event) another picture is shown: `detail.frame` of the shot, `reelFrame`
//   wet-still     (event) it stands, and the address names it; `detail` likewise
//   wet-mark      (event) go to the next worst frame: `detail.forward`
//   seek(frame of the shot), frame, facts, film
//
// Frames are those of the shot, from 0, in addresses as well.

import { ACTIONS } from "./actions.js";
import { Address, addressOf, readAddress } from "./address.js";
import { controls } from "./controls.js";
import { CropBox } from "./crop_box.js";
import { Film } from "./film.js";
import { actionOf } from "./keys.js";
import { Timecode, meant } from "./timecode.js";
import { Timelines } from "./timelines.js";
import { draw, sizeOf } from "./views.js";

const ASK_AGAIN = 500; // milliseconds
const ASK_AT_LEAST = 8000; // milliseconds between requests, however many were lost
const TALLEST = 64; // % of the window's height
const STYLE = new URL("player.css", import.meta.url).href;

/** No answer, or one that says that another may come: not the sign-in page, nor "no such shot". */
function isLost(answer, facts) {
  if (!answer) return true;
  return answer.status >= 500 || (answer.ok && !facts && !answer.redirected);
}

export class WetPlayer extends HTMLElement {
  look = { view: "wipe", gain: 4, wipe: 0.5, isRestored: true };
  facts = null;
  film = null;
  #address = new Address();
  #wanted = {};

  connectedCallback() {
    if (this.controls) return;
    this.controls = controls(this);
    this.screen = this.controls.screen.getContext("2d", { alpha: false });
    this.cropBox = new CropBox(this);
    this.timelines = new Timelines(this);
    this.#wanted = readAddress();
    this.#take(this.#wanted);
    this.gone = new AbortController();
    const { signal } = this.gone;
    document.addEventListener("keydown", (event) => this.#key(event), { signal });
    window.addEventListener("hashchange", () => this.#follow(readAddress()), { signal });
    this.#set("waiting", "Asking for the picture");
    this.#ask();
  }

  disconnectedCallback() {
    this.gone?.abort();
    this.controls.video.removeAttribute("src");
    this.controls.video.load();
  }

  /** Frame of the shot that is on the screen; null before there is one. */
  get frame() {
    return this.film?.shown ?? null;
  }

  /** Go to a frame of the shot. */
  seek(frame) {
    this.film?.seek(frame);
  }

  /** Do what a key does, by its action's name (keys.js). */
  act(action) {
    if (this.film) ACTIONS[action]?.(this);
  }

  /** Another way of looking. */
  show(look) {
    Object.assign(this.look, look);
    this.#draw();
    if (this.film.state === "still") this.#stand();
  }

  /** Repeat from one frame to another, both shown; nothing when called without. */
  loop(first, last) {
    const isOn = first !== undefined;
    if (isOn) this.lastLoop = [first, last];
    this.film.loop = isOn ? this.lastLoop : null;
    this.controls.showLoop(this.film.loop);
  }

  /** Go to what a person typed. Returns whether it names a frame of the shot. */
  go(text) {
    const frame = meant(text, this.frame ?? 0, this.facts.start_frame, this.timecode);
    if (frame === null || frame < 0 || frame >= this.facts.frames) return false;
    this.seek(frame);
    return true;
  }

  /** Asks until the picture is there; a request that got lost is made again, later each time. */
  async #ask(lost = 0) {
    const answer = await fetch(this.getAttribute("src")).catch(() => null);
    const facts = answer?.ok ? await answer.json().catch(() => null) : null;
    if (!this.isConnected) return;
    if (isLost(answer, facts)) {
      this.#set("waiting", "The dashboard does not answer; asking again");
      setTimeout(() => this.#ask(lost + 1), Math.min(ASK_AGAIN * 2 ** lost, ASK_AT_LEAST));
    } else if (!facts || facts.state === "failed") {
      this.#set("failed", facts?.reason ?? "The picture cannot be had; load the page again");
    } else if (facts.state === "ready") {
      this.#begin(facts);
    } else {
      this.#set("waiting", `Making the proxy: ${facts.done} of ${facts.frames} frames`);
      setTimeout(() => this.#ask(), ASK_AGAIN);
    }
  }

  #begin(facts) {
    this.facts = facts;
    this.timecode = new Timecode(facts.rate, facts.timecode);
    const { video } = this.controls;
    video.addEventListener("error", () => this.#set("failed", "The proxy cannot be played; load the page again"));
    this.film = new Film(video, facts, () => this.#draw(), () => this.#state());
    this.controls.begin(facts);
    video.src = facts.video;
    this.say("wet-facts", facts);
    this.timelines.load();
    this.#set("seeking", "");
    this.film.seek(this.#wanted.frame ?? 0);
    const next = this.getAttribute("next");
    if (next) fetch(next).catch(() => null);
  }

  #take({ view, gain, wipe, isRestored }) {
    const asked = { view, gain, wipe, isRestored };
    for (const [name, value] of Object.entries(asked)) {
      if (value !== undefined) this.look[name] = value;
    }
  }

  #follow(asked) {
    this.#wanted = asked;
    this.#take(asked);
    if (!this.film) return;
    this.#draw();
    this.film.seek(asked.frame ?? 0);
  }

  #counted(frame) {
    return { frame, reelFrame: this.facts.start_frame + frame };
  }

  #draw() {
    const { film, facts } = this;
    if (!film || film.shown === null) return;
    const size = sizeOf(this.look.view, facts.panels);
    const { canvas } = this.screen;
    if (canvas.width !== size.width || canvas.height !== size.height) {
      Object.assign(canvas, size);
      canvas.style.width = `min(100%, ${(TALLEST * size.width) / size.height}vh)`;
    }
    draw(this.screen, film.context, facts.panels, this.look);
    const isOther = this.dataset.frame !== String(film.shown);
    this.dataset.frame = film.shown;
    this.dataset.reelFrame = facts.start_frame + film.shown;
    this.controls.showFrame(film.shown, this.look);
    this.cropBox.place();
    if (isOther) this.say("wet-frame", this.#counted(film.shown));
  }

  #state() {
    const { state } = this.film;
    if (state === "still") return this.#stand();
    this.#address.forget();
    this.#set(state, "");
  }

  /** The address first: nothing is called still before it says what is on the screen. */
  #stand() {
    const frame = this.film.shown;
    if (this.dataset.state === "still") this.#set("seeking", "");
    this.#address.write(addressOf(frame, this.look), () => {
      if (this.film.state !== "still" || this.film.shown !== frame) return;
      this.#set("still", "");
      this.say("wet-still", this.#counted(frame));
    });
  }

  #set(state, words) {
    this.dataset.state = state;
    this.controls.showState(state, words, this.film?.speed ?? 0);
  }

  say(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true }));
  }

  #key(event) {
    const action = actionOf(event);
    if (!action || !this.film) return;
    event.preventDefault();
    this.act(action);
  }
}

if (![...document.styleSheets].some((sheet) => sheet.href?.startsWith(STYLE))) {
  document.head.append(Object.assign(document.createElement("link"), { rel: "stylesheet", href: STYLE }));
}
customElements.define("wet-player", WetPlayer);
