// @ts-check
/** Fields that were found in the documents: one press places them all, where they have no field yet. */
import { $ } from "./ui.js";

/** @typedef {import("./placed.js").Field} Field */
/** @typedef {import("./placed.js").Placed} Placed */

/**
 * @param {Placed} placed
 * @param {() => string} person who gets what the document gives to nobody
 * @param {(words: string) => void} changed
 */
export function offerSuggestions(placed, person, changed) {
  /** @type {Field[]} */
  const found = JSON.parse($("main", HTMLElement).dataset.suggested ?? "[]");
  const note = $("#suggested", HTMLElement);
  if (!found.length) return;
  $("#suggested-words", HTMLElement).textContent = found.length === 1 ? "1 field was found in the document." : `${found.length} fields were found in the document.`;
  note.hidden = false;
  $("#leave-suggested", HTMLButtonElement).addEventListener("click", () => {
    note.hidden = true;
  });
  $("#take-suggested", HTMLButtonElement).addEventListener("click", () => {
    placed.remember();
    const chosen = person();
    for (const field of found) placed.add({ ...field, key: placed.newKey(), id: null, recipient_id: field.recipient_id || chosen });
    note.hidden = true;
    changed(`${found.length} fields added`);
  });
}
