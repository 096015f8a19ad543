// The page: which view is shown, the header, the keyboard, the colours, and what is wrong.

import { h, setText } from "./dom.js";
import { toggleHelp } from "./help.js";
import { NodeView } from "./node_view.js";
import { Overview } from "./overview.js";
import { forgetColors } from "./spark.js";

const main = document.getElementById("main");
const banner = document.getElementById("banner");
const search = document.getElementById("search");
const serverBox = document.getElementById("server");
const dark = matchMedia("(prefers-color-scheme: dark)");

const LOST_SHOWN_MS = 400;

const page = {
  server: null,
  view: null,
  themeVersion: 0,
  order: [], // names in the order in which the overview had them

  searchText: () => search.value.trim(),
  clearSearch() {
    search.value = "";
    search.blur();
  },
  open(name) {
    location.hash = name === null ? "#/" : `#/node/${encodeURIComponent(name)}`;
  },

  connected() {
    clearTimeout(page.lostTimer);
    document.body.classList.remove("stale");
    page.isLost = false;
    page.showProblem();
  },
  lost() {
    clearTimeout(page.lostTimer);
    const since = new Date().toLocaleTimeString(undefined, { hourCycle: "h23" });
    page.lostTimer = setTimeout(() => {
      page.isLost = true;
      document.body.classList.add("stale");
      showBanner(`The server does not answer since ${since}: what is shown is old. Trying again…`);
    }, LOST_SHOWN_MS);
  },
  works() {
    page.failure = null;
    page.showProblem();
  },
  fails(sentence, again) {
    page.failure = { sentence, again };
    page.showProblem();
  },

  showServer(server) {
    page.server = server;
    const text = server.simulation
      ? "simulated world"
      : server.connected ? server.broker : `${server.broker}: not connected`;
    serverBox.className = server.problem || !server.connected ? "bad" : "good";
    setText(serverBox, text);
    serverBox.title = `filmgauge ${server.version}, ${server.broker}`;
    page.showProblem();
  },
  showProblem() {
    if (page.isLost) return;
    if (page.failure) {
      const { sentence, again } = page.failure;
      showBanner(`${sentence[0].toUpperCase()}${sentence.slice(1)}.`, again);
    } else if (page.server?.problem) {
      showBanner(`No new reports: ${page.server.problem}. Trying again; what is stored is shown.`);
    } else if (page.server?.sessions_lost) {
      showBanner(
        "The broker had lost this monitor's session: what came while it was away is missing." +
        " docs/mosquitto.conf keeps sessions.");
    } else banner.hidden = true;
  },
};

function showBanner(text, again) {
  banner.hidden = false;
  banner.replaceChildren(h("span", { text }));
  if (again) banner.append(h("button", { type: "button", text: "Try again", onclick: again }));
}

function route() {
  const match = /^#\/node\/(.+)$/.exec(location.hash);
  let name = null;
  try {
    name = match && decodeURIComponent(match[1]);
  } catch {
    name = null; // no address of ours: all nodes
  }
  if (page.view instanceof Overview) {
    page.order = page.view.list.names;
    page.scroll = page.view.list.element.scrollTop;
    page.selected = page.view.selected;
  }
  page.view?.close();
  page.failure = null;
  page.view = name === null ? new Overview(page) : new NodeView(page, name);
  search.hidden = name !== null;
  document.body.classList.toggle("one", name !== null);
  document.title = page.view.title;
  main.replaceChildren(page.view.element);
  if (name === null && page.selected) page.view.selected = page.selected;
  scrollTo(0, 0);
}

function toggleTheme() {
  const root = document.documentElement.dataset;
  const next = root.theme === "dark" ? "light" : "dark";
  root.theme = next;
  try {
    localStorage.setItem("filmgauge-theme", next);
  } catch {
    // it holds for this visit then
  }
  applyTheme();
}

function applyTheme() {
  page.themeVersion += 1;
  forgetColors();
  page.view?.applyTheme?.();
  page.view?.list?.refresh();
}

/** The next node in the order of the overview. */
function step(by) {
  const at = page.order.indexOf(page.view.name);
  if (at >= 0 && page.order[at + by] !== undefined) page.open(page.order[at + by]);
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (document.querySelector("dialog")) {
    if (event.key === "?") toggleHelp();
    return; // Esc closes a dialog by itself
  }
  const typing = event.target === search || event.target instanceof HTMLSelectElement;
  if (typing && !["Escape", "Enter", "ArrowDown", "ArrowUp"].includes(event.key)) return;
  if (event.target instanceof HTMLSelectElement && event.key !== "Escape") return;
  if (event.target instanceof HTMLButtonElement && event.key === "Enter") return;
  if (event.key === "/") {
    if (page.view instanceof NodeView) page.open(null);
    search.hidden = false; // the overview comes a moment later, and the next key already counts
    search.focus();
  } else if (event.key === "?") toggleHelp();
  else if (event.key === "d") toggleTheme();
  else if (event.key === "n" && page.view instanceof NodeView) step(1);
  else if (event.key === "p" && page.view instanceof NodeView) step(-1);
  else if (!page.view.key(event)) return;
  event.preventDefault();
}

search.addEventListener("input", () => page.view.search?.());
document.getElementById("theme").addEventListener("click", toggleTheme);
document.getElementById("help").addEventListener("click", toggleHelp);
document.addEventListener("keydown", onKey);
dark.addEventListener("change", applyTheme);
addEventListener("hashchange", route);
route();
