// How the three panels of the gate are laid on the screen's canvas.
//
// The difference is a panel of its own, made from the samples as they are on disk (tasks/proxy.py):
// |restored - source|, the largest of the planes, coded as its square root above a floor. From the
// two halves it would be false: the codec alone makes them differ by several per cent.

export const VIEWS = ["wipe", "side", "ab", "difference", "change"];
export const GAINS = [1, 4, 16];

const FLOOR = 20; // code of the smallest change; no change is 0
const LEAST = 10; // below it lies what the codec adds to no change
const LINE = "#808080";

const differences = new Map();

/** Code of the panel -> grey of the difference, so many times enlarged. */
function levelsOf(gain) {
  if (!differences.has(gain)) {
    const levels = new Uint8ClampedArray(256);
    for (let code = LEAST; code < 256; code += 1) {
      levels[code] = gain * 255 * (Math.max(code - FLOOR, 0) / (255 - FLOOR)) ** 2;
    }
    differences.set(gain, levels);
  }
  return differences.get(gain);
}

/** Size of the canvas that a view is drawn on. */
export function sizeOf(view, { width, height }) {
  return { width: view === "side" ? 2 * width : width, height };
}

/**
 * Draw what is in the gate.
 * @param {CanvasRenderingContext2D} screen
 * @param {CanvasRenderingContext2D} gate
 * @param {{width: number, height: number, pitch: number}} panels
 * @param {{view: string, gain: number, wipe: number, isRestored: boolean}} look
 */
export function draw(screen, gate, panels, look) {
  const { width, height, pitch } = panels;
  const panel = (number, from, to, left) => {
    if (to > from)
      screen.drawImage(
        gate.canvas, number * pitch + from, 0, to - from, height, left + from, 0, to - from, height,
      );
  };
  if (look.view === "side") {
    panel(0, 0, width, 0);
    panel(1, 0, width, width);
  } else if (look.view === "ab") {
    panel(look.isRestored ? 1 : 0, 0, width, 0);
  } else if (look.view === "wipe") {
    const edge = Math.round(look.wipe * width);
    panel(0, 0, edge, 0);
    panel(1, edge, width, 0);
    screen.fillStyle = LINE;
    if (edge > 0 && edge < width) screen.fillRect(edge, 0, 1, height);
  } else {
    const change = gate.getImageData(2 * pitch, 0, width, height);
    if (look.view === "difference") difference(change.data, levelsOf(look.gain));
    else changed(change.data, gate.getImageData(pitch, 0, width, height).data);
    screen.putImageData(change, 0, 0);
  }
}

function difference(data, levels) {
  for (let at = 0; at < data.length; at += 4) {
    const level = levels[data[at + 1]];
    data[at] = data[at + 1] = data[at + 2] = level;
  }
}

/** Changed samples, the more the lighter, over the restored picture, dimmed below all of them. */
function changed(data, restored) {
  for (let at = 0; at < data.length; at += 4) {
    const code = data[at + 1];
    const level = code < LEAST ? restored[at + 1] >> 2 : 96 + ((code * 159) >> 8);
    data[at] = data[at + 1] = data[at + 2] = level;
  }
}
