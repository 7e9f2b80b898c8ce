// @ts-check
/**
 * What an audit bundle is written in: ZIP container, canonical JSON, base64, signed notes.
 * Pure but for WebCrypto; the format is docs/formats/audit-log.md.
 */

export const HASH = 32; // bytes
const MEMBER_MOST = 64 * 1024 * 1024; // bytes
const DATE = 0x0021; // 1 January 1980
const VERSION = 10; // of the ZIP format
const ORIGIN = /^[^\s+\x00-\x1f\x7f]{1,200}$/u;

/** What does not hold, in words for the person. */
export class Invalid extends Error {}

/**
 * @param {string} words
 * @returns {never}
 */
export function refuse(words) {
  throw new Invalid(words);
}

/** @param {Uint8Array} bytes */
export function utf8(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return refuse("It is not text.");
  }
}

/**
 * The same for what is refused as no text elsewhere.
 * @param {Uint8Array} bytes
 */
export const lenientUtf8 = (bytes) => new TextDecoder().decode(bytes);

/** @param {string} text */
export const bytesOf = (text) => new TextEncoder().encode(text);

/** @param {...Uint8Array} parts */
export function join(...parts) {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/**
 * @param {Uint8Array} one
 * @param {Uint8Array} other
 */
export function same(one, other) {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}

/** @param {Uint8Array} bytes */
export const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** @param {Uint8Array} bytes */
export const base64 = (bytes) => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));

/**
 * The bytes of the one base64 spelling that they have.
 * @param {unknown} text
 */
export function strictBase64(text) {
  if (typeof text !== "string" || !/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4) {
    return refuse("A base64 value is not well formed.");
  }
  const raw = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return base64(raw) === text ? raw : refuse("A base64 value is not in its one canonical spelling.");
}

/** @param {...Uint8Array} parts */
export async function sha256(...parts) {
  const data = /** @type {Uint8Array<ArrayBuffer>} */ (join(...parts));
  return new Uint8Array(await crypto.subtle.digest("SHA-256", data));
}

// --- JSON --------------------------------------------------------------------------------------------------------

/**
 * @param {string} text
 * @param {string} words what to say when it is not JSON
 * @returns {any}
 */
export function parse(text, words) {
  try {
    return JSON.parse(text);
  } catch {
    return refuse(words);
  }
}

/**
 * The one encoding: names sorted, no spaces, integers only.
 * @param {any} value
 * @returns {string}
 */
export function canonical(value) {
  if (typeof value === "number" && !Number.isSafeInteger(value)) refuse("A number is not a safe integer.");
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const names = Object.keys(value).sort();
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(",")}}`;
}

/**
 * @param {any} value
 * @param {string} names separated by spaces, sorted
 */
export function hasExactly(value, names) {
  return (
    value !== null &&
    typeof value === "object" &&
    !Array.isArray(value) &&
    Object.keys(value).sort().join(" ") === names
  );
}

/** @param {any} value */
export const isIndex = (value) => Number.isSafeInteger(value) && value >= 0;

// --- the container -----------------------------------------------------------------------------------------------

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value >>> 0;
});

/** @param {Uint8Array} bytes */
function crc32(bytes) {
  let value = 0xffffffff;
  for (const byte of bytes) value = CRC_TABLE[(value ^ byte) & 0xff] ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}

/**
 * Little-endian numbers of the given widths.
 * @param {...[number, 2 | 4]} fields
 */
function packed(...fields) {
  const view = new DataView(new ArrayBuffer(fields.reduce((size, [, width]) => size + width, 0)));
  let at = 0;
  for (const [value, width] of fields) {
    if (width === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
    at += width;
  }
  return new Uint8Array(view.buffer);
}

/**
 * @param {string} name
 * @param {number} crc
 * @param {number} size
 * @returns {[number, 2 | 4][]}
 */
function described(name, crc, size) {
  const fixed = [VERSION, 0, 0, 0, DATE];
  const sizes = [crc, size, size];
  const two = /** @type {[number, 2][]} */ (fixed.map((value) => [value, 2]));
  const four = /** @type {[number, 4][]} */ (sizes.map((value) => [value, 4]));
  return [...two, ...four, [name.length, 2], [0, 2]];
}

/**
 * @typedef {object} Member
 * @property {string} name
 * @property {Uint8Array} body
 * @property {string | null} damage what is wrong with it, in words
 */

/**
 * The members in the file's order. Behind a place that cannot be followed, a nameless one says why.
 * @param {Uint8Array} file
 * @returns {Generator<Member, void, undefined>}
 */
export function* readContainer(file) {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  /** @type {Uint8Array[]} */
  const directory = [];
  const nothing = new Uint8Array();
  let at = 0;
  while (at + 30 <= file.length && view.getUint32(at, true) === 0x04034b50) {
    const size = view.getUint32(at + 22, true);
    const nameSize = view.getUint16(at + 26, true);
    if (size > MEMBER_MOST || view.getUint16(at + 28, true)) {
      yield { name: "", body: nothing, damage: "a header of the file is damaged" };
      return;
    }
    const bodyAt = at + 30 + nameSize;
    const name = String.fromCharCode(...file.subarray(at + 30, bodyAt));
    const body = file.subarray(bodyAt, bodyAt + size);
    if (body.length < size || bodyAt > file.length) {
      yield { name, body, damage: "the file ends in the middle of it" };
      return;
    }
    const fields = described(name, crc32(body), size);
    const header = join(packed([0x04034b50, 4], ...fields), file.subarray(at + 30, bodyAt));
    const sound = /^[\x20-\x7e]+$/.test(name) && same(header, file.subarray(at, bodyAt));
    const tail = packed([0, 2], [0, 2], [0, 2], [0, 4], [at, 4]);
    const entry = packed([0x02014b50, 4], [VERSION, 2], ...fields);
    directory.push(entry, tail, file.subarray(at + 30, bodyAt));
    at = bodyAt + size;
    yield { name, body, damage: sound ? null : "its bytes do not fit their checksum" };
  }
  const listed = join(...directory);
  const count = directory.length / 3;
  const end = packed([0x06054b50, 4], [0, 2], [0, 2], [count, 2], [count, 2], [listed.length, 4], [at, 4], [0, 2]);
  const rest = file.subarray(at);
  if (!same(rest, join(listed, end))) {
    const damage = rest.length ? "the directory at its end is damaged" : "the file ends too early";
    yield { name: "", body: nothing, damage };
  }
}

// --- keys, notes and checkpoints ---------------------------------------------------------------------------------

/**
 * @typedef {object} PublicKey
 * @property {string} origin
 * @property {Uint8Array} raw
 * @property {Uint8Array} id
 * @property {string} text
 */

/**
 * Read the one-line form of c2sp.org/signed-note.
 * @param {string} given
 * @returns {Promise<PublicKey>}
 */
export async function readKey(given) {
  const text = given.trim();
  const found = /^([^\s+]{1,200})\+([0-9a-f]{8})\+([A-Za-z0-9+/=]{1,64})$/u.exec(text);
  if (!found) return refuse("That is not a public key of an audit log (name+hash+key on one line).");
  const [, origin, id, encoded] = found;
  const raw = strictBase64(encoded);
  if (raw.length !== 1 + HASH || raw[0] !== 1) return refuse("That public key is not an Ed25519 key.");
  const digest = await sha256(bytesOf(`${origin}\n`), raw);
  if (hex(digest.subarray(0, 4)) !== id) return refuse("That public key does not fit its own hash.");
  return { origin, raw: raw.slice(1), id: digest.slice(0, 4), text };
}

/**
 * SHA-256 of the key's line, by fours: what two people compare.
 * @param {PublicKey} key
 */
export async function fingerprint(key) {
  return (hex(await sha256(bytesOf(key.text))).match(/.{4}/g) ?? []).join(" ");
}

/**
 * What a note says; nobody vouches for it yet.
 * @param {string} note
 */
export function noteText(note) {
  const parted = note.lastIndexOf("\n\n");
  if (parted < 1 || !note.endsWith("\n") || parted === note.length - 2) {
    return refuse("That is not a signed note: text, an empty line, then signatures.");
  }
  if (/[\x00-\x09\x0b-\x1f]/.test(note)) return refuse("A signed note has no control characters.");
  return note.slice(0, parted + 1);
}

/**
 * The text that `key` signed.
 * @param {string} note
 * @param {PublicKey} key
 */
export async function openNote(note, key) {
  const text = noteText(note);
  const signatures = note.slice(text.length + 1, -1).split("\n").map(readSignature);
  const own = signatures.find(({ name, raw }) => name === key.origin && same(raw.subarray(0, 4), key.id));
  if (!own) return refuse("It is not signed by this audit log's key.");
  if (!(await holds(own.raw.subarray(4), text, key))) {
    return refuse("The signature of the audit log's key is wrong.");
  }
  return text;
}

/** @param {string} line */
function readSignature(line) {
  const [, name, encoded] = /^— ([^ ]+) (.+)$/u.exec(line) ?? refuse("A signature line of the note is malformed.");
  if (!ORIGIN.test(name)) refuse("A signature line of the note is malformed.");
  const raw = strictBase64(encoded);
  return raw.length > 4 ? { name, raw } : refuse("A signature of the note is too short.");
}

/**
 * @param {Uint8Array} signature
 * @param {string} text
 * @param {PublicKey} key
 */
async function holds(signature, text, key) {
  const raw = /** @type {Uint8Array<ArrayBuffer>} */ (key.raw);
  const given = /** @type {Uint8Array<ArrayBuffer>} */ (signature);
  try {
    const known = await crypto.subtle.importKey("raw", raw, { name: "Ed25519" }, false, ["verify"]);
    return await crypto.subtle.verify({ name: "Ed25519" }, known, given, bytesOf(text));
  } catch (error) {
    if (error instanceof DOMException && error.name === "NotSupportedError") {
      throw new Error("This browser cannot check Ed25519 signatures. Please use a newer one.");
    }
    return false;
  }
}

/**
 * @param {string} note
 * @param {PublicKey} key
 */
export async function openCheckpoint(note, key) {
  const lines = (await openNote(note, key)).split("\n");
  if (lines.length < 4 || lines[0] !== key.origin || !/^(0|[1-9][0-9]{0,14})$/.test(lines[1])) {
    return refuse("The signed note is not a checkpoint of this audit log.");
  }
  const root = strictBase64(lines[2]);
  if (root.length !== HASH) return refuse("The root in the checkpoint is not a SHA-256.");
  return { origin: lines[0], size: Number(lines[1]), root };
}
