// A region of the picture, cut at native resolution without loss, on both sides.
//
// The box lies on the screen in samples of the source. Arrows move it, Shift+arrows size it, by 16
// samples; Enter cuts, Escape lets go. Dragging draws another one.

import { element } from "./controls.js";

const STEP = 16;
const LEAST = 16;
const SIDES = [
  ["source", "Source"],
  ["restored", "Restored"],
  ["difference", "Difference x16"],
];

export class CropBox {
  #player;
  #zoom = 1; // three of 256 samples stand in one row then

  constructor(player) {
    this.#player = player;
    this.region = null;
    this.box = element("div", {
      class: "wet-crop", tabindex: 0, role: "group", hidden: "", "data-owns-arrows": "",
    });
    this.cuts = element("section", { class: "wet-cuts", "aria-label": "Native crops", hidden: "" });
    player.controls.stage.append(this.box);
    player.append(this.cuts);
    this.box.addEventListener("keydown", (event) => this.#key(event));
    this.box.addEventListener("pointerdown", (event) => this.#drag(event));
    this.box.addEventListener("dblclick", () => this.cut());
  }

  toggle() {
    if (!this.box.hidden) return this.#close();
    const { native } = this.#player.facts;
    const size = Math.min(256, native.width, native.height);
    this.region ??= {
      left: (native.width - size) >> 1, top: (native.height - size) >> 1,
      width: size, height: size,
    };
    this.box.hidden = false;
    this.place();
    this.box.focus();
  }

  /** Lay the box where its region is on the screen. */
  place() {
    if (this.box.hidden) return;
    const { native } = this.#player.facts;
    const screen = this.#player.controls.screen;
    const shown = this.#player.look.view === "side" ? screen.clientWidth / 2 : screen.clientWidth;
    const across = shown / native.width;
    const down = screen.clientHeight / native.height;
    const { left, top, width, height } = this.region;
    Object.assign(this.box.style, {
      left: `${screen.offsetLeft + left * across}px`, top: `${screen.offsetTop + top * down}px`,
      width: `${width * across}px`, height: `${height * down}px`,
    });
    const at = `${width} by ${height} samples at ${left}, ${top}`;
    this.box.setAttribute("aria-label", `Region of ${at}; Enter cuts it`);
  }

  /** Show the region of the frame that stands, native, of source, restored and difference. */
  cut() {
    const { frame, facts } = this.#player;
    const { left, top, width, height } = this.region;
    const query = `left=${left}&top=${top}&width=${width}&height=${height}`;
    const at = `frame ${frame}, ${width} x ${height} at ${left}, ${top}`;
    const figures = SIDES.map(([side, name]) => {
      const gain = side === "difference" ? "&gain=16" : "";
      const address = `${facts.frames_at}/${frame}/${side}.png?${query}${gain}`;
      const picture = element("img", {
        src: address, alt: `${name}, ${at}`, width: width * this.#zoom, height: height * this.#zoom,
      });
      picture.addEventListener("error", () => picture.replaceWith(`${name}: cannot be read`));
      const save = element("a", { href: `${address}&save=1`, download: "" }, "PNG");
      return element("figure", {}, picture, element("figcaption", {}, `${name} `, save));
    });
    const zoom = element("button", { type: "button", title: "Enlarge" }, `x${this.#zoom}`);
    zoom.addEventListener("click", () => {
      this.#zoom = { 1: 2, 2: 4, 4: 1 }[this.#zoom];
      this.cut();
      this.cuts.querySelector("button").focus();
    });
    const head = element("p", {}, `Native samples, ${at} `, zoom);
    this.cuts.replaceChildren(head, element("div", { class: "wet-figures" }, ...figures));
    this.cuts.hidden = false;
  }

  #close() {
    this.box.hidden = true;
    this.cuts.hidden = true;
    this.cuts.replaceChildren();
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const [x, y] = {
      ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP],
    }[event.key] ?? [0, 0];
    if (event.key === "Enter") this.cut();
    else if (event.key === "Escape") this.#close();
    else if (x || y) this.#change(event.shiftKey ? { width: x, height: y } : { left: x, top: y });
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  #change(by) {
    const next = { ...this.region };
    for (const [name, value] of Object.entries(by)) next[name] += value;
    this.#put(next);
  }

  #put({ left, top, width, height }) {
    const { native } = this.#player.facts;
    const within = (value, least, most) => Math.min(Math.max(Math.round(value), least), most);
    const w = within(width, Math.min(LEAST, native.width), native.width);
    const h = within(height, Math.min(LEAST, native.height), native.height);
    this.region = {
      left: within(left, 0, native.width - w), top: within(top, 0, native.height - h),
      width: w, height: h,
    };
    this.place();
  }

  #drag(down) {
    const { native } = this.#player.facts;
    const screen = this.#player.controls.screen;
    const shown = this.#player.look.view === "side" ? screen.clientWidth / 2 : screen.clientWidth;
    const across = native.width / shown;
    const lines = native.height / screen.clientHeight;
    const from = { ...this.region };
    this.box.setPointerCapture(down.pointerId);
    const move = (event) => {
      const x = (event.clientX - down.clientX) * across;
      const y = (event.clientY - down.clientY) * lines;
      this.#put(
        down.shiftKey
          ? { ...from, width: from.width + x, height: from.height + y }
          : { ...from, left: from.left + x, top: from.top + y },
      );
    };
    this.box.addEventListener("pointermove", move);
    const end = () => this.box.removeEventListener("pointermove", move);
    this.box.addEventListener("lostpointercapture", end, { once: true });
  }
}
