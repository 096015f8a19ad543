// A list of any length of which only the rows in view exist.

import { h } from "./dom.js";

const OVERSCAN = 6;

/**
 * makeRow() returns { element, ... }; fill(row, name) puts a node into it. Elements are used again
 * for other nodes while the list scrolls.
 */
export class RowList {
  constructor(makeRow, fill, onVisible) {
    this.makeRow = makeRow;
    this.fill = fill;
    this.onVisible = onVisible;
    this.names = [];
    this.pool = [];
    this.inner = h("div", { class: "rows", role: "list" });
    this.element = h("div", { class: "list", tabindex: "-1" }, this.inner);
    this.element.addEventListener("scroll", () => this.schedule(), { passive: true });
    // What has to be measured is measured once a size: reading it in between would have the
    // browser lay everything out again.
    this.observer = new ResizeObserver(() => {
      this.measured = null;
      this.schedule();
    });
    this.observer.observe(this.element);
  }

  get rowHeight() {
    return this.measure().row;
  }

  /** Return the heights of the list and of a row, and the size of a row's small chart. */
  measure() {
    if (!this.measured) {
      const row = parseFloat(getComputedStyle(this.element).getPropertyValue("--row-height")) || 52;
      const canvas = this.inner.querySelector(".row:not([hidden]) canvas");
      const found = { row, height: this.element.clientHeight, width: canvas?.clientWidth ?? 0,
        chart: canvas?.clientHeight ?? 0 };
      if (!found.width) return found; // there is none yet, or none on a phone
      this.measured = found;
    }
    return this.measured;
  }

  setNames(names) {
    this.names = names;
    this.render();
  }

  schedule() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = undefined;
      this.render();
    });
  }

  /** Return the nodes in view. */
  visible() {
    return this.pool.filter((row) => row.name !== null).map((row) => row.name);
  }

  render() {
    const { row: size, height: listHeight } = this.measure();
    const height = `${this.names.length * size}px`;
    if (this.inner.style.height !== height) this.inner.style.height = height;
    const first = Math.max(0, Math.floor(this.element.scrollTop / size) - OVERSCAN);
    const seen = Math.ceil(listHeight / size) + 2 * OVERSCAN;
    const end = Math.min(this.names.length, first + seen);
    // A node keeps its element while both are in view, so that focus and selection stay.
    const wanted = new Map();
    for (let at = first; at < end; at++) wanted.set(this.names[at], at);
    const free = [];
    for (const row of this.pool) {
      if (row.name !== null && wanted.has(row.name)) {
        this.put(row, row.name, wanted.get(row.name), size);
        wanted.delete(row.name);
      } else free.push(row);
    }
    for (const [name, at] of wanted) {
      let row = free.pop();
      if (!row) {
        row = { ...this.makeRow(), name: null, at: -1 };
        this.pool.push(row);
        this.inner.append(row.element);
      }
      row.name = name;
      this.put(row, name, at, size);
    }
    for (const row of free) {
      row.name = null;
      row.element.hidden = true;
    }
    this.onVisible(this.visible());
  }

  put(row, name, at, size) {
    const top = at * size;
    if (row.top !== top) {
      row.top = top;
      row.element.style.transform = `translateY(${top}px)`;
    }
    row.at = at;
    row.element.hidden = false;
    this.fill(row, name);
  }

  /** Fill the rows in view again. */
  refresh() {
    for (const row of this.pool) if (row.name !== null) this.fill(row, row.name);
  }

  scrollTo(at) {
    const size = this.rowHeight;
    const { scrollTop, clientHeight } = this.element;
    if (at * size < scrollTop) this.element.scrollTop = at * size;
    else if ((at + 1) * size > scrollTop + clientHeight) {
      this.element.scrollTop = (at + 1) * size - clientHeight;
    }
    this.render();
  }

  close() {
    this.observer.disconnect();
    cancelAnimationFrame(this.frame);
  }
}
