// @ts-check
/**
 * What this browser remembers of uploads that are not finished: their ids, and the size and time of each file. Never a name,
 * never a digest: who opens this browser later learns nothing of what was sent. The names come from the server again.
 */

const KEY = "docvault-uploads";
const KEPT = 200; // uploads remembered at most, the newest

/** @typedef {{id: string, size: number, modified: number}} Fingerprint */

/** @returns {Fingerprint[]} */
function all() {
  try {
    const found = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(found) ? found : [];
  } catch {
    return []; // written by something else: nothing to go on with
  }
}

/** @param {Fingerprint[]} fingerprints */
function keep(fingerprints) {
  localStorage.setItem(KEY, JSON.stringify(fingerprints.slice(-KEPT)));
}

/**
 * @param {string} id
 * @param {File} file
 */
export function remember(id, file) {
  keep([...all().filter((one) => one.id !== id), { id, size: file.size, modified: file.lastModified }]);
}

/** @param {string} id */
export function forget(id) {
  keep(all().filter((one) => one.id !== id));
}

/**
 * Whether this very file is the one that an upload began with, as far as size and time can tell.
 * @param {string} id
 * @param {File} file
 */
export function began(id, file) {
  return all().some((one) => one.id === id && one.size === file.size && one.modified === file.lastModified);
}
