// @ts-check
/** Saves what was changed a moment after the last change, one request at a time, and says how it stands. */

const PAUSE = 600; // milliseconds after the last change
const RETRY = 4000; // milliseconds after a failure

export class Autosave {
  /**
   * @param {() => Promise<void>} save
   * @param {(state: "saved" | "saving" | "unsaved" | "failed", words: string) => void} tell
   */
  constructor(save, tell) {
    this.save = save;
    this.tell = tell;
    this.changes = 0;
    this.saved = 0;
    this.timer = 0;
    /** @type {Promise<void> | null} */
    this.running = null;
    addEventListener("beforeunload", (event) => {
      if (this.dirty) event.preventDefault();
    });
  }

  get dirty() {
    return this.saved !== this.changes;
  }

  /** Something changed. */
  change() {
    this.changes++;
    this.tell("unsaved", "Not saved yet");
    this.#later(PAUSE);
  }

  /** Save now whatever is unsaved; throws when it cannot be. */
  async flush() {
    clearTimeout(this.timer);
    while (this.dirty) {
      await this.running?.catch(() => undefined); // its own failure was told; this is the next try
      if (this.dirty) await this.#run();
    }
  }

  /** @param {number} pause */
  #later(pause) {
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.flush().catch(() => this.#later(RETRY)), pause);
  }

  async #run() {
    const upTo = this.changes;
    this.tell("saving", "Saving…");
    this.running = this.save();
    try {
      await this.running;
      this.saved = upTo;
      if (!this.dirty) this.tell("saved", "Saved");
    } catch (error) {
      this.tell("failed", error instanceof Error ? error.message : "Not saved");
      throw error;
    } finally {
      this.running = null;
    }
  }
}
