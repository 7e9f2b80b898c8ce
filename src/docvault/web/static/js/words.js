// @ts-check
/** The reader's words: the English is the key, and what a page says where there is no translation. See web/words.py. */

/** @type {Record<string, string>} */
const known = JSON.parse(document.body.dataset.words ?? "{}");

/**
 * @param {string} english
 * @param {Record<string, string | number>} [values] for the names in braces
 */
export function t(english, values = {}) {
  const text = known[english] ?? english;
  return text.replaceAll(/\{(\w+)\}/gu, (whole, name) => (name in values ? String(values[name]) : whole));
}
