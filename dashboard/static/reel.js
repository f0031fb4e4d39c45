// The strip of shots: a click goes to the shot. The list beside it does the same by keys.

for (const strip of document.querySelectorAll("svg.strip"))
  strip.addEventListener("click", (event) => {
    const shot = event.target.closest("[data-href]");
    if (shot) location.assign(shot.dataset.href);
  });
