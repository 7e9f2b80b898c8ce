// @ts-check
/**
 * Which pages were really shown: half of the page, or half a window of it, for a moment, with its picture loaded.
 * What was seen is told to the server in small batches; nothing is lost when the connection is.
 */
import { api, csrf } from "./ui.js";

const MOMENT = 300; // milliseconds a page has to stay in view
const BATCH = 700; // milliseconds of gathering before the server is told
const STEPS = Array.from({ length: 21 }, (_, index) => index / 20);

export class Seen {
  /**
   * @param {string} envelope
   * @param {number} pages
   * @param {number[]} before pages the server knows of already
   */
  constructor(envelope, pages, before) {
    this.envelope = envelope;
    this.pages = pages;
    this.seen = new Set(before);
    /** @type {Set<number>} */
    this.untold = new Set();
    /** @type {Map<number, number>} */
    this.timers = new Map();
    this.batch = 0;
    this.onchange = () => {};
    const observer = new IntersectionObserver((entries) => entries.forEach((entry) => this.#look(entry)), {
      threshold: STEPS,
    });
    for (const figure of document.querySelectorAll("figure[data-page]")) observer.observe(figure);
    addEventListener("pagehide", () => this.#tellLeaving());
  }

  /** @returns {number | undefined} the first page that was not shown yet */
  get firstUnseen() {
    for (let page = 1; page <= this.pages; page++) if (!this.seen.has(page)) return page;
    return undefined;
  }

  /** @param {IntersectionObserverEntry} entry */
  #look(entry) {
    const figure = /** @type {HTMLElement} */ (entry.target);
    const page = Number(figure.dataset.page);
    const shown = entry.intersectionRatio >= 0.5 || entry.intersectionRect.height >= innerHeight / 2;
    if (!shown) {
      clearTimeout(this.timers.get(page));
      this.timers.delete(page);
    } else if (!this.seen.has(page) && !this.timers.has(page)) {
      this.timers.set(page, window.setTimeout(() => this.#count(page, figure), MOMENT));
    }
  }

  /**
   * @param {number} page
   * @param {HTMLElement} figure
   */
  #count(page, figure) {
    const image = figure.querySelector("img");
    if (image && !(image.complete && image.naturalWidth)) {
      // look again: an empty frame is not a page that was shown
      this.timers.set(page, window.setTimeout(() => this.#count(page, figure), MOMENT));
      return;
    }
    this.timers.delete(page);
    this.seen.add(page);
    this.untold.add(page);
    clearTimeout(this.batch);
    this.batch = window.setTimeout(() => void this.tell().catch(() => undefined), BATCH); // told again before signing
    this.onchange();
  }

  get #path() {
    return `/envelopes/${this.envelope}/ceremony/pages`;
  }

  /** The page is going away: the request outlives it, and its answer does not matter any more. */
  #tellLeaving() {
    if (!this.untold.size) return;
    const headers = { "Content-Type": "application/json", "X-CSRF-Token": csrf() };
    const body = JSON.stringify({ pages: [...this.untold] });
    void fetch(`/api/v1${this.#path}`, { method: "POST", headers, body, keepalive: true });
  }

  /** Tell the server what it does not know yet. */
  async tell() {
    const pages = [...this.untold];
    if (!pages.length) return;
    this.untold.clear();
    try {
      await api("POST", this.#path, { pages });
    } catch (error) {
      for (const page of pages) this.untold.add(page);
      throw error;
    }
  }
}
