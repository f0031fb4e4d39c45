// Under the picture: values frame by frame, and each metric with its worst frame. A click goes there.
//
// Lines are uPlot's. Of a metric there is a value a shot, that of its worst stretch; so it is drawn
// as a lane with that stretch and its worst frame, and not as a line.

import { element } from "./controls.js";

const HEIGHT = 4.5; // of a chart, in the page's own measure
const TOGETHER = { luma_restored: "luma_source" }; // drawn in one chart

const em = () => parseFloat(getComputedStyle(document.documentElement).fontSize);
const rounded = (value) =>
  value === null || value === undefined ? "–" : String(Number(value.toPrecision(4)));

function goButton(text, label, act) {
  const made = element("button", { type: "button", title: label, "aria-label": label }, text);
  made.addEventListener("click", act);
  return made;
}

export class Timelines {
  #player;
  #charts = [];
  #labels = [];
  #worst = [];

  constructor(player) {
    this.#player = player;
    this.section = element("section", { class: "wet-timelines", "aria-label": "Timelines" });
    player.append(this.section);
    player.addEventListener("wet-frame", () => this.#follow());
    player.addEventListener("wet-mark", ({ detail }) => this.#toMark(detail.forward));
  }

  async load() {
    const answer = await fetch(this.#player.facts.series_at).catch(() => null);
    if (!answer?.ok || !this.section.isConnected) return;
    const { series, metrics } = await answer.json();
    const charts = element("div", { class: "wet-charts" });
    this.section.replaceChildren(this.#lanes(metrics), charts);
    if (globalThis.uPlot) this.#draw(series, charts);
    this.#follow();
  }

  #draw(series, charts) {
    const groups = new Map();
    for (const one of series) {
      const key = TOGETHER[one.id] ?? one.id;
      groups.set(key, [...(groups.get(key) ?? []), one]);
    }
    for (const group of groups.values()) this.#chart(group, charts);
    const fit = () => {
      const width = charts.clientWidth;
      for (const chart of this.#charts) if (width) chart.setSize({ width, height: HEIGHT * em() });
    };
    new ResizeObserver(fit).observe(charts);
  }

  #chart(group, charts) {
    const label = element("p", { class: "wet-label" });
    const box = element("div", { class: "wet-chart", role: "img" });
    charts.append(label, box);
    const ink = (name) => () => getComputedStyle(this.#player).getPropertyValue(name);
    const lines = group.map((_, at) => ({
      stroke: ink(at === group.length - 1 ? "--wet-ink" : "--wet-edge"),
      width: 1.5,
      points: group.some((one) => one.values.includes(null)) ? { size: 4 } : { show: false },
    }));
    const axis = {
      stroke: ink("--wet-quiet"), font: `${0.75 * em()}px sans-serif`,
      grid: { show: false }, ticks: { show: false },
    };
    const options = {
      width: Math.max(charts.clientWidth, 200),
      height: HEIGHT * em(),
      legend: { show: false },
      cursor: { sync: { key: "wet-player" }, drag: { x: false, y: false }, points: { show: false } },
      scales: { x: { time: false } },
      axes: [{ ...axis, show: false }, { ...axis, size: 4 * em(), space: 1.5 * em() }],
      padding: [4, 8, 4, 0],
      series: [{}, ...lines],
      hooks: { draw: [(chart) => this.#line(chart)] },
    };
    const frames = group[0].values.map((_, frame) => frame);
    const chart = new globalThis.uPlot(options, [frames, ...group.map((one) => one.values)], box);
    chart.over.addEventListener("click", () => this.#player.seek(chart.cursor.idx ?? 0));
    this.#charts.push(chart);
    this.#labels.push({ label, group });
    const all = group.flatMap((one) => one.values).filter((value) => value !== null);
    const reach = `${rounded(Math.min(...all))} to ${rounded(Math.max(...all))} ${group[0].unit}`;
    box.setAttribute("aria-label", `${group.map((one) => one.name).join(" and ")}: ${reach}`);
  }

  /** Where the picture on the screen is. */
  #line(chart) {
    const { frame } = this.#player;
    if (frame === null) return;
    const { top, height } = chart.bbox;
    chart.ctx.fillStyle = getComputedStyle(this.#player).getPropertyValue("--wet-ink");
    chart.ctx.fillRect(Math.round(chart.valToPos(frame, "x", true)), top, 1, height);
  }

  #follow() {
    const { frame } = this.#player;
    if (frame === null) return;
    for (const chart of this.#charts) chart.redraw(false);
    for (const { label, group } of this.#labels) {
      const said = group.map((one) => `${one.name} ${rounded(one.values[frame])}`).join(", ");
      label.textContent = `${said} ${group[0].unit}`.trimEnd();
    }
  }

  #lanes(metrics) {
    const lane = (metric) => this.#lane(metric);
    const seen = metrics.filter((metric) => metric.verdict !== "ok");
    const well = metrics.filter((metric) => metric.verdict === "ok");
    const marked = seen.length ? seen : well;
    this.#worst = [...new Set(marked.map((m) => m.worst_frame).filter((f) => f !== null))];
    this.#worst.sort((one, other) => one - other);
    const rest = element(
      "details", {},
      element("summary", {}, `${well.length} metrics without a finding`), ...well.map(lane),
    );
    return element("div", { class: "wet-lanes" }, ...seen.map(lane), ...(well.length ? [rest] : []));
  }

  #lane(metric) {
    const { worst_frame: worst, interval } = metric;
    const last = Math.max(this.#player.facts.frames - 1, 1);
    const across = (frame) => `${(100 * frame) / last}%`;
    const limit = metric.threshold === null ? "" : `, flagged from ${rounded(metric.threshold)}`;
    const value = `${rounded(metric.after)} ${metric.unit}${limit}`;
    const track = element("div", { class: "wet-track" });
    const goes = element("span", { class: "wet-goes" });
    track.addEventListener("click", ({ clientX }) => {
      const box = track.getBoundingClientRect();
      this.#player.seek((last * (clientX - box.left)) / box.width);
    });
    if (interval) {
      const [first, end] = interval;
      const stretch = element("div", { class: "wet-stretch" });
      Object.assign(stretch.style, { left: across(first), width: across(end - first) });
      track.append(stretch);
      const loop = () => {
        this.#player.loop(first, end);
        this.#player.seek(first);
      };
      goes.append(goButton("loop", `${metric.id}: loop frames ${first} to ${end}`, loop));
    }
    if (worst !== null) {
      const mark = element("div", { class: "wet-mark" });
      mark.style.left = across(worst);
      track.append(mark);
      const go = () => this.#player.seek(worst);
      goes.prepend(goButton(worst, `${metric.id}: worst at frame ${worst}; go there`, go));
    }
    return element(
      "div", { class: "wet-lane", "data-verdict": metric.verdict },
      element("span", { title: metric.name }, metric.id),
      element("span", {}, metric.verdict),
      element("span", {}, value),
      goes,
      track,
    );
  }

  #toMark(isForward) {
    const { film } = this.#player;
    const at = film.goal ?? film.shown ?? 0;
    const next = isForward
      ? (this.#worst.find((frame) => frame > at) ?? this.#worst[0])
      : (this.#worst.findLast((frame) => frame < at) ?? this.#worst.at(-1));
    if (next !== undefined) this.#player.seek(next);
  }
}
