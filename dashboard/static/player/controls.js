// What the player is made of on the page: the picture, its controls and what they say.

const VIEW_NAMES = [
  ["wipe", "Wipe", "1"],
  ["side", "Side by side", "2"],
  ["ab", "A/B", "3"],
  ["difference", "Difference", "4"],
  ["change", "Change map", "5"],
];
const TRANSPORT = [
  ["first", "|◀", "First frame (Home)"],
  ["secondBack", "−1 s", "A second back (Shift+Left)"],
  ["previous", "−1", "Frame before (Left)"],
  ["back", "◀", "Play back (J)"],
  ["stand", "❚❚", "Stand (K)"],
  ["forward", "▶", "Play (L)"],
  ["next", "+1", "Next frame (Right)"],
  ["second", "+1 s", "A second on (Shift+Right)"],
  ["last", "▶|", "Last frame (End)"],
];

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** A button; its text is its name, unless that is a sign. */
function button(player, action, text, label) {
  const made = element("button", { type: "button", title: label }, text);
  if (!/[\w]/.test(text)) made.setAttribute("aria-label", label);
  made.addEventListener("click", () => player.act(action));
  return made;
}

/** Build the player's parts and return what it needs of them. */
export function controls(player) {
  const screen = element("canvas", { class: "wet-screen", role: "img", "aria-label": "No picture" });
  const video = element("video", { preload: "auto", playsinline: "", hidden: "" });
  video.muted = true;
  const words = element("p", { class: "wet-words", role: "status" });
  const stage = element("div", { class: "wet-stage" }, screen, words);

  const scrub = element("input", {
    type: "range", min: 0, max: 0, value: 0, step: 1, class: "wet-scrub", "aria-label": "Frame",
  });
  scrub.addEventListener("input", () => player.seek(Number(scrub.value)));

  const views = VIEW_NAMES.map(([view, text, key]) => {
    const made = button(player, view, text, `${text} (${key})`);
    made.dataset.view = view;
    return made;
  });
  const gain = button(player, "gain", "x4", "Enlarge the difference (X)");
  const wipe = element("input", {
    type: "range", min: 0, max: 100, step: 1, class: "wet-wipe", "aria-label": "Place of the wipe",
  });
  wipe.addEventListener("input", () => player.show({ view: "wipe", wipe: wipe.value / 100 }));
  drag(player, screen);

  const transport = TRANSPORT.map(([action, text, label]) => button(player, action, text, label));
  const number = element("output", { class: "wet-number", "aria-label": "Frame shown" });
  const go = element("input", {
    type: "text", size: 12, class: "wet-go", "aria-label": "Go to frame or timecode (G)",
    placeholder: "frame, timecode", autocomplete: "off", spellcheck: "false",
  });
  go.addEventListener("keydown", (event) => {
    if (event.key === "Escape") go.blur();
    if (event.key !== "Enter") return;
    event.preventDefault();
    const found = player.film && player.go(go.value);
    go.toggleAttribute("aria-invalid", !found);
    if (found) {
      go.value = "";
      go.blur();
    }
  });
  const loop = button(player, "loop", "Loop", "Loop on or off (P)");
  const crop = button(player, "crop", "Native crop", "Region at native resolution (C)");
  const save = button(player, "save", "Save PNG", "Save both frames as PNG (S)");

  const group = (label, ...parts) =>
    element("div", { role: "group", "aria-label": label, class: "wet-group" }, ...parts);
  player.append(
    stage, scrub,
    element("div", { class: "wet-bar" },
      group("Moving", ...transport), number, go, loop,
      group("View", ...views), gain, wipe, crop, save),
    video,
  );

  let facts = null;
  return {
    screen, video, stage, go,
    begin(known) {
      facts = known;
      scrub.max = known.frames - 1;
    },
    showFrame(frame, look) {
      const reel = facts.start_frame + frame;
      const timecode = player.timecode.of(reel);
      number.textContent = `${frame} / ${facts.frames - 1}  ${timecode}  r${reel}`;
      scrub.value = frame;
      scrub.setAttribute("aria-valuetext", `frame ${frame}, ${timecode}`);
      const side = look.view === "ab" ? `, ${look.isRestored ? "B restored" : "A source"}` : "";
      for (const made of views) made.setAttribute("aria-pressed", made.dataset.view === look.view);
      const ab = views.find((made) => made.dataset.view === "ab");
      ab.textContent = look.view !== "ab" ? "A/B" : look.isRestored ? "B restored" : "A source";
      const named = VIEW_NAMES.find(([view]) => view === look.view)[1];
      screen.setAttribute("aria-label", `Frame ${frame}, ${named}${side}`);
      gain.textContent = `x${look.gain}`;
      gain.hidden = look.view !== "difference";
      wipe.hidden = look.view !== "wipe";
      wipe.value = Math.round(look.wipe * 100);
    },
    showState(state, said, speed) {
      words.textContent = said;
      words.hidden = said === "";
      for (const [at, [action]] of TRANSPORT.entries()) {
        const goes = { forward: speed > 0, back: speed < 0 }[action];
        if (goes === undefined) continue;
        transport[at].setAttribute("aria-pressed", goes);
        const fast = goes && Math.abs(speed) > 1 ? ` ${Math.abs(speed)}x` : "";
        transport[at].textContent = TRANSPORT[at][1] + fast;
      }
    },
    showLoop(range) {
      loop.setAttribute("aria-pressed", range !== null);
      loop.textContent = range ? `Loop ${range[0]}–${range[1]}` : "Loop";
    },
  };
}

/** The wipe follows the pointer. */
function drag(player, screen) {
  const follow = (event) => {
    const box = screen.getBoundingClientRect();
    const wipe = Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1);
    player.show({ wipe });
  };
  screen.addEventListener("pointerdown", (event) => {
    if (player.look.view !== "wipe" || !player.film) return;
    screen.setPointerCapture(event.pointerId);
    follow(event);
  });
  screen.addEventListener("pointermove", (event) => {
    if (screen.hasPointerCapture(event.pointerId)) follow(event);
  });
}

export { element };
