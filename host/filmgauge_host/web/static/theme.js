// Runs before anything is drawn, so that a dark page does not flash up white.
"use strict";
{
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const follow = () => {
    let chosen = null;
    try {
      chosen = localStorage.getItem("filmgauge-theme");
    } catch {
      // a browser without storage follows the system
    }
    const isChosen = chosen === "light" || chosen === "dark";
    document.documentElement.dataset.theme = isChosen ? chosen : dark.matches ? "dark" : "light";
  };
  dark.addEventListener("change", follow);
  follow();
}
