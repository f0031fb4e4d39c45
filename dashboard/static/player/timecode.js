// Timecode of a reel's frames (SMPTE ST 12), and what a person types to go somewhere.
//
// Counted in whole frames at the nearest whole rate; with drop frames where the reel's first
// timecode says so by its semicolon and the rate is near 30 or 60.

export class Timecode {
  /**
   * @param {[number, number]} rate frames in so many seconds
   * @param {string} first timecode of the reel's first frame; zero where it has none
   */
  constructor(rate, first) {
    this.base = Math.round(rate[0] / rate[1]);
    this.isDropped = /[;.]/.test(first ?? "") && this.base % 30 === 0;
    this.first = this.#count(first || "00:00:00:00") ?? 0;
  }

  /** Of a frame of the reel. */
  of(frame) {
    let number = this.first + frame;
    if (this.isDropped) number += this.#dropped(number);
    const two = (value) => String(value).padStart(2, "0");
    const seconds = Math.floor(number / this.base);
    const hours = Math.floor(seconds / 3600) % 24;
    const parts = [hours, Math.floor(seconds / 60) % 60, seconds % 60].map(two);
    return parts.join(":") + (this.isDropped ? ";" : ":") + two(number % this.base);
  }

  /** Frame of the reel that a timecode names; null where it is none. */
  frame(text) {
    const count = this.#count(text);
    return count === null ? null : count - this.first;
  }

  #count(text) {
    const found = /^(\d{1,2}):(\d{1,2}):(\d{1,2})[:;.](\d{1,3})$/.exec(text.trim());
    if (!found) return null;
    const [hours, minutes, seconds, frames] = found.slice(1).map(Number);
    if (minutes > 59 || seconds > 59 || frames >= this.base) return null;
    const number = ((hours * 60 + minutes) * 60 + seconds) * this.base + frames;
    if (!this.isDropped) return number;
    const all = hours * 60 + minutes;
    return number - (this.base / 15) * (all - Math.floor(all / 10));
  }

  /** Numbers that are left out up to a frame. */
  #dropped(frame) {
    const drop = this.base / 15;
    const perMinute = this.base * 60 - drop;
    const perTen = this.base * 600 - 9 * drop;
    const tens = Math.floor(frame / perTen);
    const rest = frame % perTen;
    return 9 * drop * tens + (rest >= drop ? drop * Math.floor((rest - drop) / perMinute) : 0);
  }
}

/**
 * The frame of the shot that a person means: "20", "r10120" of the reel, "+24", "-1", a timecode.
 * @returns {number | null}
 */
export function meant(text, shown, startFrame, timecode) {
  const typed = text.trim();
  if (/^[+-]\d+$/.test(typed)) return shown + Number(typed);
  if (/^\d+$/.test(typed)) return Number(typed);
  if (/^r\s*\d+$/i.test(typed)) return Number(typed.slice(1)) - startFrame;
  const frame = timecode.frame(typed);
  return frame === null ? null : frame - startFrame;
}
