// @ts-check
/** The kinds of fields in words: for the sender who places them and the signer who fills them in. */

import { t } from "./words.js";

/** @typedef {"signature" | "initials" | "date" | "name" | "text" | "number" | "checkbox" | "radio" | "dropdown" | "attachment"} Kind */
/** @typedef {string | boolean} Answer a date is ISO 8601, a number has a point; a tick, and "I sign here", are true */
/** @typedef {{field: string, value: string | null}} Condition */
/** @typedef {{auto: boolean, group: string, choices: string[], least: number | null, most: number | null, decimals: number | null, longest: number | null, format: string | null, show_if: Condition | null, prefilled: Answer | null, locked: boolean}} Detail */

/** @type {Detail} what is said about a field of which nothing is said */
export const UNSAID = { auto: false, group: "", choices: [], least: null, most: null, decimals: null, longest: null, format: null, show_if: null, prefilled: null, locked: false };

/** @type {Record<Kind, string>} */
export const NAMES = {
  signature: "Signature",
  initials: "Initials",
  date: "Date",
  name: "Name",
  text: "Text",
  number: "Number",
  checkbox: "Tick box",
  radio: "Choice",
  dropdown: "List",
  attachment: "File",
};

/** @type {Record<Kind, string>} what the one button of the ceremony says */
export const VERBS = {
  signature: "Sign here",
  initials: "Add initials",
  date: "Add today’s date",
  name: "Add your name",
  text: "Fill in",
  number: "Fill in",
  checkbox: "Tick the box",
  radio: "Choose one",
  dropdown: "Choose one",
  attachment: "Hand in a file",
};

/** @param {Kind} kind */
export function isBox(kind) {
  return kind === "checkbox" || kind === "radio";
}

/** Words that follow from what the sender asked for, to stand below an input.
 * @param {{kind: Kind, detail: Detail}} field
 */
export function hintOf(field) {
  const { least, most, decimals, longest, format } = field.detail;
  if (field.kind === "number") {
    const parts = [];
    if (least !== null && most !== null) parts.push(t("from {least} to {most}", { least, most }));
    else if (least !== null) parts.push(t("at least {least}", { least }));
    else if (most !== null) parts.push(t("at most {most}", { most }));
    if (decimals === 0) parts.push(t("a whole number"));
    else if (decimals !== null) parts.push(t("digits after the point: {count}", { count: decimals }));
    return sentence(parts);
  }
  const parts = format ? [/** @type {Record<string, string>} */ (FORMATS)[format]].map((words) => t(words)) : [];
  if (longest !== null) parts.push(t("at most {count} characters", { count: longest }));
  return sentence(parts);
}

export const FORMATS = {
  email: "an e-mail address",
  phone: "a phone number, with the country’s code first",
  digits: "digits only",
  "letters-digits": "letters and digits only",
  iban: "an IBAN",
};

/** @param {string[]} parts */
function sentence(parts) {
  const words = parts.join(", ");
  return words && `${words[0].toLocaleUpperCase()}${words.slice(1)}.`;
}
