// Lines of the help, for the page and for what it holds.

/** One line of the help: keys, and what they do. */
export function helpLine(keys, does) {
  const line = document.createElement("div");
  for (const key of keys) {
    const shown = document.createElement("kbd");
    shown.textContent = key === " " ? "Space" : key;
    line.append(shown, " ");
  }
  const words = document.createElement("span");
  words.textContent = does;
  line.append(words);
  return line;
}
