// Every node a row, the one that needs somebody first.

import { EventStream, getJson } from "./api.js";
import { h, setClass, setText } from "./dom.js";
import * as format from "./format.js";
import { RowList } from "./row_list.js";
import { drawSpark } from "./spark.js";

const SORT_MS = 1500;
const AGE_MS = 1000;
const SPARK_POINTS = 60;
const SPARKS_AT_ONCE = 60;
const SPARK_WAIT_MS = 120;
const ALERTS_SHOWN = 5;
const FIRST_LOAD_MS = 1000;

const ORDERS = {
  worst: (a, b) => b.attention - a.attention || charge(a) - charge(b),
  name: () => 0,
  charge: (a, b) => charge(a) - charge(b),
  age: (a, b) => (b.age_s ?? Infinity) - (a.age_s ?? Infinity),
};
const TITLES = { worst: "worst first", name: "by name", charge: "least charge", age: "longest silent" };
const FILTERS = {
  all: ["nodes", () => true],
  attention: ["need attention", (row) => row.attention > 0],
  silent: ["late or offline", (row) => row.state === "late" || row.state === "offline"],
  missing: ["with missing records", (row) => row.lost > 0],
};

const charge = (row) => row.soc_pct ?? 200;

/** Return how bad it is, as a class: a red, an amber or a green dot. */
export function severity(row) {
  return row.attention >= 60 ? "bad" : row.attention > 0 ? "fair" : "good";
}

/** Show the alerts that are not over, the newest first and a few of them. */
export function showAlerts(box, alerts) {
  box.hidden = !alerts.length;
  const newest = [...alerts].sort((a, b) => b.raised_unix_ms - a.raised_unix_ms);
  box.replaceChildren(...newest.slice(0, ALERTS_SHOWN).map((alert) => h(
    "a",
    { class: `alert ${alert.severity}`, href: alert.node ? `#/node/${encodeURIComponent(alert.node)}` : "#/" },
    h("b", { text: alert.node || "monitor" }), ` ${alert.text}`)));
  if (newest.length > ALERTS_SHOWN) {
    box.append(h("span", { class: "alert more", text: `and ${newest.length - ALERTS_SHOWN} more` }));
  }
}

export class Overview {
  constructor(page) {
    this.page = page;
    this.rows = new Map();
    this.sparks = new Map();
    this.received = new Map(); // when a row came, for its age
    this.filter = "all";
    this.order = sessionOrder();
    this.selected = null;
    this.loaded = false;
    this.list = new RowList(
      () => this.makeRow(),
      (row, name) => this.fill(row, name),
      (names) => this.wantSparks(names),
    );
    this.build();
    this.stream = new EventStream("/api/events", {
      open: () => page.connected(),
      lost: () => page.lost(),
      reset: (server) => { page.showServer(server); this.load(); },
      server: (server) => page.showServer(server),
      record: (row) => this.receive(row, true),
      status: (row) => this.receive(row, false),
      alert: () => this.loadAlerts(),
    });
    this.firstLoad = setTimeout(() => this.loaded || this.load(), FIRST_LOAD_MS);
    this.ageTimer = setInterval(() => this.list.refresh(), AGE_MS);
    this.sortTimer = setInterval(() => this.dirty && this.arrange(), SORT_MS);
  }

  get title() {
    return "filmgauge";
  }

  build() {
    this.counts = {};
    const chips = Object.entries(FILTERS).map(([name, [title]]) => {
      const number = h("b", { text: "0" });
      this.counts[name] = number;
      return h(
        "button",
        { class: "chip", type: "button", "data-filter": name, onclick: () => this.setFilter(name) },
        number,
        ` ${title}`,
      );
    });
    this.chips = chips;
    this.sorter = h(
      "select",
      { "aria-label": "Order", onchange: () => this.setOrder(this.sorter.value) },
      ...Object.entries(TITLES).map(([value, text]) =>
        h("option", { value, text, selected: value === this.order }),
      ),
    );
    this.alertBox = h("div", { id: "alerts", hidden: true });
    this.empty = h("div", { class: "empty", hidden: true });
    const titles = ["node", "last reports", "charge", "available", "voltage", "current", "temp.", "lasts", "report"];
    this.head = h(
      "div",
      { class: "row head", "aria-hidden": "true" },
      ...titles.map((text, at) => h("span", { class: `c c${at}`, text })),
    );
    this.element = h(
      "section",
      { class: "overview", "aria-label": "All nodes" },
      h("div", { class: "tools" }, ...chips, h("span", { class: "spring" }), this.sorter),
      this.alertBox,
      this.head,
      this.list.element,
      this.empty,
    );
    this.showFilter();
  }

  makeRow() {
    const part = {};
    const cell = (name, ...children) => h("span", { class: `c ${name}` }, ...children);
    const text = (name, classes) => (part[name] = h("span", { class: classes ?? name }));
    part.canvas = h("canvas", { class: "spark", "aria-hidden": "true" });
    part.bar = h("i");
    const element = h(
      "a",
      { class: "row", role: "listitem", draggable: "false" },
      cell("c0", text("dot", "dot"), h("span", { class: "who" }, text("name"), text("reasons"))),
      cell("c1", part.canvas),
      cell("c2", text("soc"), h("span", { class: "bar" }, part.bar)),
      cell("c3", text("available")),
      cell("c4", text("voltage")),
      cell("c5", text("current")),
      cell("c6", text("temperature")),
      cell("c7", text("lasts")),
      cell("c8", text("state"), text("age")),
    );
    return { element, part };
  }

  fill({ element, part, at }, name) {
    const row = this.rows.get(name);
    if (!row) return;
    const href = `#/node/${encodeURIComponent(name)}`;
    if (element.getAttribute("href") !== href) element.setAttribute("href", href);
    const live = row.state === "online" || row.state === "sleeping";
    const selected = name === this.selected ? " selected" : "";
    setClass(element, `row ${severity(row)}${live ? "" : " gone"}${selected}${at % 2 ? " odd" : ""}`);
    setClass(part.dot, `dot ${severity(row)}`);
    setText(part.name, row.node);
    setText(part.reasons, row.reasons.map(format.words).join(" · "));
    setText(part.soc, format.withUnit(format.uncertain(row.soc_pct, row.soc_sigma_pct, 1), "%"));
    part.bar.style.width = `${row.soc_pct ?? 0}%`;
    setText(part.available, row.available_uah === null ? format.UNKNOWN :
      `${format.significant(row.available_uah)} of ${format.significant(row.available_full_uah)} µAh`);
    setText(part.voltage, format.withUnit(format.fixed(row.voltage_v, 3), "V"));
    setText(part.current, format.current(row.current_ua));
    setText(part.temperature, format.withUnit(format.fixed(row.temperature_c, 1), "°C"));
    setText(part.lasts, format.lasts(row));
    setText(part.state, row.state);
    setText(part.age, row.age_s === null ? "no report yet" : `${format.shortSpan(this.age(row))} ago`);
    const spark = this.sparks.get(name);
    const { width, chart } = this.list.measure();
    const drawn = `${name} ${spark?.version ?? 0} ${width} ${this.page.themeVersion}`;
    if (width && part.drawn !== drawn) {
      part.drawn = drawn;
      drawSpark(part.canvas, spark, width, chart);
    }
  }

  age(row) {
    if (this.page.server?.simulation) {
      return row.time_ms === null ? null : (this.latestMs - row.time_ms) / 1000;
    }
    return row.age_s + (performance.now() - this.received.get(row.node)) / 1000;
  }

  async load() {
    clearTimeout(this.firstLoad);
    try {
      const rows = await getJson("/api/nodes");
      const names = new Set(rows.map((row) => row.node));
      for (const name of this.rows.keys()) if (!names.has(name)) this.rows.delete(name);
      for (const row of rows) this.put(row);
      this.loaded = true;
      this.sparks.clear();
      this.arrange();
      this.page.works();
      performance.mark("filmgauge-overview");
    } catch (error) {
      this.page.fails(error.message, () => this.load());
    }
    if (this.page.server?.alerts) this.loadAlerts();
  }

  async loadAlerts() {
    if (this.alertsAsked) return;
    this.alertsAsked = true;
    await new Promise((resolve) => setTimeout(resolve, 300)); // several come together
    this.alertsAsked = false;
    try {
      showAlerts(this.alertBox, await getJson("/api/alerts"));
    } catch {
      // the rows say what matters; the next event asks again
    }
  }

  put(row) {
    this.rows.set(row.node, row);
    this.received.set(row.node, performance.now());
    this.latestMs = Math.max(this.latestMs ?? 0, row.time_ms ?? 0);
  }

  receive(row, isRecord) {
    const isNew = !this.rows.has(row.node);
    const before = this.rows.get(row.node);
    this.put(row);
    const spark = this.sparks.get(row.node);
    if (isRecord && spark && row.soc_pct !== null && row.time_ms > (spark.time_ms.at(-1) ?? 0)) {
      spark.time_ms.push(row.time_ms);
      spark.soc_pct.push(row.soc_pct);
      if (spark.time_ms.length > SPARK_POINTS) {
        spark.time_ms.shift();
        spark.soc_pct.shift();
      }
      spark.version += 1;
    }
    this.dirty = true;
    if (isNew || before.attention !== row.attention) this.countsDirty = true;
    if (isNew && this.rows.size < 50) this.arrange();
    this.frame ??= requestAnimationFrame(() => {
      this.frame = undefined;
      this.list.refresh();
    });
  }

  /** Sort, filter and count. */
  arrange() {
    this.dirty = false;
    const rows = [...this.rows.values()];
    for (const [name, [, wanted]] of Object.entries(FILTERS)) {
      setText(this.counts[name], String(rows.filter(wanted).length));
    }
    const text = this.page.searchText();
    const wanted = FILTERS[this.filter][1];
    const shown = rows.filter((row) => wanted(row) && matches(row, text));
    const order = ORDERS[this.order];
    shown.sort((a, b) => order(a, b) || (a.node < b.node ? -1 : 1));
    this.list.setNames(shown.map((row) => row.node));
    this.showEmpty(shown.length);
  }

  showEmpty(shown) {
    const isEmpty = this.loaded && !shown;
    this.empty.hidden = !isEmpty;
    this.list.element.hidden = isEmpty;
    this.head.hidden = isEmpty;
    if (!isEmpty) return;
    if (this.rows.size) {
      this.empty.replaceChildren(
        h("p", { class: "big", text: "No node fits" }),
        h("p", { text: "Nothing matches the search and the filter. Esc clears both." }),
      );
      return;
    }
    const broker = this.page.server?.broker ?? "the broker";
    this.empty.replaceChildren(
      h("p", { class: "big", text: "No node has reported yet" }),
      h("p", { text: `This page listens at ${broker} and fills as soon as a node reports.` }),
      h("p", { text: "Without hardware, three virtual nodes report to this broker:" }),
      h("pre", { text: `filmgauge run demo --broker ${broker}` }),
      h("p", { text: "With a board on a cable:" }),
      h("pre", { text: "filmgauge provision\nfilmgauge flash" }),
    );
  }

  setFilter(name) {
    this.filter = this.filter === name ? "all" : name;
    this.showFilter();
    this.arrange();
  }

  showFilter() {
    for (const chip of this.chips) {
      chip.setAttribute("aria-pressed", String(chip.dataset.filter === this.filter));
    }
  }

  setOrder(order) {
    this.order = order;
    this.sorter.value = order;
    try {
      sessionStorage.setItem("filmgauge-order", order);
    } catch {
      // it holds for this visit then
    }
    this.arrange();
  }

  search() {
    this.list.element.scrollTop = 0;
    this.arrange();
    if (this.page.searchText() && this.list.names.length) this.select(0);
    else this.deselect();
  }

  deselect() {
    this.selected = null;
    this.list.refresh();
  }

  select(at) {
    if (!this.list.names.length) return;
    const bounded = Math.max(0, Math.min(this.list.names.length - 1, at));
    this.selected = this.list.names[bounded];
    this.list.scrollTo(bounded);
    this.list.refresh();
  }

  key(event) {
    const at = this.list.names.indexOf(this.selected);
    const page = Math.max(1, Math.floor(this.list.element.clientHeight / this.list.rowHeight) - 1);
    const last = this.list.names.length - 1;
    const steps = { ArrowDown: at + 1, ArrowUp: at - 1, j: at + 1, k: at - 1, PageDown: at + page,
      PageUp: at - page, Home: 0, End: last };
    if (event.key in steps) this.select(steps[event.key]);
    else if (event.key === "Enter" && this.selected) this.page.open(this.selected);
    else if (event.key === "s") this.nextOrder();
    else if (event.key === "Escape") {
      this.page.clearSearch();
      this.filter = "all";
      this.showFilter();
      this.search();
    } else return false;
    return true;
  }

  nextOrder() {
    const orders = Object.keys(ORDERS);
    this.setOrder(orders[(orders.indexOf(this.order) + 1) % orders.length]);
  }

  /** Ask for the small charts of rows in view that have none yet, together. */
  wantSparks(names) {
    if (!names.some((name) => !this.sparks.has(name))) return;
    this.sparkTimer ??= setTimeout(() => {
      this.sparkTimer = undefined;
      this.loadSparks();
    }, this.sparks.size ? SPARK_WAIT_MS : 0);
  }

  async loadSparks() {
    const missing = this.list.visible().filter((name) => !this.sparks.has(name));
    const names = missing.slice(0, SPARKS_AT_ONCE);
    if (!names.length) return;
    const query = names.map((name) => `node=${encodeURIComponent(name)}`).join("&");
    let found;
    try {
      found = await getJson(`/api/sparks?${query}`);
    } catch {
      return; // scrolling asks again
    }
    for (const name of names) {
      this.sparks.set(name, { ...(found[name] ?? { time_ms: [], soc_pct: [] }), version: 1 });
    }
    this.list.refresh();
    if (missing.length > names.length) this.loadSparks();
  }

  close() {
    this.stream.close();
    this.list.close();
    clearInterval(this.ageTimer);
    clearInterval(this.sortTimer);
    clearTimeout(this.firstLoad);
    clearTimeout(this.sparkTimer);
    cancelAnimationFrame(this.frame);
  }
}

function matches(row, text) {
  if (!text) return true;
  const hay = `${row.node} ${row.state} ${row.reasons.join(" ")}`.toLowerCase();
  return text.toLowerCase().split(/\s+/).every((word) => hay.includes(word));
}

function sessionOrder() {
  try {
    const order = sessionStorage.getItem("filmgauge-order");
    if (order in ORDERS) return order;
  } catch {
    // worst first then
  }
  return "worst";
}
