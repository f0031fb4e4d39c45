// Keys of every page: each thing that a person can do names its own key in `data-key`.
//
// Single keys are left alone while a person types, where the player takes them, and where
// they are switched off (WCAG 2.1.4). Arrows go through the links of a list (`data-row`).

import { isChoice } from "./focus.js";
import { helpLine } from "./help.js";

const root = document.documentElement;
const help = document.getElementById("help");

function isTyping(at) {
  return (
    at.isContentEditable ||
    /^(TEXTAREA|SELECT)$/.test(at.tagName) ||
    (at.tagName === "INPUT" && !/^(radio|checkbox|button|submit)$/.test(at.type))
  );
}

function nameOf(event) {
  if (event.key === "?") return "?";
  if (event.shiftKey && /^[a-z]$/i.test(event.key)) return `Shift+${event.key.toUpperCase()}`;
  return event.key;
}

function isShown(element) {
  return element.getClientRects().length > 0 && !element.disabled;
}

function withKey(name) {
  const found = document.querySelectorAll(`[data-key="${CSS.escape(name)}"]`);
  return [...found].find(isShown);
}

/** What is checked by its key does not take the focus: the next key is the page's again. */
function act(element) {
  if (isChoice(element)) {
    element.click();
    document.activeElement?.blur();
  } else if (/^(INPUT|TEXTAREA|SELECT)$/.test(element.tagName)) {
    element.focus();
    if (element.type === "search") element.select();
  } else element.click();
}

function moveRow(step) {
  const rows = [...document.querySelectorAll("[data-row]")].filter(isShown);
  if (rows.length === 0) return false;
  const at = rows.indexOf(document.activeElement);
  const next = at < 0 ? (step > 0 ? 0 : rows.length - 1) : at + step;
  rows[Math.min(rows.length - 1, Math.max(0, next))].focus();
  return true;
}

function onKey(event) {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape" && !help.open) {
    event.target.blur?.();
    return;
  }
  if (isTyping(event.target) || help.open) return;
  const name = nameOf(event);
  if (name !== "?" && root.dataset.keys === "off") return;
  const isOnControl = /^(A|BUTTON|SUMMARY|INPUT)$/.test(event.target.tagName);
  if (name === "Enter" && isOnControl) return;
  const isList = !document.querySelector("wet-player");
  if (isList && /^Arrow(Up|Down)$/.test(name) && event.target.type !== "radio") {
    if (moveRow(name === "ArrowDown" ? 1 : -1)) event.preventDefault();
    return;
  }
  const element = withKey(name);
  if (element) {
    event.preventDefault();
    act(element);
  }
}

function fillHelp() {
  const box = document.getElementById("help-keys");
  box.replaceChildren();
  const said = new Set();
  for (const element of document.querySelectorAll("[data-key]")) {
    const { key, keyName } = element.dataset;
    if (!keyName || said.has(key) || !isShown(element)) continue;
    said.add(key);
    box.append(helpLine([key], keyName));
  }
  if (document.querySelector("[data-row]") && !document.querySelector("wet-player"))
    box.append(helpLine(["↑", "↓", "Enter"], "Through the list, and into it"));
  box.append(helpLine(["Esc"], "Out of a field, or of this help"));
}

function openHelp() {
  fillHelp();
  help.showModal();
}

function keep(name, value) {
  try {
    localStorage.setItem(name, value);
  } catch {
    // no storage: for this page only
  }
}

function isDark() {
  if (root.dataset.theme) return root.dataset.theme === "dark";
  return matchMedia("(prefers-color-scheme: dark)").matches;
}

function nameTheme() {
  document.getElementById("theme").textContent = isDark() ? "Light" : "Dark";
}

function switchTheme() {
  root.dataset.theme = isDark() ? "light" : "dark";
  keep("theme", root.dataset.theme);
  nameTheme();
}

document.addEventListener("keydown", onKey);
document.getElementById("help-open").addEventListener("click", openHelp);
document.getElementById("theme").addEventListener("click", switchTheme);
nameTheme();

const single = document.getElementById("keys-on");
single.checked = root.dataset.keys !== "off";
single.addEventListener("change", () => {
  root.dataset.keys = single.checked ? "on" : "off";
  keep("keys", root.dataset.keys);
});

for (const select of document.querySelectorAll("select[data-submit]"))
  select.addEventListener("change", () => select.form.requestSubmit());
