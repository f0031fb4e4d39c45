// The form of decisions beside the player.

import { helpLine } from "./help.js";

const form = document.getElementById("decide");
const player = document.querySelector("wet-player");

/** The frame of the shot whose picture is on the screen, in motion as well. */
function shownFrame() {
  return String(player?.frame ?? 0);
}

function countCodes() {
  const chosen = form.querySelectorAll('[name="codes"]:checked').length;
  document.getElementById("chosen").textContent = chosen ? `(${chosen})` : "";
}

function goOn() {
  const box = form.querySelector('[name="go_on"]');
  try {
    if (localStorage.getItem("go_on") === "no") box.checked = false;
    box.addEventListener("change", () => localStorage.setItem("go_on", box.checked ? "yes" : "no"));
  } catch {
    // no storage: as the page has it
  }
}

if (form) {
  document.getElementById("this-frame").addEventListener("click", () => {
    document.getElementById("frame").value = shownFrame();
  });
  form.addEventListener("change", countCodes);
  form.addEventListener("submit", () => {
    document.getElementById("record").disabled = true; // once
  });
  addEventListener("pageshow", () => {
    document.getElementById("record").disabled = false;
  });
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
  countCodes();
  goOn();
}

for (const link of document.querySelectorAll("a[data-frame]"))
  link.addEventListener("click", (event) => {
    if (!player?.seek) return;
    event.preventDefault();
    player.seek(Number(link.dataset.frame));
    player.scrollIntoView({ block: "nearest" });
  });

if (player) {
  try {
    const { KEYS } = await import("./player/keys.js");
    const box = document.getElementById("player-keys");
    for (const [keys, , does] of KEYS) box.append(helpLine(keys, does));
  } catch {
    // the player says its own keys
  }
}
