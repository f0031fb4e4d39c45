// What the player's keys and buttons do, by the action's name (keys.js).

import { GAINS } from "./views.js";

const FASTEST = 8; // times the film's own rate
const NUDGE = 0.02; // of the picture's width

const second = ({ facts }) => Math.round(facts.rate[0] / facts.rate[1]);
const last = ({ facts }) => facts.frames - 1;

/** In A/B the first press shows A, the source; each further one the other. */
function toggleSides(player) {
  const { view, isRestored } = player.look;
  player.show({ view: "ab", isRestored: view === "ab" && !isRestored });
}

function nextGain(player) {
  const gain = GAINS[(GAINS.indexOf(player.look.gain) + 1) % GAINS.length];
  player.show({ view: "difference", gain });
}

function wipeBy(player, by) {
  player.show({ view: "wipe", wipe: Math.min(Math.max(player.look.wipe + by, 0), 1) });
}

function loopFrom(player) {
  const { frame, film } = player;
  player.loop(frame, Math.max(frame, film.loop?.[1] ?? last(player)));
}

function loopTo(player) {
  const { frame, film } = player;
  player.loop(Math.min(frame, film.loop?.[0] ?? 0), frame);
}

function toggleLoop(player) {
  if (player.film.loop) player.loop();
  else player.loop(...(player.lastLoop ?? [0, last(player)]));
}

function save({ facts, frame }) {
  for (const side of ["source", "restored"]) {
    const link = document.createElement("a");
    link.href = `${facts.frames_at}/${frame}/${side}.png?save=1`;
    link.download = "";
    link.click();
  }
}

/** Each takes the player, whose film is there. */
export const ACTIONS = {
  next: ({ film }) => film.step(1),
  previous: ({ film }) => film.step(-1),
  second: (player) => player.film.step(second(player)),
  secondBack: (player) => player.film.step(-second(player)),
  minute: (player) => player.film.step(60 * second(player)),
  minuteBack: (player) => player.film.step(-60 * second(player)),
  first: ({ film }) => film.seek(0),
  last: (player) => player.film.seek(last(player)),
  toggle: ({ film }) => (film.speed ? film.pause() : film.play(1)),
  stand: ({ film }) => film.pause(),
  forward: ({ film }) => film.play(film.speed > 0 ? Math.min(2 * film.speed, FASTEST) : 1),
  back: ({ film }) => film.play(film.speed < 0 ? Math.max(2 * film.speed, -FASTEST) : -1),
  go: ({ controls }) => controls.go.focus(),
  wipe: (player) => player.show({ view: "wipe" }),
  side: (player) => player.show({ view: "side" }),
  ab: toggleSides,
  difference: (player) => player.show({ view: "difference" }),
  change: (player) => player.show({ view: "change" }),
  gain: nextGain,
  wipeLeft: (player) => wipeBy(player, -NUDGE),
  wipeRight: (player) => wipeBy(player, NUDGE),
  in: loopFrom,
  out: loopTo,
  loop: toggleLoop,
  mark: (player) => player.say("wet-mark", { forward: true }),
  markBack: (player) => player.say("wet-mark", { forward: false }),
  crop: ({ cropBox }) => cropBox.toggle(),
  save,
};
