// @ts-check
/** The members of an audit bundle: names and forms. The format is docs/formats/audit-log.md, "Bundle". */

import {
  bytesOf, canonical, hasExactly, isIndex, openNote, parse, refuse, sha256, same, strictBase64,
} from "./audit-formats.js";

/** @typedef {import("./audit-formats.js").PublicKey} PublicKey */

export const BLOCK = 256; // entries of one member
const SEAL = "docvault audit bundle seal v1";
const MANIFEST = "count created details erased filters format kind origin ranges size version";
const OLDER = "count created filters format kind origin ranges size version"; // says nothing of missing details
const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/;
const KIND = /^[a-z][a-z0-9:-]*$/;

/** @param {number} number of the block */
export const entriesName = (number) => `entries/${String(number).padStart(6, "0")}.jsonl`;

/**
 * The path of c2sp.org/tlog-tiles for the leaf hashes of a block.
 * @param {number} size of the log
 * @param {number} number of the block
 */
export function tileName(size, number) {
  const width = Math.min(BLOCK, size - number * BLOCK);
  const groups = [String(number % 1000).padStart(3, "0")];
  for (let rest = Math.floor(number / 1000); rest > 0; rest = Math.floor(rest / 1000)) {
    groups.unshift(`x${String(rest % 1000).padStart(3, "0")}`);
  }
  return `tile/0/${groups.join("/")}${width === BLOCK ? "" : `.p/${width}`}`;
}

/**
 * The number of the block that a member belongs to, or null.
 * @param {string} name
 * @param {string[]} sealed
 */
export function blockOf(name, sealed) {
  const entries = name.startsWith("tile/") ? (sealed[sealed.indexOf(name) + 1] ?? "") : name;
  const found = /^entries\/(\d{6,})\.jsonl$/.exec(entries);
  return found ? Number(found[1]) : null;
}

/** @param {string} text */
export function readManifest(text) {
  const manifest = parse(text, "The manifest is not of the known form.");
  const known =
    (hasExactly(manifest, OLDER) || (hasExactly(manifest, MANIFEST) && saysMissing(manifest))) &&
    manifest.format === "docvault-audit-bundle" &&
    manifest.version === 1 &&
    (manifest.kind === "full" || manifest.kind === "selection") &&
    [manifest.created, manifest.origin].every((value) => typeof value === "string") &&
    [manifest.count, manifest.size].every(Number.isSafeInteger) &&
    isTexts(manifest.filters) &&
    isRanges(manifest.ranges);
  if (!known) refuse("The manifest is not of the known form.");
  if (`${canonical(manifest)}\n` !== text) refuse("The manifest is not written in the canonical form.");
  const count = counted(manifest.ranges, manifest.size);
  counted(manifest.erased ?? [], manifest.size);
  if (count !== manifest.count || (manifest.kind === "full" && count !== manifest.size)) {
    refuse("The manifest's count does not fit its ranges of entries.");
  }
  return manifest;
}

/** @param {any} manifest */
const saysMissing = ({ details, erased }) => (details === "included" || details === "left-out") && isRanges(erased);

/** @param {any} value */
function isRanges(value) {
  return (
    Array.isArray(value) &&
    value.every((/** @type {any} */ range) => Array.isArray(range) && range.length === 2 && range.every(isIndex))
  );
}

/**
 * How many indexes the ranges hold; they ascend within the log.
 * @param {[number, number][]} ranges
 * @param {number} size
 */
function counted(ranges, size) {
  let [before, count] = [-2, 0];
  for (const [first, last] of ranges) {
    if (first <= before + 1 || last < first || last >= size) refuse("The manifest's ranges of entries do not make sense.");
    [before, count] = [last, count + last - first + 1];
  }
  return count;
}

/**
 * Whether the details of an entry were erased on purpose.
 * @param {[number, number][]} ranges
 * @param {number} index
 */
function within(ranges, index) {
  let [low, high] = [0, ranges.length];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (ranges[middle][1] < index) low = middle + 1;
    else high = middle;
  }
  return low < ranges.length && ranges[low][0] <= index;
}

/** @param {any} value */
function isTexts(value) {
  const isObject = value !== null && typeof value === "object" && !Array.isArray(value);
  return isObject && Object.values(value).every((text) => typeof text === "string");
}

/** @param {{ranges: [number, number][]}} manifest */
export function* indexesOf(manifest) {
  for (const [first, last] of manifest.ranges) for (let index = first; index <= last; index++) yield index;
}

/** @param {string} text */
export function readHistory(text) {
  const lines = text ? text.replace(/\n$/, "").split("\n") : [];
  return lines.map((line) => {
    const words = "The history of checkpoints is not of the known form.";
    const earlier = parse(line, words);
    const known = hasExactly(earlier, "checkpoint proof") && typeof earlier.checkpoint === "string";
    if (!known || !Array.isArray(earlier.proof)) refuse(words);
    return { checkpoint: String(earlier.checkpoint), path: earlier.proof.map(strictBase64) };
  });
}

/** @param {string} text */
export function readLine(text) {
  const line = parse(text, "It is not of the known form.");
  const known =
    hasExactly(line, "details index leaf proof") &&
    Number.isSafeInteger(line.index) &&
    typeof line.leaf === "string" &&
    (line.proof === null || Array.isArray(line.proof)) &&
    (line.details === null || hasExactly(line.details, "body salt"));
  return known ? line : refuse("It is not of the known form.");
}

/**
 * The entry that is hashed into the log.
 * @param {string} leaf
 */
export function readLeaf(leaf) {
  const entry = parse(leaf, "The entry is not of the known form.");
  const { actor, at, facts, kind, object, organisation, private: commitment, v } = entry ?? {};
  const known =
    hasExactly(entry, "actor at facts kind object organisation private v") &&
    v === 1 &&
    [actor, organisation, commitment].every((value) => value === null || typeof value === "string") &&
    [at, kind].every((value) => typeof value === "string") &&
    facts !== null && typeof facts === "object" && !Array.isArray(facts) &&
    (object === null || (hasExactly(object, "id type") && typeof object.type === "string"));
  if (!known) refuse("The entry is not of the known form.");
  if (!MOMENT.test(at) || !KIND.test(kind)) refuse("The entry's time or kind is not of the known form.");
  if (commitment !== null && strictBase64(commitment).length !== 32) {
    refuse("The entry's commitment is not a SHA-256 in base64.");
  }
  if (canonical(entry) !== leaf) refuse("The entry is not written in the canonical form.");
  return { at: String(at), kind: String(kind), facts, private: /** @type {string | null} */ (commitment) };
}

/**
 * What became of the details of an entry, which bundles of before do not say.
 * @param {{details?: string, erased?: [number, number][]}} manifest
 * @param {{index: number, details: {body: unknown, salt: unknown} | null}} line
 * @param {string | null} commitment
 */
export async function checkDetails(manifest, { index, details }, commitment) {
  const erased = within(manifest.erased ?? [], index);
  const isLeftOut = manifest.details === "left-out";
  if (details === null) {
    if (commitment === null) return { erased: 0, leftOut: 0 };
    if (!manifest.details || erased) return { erased: 1, leftOut: 0 };
    if (!isLeftOut) refuse("Its details are missing, and the bundle does not say that they were erased.");
    return { erased: 0, leftOut: 1 };
  }
  if (erased || isLeftOut) refuse("It has details, and the bundle says that they were erased or left out.");
  if (typeof details.body !== "string") refuse("It is not of the known form.");
  const digest = await sha256(strictBase64(details.salt), bytesOf(String(details.body)));
  if (commitment === null || !same(digest, strictBase64(commitment))) {
    refuse("Its details (names, addresses, titles) are not those that were logged.");
  }
  return { erased: 0, leftOut: 0 };
}

/**
 * What the seal vouches for: SHA-256 by member.
 * @param {string} note
 * @param {PublicKey} key
 */
export async function readSeal(note, key) {
  const text = await openNote(note, key);
  const lines = text.split("\n");
  const digests = new Map(
    lines.slice(2, -1).map((line) => {
      const [digest, ...name] = line.split("  ");
      return [name.join("  "), digest];
    }),
  );
  const again = [SEAL, key.origin, ...[...digests].map(([name, digest]) => `${digest}  ${name}`), ""].join("\n");
  // Nothing vouches for a second signature here, so there is none: every byte of the seal counts.
  const alone = note.split("\n").length === lines.length + 2;
  return alone && again === text ? digests : refuse("The seal is not of the known form.");
}

/**
 * @param {number} found
 * @param {number} index
 */
export function misplaced(found, index) {
  return found > index
    ? `Entry ${index} is missing: entry ${found} stands in its place.`
    : `Entry ${found} stands where entry ${index} belongs.`;
}

/** @param {Uint8Array} body */
export function splitLines(body) {
  const lines = [];
  let start = 0;
  for (let at = body.indexOf(10); at >= 0; at = body.indexOf(10, start)) {
    lines.push(body.subarray(start, at));
    start = at + 1;
  }
  return [...lines, body.subarray(start)];
}
