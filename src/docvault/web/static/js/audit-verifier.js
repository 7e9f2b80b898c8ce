// @ts-check
/**
 * Verifies an audit bundle in the browser: the numbered plan of docs/formats/audit-log.md, "Verification", the same
 * that `docvault audit verify` follows. Sends nothing anywhere; needs a secure context, for WebCrypto.
 */

import {
  BLOCK, blockOf, checkDetails, entriesName, indexesOf, misplaced, readHistory, readLeaf, readLine, readManifest, readSeal,
  splitLines, tileName,
} from "./audit-bundle.js";
import {
  HASH, Invalid, bytesOf, fingerprint, hex, lenientUtf8, readContainer, readKey, refuse, same, sha256, strictBase64, utf8,
} from "./audit-formats.js";
import { KeyChain } from "./audit-keys.js";
import { Findings } from "./audit-verdict.js";
import { checkConsistency, checkInclusion, edgeOf, foldEdge, leafHash } from "./audit-tree.js";

/** @typedef {import("./audit-formats.js").Member} Member */
/** @typedef {import("./audit-formats.js").PublicKey} PublicKey */
/** @typedef {{origin: string, size: number, root: Uint8Array}} Checkpoint */
/** @typedef {import("./audit-verdict.js").Verdict} Verdict */

/** The walk through the entries is over: what follows cannot be checked in its own right. */
class Stop extends Error {}

/**
 * @param {ArrayBuffer} bundle
 * @param {string} [publicKeyText] the log's key, `name+hash+key`, got elsewhere
 * @param {{since?: string, progress?: (checked: number) => void}} [options] since: an older checkpoint, kept elsewhere
 * @returns {Promise<Verdict>}
 */
export async function verifyBundle(bundle, publicKeyText, options = {}) {
  const check = new Check(options);
  const members = readContainer(new Uint8Array(bundle));
  if (publicKeyText?.trim()) check.trusted = await readKey(publicKeyText);
  try {
    await check.opening(members);
    await check.walk(members);
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
  }
  await check.closing(members);
  return check.verdict();
}

class Check extends Findings {
  /** @type {PublicKey | null} */ trusted = null;
  /** @type {KeyChain | null} */ keys = null;
  /** @type {any} */ manifest = null;
  /** @type {Checkpoint | null} */ checkpoint = null;
  /** @type {Checkpoint | null} */ since = null;
  /** @type {{checkpoint: Checkpoint, path: Uint8Array[]}[]} */ history = [];
  /** @type {Map<string, string>} */ digests = new Map();
  /** @type {Uint8Array[]} roots of the full blocks */ full = [];
  /** @type {Uint8Array[]} leaf hashes behind the last full block */ rest = [];
  /** @type {Map<number, Uint8Array>} */ roots = new Map();
  /** the keys lead from one to the next */ proven = false;
  anotherKey = false;
  checked = 0;
  erased = 0;
  leftOut = 0;
  /** @type {string | null} */ firstAt = null;
  /** @type {string | null} */ lastAt = null;

  /** @param {{since?: string, progress?: (checked: number) => void}} options */
  constructor({ since, progress = () => {} }) {
    super();
    this.sinceNote = since?.trim() ? since : null;
    this.progress = progress;
  }

  // --- members -----------------------------------------------------------------------------------------------

  /**
   * 1. Container: the body of the next member, which must be `name`.
   * @param {Generator<Member, void, undefined>} members
   * @param {string} name
   */
  async next(members, name) {
    const { value } = members.next();
    if (!value?.name) {
      this.damaged.push(`The bundle is damaged where ${name} belongs: ${value?.damage ?? "it ends too early"}.`);
      throw new Stop();
    }
    if (value.damage) this.damaged.push(`${name} is damaged: ${value.damage}.`);
    if (value.name !== name) {
      this.damaged.push(`The bundle has ${value.name.slice(0, 80)} where ${name} belongs.`);
      throw new Stop();
    }
    this.digests.set(name, hex(await sha256(value.body)));
    return value.body;
  }

  /** @param {Generator<Member, void, undefined>} members */
  async opening(members) {
    const manifest = await this.next(members, "manifest.json");
    await this.about("", async () => {
      this.manifest = readManifest(utf8(manifest)); // 2. Manifest
    });
    const own = await this.tried("", async () => readKey(utf8(await this.next(members, "key"))), null);
    const note = await this.next(members, "checkpoint");
    const history = await this.next(members, "history.jsonl");
    const known = this.trusted ?? own;
    if (!known || !this.manifest) throw new Stop();
    const earlier = await this.tried("The history of checkpoints: ", async () => readHistory(utf8(history)), []);
    const notes = [lenientUtf8(note), ...earlier.map(({ checkpoint }) => checkpoint)];
    const keys = await this.tried("", () => this.provenKeys(own ?? known, notes), new KeyChain([], known));
    this.keys = keys;
    await this.about("The checkpoint: ", async () => {
      this.checkpoint = await keys.open(utf8(note)); // 4. Checkpoint
      const { origin, size } = this.checkpoint;
      if (origin !== this.manifest.origin || size !== this.manifest.size) {
        refuse("it is not the one that the manifest speaks of.");
      }
    });
    await this.about("The older checkpoint that you gave: ", async () => {
      if (this.sinceNote) this.since = await keys.open(this.sinceNote);
    });
    await this.about("The history of checkpoints: ", async () => {
      for (const { checkpoint, path } of earlier) this.history.push({ checkpoint: await keys.open(checkpoint), path });
    });
  }

  /**
   * 3. Key: every key is proven by the next; the trusted one, where one was given, is among them.
   * @param {PublicKey} own
   * @param {string[]} notes
   */
  async provenKeys(own, notes) {
    const chain = await KeyChain.read(notes, own);
    this.anotherKey = this.trusted !== null && !chain.has(this.trusted);
    if (this.anotherKey) refuse("The bundle was signed with another key than the one you trust.");
    this.proven = true;
    return chain;
  }

  // --- 5. Entries --------------------------------------------------------------------------------------------

  /** @param {Generator<Member, void, undefined>} members */
  async walk(members) {
    const sizes = new Set(this.history.map(({ checkpoint }) => checkpoint.size));
    if (this.since) sizes.add(this.since.size);
    this.roots.set(0, await foldEdge([]));
    const wanted = indexesOf(this.manifest);
    for (let number = 0; number * BLOCK < this.manifest.count; number++) {
      this.block = number;
      const width = Math.min(BLOCK, this.manifest.count - number * BLOCK);
      const hashes = this.manifest.kind === "full" ? await this.tile(members, number, width, sizes) : null;
      const body = await this.nextFrom(members, entriesName(number));
      if (this.exact.length) this.checked += width;
      else await this.readBlock(body, Array.from({ length: width }, () => Number(wanted.next().value)), hashes);
      this.progress(this.checked);
    }
  }

  /**
   * The next member; the entry at this place is the first bad one where the file cannot be followed any further.
   * @param {Generator<Member, void, undefined>} members
   * @param {string} name
   */
  async nextFrom(members, name) {
    try {
      return await this.next(members, name);
    } catch (error) {
      const index = this.indexAt(this.checked);
      const words = `The entries from ${index} on are missing. ${this.damaged[this.damaged.length - 1]}`;
      if (error instanceof Stop && !this.exact.length) this.bad(index, words);
      throw error;
    }
  }

  /**
   * 6. Root: take the leaf hashes of one tile, and keep the roots that checkpoints speak of.
   * @param {Generator<Member, void, undefined>} members
   * @param {number} number
   * @param {number} width
   * @param {Set<number>} sizes
   */
  async tile(members, number, width, sizes) {
    const body = await this.nextFrom(members, tileName(this.manifest.size, number));
    const index = this.indexAt(this.checked);
    if (body.length !== width * HASH) {
      this.blocks.set(number, { index, reason: `The tile of the entries from ${index} on has a wrong length.` });
    }
    const hashes = [];
    for (let at = 0; at < body.length; at += HASH) hashes.push(body.subarray(at, at + HASH));
    for (const size of sizes) {
      const within = size - number * BLOCK;
      if (within > 0 && within <= hashes.length) this.roots.set(size, await this.rootWith(hashes.slice(0, within)));
    }
    if (hashes.length === BLOCK) this.full.push((await edgeOf(hashes))[0]);
    else this.rest = hashes;
    return hashes;
  }

  /** @param {Uint8Array[]} behind leaf hashes behind the full blocks */
  async rootWith(behind) {
    return foldEdge([...(await edgeOf(this.full)), ...(await edgeOf(behind))]);
  }

  /**
   * @param {Uint8Array} body
   * @param {number[]} wanted
   * @param {Uint8Array[] | null} hashes
   */
  async readBlock(body, wanted, hashes) {
    const lines = splitLines(body);
    const last = lines.pop(); // empty, behind the last line feed
    const found = await Promise.all(
      wanted.map((index, place) =>
        place < lines.length ? this.readEntry(lines[place], index, hashes?.[place]) : `Entry ${index} is missing.`,
      ),
    );
    const bad = found.findIndex((result) => typeof result === "string");
    for (const result of bad < 0 ? found : found.slice(0, bad)) this.count(result);
    if (bad >= 0) this.bad(wanted[bad], String(found[bad]));
    else if (lines.length > wanted.length || last?.length) {
      const behind = wanted[wanted.length - 1];
      this.bad(behind + 1, `Something was added behind entry ${behind}.`);
    }
  }

  /** @param {any} result of an entry that holds */
  count(result) {
    this.checked += 1;
    this.erased += result.erased;
    this.leftOut += result.leftOut;
    this.firstAt ??= result.at;
    this.lastAt = result.at;
  }

  /**
   * What the entry says, or in words what is wrong with it.
   * @param {Uint8Array} raw
   * @param {number} index
   * @param {Uint8Array | undefined} hashed
   * @returns {Promise<{at: string, erased: number, leftOut: number} | string>}
   */
  async readEntry(raw, index, hashed) {
    try {
      const line = readLine(utf8(raw));
      if (line.index !== index) return misplaced(line.index, index);
      await this.checkPlace(line, await leafHash(bytesOf(line.leaf)), hashed);
      const entry = readLeaf(line.leaf);
      const missing = await checkDetails(this.manifest, line, entry.private);
      if (this.proven) this.keys?.checkEntry(index, entry.kind, entry.facts);
      return { at: entry.at, ...missing };
    } catch (error) {
      if (!(error instanceof Invalid)) throw error;
      return `Entry ${index} was changed. ${error.message}`;
    }
  }

  /**
   * @param {any} line
   * @param {Uint8Array} found
   * @param {Uint8Array | undefined} hashed
   */
  async checkPlace(line, found, hashed) {
    if (this.manifest.kind === "full") {
      if (!hashed || !same(found, hashed)) refuse("Its hash is not the one that the log keeps for it.");
      if (line.proof !== null) refuse("It has a proof of its own, which a full export does not.");
    } else if (!line.proof || !this.checkpoint) {
      refuse("There is no proof that it is in the log.");
    } else {
      const path = line.proof.map(strictBase64);
      await checkInclusion(found, line.index, this.checkpoint.size, path, this.checkpoint.root);
    }
  }

  // --- behind the entries ------------------------------------------------------------------------------------

  /** @param {Generator<Member, void, undefined>} members */
  async closing(members) {
    /** @type {Uint8Array | null} */
    let seal = null;
    if (this.manifest && !this.damaged.length) {
      try {
        seal = await this.next(members, "seal");
      } catch (error) {
        if (!(error instanceof Stop)) throw error;
      }
    }
    for (const { damage } of members) {
      this.damaged.push(`The bundle is damaged: ${damage ?? "there is more in it than belongs"}.`);
    }
    const { keys, checkpoint } = this;
    if (!this.manifest || !keys || !checkpoint) return;
    this.rewritten = this.manifest.kind === "full" && !same(await this.rootWith(this.rest), checkpoint.root);
    if (this.rewritten && !this.exact.length) this.whole.push("The entries do not add up to the signed root."); // 6. Root
    await this.checkHistory(checkpoint);
    await this.about("The seal: ", async () => {
      if (seal) this.checkSeal(await readSeal(utf8(seal), keys.newest)); // 8. Seal
    });
  }

  /**
   * 7. History: this log continues every earlier checkpoint, and the one that was given.
   * @param {Checkpoint} newest
   */
  async checkHistory(newest) {
    for (const { checkpoint, path } of this.history) {
      await this.about(`The checkpoint at ${checkpoint.size} entries: `, async () => {
        await checkConsistency(checkpoint, newest, path);
        this.checkRoot(checkpoint);
      });
    }
    await this.about("The older checkpoint that you gave: ", async () => {
      if (this.since) this.checkSince(this.since, newest);
    });
  }

  /** @param {Checkpoint} earlier */
  checkRoot({ size, root }) {
    if (!same(this.roots.get(size) ?? root, root)) refuse("the log was rewritten after it was signed.");
  }

  /**
   * @param {Checkpoint} since
   * @param {Checkpoint} newest
   */
  checkSince(since, newest) {
    if (since.size > newest.size) {
      const reason = `The log was cut: it has ${newest.size} entries and once had ${since.size}.`;
      this.exact.push({ index: newest.size, reason });
      return;
    }
    this.checkRoot(since);
    const known = new Map([[newest.size, newest.root], ...this.roots]);
    for (const { checkpoint } of this.history) known.set(checkpoint.size, checkpoint.root);
    const root = known.get(since.size);
    if (!root) refuse("this selection holds no proof from there. Please export the whole log.");
    else if (!same(root, since.root)) refuse("the log was rewritten after it was signed.");
  }

  /** @param {Map<string, string>} sealed */
  checkSeal(sealed) {
    const names = [...sealed.keys()];
    const found = [...this.digests.keys()].slice(0, -1);
    if (names.join("\n") !== found.join("\n") && !this.damaged.length) {
      this.whole.push("The seal lists other members than the bundle has.");
    }
    for (const [name, digest] of sealed) {
      if ((this.digests.get(name) ?? digest) === digest) continue;
      const number = blockOf(name, names);
      if (number === null) this.whole.push(`${name} is not the one that was sealed.`);
      else {
        const index = this.indexAt(number * BLOCK);
        const reason = `One of the ${BLOCK} entries from ${index} on was changed after the export.`;
        this.blocks.set(number, { index, reason });
      }
    }
  }

  // --- the verdict -------------------------------------------------------------------------------------------

  /**
   * The index of the entry at `place` of the bundle.
   * @param {number} place
   */
  indexAt(place) {
    for (const [first, last] of this.manifest?.ranges ?? []) {
      if (place <= last - first) return first + place;
      place -= last - first + 1;
    }
    return place;
  }

  /** The first index for which nothing vouches when only the whole is known to be wrong. */
  vouchedFor() {
    const first = this.manifest?.ranges[0]?.[0] ?? 0;
    if (this.anotherKey || !this.rewritten) return first;
    const good = this.history.filter(({ checkpoint: { size, root } }) => same(this.roots.get(size) ?? new Uint8Array(), root));
    return Math.max(first, ...good.map(({ checkpoint }) => checkpoint.size));
  }

  /** @returns {Promise<Verdict>} */
  async verdict() {
    const problems = this.problems(this.vouchedFor());
    return {
      ok: !problems.length,
      firstBadIndex: problems.length ? problems[0].index : null,
      reason: problems[0]?.reason ?? "",
      problems,
      origin: this.keys?.newest.origin ?? "",
      fingerprint: this.keys ? await fingerprint(this.keys.newest) : "",
      trusted: this.trusted !== null,
      keyChanges: this.keys?.handovers.length ?? 0,
      olderKey: this.trusted !== null && this.trusted.text !== this.keys?.newest.text,
      full: this.manifest?.kind === "full",
      size: this.manifest?.size ?? 0,
      count: this.manifest?.count ?? 0,
      root: this.checkpoint ? hex(this.checkpoint.root) : "",
      filters: this.manifest?.filters ?? {},
      created: this.manifest?.created ?? "",
      firstAt: this.firstAt,
      lastAt: this.lastAt,
      details: this.manifest?.details ?? null,
      erased: this.erased,
      leftOut: this.leftOut,
      history: this.history.length,
      since: this.since?.size ?? null,
    };
  }
}
