// The view as part of the address: #f=123&v=difference&x=16, so that it can be sent. The frame is
// that of the shot, from 0.
//
// A browser drops changes of the address that come too fast (Chromium 200 in 10 s, without a word;
// Safari 100, with an error). So the last of a quick run is written a little later, what was
// written is read back, and nothing is called still before the address says it.

import { GAINS, VIEWS } from "./views.js";

const APART = 100; // milliseconds
const DROPPED = 500; // milliseconds until it is tried again

/** What the address asks for; what is missing or senseless in it is left out. */
export function readAddress() {
  const asked = new URLSearchParams(location.hash.slice(1));
  const look = {};
  if (/^\d{1,8}$/.test(asked.get("f") ?? "")) look.frame = Number(asked.get("f"));
  if (VIEWS.includes(asked.get("v"))) look.view = asked.get("v");
  if (GAINS.includes(Number(asked.get("x")))) look.gain = Number(asked.get("x"));
  const wipe = Number(asked.get("w") ?? NaN);
  if (wipe >= 0 && wipe <= 100) look.wipe = wipe / 100;
  if (["0", "1"].includes(asked.get("b"))) look.isRestored = asked.get("b") === "1";
  return look;
}

/** `#` and what `readAddress` reads. */
export function addressOf(frame, look) {
  const parts = [`f=${frame}`];
  if (look.view !== "wipe") parts.push(`v=${look.view}`);
  if (look.view === "difference") parts.push(`x=${look.gain}`);
  if (look.view === "wipe" && look.wipe !== 0.5) parts.push(`w=${Math.round(look.wipe * 100)}`);
  if (look.view === "ab") parts.push(`b=${look.isRestored ? 1 : 0}`);
  return `#${parts.join("&")}`;
}

export class Address {
  #last = -APART;
  #later = 0;

  /** Write it, now or as soon as the browser takes it; `written` is called then. */
  write(text, written) {
    clearTimeout(this.#later);
    const wait = this.#last + APART - performance.now();
    if (wait > 0) {
      this.#later = setTimeout(() => this.write(text, written), wait);
      return;
    }
    this.#last = performance.now();
    try {
      if (location.hash !== text) history.replaceState(history.state, "", text);
    } catch (error) {
      if (error.name !== "SecurityError") throw error;
    }
    if (location.hash === text) return written();
    this.#later = setTimeout(() => this.write(text, written), DROPPED);
  }

  /** What was to be written is out of date. */
  forget() {
    clearTimeout(this.#later);
  }
}
