// @ts-check
/** What a verification of a bundle finds and says. Holds no checks. */

import { Invalid } from "./audit-formats.js";

/** @typedef {{index: number, reason: string}} Problem */
/**
 * @typedef {object} Verdict
 * @property {boolean} ok
 * @property {number | null} firstBadIndex the first entry not to be relied upon; null when all holds
 * @property {string} reason the first problem in words; empty when all holds
 * @property {Problem[]} problems
 * @property {string} origin
 * @property {string} fingerprint
 * @property {boolean} trusted whether the key was given; if not, the fingerprint must be compared
 * @property {number} keyChanges how often the log got another key; each is signed by both
 * @property {boolean} olderKey whether the key that was given is one that the log had before
 * @property {boolean} full
 * @property {number} size of the log
 * @property {number} count of the entries inside
 * @property {string} root hex
 * @property {Record<string, string>} filters
 * @property {string} created
 * @property {string | null} firstAt
 * @property {string | null} lastAt
 * @property {string | null} details included | left-out; null in bundles from before they said so
 * @property {number} erased entries whose details were erased on purpose
 * @property {number} leftOut entries whose details are not in this bundle, on purpose
 * @property {number} history earlier checkpoints that this log continues
 * @property {number | null} since size of the older checkpoint that was given
 */

/** What is wrong: exact problems name an entry, blocks 256 of them, whole and damaged ones concern the bundle. */
export class Findings {
  /** @type {Problem[]} */ exact = [];
  /** @type {Map<number, Problem>} by number */ blocks = new Map();
  /** @type {number | null} the block whose bad entry is known */ explained = null;
  /** the block that is being read */ block = 0;
  /** @type {string[]} */ whole = [];
  /** @type {string[]} */ damaged = [];

  /**
   * Note what is wrong with the bundle as a whole.
   * @param {string} words
   * @param {() => Promise<void>} deed
   */
  async about(words, deed) {
    try {
      await deed();
    } catch (error) {
      if (!(error instanceof Invalid)) throw error;
      this.whole.push(`${words}${error.message}`);
    }
  }

  /**
   * The same, for what the rest needs: what the deed gives, or else `otherwise`.
   * @template T
   * @param {string} words
   * @param {() => Promise<T>} deed
   * @param {T} otherwise
   * @returns {Promise<T>}
   */
  async tried(words, deed, otherwise) {
    let found = otherwise;
    await this.about(words, async () => {
      found = await deed();
    });
    return found;
  }

  /**
   * @param {number} index
   * @param {string} reason
   */
  bad(index, reason) {
    this.exact.push({ index, reason });
    this.explained = this.block;
  }

  /**
   * All problems, the one that names the first bad index first.
   * @param {number} vouchedFor the first index for which nothing vouches when only the whole is known to be wrong
   */
  problems(vouchedFor) {
    const blocks = [...this.blocks].filter(([number]) => number !== this.explained).map(([, problem]) => problem);
    const found = [...this.exact, ...blocks].sort((one, other) => one.index - other.index);
    const index = found.length ? found[0].index : vouchedFor;
    return [...found, ...[...this.damaged, ...this.whole].map((reason) => ({ index, reason }))];
  }
}
