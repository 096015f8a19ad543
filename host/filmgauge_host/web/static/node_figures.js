// The figures of a node above its charts: its latest record in words and numbers.

import { h, setText } from "./dom.js";
import * as format from "./format.js";

const { fixed, significant, span, uncertain, withUnit } = format;

// Title, and for a row: the value, and a line below it
const FIGURES = [
  ["State of charge", (r) => withUnit(fixed(r.soc_pct, 1), "%"),
    (r) => [["± ", r.soc_sigma_pct, 1], ["shown ", r.soc_shown_pct, 0]].filter(([, value]) => value !== null)
      .map(([text, value, places]) => `${text}${fixed(value, places)} %`).join(" · ")],
  ["Available now", (r) => withUnit(uncertain(r.available_uah, r.available_sigma_uah), "µAh"),
    (r) => of(r.available_full_uah, " when full")],
  ["Stored", (r) => withUnit(significant(r.stored_uah), "µAh"), (r) => of(r.full_uah, "")],
  ["Lasts", (r) => format.lasts(r), () => "at the recent mean current"],
  ["Voltage", (r) => withUnit(fixed(r.voltage_v, 4), "V"), (r) => (r.current_ua === null ? "under load" : `${format.current(r.current_ua)}, under load`)],
  ["Temperature", (r) => withUnit(fixed(r.temperature_c, 1), "°C"), () => "of the cell"],
  ["Capacity", (r) => withUnit(uncertain(r.full_uah, r.full_sigma_uah), "µAh"), (r) => seen(r.capacity_age_h)],
  ["Cycles", (r) => significant(r.equivalent_full_cycles), (r) => cyclesLeft(r)],
  ["Resistance", (r) => resistance(r), (r) => seen(r.resistance_age_h)],
  ["Efficiency", (r) => withUnit(uncertain(r.coulombic_efficiency_pct, r.coulombic_sigma_pct, 2), "%"), (r) => seen(r.coulombic_age_h)],
  ["Reports", (r) => String(r.received), (r) => losses(r)],
  ["Record", (r) => (r.boot === null ? format.UNKNOWN : `boot ${r.boot}, seq ${r.seq}`),
    (r) => (r.boot === null ? "" : `up ${span(r.up_s)}${r.lives > 1 ? ` · life ${r.lives}` : ""}`)],
];

function of(value, rest) {
  return value === null ? "" : `of ${significant(value)} µAh${rest}`;
}

function seen(hours) {
  return hours === null ? "not observed yet" : `observed ${span(3600 * hours)} ago`;
}

function resistance(row) {
  if (row.resistance_ohm === null) return format.UNKNOWN;
  const [scale, unit] = row.resistance_ohm >= 1000 ? [1000, "kΩ"] : [1, "Ω"];
  const sigma = row.resistance_sigma_ohm === null ? null : row.resistance_sigma_ohm / scale;
  return withUnit(uncertain(row.resistance_ohm / scale, sigma), unit);
}

function cyclesLeft(row) {
  if (row.cycles_left === null) return "no trend seen yet";
  const trend = row.capacity_trend_pct === null ? "" : ` · ${fixed(row.capacity_trend_pct, 3)} % a cycle`;
  return `${uncertain(row.cycles_left, row.cycles_left_sigma, 0)} left to 80 %${trend}`;
}

function losses(row) {
  const parts = [row.lost ? `${row.lost} missing` : "none missing"];
  if (row.duplicated) parts.push(`${row.duplicated} twice`);
  if (row.malformed) parts.push(`${row.malformed} refused`);
  if (row.conflicting) parts.push(`${row.conflicting} conflicting`);
  return parts.join(" · ");
}

export class Figures {
  constructor() {
    this.cells = FIGURES.map(([title]) => ({
      value: h("b"), below: h("small"), title: h("span", { text: title }),
    }));
    this.element = h("div", { class: "figures" }, ...this.cells.map(({ title, value, below }) =>
      h("div", { class: "figure" }, title, value, below)));
  }

  show(row) {
    FIGURES.forEach(([, value, below], at) => {
      setText(this.cells[at].value, value(row));
      setText(this.cells[at].below, below(row));
    });
  }
}
