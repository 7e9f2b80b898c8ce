// @ts-check
/**
 * The keys that one log had: each is handed over to the next by a checkpoint that both have signed.
 * The format is docs/formats/audit-log.md, "A change of the key".
 */

import { noteText, openCheckpoint, readKey, refuse } from "./audit-formats.js";

/** @typedef {import("./audit-formats.js").PublicKey} PublicKey */
/** @typedef {{size: number, old: PublicKey, new: PublicKey}} Handover */

const WORD = "docvault/key-change";
const CHANGED = "log:key:changed";

export class KeyChain {
  /**
   * @param {Handover[]} handovers oldest first
   * @param {PublicKey} newest
   */
  constructor(handovers, newest) {
    this.handovers = handovers;
    this.newest = newest;
    this.keys = [...handovers.map((handover) => handover.old), newest];
  }

  /**
   * The chain that those of the notes prove which hand over.
   * @param {string[]} notes
   * @param {PublicKey} newest
   */
  static async read(notes, newest) {
    /** @type {Handover[]} */
    const found = [];
    for (const note of notes) {
      const handover = await readHandover(note);
      if (handover) found.push(handover);
    }
    found.sort((one, other) => one.size - other.size);
    const linked = found.every(({ size, new: taken }, at) => {
      const next = found[at + 1];
      return next ? size < next.size && taken.text === next.old.text : taken.text === newest.text;
    });
    if (!linked) refuse("The changes of the audit log's key do not lead to the key that signed last.");
    const chain = new KeyChain(found, newest);
    if (new Set(chain.keys.map(({ text }) => text)).size !== chain.keys.length) {
      refuse("The audit log went back to a key that it had given up.");
    }
    return chain;
  }

  /** @param {PublicKey} key */
  has(key) {
    return this.keys.some(({ text }) => text === key.text);
  }

  /**
   * The checkpoint that the key in charge at its size signed.
   * @param {string} note
   */
  async open(note) {
    const claimed = noteText(note).split("\n")[1] ?? "";
    const size = /^(0|[1-9][0-9]{0,14})$/.test(claimed) ? Number(claimed) : 0;
    return openCheckpoint(note, this.handovers.find((one) => size <= one.size)?.old ?? this.newest);
  }

  /**
   * An entry announces a change exactly where there is one.
   * @param {number} index
   * @param {string} kind
   * @param {Record<string, unknown>} facts
   */
  checkEntry(index, kind, facts) {
    const here = this.handovers.find((one) => one.size === index + 1);
    const announced = kind === CHANGED;
    if (announced && !here) refuse("It announces another key, and no checkpoint of both keys proves that.");
    if (here && !(announced && facts.old === here.old.text && facts.new === here.new.text)) {
      refuse("The key changed behind it, and it does not announce that.");
    }
  }
}

/**
 * The hand-over of a note, or null if it is another checkpoint.
 * @param {string} note
 * @returns {Promise<Handover | null>}
 */
async function readHandover(note) {
  const lines = noteText(note).split("\n").slice(3).filter((line) => line.split(" ")[0] === WORD);
  if (!lines.length) return null;
  const words = lines[0].split(" ");
  if (lines.length !== 1 || words.length !== 3) {
    return refuse("A checkpoint that hands the audit log over is malformed.");
  }
  const [old, taken] = [await readKey(words[1]), await readKey(words[2])];
  await openCheckpoint(note, old);
  const { size } = await openCheckpoint(note, taken);
  return { size, old, new: taken };
}
