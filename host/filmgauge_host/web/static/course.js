// The course of one node as the charts draw it: columns of equal length, a row of nulls in a gap.

const KEY = ["life", "boot", "seq"];

export class Course {
  /** answer: of /api/nodes/NAME/series */
  constructor(answer) {
    this.gaps = answer.gaps;
    this.restarts = answer.restarts;
    this.events = answer.events;
    this.truth = answer.truth;
    this.records = answer.records;
    this.raw_from_ms = answer.raw_from_ms;
    this.points = answer.points;
    this.from_ms = answer.from_ms;
    this.to_ms = answer.to_ms;
    this.names = Object.keys(answer.columns).filter((name) => name !== "time_ms");
    this.time = [];
    this.columns = Object.fromEntries(this.names.map((name) => [name, []]));
    const breaks = this.breakTimes();
    const times = answer.columns.time_ms;
    let next = 0;
    for (let at = 0; at < times.length; at++) {
      while (next < breaks.length && breaks[next] <= times[at]) {
        if (at > 0 && breaks[next] > this.time.at(-1)) this.addBreak(breaks[next]);
        next += 1;
      }
      this.time.push(times[at]);
      for (const name of this.names) this.columns[name].push(answer.columns[name][at]);
    }
    this.open = new Map(this.events.filter((event) => event.to_ms === null)
      .map((event) => [eventKey(event), event]));
  }

  /** Return where no line may lead over: in the middle of gaps, and just before restarts. */
  breakTimes() {
    const found = this.gaps.map((gap) => (gap.from_ms + gap.to_ms) / 2);
    found.push(...this.restarts.map((restart) => restart.time_ms - 0.5));
    return found.sort((a, b) => a - b);
  }

  addBreak(time) {
    this.time.push(time);
    for (const name of this.names) this.columns[name].push(null);
  }

  get lastTime() {
    return this.time.at(-1) ?? null;
  }

  /** Return whether one of these columns has a value. */
  hasAny(names) {
    return names.some((name) => this.columns[name].some((value) => value !== null));
  }

  /** Return the key of the last record, null without any. */
  lastKey() {
    for (let at = this.time.length - 1; at >= 0; at--) {
      if (this.columns.seq[at] !== null) return KEY.map((name) => this.columns[name][at]);
    }
    return null;
  }

  /** Add a live record; return false when it does not come after the last one. */
  add(record) {
    const before = this.lastKey();
    const last = this.lastTime;
    if (last !== null && record.time_ms <= last) return false;
    if (before) this.addMarks(record, before, last);
    this.time.push(record.time_ms);
    for (const name of this.names) this.columns[name].push(record[name] ?? null);
    this.records += 1;
    this.points += 1;
    this.to_ms = record.time_ms;
    this.addEvents(record);
    if (record.truth) this.addTruth(record.truth);
    return true;
  }

  /** Add what a simulation knows of one time, unless there is that of a later one. */
  addTruth(truth) {
    this.truth ??= Object.fromEntries(Object.keys(truth).map((name) => [name, []]));
    if (truth.time_ms <= (this.truth.time_ms.at(-1) ?? -Infinity)) return;
    for (const name of Object.keys(this.truth)) this.truth[name].push(truth[name]);
  }

  addMarks(record, [life, boot, seq], last) {
    const sameBoot = record.life === life && record.boot === boot;
    const missing = sameBoot ? record.seq - seq - 1 : record.life === life ? record.seq : 0;
    if (!sameBoot) {
      this.restarts.push({
        time_ms: record.time_ms, life: record.life, boot: record.boot, new_life: record.life !== life,
      });
    }
    if (missing > 0) this.gaps.push({ from_ms: last, to_ms: record.time_ms, missing });
    if (!sameBoot || missing > 0) this.addBreak((last + record.time_ms) / 2);
  }

  addEvents(record) {
    const present = new Map();
    for (const name of names(record.faults)) present.set(`fault ${name} `, { kind: "fault", name, level: null });
    for (const part of names(record.limits)) {
      const [name, level] = part.split(":");
      present.set(`limit ${name} ${level}`, { kind: "limit", name, level });
    }
    for (const [key, event] of this.open) {
      if (!present.has(key)) {
        event.to_ms = record.time_ms;
        this.open.delete(key);
      }
    }
    for (const [key, event] of present) {
      if (this.open.has(key)) continue;
      const begun = { ...event, from_ms: record.time_ms, to_ms: null };
      this.open.set(key, begun);
      this.events.push(begun);
    }
  }

  /** Return [times, ...columns, truth]: what a simulation knows, or nulls. columns: of this course. */
  withTruth(columns, trueName) {
    const own = [this.time, ...columns];
    const course = this.truth?.[trueName];
    if (!course) return [...own, new Array(this.time.length).fill(null)];
    return merge(own, [this.truth.time_ms, course]);
  }
}

/** Merge two tables over ascending times; what one does not have at a time is undefined: its line
 * goes on there, while null breaks it. */
function merge(own, other) {
  const count = own.length + other.length - 1;
  const merged = Array.from({ length: count }, () => []);
  let a = 0;
  let b = 0;
  while (a < own[0].length || b < other[0].length) {
    const ta = a < own[0].length ? own[0][a] : Infinity;
    const tb = b < other[0].length ? other[0][b] : Infinity;
    merged[0].push(Math.min(ta, tb));
    for (let i = 1; i < own.length; i++) merged[i].push(ta <= tb ? own[i][a] : undefined);
    merged[count - 1].push(tb <= ta ? other[1][b] : undefined);
    if (ta <= tb) a += 1;
    if (tb <= ta) b += 1;
  }
  return merged;
}

function names(text) {
  return !text || text === "none" ? [] : text.split("+");
}

function eventKey(event) {
  return `${event.kind} ${event.name} ${event.level ?? ""}`;
}
