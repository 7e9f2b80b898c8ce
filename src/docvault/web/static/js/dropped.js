// @ts-check
/** What was dropped or chosen, as files with the folders they lie in. */

/** @typedef {{file: File, path: string[]}} Found path: the names of the folders around the file, from the top */

/**
 * Files of a drop, at any depth of dropped folders.
 * @param {DataTransfer | null} transfer
 * @returns {Promise<Found[]>}
 */
export async function dropped(transfer) {
  const items = [...(transfer?.items ?? [])].filter((item) => item.kind === "file");
  const entries = items.map((item) => item.webkitGetAsEntry()); // all at once: the list is empty after the event
  const plain = [...(transfer?.files ?? [])].map((file) => ({ file, path: [] }));
  if (entries.every((entry) => entry === null)) return plain;
  /** @type {Found[]} */
  const found = [];
  for (const entry of entries) if (entry) await walk(entry, [], found);
  return found;
}

/**
 * Files of an input; one that takes a folder says where in it each lies.
 * @param {HTMLInputElement} input
 * @returns {Found[]}
 */
export function chosen(input) {
  return [...(input.files ?? [])].map((file) => ({ file, path: file.webkitRelativePath.split("/").slice(0, -1) }));
}

/**
 * @param {FileSystemEntry} entry
 * @param {string[]} path
 * @param {Found[]} found
 * @returns {Promise<void>}
 */
async function walk(entry, path, found) {
  if (entry.isFile) {
    const file = await new Promise((ok, no) => /** @type {FileSystemFileEntry} */ (entry).file(ok, no));
    found.push({ file, path });
    return;
  }
  const reader = /** @type {FileSystemDirectoryEntry} */ (entry).createReader();
  for (;;) {
    // readEntries gives a hundred at a time, then none
    const part = /** @type {FileSystemEntry[]} */ (await new Promise((ok, no) => reader.readEntries(ok, no)));
    if (!part.length) return;
    for (const child of part) await walk(child, [...path, entry.name], found);
  }
}
