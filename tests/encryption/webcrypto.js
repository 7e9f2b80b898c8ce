// A reader and writer of docs/formats/file-encryption.md for browsers: WebCrypto and nothing else.
// Written from that page alone; tests/encryption/test_vectors.py runs it in Chromium.

const SEGMENT = 8 * 1024 * 1024;
const CHUNK = 16 * 1024;
const HEAD = 64; // bytes before the chunks of a stored object
const HEADER = Uint8Array.of(0x44, 0x56, 0x53, 0x45, 0x47, 1, 0, 1);
const text = new TextEncoder();

const hex = {
  read: (s) => Uint8Array.from(s.match(/../g) ?? [], (pair) => parseInt(pair, 16)),
  write: (bytes) => Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join(""),
};
const base64 = {
  read: (s) => Uint8Array.from(atob(s), (c) => c.charCodeAt(0)),
  write: (bytes) => {
    let out = "";
    for (let i = 0; i < bytes.length; i += 8192) out += String.fromCharCode(...bytes.subarray(i, i + 8192));
    return btoa(out);
  },
};

function join(...parts) {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

function random(size) {
  return crypto.getRandomValues(new Uint8Array(size));
}

function refuse(why) {
  throw new Error(`refused: ${why}`);
}

function equal(a, b) {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= a[i] ^ b[i];
  return difference === 0;
}

// --- keys and records -----------------------------------------------------------------------------------------

async function hkdf(key, salt, info, length) {
  const base = await crypto.subtle.importKey("raw", key, "HKDF", false, ["deriveBits"]);
  const parameters = { name: "HKDF", hash: "SHA-256", salt, info };
  return new Uint8Array(await crypto.subtle.deriveBits(parameters, base, length * 8));
}

async function hkdfExpand512(prk, info, length) {
  const key = await crypto.subtle.importKey("raw", prk, { name: "HMAC", hash: "SHA-512" }, false, ["sign"]);
  let block = new Uint8Array();
  let out = new Uint8Array();
  for (let counter = 1; out.length < length; counter++) {
    block = new Uint8Array(await crypto.subtle.sign("HMAC", key, join(block, info, Uint8Array.of(counter))));
    out = join(out, block);
  }
  return out.subarray(0, length);
}

function derive(key, purpose) {
  return hkdf(key, new Uint8Array(), text.encode(`docvault/key/v1\n${purpose}\n`), 32);
}

function context(title, row, names) {
  return text.encode(`${title}\n${names.map((name) => `${name} ${row[name]}\n`).join("")}`);
}

async function recordKey(key, salt, use) {
  const material = await hkdf(key, salt, text.encode("docvault/record/v1\n"), 44);
  const aead = await crypto.subtle.importKey("raw", material.subarray(0, 32), "AES-GCM", false, [use]);
  return [aead, material.subarray(32)];
}

async function openRecord(key, about, record) {
  if (record[0] !== 1) refuse("algorithm");
  const [aead, iv] = await recordKey(key, record.subarray(1, 25), "decrypt");
  const additionalData = join(Uint8Array.of(1), about);
  const parameters = { name: "AES-GCM", iv, additionalData };
  return new Uint8Array(await crypto.subtle.decrypt(parameters, aead, record.subarray(25)));
}

async function sealRecord(key, about, plaintext) {
  const salt = random(24);
  const [aead, iv] = await recordKey(key, salt, "encrypt");
  const additionalData = join(Uint8Array.of(1), about);
  const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData }, aead, plaintext);
  return join(Uint8Array.of(1), salt, new Uint8Array(sealed));
}

const readKeyFile = (file) => base64.read(file.split("\n")[1]);
const masterContext = (generation) => text.encode(`docvault/master-key/v1\ngeneration ${generation}\n`);
const underMaster = (generation) => Uint8Array.of(2, 0, 0, 0, generation); // up to 255, which is enough here

async function writeKeyFile(root) {
  const check = await sha256(join(text.encode("docvault/root-key-check/v1\n"), root));
  return `docvault-root-key-v1\n${base64.write(root)}\n${check.slice(0, 16)}\n`;
}

async function openUnderMaster(vector, purpose, about, sealed) {
  if (sealed[0] !== 2) refuse("layout");
  const generation = new DataView(sealed.buffer, sealed.byteOffset).getUint32(1);
  const wrapped = vector.masters[generation];
  if (wrapped === undefined) refuse("master");
  const wrapping = await derive(readKeyFile(vector.key_file), "master-key");
  const master = await openRecord(wrapping, masterContext(generation), hex.read(wrapped));
  return openRecord(await derive(master, purpose), about, sealed.subarray(5));
}

const FOLDER = ["organisation", "folder", "generation"];
const PLACE = ["algorithm", "organisation", "folder", "document", "version", "purpose", "number"];
const VERSION = [
  "algorithm", "organisation", "folder", "generation", "document", "version", "purpose", "number", "blob", "state",
  "size", "segments", "media-type", "sha256",
];

const folderContext = (row) => context("docvault/folder-key/v1", row, FOLDER);

// Rows say how their objects begin, but for older ones. A document that was moved: its rows also name the folder
// that the segments are bound to.
function versionContext(row) {
  const more = ["heads", "sealed-in"].filter((name) => row[name]);
  return context("docvault/data-key/v1", row, [...VERSION, ...more]);
}

function segmentContext(row, segment) {
  const last = segment === row.segments - 1 ? "yes" : "no";
  const folder = row["sealed-in"] || row.folder;
  return context("docvault/segment/v1", { ...row, folder, segment, last }, [...PLACE, "segment", "last"]);
}

// --- segments -------------------------------------------------------------------------------------------------

async function messageKeys(dataKey, about, salt, use) {
  const title = text.encode("c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0");
  const material = await hkdfExpand512(dataKey, join(title, salt, about), 76);
  const aead = await crypto.subtle.importKey("raw", material.subarray(0, 32), "AES-GCM", false, [use]);
  return { aead, base: material.subarray(32, 44), commitment: material.subarray(44) };
}

function chunkNonce(base, k) {
  const iv = base.slice();
  for (let i = 11, rest = k; rest > 0; i--, rest = Math.floor(rest / 256)) iv[i] ^= rest % 256;
  return iv;
}

async function openSegment(dataKey, about, sealed) {
  if (!equal(sealed.subarray(0, 8), HEADER)) refuse("header");
  const keys = await messageKeys(dataKey, about, sealed.subarray(8, 32), "decrypt");
  if (!equal(sealed.subarray(32, 64), keys.commitment)) refuse("commitment");
  const body = sealed.subarray(64);
  const count = Math.ceil(body.length / (CHUNK + 16));
  if (count === 0 || body.length - (count - 1) * (CHUNK + 16) >= CHUNK + 16) refuse("truncated");
  const parts = [];
  for (let k = 0; k < count; k++) {
    const chunk = body.subarray(k * (CHUNK + 16), (k + 1) * (CHUNK + 16));
    const parameters = { name: "AES-GCM", iv: chunkNonce(keys.base, k) };
    parts.push(new Uint8Array(await crypto.subtle.decrypt(parameters, keys.aead, chunk)));
  }
  return join(...parts);
}

async function sealSegment(dataKey, about, plaintext, salt) {
  const keys = await messageKeys(dataKey, about, salt, "encrypt");
  const parts = [HEADER, salt, keys.commitment];
  for (let k = 0; k <= Math.floor(plaintext.length / CHUNK); k++) {
    const chunk = plaintext.subarray(k * CHUNK, (k + 1) * CHUNK);
    const parameters = { name: "AES-GCM", iv: chunkNonce(keys.base, k) };
    parts.push(new Uint8Array(await crypto.subtle.encrypt(parameters, keys.aead, chunk)));
  }
  return join(...parts);
}

// --- vectors --------------------------------------------------------------------------------------------------

const sha256 = async (bytes) => hex.write(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));

function counted(size) {
  const out = new Uint8Array(size);
  for (let i = 0; i < size; i++) out[i] = i % 251;
  return out;
}

async function object(vector, dataKey, index) {
  const stored = vector.objects[String(index).padStart(6, "0")];
  if (stored === undefined) refuse("missing");
  if (typeof stored === "string") return base64.read(stored);
  // Too large to be kept in a vector: written again from its salt, and compared by digest.
  const plaintext = counted(vector.row.size).subarray(index * SEGMENT, (index + 1) * SEGMENT);
  const sealed = await sealSegment(dataKey, segmentContext(vector.row, index), plaintext, hex.read(stored.salt));
  if ((await sha256(sealed)) !== stored.sha256) refuse("digest of the object");
  return sealed;
}

// Returns the SHA-256 of the plaintext.
async function readVector(vector) {
  const { row } = vector;
  if (row.algorithm !== "cobblestone-256") refuse("algorithm");
  if (row.segments !== Math.max(1, Math.ceil(row.size / SEGMENT))) refuse("segments");
  const folderKey = await openUnderMaster(
    vector, "folder-key", folderContext(row), hex.read(vector.wrapped_folder_key),
  );
  const binding = await derive(folderKey, "data-key");
  const dataKey = await openRecord(binding, versionContext(row), hex.read(vector.wrapped_key));
  const [parts, heads] = [[], []];
  for (let step = 0; step < row.segments; step++) {
    const index = step === 0 ? row.segments - 1 : step - 1;
    const sealed = await object(vector, dataKey, index);
    parts[index] = await openSegment(dataKey, segmentContext(row, index), sealed);
    heads[index] = sealed.subarray(0, HEAD);
    if (parts[index].length !== Math.min(SEGMENT, row.size - index * SEGMENT)) refuse("length");
  }
  const digest = await sha256(join(...parts));
  if (digest !== row.sha256) refuse("digest");
  if (row.heads && (await sha256(join(...heads))) !== row.heads) refuse("heads");
  return digest;
}

// Writes a vector of one segment with `size` counted bytes, in the place that `row` names.
async function writeVector(place, size) {
  const [root, master, folderKey, dataKey] = [random(32), random(32), random(32), random(32)];
  const plaintext = counted(size);
  const row = { ...place, algorithm: "cobblestone-256", state: "stored", size, segments: 1 };
  row.sha256 = await sha256(plaintext);
  const sealed = await sealSegment(dataKey, segmentContext(row, 0), plaintext, random(24));
  row.heads = await sha256(sealed.subarray(0, HEAD));
  return {
    title: `written by WebCrypto, ${size} bytes`,
    valid: true,
    key_file: await writeKeyFile(root),
    masters: { 3: hex.write(await sealRecord(await derive(root, "master-key"), masterContext(3), master)) },
    row,
    wrapped_folder_key: hex.write(
      join(underMaster(3), await sealRecord(await derive(master, "folder-key"), folderContext(row), folderKey)),
    ),
    wrapped_key: hex.write(await sealRecord(await derive(folderKey, "data-key"), versionContext(row), dataKey)),
    objects: { "000000": base64.write(sealed) },
  };
}
