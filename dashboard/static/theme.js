// Light or dark, before anything is drawn: as the system has it, or as the person chose.
(() => {
  const root = document.documentElement;
  try {
    const chosen = localStorage.getItem("theme");
    if (chosen === "light" || chosen === "dark") root.dataset.theme = chosen;
    if (localStorage.getItem("keys") === "off") root.dataset.keys = "off";
  } catch {
    // no storage: as the system has it
  }
})();
