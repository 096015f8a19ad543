// Numbers and times for people; an en dash for what is not known. Times in the reader's zone.

export const UNKNOWN = "–";

export function fixed(value, decimals) {
  return value === null || value === undefined ? UNKNOWN : value.toFixed(decimals);
}

/** About four significant digits, without exponents. */
export function significant(value) {
  if (value === null || value === undefined) return UNKNOWN;
  return value === 0 ? "0" : value.toFixed(decimals(value));
}

function decimals(value) {
  const size = Math.abs(value);
  return size >= 1000 ? 0 : size >= 100 ? 1 : size >= 10 ? 2 : 3;
}

/** A current in nA, µA or mA from µA. Positive charges the cell. */
export function current(ua) {
  if (ua === null || ua === undefined) return UNKNOWN;
  const size = Math.abs(ua);
  const sign = ua > 0 ? "+" : ua < 0 ? "−" : "";
  if (size >= 1000) return `${sign}${significant(size / 1000)} mA`;
  if (size >= 0.1 || size === 0) return `${sign}${significant(size)} µA`;
  return `${sign}${(size * 1000).toFixed(2)} nA`;
}

export function withUnit(text, unit) {
  return text === UNKNOWN ? text : `${text} ${unit}`;
}

/** value ± sigma, both with as many decimals; without a number of them as the value has. */
export function uncertain(value, sigma, places = decimals(value ?? 0)) {
  if (value === null || value === undefined) return UNKNOWN;
  const text = value.toFixed(places);
  return sigma === null || sigma === undefined ? text : `${text} ± ${sigma.toFixed(places)}`;
}

/** A time in its two largest units: 42 s, 5 min 10 s, 3 h 07 min, 2 d 4 h, 128 d. */
export function span(seconds) {
  if (seconds === null || seconds === undefined) return UNKNOWN;
  const s = Math.max(0, Math.floor(seconds));
  if (s < 60) return `${s} s`;
  if (s < 3600) return two(Math.floor(s / 60), "min", s % 60, "s");
  if (s < 86400) return two(Math.floor(s / 3600), "h", Math.floor((s % 3600) / 60), "min");
  if (s < 8640000) return two(Math.floor(s / 86400), "d", Math.floor((s % 86400) / 3600), "h");
  return `${Math.floor(s / 86400)} d`;
}

function two(large, largeUnit, small, smallUnit) {
  return small ? `${large} ${largeUnit} ${small} ${smallUnit}` : `${large} ${largeUnit}`;
}

/** The same in its largest unit only, for narrow columns. */
export function shortSpan(seconds) {
  if (seconds === null || seconds === undefined) return UNKNOWN;
  const s = Math.max(0, Math.floor(seconds));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min`;
  if (s < 172800) return `${Math.floor(s / 3600)} h`;
  return `${Math.floor(s / 86400)} d`;
}

/** When it will be empty or full, in words. */
export function lasts(row) {
  if (row.time_to_empty_s !== null) return `empty in ${shortSpan(row.time_to_empty_s)}`;
  if (row.time_to_full_s !== null && row.time_to_full_s < 60) return "full";
  if (row.time_to_full_s !== null) return `full in ${shortSpan(row.time_to_full_s)}`;
  return UNKNOWN;
}

const MOMENT = new Intl.DateTimeFormat(undefined, {
  year: "numeric", month: "short", day: "numeric",
  hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
});

export function moment(ms) {
  return ms === null || ms === undefined ? UNKNOWN : MOMENT.format(ms);
}

export function zone() {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** under_voltage -> under voltage */
export function words(name) {
  return name.replaceAll("_", " ");
}

/** What a node says of itself: "sample_s", 600 -> "sample 600 s" */
export function described(key, value) {
  const [, name, unit] = /^(.*)_(s|uah|cm2)$/.exec(key) ?? [null, key, ""];
  const text = typeof value === "number" ? String(Number(value.toPrecision(6))) : String(value);
  return `${words(name)} ${text}${unit ? ` ${UNITS[unit]}` : ""}`;
}

const UNITS = { s: "s", uah: "µAh", cm2: "cm²" };

export function count(number, one, many = `${one}s`) {
  return `${number} ${number === 1 ? one : many}`;
}
