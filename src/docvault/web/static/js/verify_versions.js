// @ts-check
/**
 * The version that was signed: saved from the file in this browser, and compared with it page by page.
 * The portal keeps nothing, so whoever asks for pictures sends the file again.
 */

import { api, busy, bytes, make } from "./ui.js";

/**
 * @typedef {object} Version
 * @property {string} signer
 * @property {string} kind
 * @property {string} modification
 * @property {number | null} signed_bytes
 */

/** @type {Record<string, string>} */
const CHANGES = {
  other: "looks different",
  added: "a later signature was added on blank paper",
  fields: "only fields were filled in",
};

const PDF = { "Content-Type": "application/pdf" };
const OPENED = 2; // pages whose pictures are fetched unasked

/** @type {string[]} addresses of what this page made */
const made = [];

/** Give back the memory of the last report. */
export function forgetVersions() {
  for (const address of made.splice(0)) URL.revokeObjectURL(address);
}

/** @param {Blob} blob */
function addressOf(blob) {
  const address = URL.createObjectURL(blob);
  made.push(address);
  return address;
}

/**
 * Offer the version that was signed, and what changed since.
 * @param {Version} signature
 * @param {number} number its place in the report, from 1
 * @param {File} file
 * @returns {HTMLElement[]} nothing where that version is the file, or is not in it
 */
export function versionOf(signature, number, file) {
  const size = signature.signed_bytes;
  if (signature.kind !== "signature" || size === null || size === file.size) return [];
  const name = `${file.name.replace(/\.pdf$/i, "")}, as signed by ${signature.signer}.pdf`;
  const saved = file.slice(0, size, "application/pdf");
  const row = make("p", { class: "row gap-s" }, make("a", { class: "btn small", href: addressOf(saved), download: name }, "Save the version that was signed"));
  if (!["form-filling", "other"].includes(signature.modification)) return [row];
  const button = document.createElement("button");
  const shown = make("div", { class: "stack gap-s", "aria-live": "polite" });
  button.type = "button";
  button.className = "btn small quiet";
  button.append("Show what changed since");
  button.addEventListener("click", () => void busy(button, () => compare(number, file, shown)));
  row.append(button);
  return [row, shown];
}

/**
 * @param {number} number
 * @param {File} file
 * @param {HTMLElement} shown
 */
async function compare(number, file, shown) {
  const path = `/verifications/versions/${number}/changes`;
  shown.replaceChildren(make("p", { class: "small muted" }, "Drawing the pages as they were and as they are…"), make("progress", { "aria-label": "Comparing" }));
  /** @type {{items: {number: number, change: string}[], cut: boolean}} */
  let answer;
  try {
    answer = await api("POST", path, file, PDF);
  } catch (error) {
    shown.replaceChildren();
    throw error;
  }
  const changed = answer.items.filter((page) => page.change !== "same");
  const same = answer.items.length - changed.length;
  const cut = answer.cut ? ` Only the first ${answer.items.length} pages were compared.` : "";
  const verdict = changed.length ? `${same} of ${answer.items.length} pages look the same.` : "Every page looks exactly as it did when this was signed.";
  shown.replaceChildren(make("p", { class: "small" }, verdict + cut));
  if (changed.length) shown.append(make("p", { class: "small muted" }, "In the pictures, red was there when this was signed and is gone; green came later."));
  let opened = 0;
  for (const page of [...changed].sort((a, b) => Number(b.change === "other") - Number(a.change === "other"))) {
    const folded = pageOf(page, path, file);
    shown.append(folded);
    if (page.change === "other" && opened < OPENED) {
      folded.open = true;
      opened += 1;
    }
  }
}

/**
 * @param {{number: number, change: string}} page
 * @param {string} path
 * @param {File} file
 */
function pageOf(page, path, file) {
  const folded = document.createElement("details");
  folded.className = "difference";
  folded.dataset.change = page.change;
  folded.append(make("summary", {}, `Page ${page.number}: ${CHANGES[page.change] ?? page.change}`));
  folded.addEventListener("toggle", () => void draw(folded, page, path, file), { once: true });
  return folded;
}

/**
 * @param {HTMLDetailsElement} folded
 * @param {{number: number, change: string}} page
 * @param {string} path
 * @param {File} file
 */
async function draw(folded, page, path, file) {
  const waiting = make("progress", { "aria-label": `Drawing page ${page.number}` });
  folded.append(waiting);
  try {
    const blob = await bytes("POST", `${path}/${page.number}`, file, PDF);
    const shown = document.createElement("img");
    shown.src = addressOf(blob);
    shown.alt = `Page ${page.number}: red was there when it was signed, green came later`;
    folded.append(shown);
  } catch (error) {
    folded.append(make("p", { class: "small" }, error instanceof Error ? error.message : "This page could not be drawn."));
  } finally {
    waiting.remove();
  }
}
