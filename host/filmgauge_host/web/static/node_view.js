// One node: its figures, its course over time, and what happened to it.

import { EventStream, getJson } from "./api.js";
import { Chart } from "./chart.js";
import { Course } from "./course.js";
import { h, setClass, setText } from "./dom.js";
import * as format from "./format.js";
import { COLUMNS, healthChart, healthData, timeCharts } from "./node_charts.js";
import { Figures } from "./node_figures.js";
import { severity, showAlerts } from "./overview.js";

const HOUR = 3_600_000;
const SPANS = [["1 h", HOUR], ["6 h", 6 * HOUR], ["1 d", 24 * HOUR], ["7 d", 168 * HOUR],
  ["30 d", 720 * HOUR], ["all", null]];
const USUAL = 168 * HOUR;
const RELOAD_MS = 150;
const ROW_MS = 1000;
const LATE_RECORDS_MS = 1500;
const TRUTH_MS = 4000;
const POINTS_MAX = 9000; // live points may come on top of those that were asked for
const EVENTS_SHOWN = 60;
const HEALTH_MS = 5000;

export class NodeView {
  constructor(page, name) {
    this.page = page;
    this.name = name;
    this.row = null;
    this.course = null;
    this.span = undefined; // ms, null for all; not known before the first answer
    this.window = null; // { from, to } where the reader has chosen one, null: up to now
    this.charts = [];
    this.abort = new AbortController();
    this.build();
    this.stream = new EventStream(`/api/events?node=${encodeURIComponent(name)}`, {
      open: () => page.connected(),
      lost: () => page.lost(),
      reset: (server) => { page.showServer(server); this.loadAgain(); },
      server: (server) => page.showServer(server),
      record: (record) => this.receive(record),
      status: () => this.loadRow(),
      refused: () => this.loadRow(),
      alert: () => this.loadAlerts(),
    });
    this.begun = this.load();
    this.ageTimer = setInterval(() => this.showAge(), 1000);
    this.truthTimer = setInterval(() => {
      if (this.course?.truth && !document.hidden) this.loadCourse();
    }, TRUTH_MS);
  }

  get title() {
    return `${this.name} · filmgauge`;
  }

  build() {
    this.dot = h("span", { class: "dot" });
    this.state = h("span", { class: "pill" });
    this.age = h("span", { class: "faint" });
    this.reasons = h("span", { class: "reasons" });
    this.alertBox = h("div", { id: "alerts", hidden: true });
    this.info = h("p", { class: "faint info" });
    this.figures = new Figures();
    this.buttons = SPANS.map(([text, span]) =>
      h("button", { type: "button", class: "chip", text, onclick: () => this.setSpan(span) }));
    const tool = (text, title, act) =>
      h("button", { type: "button", class: "chip", text, title, "aria-label": title, onclick: act });
    this.now = tool("→ now", "Back to the latest record", () => this.follow());
    this.shownTime = h("span", { class: "faint shown-time" });
    this.chartBox = h("div", { class: "charts" });
    this.waiting = h("p", { class: "empty", text: "Reading the records…" });
    this.eventList = h("div", { class: "event-list" });
    this.refusedList = h("div", { class: "event-list", hidden: true });
    this.eventBox = h("div", { class: "events" }, this.eventList, this.refusedList);
    this.element = h(
      "section",
      { class: "node", "aria-label": this.name },
      h("div", { class: "node-head" },
        h("a", { class: "back", href: "#/", "aria-label": "All nodes", text: "←" }),
        this.dot, h("h1", { text: this.name }), this.state, this.age, this.reasons),
      this.info,
      this.alertBox,
      this.figures.element,
      h("div", { class: "tools" },
        ...this.buttons,
        tool("◀", "Earlier", () => this.pan(-0.5)), tool("▶", "Later", () => this.pan(0.5)),
        tool("+", "Shorter time", () => this.zoom(0.5)), tool("−", "Longer time", () => this.zoom(2)),
        this.now, h("span", { class: "spring" }), this.shownTime),
      this.waiting,
      this.chartBox,
      this.eventBox,
    );
    this.figures.element.hidden = true;
  }

  async load() {
    if (!this.page.server) {
      try {
        this.page.showServer(await getJson("/api/server", this.abort.signal));
      } catch (error) {
        return this.fail(error);
      }
    }
    await Promise.all([this.loadRow(), this.loadCourse(), this.loadAlerts()]);
  }

  async loadAlerts() {
    if (!this.page.server?.alerts) return;
    try {
      const alerts = await getJson("/api/alerts", this.abort.signal);
      showAlerts(this.alertBox, alerts.filter((alert) => alert.node === this.name));
    } catch {
      // the row says what matters; the next event asks again
    }
  }

  /** What came before the stream was open is not in it. */
  async loadAgain() {
    await this.begun;
    await this.loadRow();
    if (!this.course || this.isBehind()) await this.loadCourse();
  }

  isBehind() {
    const last = this.course.lastKey();
    const { life, boot, seq } = this.row ?? {};
    return seq !== undefined && seq !== null && !this.window && String(last) !== String([life, boot, seq]);
  }

  loadRow() {
    this.rowLoaded = this.fetchRow();
    return this.rowLoaded;
  }

  async fetchRow() {
    try {
      this.row = await getJson(this.path(""), this.abort.signal);
      this.rowCame = performance.now();
      this.showRow();
      this.page.works();
    } catch (error) {
      this.fail(error);
    }
  }

  async loadCourse() {
    if (this.loading) {
      this.again = true;
      return;
    }
    this.loading = true;
    try {
      const query = new URLSearchParams();
      if (this.span === undefined) this.span = this.usualSpan();
      query.set("columns", COLUMNS.join(","));
      if (this.window) {
        query.set("from", Math.max(0, Math.floor(this.window.from)));
        query.set("to", Math.ceil(this.window.to));
      } else if (this.span !== null) query.set("last_s", this.span / 1000);
      const answer = await getJson(this.path(`/series?${query}`), this.abort.signal);
      this.course = new Course(answer);
      this.healthDrawn = 0;
      if (!this.row) await this.rowLoaded;
      if (this.row) this.show();
      this.page.works();
    } catch (error) {
      this.fail(error);
    } finally {
      this.loading = false;
    }
    if (this.again) {
      this.again = false;
      this.loadCourse();
    }
  }

  path(rest) {
    return `/api/nodes/${encodeURIComponent(this.name)}${rest}`;
  }

  fail(error) {
    if (error.name === "AbortError" || this.page.isLost) return;
    this.page.fails(error.message, () => this.load());
    if (!this.row) {
      this.waiting.replaceChildren(
        h("span", { class: "big", text: "Nothing is known of this node" }), h("br"),
        "It fills as soon as a record of it comes. ", h("a", { href: "#/", text: "All nodes" }));
    }
  }

  usualSpan() {
    return this.page.server?.simulation ? null : USUAL;
  }

  receive(record) {
    if (!this.course || !this.row) return;
    if (!this.course.add(record)) {
      // It has waited on the node, and belongs somewhere before.
      this.lateTimer ??= setTimeout(() => {
        this.lateTimer = undefined;
        this.loadCourse();
      }, LATE_RECORDS_MS);
      return;
    }
    for (const name of Object.keys(this.row)) if (name in record) this.row[name] = record[name];
    this.row.received += 1;
    this.row.age_s = 0;
    this.rowCame = performance.now();
    this.frame ??= requestAnimationFrame(() => {
      this.frame = undefined;
      if (!this.window) this.show();
      this.showRow();
      performance.mark("filmgauge-live");
    });
    if (this.course.time.length > POINTS_MAX) this.loadCourse();
    // Set once and not anew by each record, or it would not come due while they are many.
    this.rowTimer ??= setTimeout(() => {
      this.rowTimer = undefined;
      this.loadRow();
    }, ROW_MS);
  }

  showRow() {
    const row = this.row;
    setClass(this.dot, `dot ${severity(row)}`);
    setText(this.state, row.state);
    setClass(this.state, `pill ${row.state}`);
    setText(this.reasons, row.reasons.map(format.words).join(" · "));
    const info = Object.entries(row.info ?? {})
      .filter(([key, value]) => value !== null && key !== "node");
    setText(this.info, info.map(([key, value]) => format.described(key, value)).join("  ·  "));
    this.figures.element.hidden = false;
    this.figures.show(row);
    this.showAge();
    this.showRefused();
  }

  showAge() {
    if (!this.row) return;
    const row = this.row;
    if (row.age_s === null) return setText(this.age, "no report yet");
    const since = this.page.server?.simulation ? 0 : (performance.now() - this.rowCame) / 1000;
    setText(this.age, `report ${format.span(row.age_s + since)} ago` +
      (row.next_report_s === null ? "" : `, the next one due after ${format.span(row.next_report_s)}`));
  }

  show() {
    const course = this.course;
    const isEmpty = course.lastTime === null;
    this.waiting.hidden = !isEmpty;
    if (isEmpty) setText(this.waiting, "There is no record in this time.");
    this.chartBox.hidden = isEmpty;
    this.showTools();
    this.showEvents();
    if (isEmpty) return;
    const hasTruth = course.truth !== null;
    if (!this.charts.length || this.hasTruth !== hasTruth) this.makeCharts(hasTruth);
    const { from, to } = this.range();
    for (const chart of this.charts) {
      chart.element.hidden = !course.hasAny(chart.spec.columns);
      if (!chart.element.hidden) chart.show(course, from, to);
    }
    this.showHealth();
  }

  range() {
    if (this.window) return this.window;
    const first = this.course.time[0];
    const last = this.course.lastTime;
    const from = this.span === null ? first : Math.max(last - this.span, first);
    const least = Math.max(last - from, 60_000);
    return { from: last - least, to: last + 0.01 * least };
  }

  makeCharts(hasTruth) {
    for (const chart of [...this.charts, this.health].filter(Boolean)) chart.close();
    this.hasTruth = hasTruth;
    const onRange = (from, to) => this.setWindow(from, to);
    this.charts = timeCharts(hasTruth).map((spec) => new Chart(spec, "node", onRange, () => this.follow()));
    this.health = new Chart(healthChart(), "health", () => {}, () => {});
    this.chartBox.replaceChildren(...this.charts.map((chart) => chart.element), this.health.element);
  }

  showHealth() {
    if (performance.now() - (this.healthDrawn || -HEALTH_MS) < HEALTH_MS) return;
    this.healthDrawn = performance.now();
    const design = Number(this.row.info?.full_uah) || null;
    const health = healthData(this.course, this.row, design);
    this.health.element.hidden = health === null;
    if (health) this.health.show(health, health.from, health.to);
  }

  showTools() {
    this.buttons.forEach((button, at) => button.setAttribute(
      "aria-pressed", String(!this.window && SPANS[at][1] === this.span)));
    this.now.hidden = !this.window;
    if (!this.course || this.course.lastTime === null) return setText(this.shownTime, "");
    const sampled = this.course.points < this.course.records ? `, ${this.course.points} drawn` : "";
    const { raw_from_ms: rawFrom, time } = this.course;
    const hours = time[0] < rawFrom ? `, before ${format.moment(rawFrom)} hours` : "";
    setText(this.shownTime,
      `${format.count(this.course.records, "record")}${hours}${sampled} · ${this.page.server?.simulation ? "simulated time" : format.zone()}`);
  }

  setSpan(span) {
    this.span = span;
    this.window = null;
    this.loadCourse();
  }

  follow() {
    this.window = null;
    this.loadCourse();
  }

  setWindow(from, to) {
    if (to - from < 1000) return;
    this.window = { from, to };
    this.show();
    clearTimeout(this.reloadTimer);
    this.reloadTimer = setTimeout(() => this.loadCourse(), RELOAD_MS);
  }

  pan(part) {
    if (!this.course) return;
    const { from, to } = this.range();
    const by = part * (to - from);
    this.setWindow(from + by, to + by);
  }

  zoom(factor) {
    if (!this.course) return;
    const { from, to } = this.range();
    const middle = this.window ? (from + to) / 2 : to; // with the latest record in view it stays
    const half = (factor * (to - from)) / (this.window ? 2 : 1);
    this.setWindow(middle - half, this.window ? middle + half : to);
  }

  key(event) {
    const acts = {
      Escape: () => this.page.open(null),
      ArrowLeft: () => this.pan(-0.25),
      ArrowRight: () => this.pan(0.25),
      "+": () => this.zoom(0.5),
      "=": () => this.zoom(0.5),
      "-": () => this.zoom(2),
      0: () => this.setSpan(null),
    };
    acts[event.key]?.();
    return event.key in acts;
  }

  /** What happened, the last first; a click shows the time around it. */
  showEvents() {
    const course = this.course;
    const found = [
      ...course.events.map((event) => ({
        time: event.from_ms, end: event.to_ms, kind: event.kind,
        text: `${event.kind === "fault" ? "fault" : "limit"} ${format.words(event.name)}${event.level ? `: ${event.level}` : ""}`,
        length: event.to_ms === null ? "still there" : `for ${format.span((event.to_ms - event.from_ms) / 1000)}`,
      })),
      ...course.gaps.map((gap) => ({
        time: gap.from_ms, end: gap.to_ms, kind: "gap",
        text: gap.missing ? `${format.count(gap.missing, "record")} missing` : "nothing of a whole boot",
        length: `for ${format.span((gap.to_ms - gap.from_ms) / 1000)}`,
      })),
      ...course.restarts.map((restart) => ({
        time: restart.time_ms, end: restart.time_ms, kind: restart.new_life ? "life" : "restart",
        text: restart.new_life ? "began without memory: a new life" : `restarted, boot ${restart.boot}`,
        length: "",
      })),
    ].sort((a, b) => b.time - a.time);
    const key = `${found.length} ${found[0]?.time} ${found[0]?.length} ${this.row.refused_messages?.length}`;
    if (key === this.eventsKey) return;
    this.eventsKey = key;
    this.eventList.replaceChildren(...[
      h("h2", { text: "What happened" }),
      found.length ? null : h("p", { class: "faint", text: "No fault, limit, gap or restart in this time." }),
      ...found.slice(0, EVENTS_SHOWN).map((event) => h(
        "button",
        { type: "button", class: `event ${event.kind}`, onclick: () => this.showAround(event) },
        h("time", { text: format.moment(event.time) }), h("b", { text: event.text }),
        h("span", { class: "faint", text: event.length }))),
      found.length > EVENTS_SHOWN
        ? h("p", { class: "faint", text: `and ${found.length - EVENTS_SHOWN} earlier ones: choose a shorter time` })
        : null,
    ].filter(Boolean));
  }

  showRefused() {
    const refused = this.row.refused_messages ?? [];
    this.refusedList.hidden = !refused.length;
    this.refusedList.replaceChildren(
      h("h2", { text: "Refused messages" }),
      ...refused.slice(-10).reverse().map((each) => h("p", { class: "event" },
        h("time", { text: format.moment(each.time_ms) }), h("b", { text: each.reason }))));
  }

  showAround(event) {
    const end = event.end ?? this.course.lastTime;
    const margin = Math.max(1.5 * (end - event.time), 2 * HOUR);
    this.setWindow(event.time - margin, end + margin);
    this.chartBox.scrollIntoView({ block: "start" });
  }

  applyTheme() {
    for (const chart of [...this.charts, this.health].filter(Boolean)) chart.applyTheme();
  }

  close() {
    this.abort.abort();
    this.stream.close();
    for (const timer of [this.lateTimer, this.rowTimer, this.reloadTimer]) clearTimeout(timer);
    clearInterval(this.ageTimer);
    clearInterval(this.truthTimer);
    cancelAnimationFrame(this.frame);
    for (const chart of [...this.charts, this.health].filter(Boolean)) chart.close();
  }
}
