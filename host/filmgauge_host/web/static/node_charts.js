// What the charts of a node show. Positive current charges the cell.

import { padded } from "./chart.js";
import * as format from "./format.js";

const DASH = [5, 4];
const PCT = (value) => format.withUnit(format.fixed(value, 1), "%");
const UAH = (value) => format.withUnit(format.significant(value), "µAh");
const TRUE = { label: "true", isTruth: true, color: "true", dash: DASH, width: 1.5, points: false, spanGaps: true };
const FOUR_FIFTHS = 0.8;

/** What the charts need of a record. */
export const COLUMNS = [
  "soc_pct", "soc_sigma_pct", "soc_shown_pct", "stored_uah", "full_uah", "full_sigma_uah",
  "available_uah", "available_sigma_uah", "voltage_v", "current_ua", "temperature_c",
  "measured_uah", "booked_uah", "corrected_uah", "equivalent_full_cycles",
];

/** Return the charts over time; the last series is the truth of a simulation where `hasTruth`. */
export function timeCharts(hasTruth) {
  const truth = (write) => (hasTruth ? [{ ...TRUE, write }] : []);
  const build = (columns, trueName) => (course) => {
    const own = columns(course);
    return hasTruth ? course.withTruth(own, trueName) : [course.time, ...own];
  };
  const plain = (name) => build((course) => [course.columns[name]], name);
  return [
    {
      key: "soc", title: "State of charge", unit: "%, band of two sigma", height: 250, wide: true, columns: ["soc_pct"],
      range: padded(4, -2, 104),
      series: [
        { label: "upper", color: "soc", width: 0, silent: true, points: false },
        { label: "lower", color: "soc", width: 0, silent: true, points: false },
        { label: "estimated", color: "soc", width: 2, write: PCT },
        { label: "shown", color: "shown", width: 1, write: PCT, points: false },
        ...truth(PCT),
      ],
      bands: [[1, 2, "soc-band"]],
      build: build((course) => {
        const { soc_pct: soc, soc_sigma_pct: sigma, soc_shown_pct: shown } = course.columns;
        return [...band(soc, sigma, 0, 100), soc, shown];
      }, "soc_pct"),
    },
    {
      key: "charge", title: "Charge", unit: "µAh, stored and available", height: 190,
      columns: ["stored_uah", "available_uah"],
      range: padded(0.01, 0),
      series: [
        { label: "upper", color: "available", width: 0, silent: true, points: false },
        { label: "lower", color: "available", width: 0, silent: true, points: false },
        { label: "stored", color: "stored", write: UAH },
        { label: "available", color: "available", write: UAH },
        { label: "full", color: "faint", dash: [2, 3], width: 1, write: UAH, points: false },
      ],
      bands: [[1, 2, "available-band"]],
      build: (course) => {
        const columns = course.columns;
        const { available_uah: available, available_sigma_uah: sigma } = columns;
        return [course.time, ...band(available, sigma, 0, Infinity), columns.stored_uah, available,
          columns.full_uah];
      },
    },
    {
      key: "voltage", title: "Voltage", unit: "V, under load", height: 190, columns: ["voltage_v"], range: padded(0.02),
      series: [
        { label: "measured", color: "voltage", write: (v) => format.withUnit(format.fixed(v, 4), "V") },
        ...truth((v) => format.withUnit(format.fixed(v, 4), "V")),
      ],
      build: plain("voltage_v"),
    },
    {
      key: "current", title: "Current", unit: "µA, positive charges", height: 190,
      columns: ["current_ua"],
      range: padded(0.001),
      series: [{ label: "measured", color: "current", write: format.current }, ...truth(format.current)],
      build: plain("current_ua"),
    },
    {
      key: "temperature", title: "Temperature", unit: "°C", height: 190, columns: ["temperature_c"], range: padded(2),
      series: [
        { label: "measured", color: "temperature", write: (v) => format.withUnit(format.fixed(v, 2), "°C") },
        ...truth((v) => format.withUnit(format.fixed(v, 2), "°C")),
      ],
      build: plain("temperature_c"),
    },
    ledgerChart(),
  ];
}

/** Where the charge went since the beginning of what is shown: three parts and their sum. */
function ledgerChart() {
  const silent = (name) => ({ label: name, color: name, width: 0, silent: true, points: false });
  const part = (label, name) => ({ label, color: name, width: 1, write: signed, points: false });
  return {
    key: "ledger", title: "Ledger", unit: "µAh since the left edge", height: 190,
    columns: ["measured_uah"],
    range: padded(0.01),
    series: [
      silent("faint"), silent("measured"), silent("booked"), silent("corrected"),
      silent("measured"), silent("booked"), silent("corrected"),
      { label: "net", color: "ink", width: 1.5, write: signed, points: false },
      part("measured", "measured"), part("booked", "booked"), part("corrected", "corrected"),
    ].map((series, at) => (at > 7 ? { ...series, width: 0 } : series)),
    bands: [
      [2, 1, "measured-band"], [3, 2, "booked-band"], [4, 3, "corrected-band"],
      [1, 5, "measured-band"], [5, 6, "booked-band"], [6, 7, "corrected-band"],
    ],
    build: (course) => [course.time, ...stacked(course)],
  };
}

function signed(value) {
  if (value === null || value === undefined) return format.UNKNOWN;
  return `${value > 0 ? "+" : value < 0 ? "−" : ""}${format.significant(Math.abs(value))} µAh`;
}

function stacked(course) {
  const { measured_uah: measured, booked_uah: booked, corrected_uah: corrected, life } = course.columns;
  const parts = [measured, booked, corrected];
  const out = Array.from({ length: 11 }, () => new Array(course.time.length).fill(null));
  let origin = null;
  let lifeBefore = null;
  for (let at = 0; at < course.time.length; at++) {
    const values = parts.map((part) => part[at]);
    // Counters of two lives have no sum: a summary of both stays out.
    if (life[at] === null || values.some((value) => value === null || value === undefined)) continue;
    if (origin === null || life[at] !== lifeBefore) origin = values;
    lifeBefore = life[at];
    let up = 0;
    let down = 0;
    let sum = 0;
    out[0][at] = 0;
    for (let part = 0; part < 3; part++) {
      const change = values[part] - origin[part];
      sum += change;
      if (change > 0) up += change;
      else down += change;
      out[1 + part][at] = up;
      out[4 + part][at] = down;
      out[8 + part][at] = change;
    }
    out[7][at] = sum;
  }
  return out;
}

function band(values, sigmas, low, high) {
  const upper = new Array(values.length);
  const lower = new Array(values.length);
  for (let at = 0; at < values.length; at++) {
    const value = values[at];
    const sigma = sigmas[at];
    const isKnown = value !== null && sigma !== null;
    upper[at] = isKnown ? Math.min(high, value + 2 * sigma) : null;
    lower[at] = isKnown ? Math.max(low, value - 2 * sigma) : null;
  }
  return [upper, lower];
}

/** What the cell holds when full, over the cycles it has gone through, and where that leads. */
export function healthChart() {
  return {
    key: "health", title: "Health", unit: "µAh when full, over full cycles", height: 190,
    range: padded(0.05, 0),
    xValues: (u, splits) => splits.map((value) => String(Number(value.toPrecision(4)))),
    xText: (cycles) => `after ${format.significant(cycles)} cycles`,
    series: [
      { label: "upper", color: "stored", width: 0, silent: true, points: false },
      { label: "lower", color: "stored", width: 0, silent: true, points: false },
      { label: "full", color: "stored", write: UAH },
      { label: "projected", color: "stored", dash: DASH, spanGaps: true, points: false, write: UAH },
      { label: "80 % of new", color: "bad", dash: [2, 3], width: 1, spanGaps: true, points: false, write: UAH },
    ],
    bands: [[1, 2, "stored-band"]],
    build: (health) => health.data,
  };
}

/** Return data and range of the health chart, null where nothing is known. design: µAh when new. */
export function healthData(course, row, design) {
  const { equivalent_full_cycles: cycles, full_uah: full, full_sigma_uah: sigma, life } = course.columns;
  const points = new Map();
  for (let at = 0; at < cycles.length; at++) {
    if (life[at] !== row.life || cycles[at] === null || full[at] === null) continue;
    points.set(cycles[at], [full[at], sigma[at]]);
  }
  if (!points.size) return null;
  const known = [...points].sort((a, b) => a[0] - b[0]);
  const [now, [fullNow]] = known.at(-1);
  const target = design ? FOUR_FIFTHS * design : null;
  const left = row.cycles_left;
  const ends = left === null || target === null ? [] : [now + Math.max(left, 0.001)];
  const x = [...known.map(([value]) => value), ...ends];
  const blank = () => new Array(x.length).fill(null);
  const [upper, lower, line, projected, limit] = [blank(), blank(), blank(), blank(), blank()];
  known.forEach(([, [value, spread]], at) => {
    line[at] = value;
    upper[at] = spread === null ? null : value + 2 * spread;
    lower[at] = spread === null ? null : Math.max(0, value - 2 * spread);
  });
  if (ends.length) {
    projected[known.length - 1] = fullNow;
    projected[x.length - 1] = target;
    limit.fill(target);
  }
  const span = x.at(-1) - x[0];
  return {
    data: [x, upper, lower, line, projected, limit],
    from: x[0] - 0.02 * span - (span ? 0 : 0.5),
    to: x.at(-1) + 0.02 * span + (span ? 0 : 0.5),
    gaps: [], restarts: [], events: [],
  };
}
