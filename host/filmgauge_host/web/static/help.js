// The keys, in a dialog.

import { h } from "./dom.js";

const KEYS = [
  ["/", "search"],
  ["↑ ↓", "choose a node"],
  ["Enter", "open it"],
  ["s", "next order of the nodes"],
  ["Esc", "clear the search; back to all nodes"],
  ["← →", "earlier, later"],
  ["+ −", "shorter, longer time"],
  ["0", "all there is"],
  ["n p", "next, previous node"],
  ["d", "light or dark"],
  ["?", "these keys"],
];

export function toggleHelp() {
  const open = document.querySelector("dialog");
  if (open) {
    open.close();
    return;
  }
  const dialog = h(
    "dialog",
    { class: "keys", "aria-label": "Keys", onclose: () => dialog.remove() },
    h("h2", { text: "Keys" }),
    h("dl", {}, ...KEYS.flatMap(([key, text]) => [
      h("dt", {}, ...key.split(" ").map((each) => h("kbd", { text: each }))), h("dd", { text })])),
    h("p", { class: "faint", text: "In a chart: drag to zoom in, double-click to zoom out." }),
    h("button", { type: "button", text: "Close", onclick: () => dialog.close() }),
  );
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  document.body.append(dialog);
  dialog.showModal();
}
