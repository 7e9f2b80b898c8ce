// @ts-check
/** Sizes, speeds and remaining times of uploads, in words. */

const UNITS = /** @type {const} */ (["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"]);
const WINDOW = 8_000; // milliseconds that the speed is an average of

/** @param {number} bytes */
export function size(bytes) {
  if (bytes < 1000) return bytes === 1 ? "1 byte" : `${bytes} bytes`;
  const step = Math.min(UNITS.length - 1, Math.floor(Math.log10(bytes) / 3));
  const digits = bytes / 1000 ** step < 10 ? 1 : 0;
  const unit = UNITS[step];
  return new Intl.NumberFormat("en", { style: "unit", unit, maximumFractionDigits: digits }).format(bytes / 1000 ** step);
}

/** @param {number} seconds */
function remaining(seconds) {
  if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s left`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min left`;
  return `${Math.round(seconds / 360) / 10} h left`;
}

/** How much of everything is sent, and how fast: an average, so that the words do not jump. */
export class Figures {
  wanted = 0; // bytes of all files
  sent = 0;
  /** @type {{at: number, sent: number}[]} */
  #past = [];

  /** @param {number} bytes that were sent since the last time; fewer than none when a part is sent again */
  add(bytes) {
    this.sent += bytes;
    const now = performance.now();
    this.#past.push({ at: now, sent: this.sent });
    while (this.#past.length > 2 && now - (this.#past[0]?.at ?? now) > WINDOW) this.#past.shift();
  }

  /** Forget how fast it was: nothing is being sent. */
  rest() {
    this.#past = [];
  }

  words() {
    const told = [`${size(this.sent)} of ${size(this.wanted)}`];
    const first = this.#past[0];
    const last = this.#past.at(-1);
    if (first && last && last.at - first.at > 500 && last.sent > first.sent) {
      const speed = (1000 * (last.sent - first.sent)) / (last.at - first.at);
      told.push(`${size(speed)} a second`);
      if (this.sent < this.wanted) told.push(remaining((this.wanted - this.sent) / speed));
    }
    return told.join(", ");
  }
}
