// @ts-check
/** The dialog in which a signer types or picks one value. What does not fit is said beside the input, at once. */
import { $, Refused, complain } from "./ui.js";
import { NAMES, hintOf } from "./kinds.js";
import { t } from "./words.js";

/** @typedef {import("./answers.js").Field} Field */

const dialog = $("#dlg-text", HTMLDialogElement);
const form = $("form", HTMLFormElement, dialog);
const input = $("#txt", HTMLInputElement);
const list = $("#pick", HTMLSelectElement);
const hint = $("#txt-hint", HTMLElement);
const problem = $("#txt-err", HTMLElement);

/** @type {Record<string, {type: string, mode: string, complete: string}>} */
const INPUTS = {
  date: { type: "date", mode: "", complete: "off" },
  number: { type: "text", mode: "decimal", complete: "off" },
  name: { type: "text", mode: "text", complete: "name" },
  email: { type: "text", mode: "email", complete: "email" },
  phone: { type: "tel", mode: "tel", complete: "tel" },
  digits: { type: "text", mode: "numeric", complete: "off" },
};
const PLAIN = { type: "text", mode: "text", complete: "on" };

/** @type {(() => Promise<void>) | null} */
let accept = null;

/**
 * Ask for a value.
 * @param {Field} field
 * @param {string} before
 * @param {(value: string) => Promise<void>} check throws Refused with the words to show
 * @returns {Promise<string | null>} null when the person closed the dialog; empty to leave it empty
 */
export async function ask(field, before, check) {
  const name = field.label || t(NAMES[field.kind]);
  $("#txt-title", HTMLElement).textContent = name;
  const picking = field.kind === "dropdown";
  prepare(field, before, picking);
  /** @type {string | null} */
  let result = null;
  accept = async () => {
    const value = picking ? list.value : typed(field);
    await check(value);
    result = value;
    dialog.close();
  };
  dialog.showModal();
  (picking ? list : input).focus();
  await new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }));
  return result;
}

/**
 * @param {Field} field
 * @param {string} before
 * @param {boolean} picking
 */
function prepare(field, before, picking) {
  for (const element of [input, list]) complain(element, problem, "");
  for (const label of form.querySelectorAll("label")) {
    label.hidden = (label.htmlFor === "pick") !== picking;
    label.textContent = field.label || t(NAMES[field.kind]);
  }
  input.hidden = picking;
  list.hidden = !picking;
  hint.textContent = hintOf(field);
  if (picking) {
    list.replaceChildren(new Option(t("Please choose"), ""), ...field.detail.choices.map((choice) => new Option(choice)));
    list.value = before;
    return;
  }
  const look = INPUTS[field.detail.format ?? field.kind] ?? PLAIN;
  input.type = look.type;
  input.inputMode = look.mode;
  input.autocomplete = /** @type {AutoFill} */ (look.complete);
  input.maxLength = field.detail.longest ?? 500;
  input.value = before;
}

/** A comma is a decimal point in half of the world.
 * @param {Field} field
 */
function typed(field) {
  const text = input.value.trim();
  if (field.kind !== "number") return text;
  const plain = text.replace(/\s/gu, "");
  return plain.includes(".") ? plain : plain.replace(",", ".");
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (!accept) return;
  const current = list.hidden ? input : list;
  try {
    await accept();
  } catch (error) {
    complain(current, problem, error instanceof Refused ? error.message : t("That did not work. Please try again."));
    current.focus();
  }
});
