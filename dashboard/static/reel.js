// The strip of shots: pointer and arrows say which shot is there, a click or Enter opens it.

const LIGHTS = {
  f: "flagged", l: "worth a look", o: "no flag", n: "not judged", k: "original kept",
};
const DECIDED = {
  "-": "open", a: "accept", k: "keep original", r: "redo", q: "question",
};

const strip = document.getElementById("strip");
const mark = document.getElementById("strip-mark");
const said = document.getElementById("strip-said");
const silent = said?.textContent;

const shots = (strip?.dataset.shots ?? "").split(",").map((text) => {
  const [, start, frames, light, decided] = /^(\d+)\+(\d+)(.)(.)$/.exec(text) ?? [];
  return { start: Number(start), frames: Number(frames), light, decided };
});
let at = 0;

function words({ start, frames, light, decided }, number) {
  const last = start + frames - 1;
  return `shot ${number + 1} of ${shots.length}, frames ${start} to ${last}: ${LIGHTS[light]}, ${DECIDED[decided]}`;
}

function show(number) {
  at = Math.min(Math.max(number, 0), shots.length - 1);
  const text = words(shots[at], at);
  mark.setAttribute("x", shots[at].start);
  mark.setAttribute("width", shots[at].frames);
  mark.removeAttribute("visibility");
  strip.setAttribute("aria-valuenow", at + 1);
  strip.setAttribute("aria-valuetext", text);
  said.textContent = text;
}

function hide() {
  mark.setAttribute("visibility", "hidden");
  said.textContent = silent;
}

function open() {
  const reel = encodeURIComponent(strip.dataset.reel);
  location.assign(`/reels/${reel}/shots/${shots[at].start}?reel=${reel}&sort=place`);
}

/** The shot under the pointer; the nearest where there is none. */
function under(event) {
  const box = strip.getBoundingClientRect();
  const frame = ((event.clientX - box.left) / box.width) * Number(strip.dataset.frames);
  const next = shots.findIndex(({ start }) => start > frame);
  return next < 0 ? shots.length - 1 : Math.max(next - 1, 0);
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const to = {
    ArrowLeft: at - 1, ArrowRight: at + 1, ArrowDown: at - 1, ArrowUp: at + 1,
    PageDown: at - 10, PageUp: at + 10, Home: 0, End: shots.length - 1,
  }[event.key];
  if (event.key === "Enter") open();
  else if (to !== undefined) show(to);
  else return;
  event.preventDefault();
}

if (strip) {
  strip.addEventListener("pointermove", (event) => show(under(event)));
  strip.addEventListener("pointerleave", () => {
    if (document.activeElement !== strip) hide();
  });
  strip.addEventListener("click", (event) => {
    show(under(event));
    open();
  });
  strip.addEventListener("focus", () => show(at));
  strip.addEventListener("blur", hide);
  strip.addEventListener("keydown", onKey);
}
