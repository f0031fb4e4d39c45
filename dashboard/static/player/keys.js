// Keys of the player: what each does, for the player and for the page's help.
//
// Single keys are left alone while a person types, and where the page has
// <html data-keys="off"> (WCAG 2.1.4). Radio buttons and checkboxes keep Space, and arrows where a
// person went to them by Tab; every other key on them is the player's.

import { choosesByArrows, isChoice } from "../focus.js";

/** [keys as `KeyboardEvent.key` names them, name of the action, what it does] */
export const KEYS = [
  [["ArrowRight", "."], "next", "next frame"],
  [["ArrowLeft", ","], "previous", "frame before"],
  [["Shift+ArrowRight"], "second", "a second on"],
  [["Shift+ArrowLeft"], "secondBack", "a second back"],
  [["PageDown"], "minute", "a minute on"],
  [["PageUp"], "minuteBack", "a minute back"],
  [["Home"], "first", "first frame"],
  [["End"], "last", "last frame"],
  [[" "], "toggle", "play or stand"],
  [["j"], "back", "play back; again: faster"],
  [["k"], "stand", "stand"],
  [["l"], "forward", "play; again: faster"],
  [["g"], "go", "go to a frame of the shot, r and one of the reel, +n, -n, a timecode"],
  [["1"], "wipe", "wipe"],
  [["2"], "side", "side by side"],
  [["3"], "ab", "A or B: source, restored"],
  [["4"], "difference", "difference"],
  [["5"], "change", "map of what was changed"],
  [["x"], "gain", "difference x1, x4, x16"],
  [["["], "wipeLeft", "wipe to the left"],
  [["]"], "wipeRight", "wipe to the right"],
  [["i"], "in", "loop from here"],
  [["o"], "out", "loop up to here"],
  [["p"], "loop", "loop on or off"],
  [["w"], "mark", "next worst frame of a metric"],
  [["v"], "markBack", "worst frame before"],
  [["c"], "crop", "region at native resolution: arrows move it, Shift+arrows size it, Enter cuts"],
  [["s"], "save", "save both frames as PNG"],
];

const ACTIONS = new Map(KEYS.flatMap(([keys, action]) => keys.map((key) => [key, action])));

/** The action that a key press asks for; undefined where it asks for none. */
export function actionOf(event) {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return undefined;
  if (document.documentElement.dataset.keys === "off") return undefined;
  const at = event.target;
  if (at.isContentEditable || /^(TEXTAREA|SELECT)$/.test(at.tagName)) return undefined;
  if (at.tagName === "INPUT" && at.type !== "range" && !isChoice(at)) return undefined;
  if ((/^(BUTTON|A|SUMMARY)$/.test(at.tagName) || isChoice(at)) && event.key === " ")
    return undefined;
  const moves = event.key.startsWith("Arrow") || /^(Home|End|Page)/.test(event.key);
  if (moves && ownsArrows(at)) return undefined;
  const key = event.shiftKey && event.key.length > 1 ? `Shift+${event.key}` : event.key;
  return ACTIONS.get(key);
}

function ownsArrows(at) {
  if (isChoice(at)) return choosesByArrows(at);
  return at.tagName === "INPUT" || at.closest?.("[data-owns-arrows]");
}
