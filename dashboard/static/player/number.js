// The number that every picture of a proxy carries, read from the picture itself.
//
// 24 bits, then the same 24 inverted, each a block of black or white, the lowest bit first
// (tasks/media/proxy.py). A bit is what its two blocks say together; where they do not
// contradict each other clearly, the picture has no number and is not shown as one.

const CLEARLY = 64;

/**
 * @param {CanvasRenderingContext2D} context of a canvas that holds the whole picture
 * @param {{bits: number, block_width: number, top: number, lines: number}} strip
 * @returns {number | null}
 */
export function readNumber(context, strip) {
  const width = 2 * strip.bits * strip.block_width;
  const middle = strip.top + (strip.lines >> 1);
  const { data } = context.getImageData(0, middle, width, 1);
  const level = (block) => data[4 * (block * strip.block_width + (strip.block_width >> 1)) + 1];
  let number = 0;
  for (let bit = 0; bit < strip.bits; bit += 1) {
    const difference = level(bit) - level(strip.bits + bit);
    if (Math.abs(difference) < CLEARLY) return null;
    if (difference > 0) number += 2 ** bit;
  }
  return number;
}
