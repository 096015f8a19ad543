// One chart over time: uPlot with a legend that reads the values under the cursor, and with gaps,
// restarts, faults and limits drawn into it.

import { color, h, setText } from "./dom.js";
import * as format from "./format.js";

const AXIS_WIDTH = 58;
const MOST_DECIMALS = 9;
const REACH_MS = 5000; // a wake takes less
const STRIP = 5; // height of the strip of faults and limits at the top, CSS pixels
const TIMES = [
  // at least so far apart, label, then what is added where year, month, day, hour ... change
  [365 * 864e5, "{YYYY}", null, null, null, null, null, null, 1],
  [28 * 864e5, "{MMM}", "\n{YYYY}", null, null, null, null, null, 1],
  [864e5, "{D} {MMM}", "\n{YYYY}", null, null, null, null, null, 1],
  [36e5, "{HH}:{mm}", "\n{D} {MMM} {YYYY}", null, "\n{D} {MMM}", null, null, null, 1],
  [6e4, "{HH}:{mm}", "\n{D} {MMM} {YYYY}", null, "\n{D} {MMM}", null, null, null, 1],
  [1e3, "{HH}:{mm}:{ss}", "\n{D} {MMM} {YYYY}", null, "\n{D} {MMM}", null, null, null, 1],
  [1, ":{ss}.{fff}", "\n{D} {MMM} {YYYY} {HH}:{mm}", null, "\n{D} {MMM} {HH}:{mm}", null,
    "\n{HH}:{mm}", null, 1],
];
const LEVELS = { warning: "warning", limit: "limit", fault: "bad" };

/** Return the ends of a y axis around what is shown: a constant must not fill it with noise. */
export function padded(least, low = -Infinity, high = Infinity) {
  return (u, min, max) => {
    if (min === null || max === null || min === undefined) return [0, 1];
    const span = Math.max((max - min) * 1.12, least);
    const middle = (min + max) / 2;
    return [Math.max(low, middle - span / 2), Math.min(high, middle + span / 2)];
  };
}

/** Write the labels of a y axis with as many decimals as the steps between them have. */
function yLabels(u, splits, axis, space, step) {
  let most = 3;
  while (most < MOST_DECIMALS && !isWhole(step * 10 ** most)) most++;
  const text = new Intl.NumberFormat(navigator.language, { maximumFractionDigits: most });
  return splits.map((value) => text.format(value));
}

function isWhole(value) {
  return Math.abs(value - Math.round(value)) < 1e-6 * value;
}

export class Chart {
  /**
   * spec: title, unit, height, range, build(course) -> data, series: label, color, and as they are
   * for uPlot dash, width; band: [upper, lower, color]; silent: not in the legend.
   */
  constructor(spec, syncKey, onRange, onReset) {
    this.spec = spec;
    this.syncKey = syncKey;
    this.onRange = onRange;
    this.onReset = onReset;
    this.isVisible = true;
    this.values = [];
    const items = spec.series.flatMap((series, at) => {
      if (series.silent) return [];
      const value = h("b", { text: "" });
      this.values.push([at + 1, value, series]);
      const swatch = h("i", { class: `swatch${series.dash ? " dashed" : ""}` });
      swatch.style.setProperty("--swatch", `var(--${series.color})`);
      return [h("span", { class: "item" }, swatch, `${series.label} `, value)];
    });
    this.when = h("span", { class: "when" });
    this.body = h("div", { class: "plot" });
    this.element = h(
      "figure",
      { class: `chart ${spec.wide ? "wide" : ""}`, "data-chart": spec.key },
      h("figcaption", {}, h("span", { class: "title" }, spec.title, h("span", { class: "unit", text: ` ${spec.unit}` })),
        this.when, h("span", { class: "legend" }, ...items)),
      this.body,
      ...(spec.hint ? [h("p", { class: "faint", text: spec.hint })] : []),
    );
    this.resizer = new ResizeObserver(() => this.resize());
    this.resizer.observe(this.body);
    this.watcher = new IntersectionObserver((entries) => {
      this.isVisible = entries.at(-1).isIntersecting;
      if (this.isVisible && this.pending) this.show(...this.pending);
    }, { rootMargin: "100px" });
    this.watcher.observe(this.element);
  }

  /** Show a course between two times, at once or when the chart comes into view. */
  show(course, from, to) {
    this.pending = [course, from, to];
    if (!this.isVisible || !this.body.clientWidth) return;
    this.pending = null;
    this.course = course;
    this.from = from;
    this.to = to;
    const data = this.spec.build(course);
    if (!this.plot) this.make(data);
    else {
      this.plot.batch(() => {
        this.plot.setData(data, false);
        this.plot.setScale("x", { min: from, max: to });
      });
    }
    this.read();
  }

  make(data) {
    const faint = color("faint");
    const grid = { stroke: color("grid"), width: 1 };
    const ticks = { stroke: color("grid"), width: 1, size: 4 };
    const font = "11px system-ui, sans-serif";
    const isTime = !this.spec.xValues;
    const options = {
      width: this.body.clientWidth,
      height: this.spec.height,
      ms: 1,
      padding: [8, 12, 0, 0],
      legend: { show: false },
      cursor: {
        sync: isTime ? { key: this.syncKey, setSeries: false } : undefined,
        drag: { x: isTime, y: false, setScale: false, dist: 6 },
        points: { size: 6 },
        bind: { dblclick: () => () => { this.onReset(); return null; } },
      },
      scales: {
        x: { time: isTime, auto: false, range: (u, min, max) => [min, max], min: this.from, max: this.to },
        y: { range: this.spec.range },
      },
      axes: [
        { stroke: faint, grid, ticks, font, space: 76, size: isTime ? 40 : 34,
          values: this.spec.xValues ?? TIMES },
        { stroke: faint, grid, ticks, font, size: AXIS_WIDTH, space: 28,
          values: yLabels },
      ],
      series: [{}, ...this.spec.series.map((series) => ({
        label: series.label,
        stroke: series.width === 0 ? undefined : color(series.color),
        width: series.width ?? 1.5,
        dash: series.dash,
        spanGaps: series.spanGaps ?? false,
        points: { show: series.points ?? pointsWhereFew, size: 4, fill: color(series.color), stroke: color(series.color) },
      }))],
      bands: (this.spec.bands ?? []).map(([upper, lower, fill]) => ({
        series: [upper, lower], fill: color(fill),
      })),
      hooks: {
        drawClear: [(u) => this.drawBelow(u)],
        draw: [(u) => this.drawAbove(u)],
        setCursor: [() => this.read()],
        setSelect: [(u) => this.selected(u)],
      },
    };
    this.plot = new window.uPlot(options, data, this.body);
    this.plot.setScale("x", { min: this.from, max: this.to });
    performance.mark("filmgauge-chart");
  }

  selected(u) {
    if (u.select.width < 6) return;
    const from = u.posToVal(u.select.left, "x");
    const to = u.posToVal(u.select.left + u.select.width, "x");
    u.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
    // Charts that only follow the cursor of another one select as well.
    if (u.cursor.event !== null) this.onRange(from, to);
  }

  /** Write the values under the cursor into the legend, or the last ones. */
  read() {
    const plot = this.plot;
    if (!plot) return;
    const at = plot.cursor.idx;
    const hovering = at !== null && at !== undefined && plot.cursor.left >= 0;
    const from = hovering ? at : plot.data[0].length - 1;
    let shown = null;
    for (const [index, element, series] of this.values) {
      const column = plot.data[index];
      const found = series.isTruth ? closest(plot.data[0], column, shown) : nearest(column, from, !hovering);
      shown ??= found;
      const value = column[found] ?? null;
      setText(element, series.write ? series.write(value) : format.significant(value));
    }
    const x = hovering ? plot.data[0][at] : null;
    setText(this.when, x === null || x === undefined ? "" :
      this.spec.xText ? this.spec.xText(x) : format.moment(x));
  }

  drawBelow(u) {
    if (this.spec.xValues || !this.course) return;
    const { ctx, bbox } = u;
    ctx.save();
    clip(ctx, bbox);
    ctx.fillStyle = hatch(ctx);
    for (const gap of this.course.gaps) {
      const left = u.valToPos(gap.from_ms, "x", true);
      const right = u.valToPos(gap.to_ms, "x", true);
      if (right < bbox.left || left > bbox.left + bbox.width) continue;
      ctx.fillRect(left, bbox.top, Math.max(right - left, devicePixelRatio), bbox.height);
    }
    ctx.restore();
  }

  drawAbove(u) {
    if (this.spec.xValues || !this.course) return;
    const { ctx, bbox } = u;
    const scale = devicePixelRatio;
    ctx.save();
    clip(ctx, bbox);
    ctx.lineWidth = scale;
    for (const restart of this.course.restarts) {
      const x = Math.round(u.valToPos(restart.time_ms, "x", true)) + 0.5;
      if (x < bbox.left || x > bbox.left + bbox.width) continue;
      ctx.strokeStyle = color(restart.new_life ? "life" : "restart");
      ctx.setLineDash(restart.new_life ? [] : [3 * scale, 3 * scale]);
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
      if (restart.new_life) {
        ctx.fillStyle = color("life");
        ctx.font = `${10 * scale}px system-ui, sans-serif`;
        ctx.fillText("new life", x + 4 * scale, bbox.top + bbox.height - 5 * scale);
      }
    }
    for (const event of this.course.events) {
      const left = u.valToPos(event.from_ms, "x", true);
      const right = u.valToPos(event.to_ms ?? this.to, "x", true);
      const isFault = event.kind === "fault";
      ctx.fillStyle = color(isFault ? "bad" : LEVELS[event.level] ?? "limit");
      const top = bbox.top + (isFault ? 0 : STRIP * scale);
      ctx.fillRect(left, top, Math.max(right - left, 2 * scale), (STRIP - 1) * scale);
    }
    ctx.restore();
  }

  resize() {
    if (this.plot && this.body.clientWidth) {
      this.plot.setSize({ width: this.body.clientWidth, height: this.spec.height });
    } else if (this.pending) this.show(...this.pending);
  }

  /** Draw with other colours. */
  applyTheme() {
    if (!this.plot) return;
    this.plot.destroy();
    this.plot = null;
    hatches.delete("pattern");
    this.show(this.course, this.from, this.to);
  }

  close() {
    this.resizer.disconnect();
    this.watcher.disconnect();
    this.plot?.destroy();
  }
}

/** Points are drawn where there are few of them, as a line of one would not be seen. */
function pointsWhereFew(u, series, first, last) {
  return last - first < u.bbox.width / devicePixelRatio / 14;
}

/** Return where a series has a value: at an index, or the nearest before it; else the index. */
function nearest(values, at, skipsNull) {
  for (let index = at; index >= 0 && index > at - 400; index--) {
    const value = values[index];
    if (value !== undefined && !(skipsNull && value === null)) return index;
  }
  return at;
}

/** Return where a series has the value of the time at an index; null where it does not reach it. */
function closest(times, values, at) {
  let [before, after] = [at, at];
  while (before >= 0 && isMissing(values[before])) before--;
  while (after < times.length && isMissing(values[after])) after++;
  if (after < times.length) {
    return before < 0 || times[after] - times[at] < times[at] - times[before] ? after : before;
  }
  return before >= 0 && times[at] - times[before] <= REACH_MS ? before : null;
}

function isMissing(value) {
  return value === undefined || value === null;
}

function clip(ctx, bbox) {
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
}

const hatches = new Map();

function hatch(ctx) {
  let pattern = hatches.get("pattern");
  if (!pattern) {
    const tile = document.createElement("canvas");
    tile.width = tile.height = 8;
    const c = tile.getContext("2d");
    c.strokeStyle = color("gap");
    c.lineWidth = 1.5;
    for (const shift of [-8, 0, 8]) {
      c.beginPath();
      c.moveTo(shift, 8);
      c.lineTo(shift + 8, 0);
      c.stroke();
    }
    pattern = ctx.createPattern(tile, "repeat");
    hatches.set("pattern", pattern);
  }
  return pattern;
}
