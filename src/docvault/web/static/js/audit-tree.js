// @ts-check
/** The Merkle tree of RFC 6962 and its proofs, with WebCrypto. The format is docs/formats/audit-log.md, "Tree". */

import { refuse, same, sha256 } from "./audit-formats.js";

/** @param {Uint8Array} leaf */
export const leafHash = (leaf) => sha256(Uint8Array.of(0), leaf);

/**
 * @param {Uint8Array} left
 * @param {Uint8Array} right
 */
export const nodeHash = (left, right) => sha256(Uint8Array.of(1), left, right);

/**
 * The roots of the full subtrees over `hashes`, largest first; side by side, because WebCrypto answers later.
 * @param {Uint8Array[]} hashes
 */
export async function edgeOf(hashes) {
  const edge = [];
  let start = 0;
  while (start < hashes.length) {
    const width = 2 ** Math.floor(Math.log2(hashes.length - start));
    let row = hashes.slice(start, start + width);
    while (row.length > 1) {
      const below = row;
      row = await Promise.all(
        Array.from({ length: below.length / 2 }, (_, at) => nodeHash(below[2 * at], below[2 * at + 1])),
      );
    }
    edge.push(row[0]);
    start += width;
  }
  return edge;
}

/** @param {Uint8Array[]} edge */
export async function foldEdge(edge) {
  if (!edge.length) return sha256();
  let folded = edge[edge.length - 1];
  for (const left of edge.slice(0, -1).reverse()) folded = await nodeHash(left, folded);
  return folded;
}

/**
 * RFC 9162, section 2.1.3.2.
 * @param {Uint8Array} leaf
 * @param {number} index
 * @param {number} size
 * @param {Uint8Array[]} path
 * @param {Uint8Array} root
 */
export async function checkInclusion(leaf, index, size, path, root) {
  if (index >= size) refuse("The proof is for an entry outside of the log.");
  const [folded] = await foldPath(index, size - 1, path, leaf, leaf);
  if (!same(folded, root)) refuse("The proof does not lead from the entry to the signed root.");
}

/**
 * RFC 9162, section 2.1.4.2.
 * @param {{size: number, root: Uint8Array}} older
 * @param {{size: number, root: Uint8Array}} newer
 * @param {Uint8Array[]} path
 */
export async function checkConsistency(older, newer, path) {
  if (older.size > newer.size) refuse("The older tree is larger than the newer one.");
  if (older.size === 0 || older.size === newer.size) {
    const differ = older.size === newer.size && !same(older.root, newer.root);
    if (path.length || differ) refuse("Two trees of the same size have different roots.");
    return;
  }
  const nodes = Number.isInteger(Math.log2(older.size)) ? [older.root, ...path] : path;
  if (!nodes.length) refuse("The proof is empty.");
  let [place, last] = [older.size - 1, newer.size - 1];
  while (place % 2) [place, last] = [half(place), half(last)];
  const [newRoot, oldRoot] = await foldPath(place, last, nodes.slice(1), nodes[0], nodes[0]);
  if (!same(newRoot, newer.root) || !same(oldRoot, older.root)) {
    refuse("The newer log does not continue the older one.");
  }
}

/** @param {number} place */
const half = (place) => Math.floor(place / 2); // not >> 1: indexes may pass 32 bits

/**
 * Fold a path; the second root takes the left siblings only.
 * @param {number} place
 * @param {number} last
 * @param {Uint8Array[]} path
 * @param {Uint8Array} all
 * @param {Uint8Array} lefts
 */
async function foldPath(place, last, path, all, lefts) {
  for (const sibling of path) {
    if (last === 0) refuse("The proof is longer than the tree is high.");
    if (place % 2 || place === last) {
      all = await nodeHash(sibling, all);
      lefts = await nodeHash(sibling, lefts);
      while (place && place % 2 === 0) [place, last] = [half(place), half(last)];
    } else {
      all = await nodeHash(all, sibling);
    }
    [place, last] = [half(place), half(last)];
  }
  if (last !== 0) refuse("The proof is shorter than the tree is high.");
  return [all, lefts];
}
