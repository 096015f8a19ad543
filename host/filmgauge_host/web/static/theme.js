// Runs before anything is drawn, so that a dark page does not flash up white.
"use strict";
try {
  const chosen = localStorage.getItem("filmgauge-theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
} catch {
  // a browser without storage follows the system
}
