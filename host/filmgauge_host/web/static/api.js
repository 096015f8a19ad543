// What the server is asked, and the stream of what happens.

/** Return the answer; an Error with the server's own sentence where it refuses. */
export async function getJson(path, signal) {
  let response;
  try {
    response = await fetch(path, { signal, headers: { Accept: "application/json" } });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("the server does not answer");
  }
  let answer = null;
  try {
    answer = await response.json();
  } catch {
    // said below
  }
  if (!response.ok) throw new Error(answer?.error ?? `the server answers ${response.status}`);
  return answer;
}

const EVENTS = ["record", "status", "refused", "alert", "server", "reset"];
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 5000;
const HIDDEN_MS = 60_000;

/**
 * One open stream: handlers.record(data) and so on; handlers.open() and handlers.lost(first).
 * It opens again for ever, and is closed while nobody looks at the page.
 */
export class EventStream {
  constructor(path, handlers) {
    this.path = path;
    this.handlers = handlers;
    this.lastId = "";
    this.retryMs = FIRST_RETRY_MS;
    this.lost = false;
    this.closed = false;
    this.onVisible = () => this.followVisibility();
    document.addEventListener("visibilitychange", this.onVisible);
    // A page that the browser keeps for the way back would hold one of its few connections.
    this.onHide = () => this.sleep();
    this.onShow = () => this.wake();
    addEventListener("pagehide", this.onHide);
    addEventListener("pageshow", this.onShow);
    this.open();
  }

  open() {
    const url = new URL(this.path, location.href);
    if (this.lastId) url.searchParams.set("last", this.lastId);
    const source = new EventSource(url);
    this.source = source;
    source.onopen = () => {
      this.retryMs = FIRST_RETRY_MS;
      this.lost = false;
      this.handlers.open?.();
    };
    source.onerror = () => this.retry();
    for (const name of EVENTS) {
      source.addEventListener(name, (event) => {
        this.lastId = event.lastEventId;
        this.handlers[name]?.(JSON.parse(event.data));
      });
    }
  }

  retry() {
    // The browser's own retries give up on an answer that is no stream.
    this.source.close();
    if (this.closed) return;
    if (!this.lost) {
      this.lost = true;
      this.handlers.lost?.();
    }
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.open(), this.retryMs);
    this.retryMs = Math.min(LAST_RETRY_MS, this.retryMs * 2);
  }

  followVisibility() {
    clearTimeout(this.hiddenTimer);
    if (document.hidden) {
      this.hiddenTimer = setTimeout(() => this.sleep(), HIDDEN_MS);
    } else this.wake();
  }

  sleep() {
    clearTimeout(this.timer);
    this.source.close();
    this.asleep = true;
  }

  wake() {
    if (!this.asleep || this.closed) return;
    this.asleep = false;
    this.open();
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
    clearTimeout(this.hiddenTimer);
    document.removeEventListener("visibilitychange", this.onVisible);
    removeEventListener("pagehide", this.onHide);
    removeEventListener("pageshow", this.onShow);
    this.source.close();
  }
}
