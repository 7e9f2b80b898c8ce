// @ts-check
/** The panel beside the pages: numbers, words and rules of the field that is selected. */
import { $ } from "./ui.js";
import { NAMES, UNSAID, isBox } from "./kinds.js";
import { half } from "./placed.js";

/** @typedef {import("./placed.js").Field} Field */
/** @typedef {import("./placed.js").Placed} Placed */
/** @typedef {import("./kinds.js").Detail} Detail */

const NUMBERS = /** @type {const} */ (["x", "y", "w", "h"]);
/** @type {Record<string, string[]>} which rows of the panel speak of which kind */
const ROWS = {
  signature: [],
  initials: [],
  date: ["auto", "prefilled"],
  name: ["auto", "prefilled"],
  text: ["prefilled", "longest", "format"],
  number: ["prefilled", "limits"],
  checkbox: ["ticked"],
  radio: ["group", "ticked"],
  dropdown: ["choices", "prefilled"],
  attachment: [],
};
const DECIDING = ["checkbox", "radio", "dropdown", "text", "number"];

const form = $("#field-form", HTMLFormElement);
const show = $("#f-if", HTMLSelectElement);
const wanted = $("#f-if-value", HTMLInputElement);

/** @param {string} name */
function input(name) {
  return $(`#f-${name}`, HTMLInputElement);
}

/**
 * Put a text into an input, unless somebody is typing there.
 * @param {HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement} element
 * @param {string | number | null} value
 */
function put(element, value) {
  if (document.activeElement !== element || element instanceof HTMLSelectElement) element.value = value === null ? "" : String(value);
}

/**
 * @param {Placed} placed
 * @param {Field | null} field
 */
export function showField(placed, field) {
  form.hidden = !field;
  $("#props", HTMLElement).toggleAttribute("data-shown", field !== null);
  $("#none", HTMLElement).hidden = field !== null;
  $("#several", HTMLElement).hidden = placed.chosen.length < 2;
  if (!field) return;
  $("#f-title", HTMLElement).textContent = NAMES[field.kind];
  for (const name of NUMBERS) put(input(name), half(field[name]));
  put(input("label"), field.label);
  $("#f-recipient", HTMLSelectElement).value = field.recipient_id;
  input("required").checked = field.required;
  $("#everywhere", HTMLElement).hidden = field.kind === "radio" || document.querySelectorAll("figure[data-page]").length < 2;
  showDetail(field);
  showCondition(placed, field);
}

/** @param {Field} field */
function showDetail(field) {
  const { kind, detail } = field;
  for (const row of /** @type {NodeListOf<HTMLElement>} */ (form.querySelectorAll("[data-row]"))) {
    row.hidden = !ROWS[kind].includes(row.dataset.row ?? "") || (row.dataset.row === "prefilled" && detail.auto);
  }
  $("#f-label-words", HTMLElement).textContent = kind === "radio" ? "Answer" : "Label";
  input("auto").checked = detail.auto;
  put(input("prefilled"), typeof detail.prefilled === "string" ? detail.prefilled : null);
  input("ticked").checked = detail.prefilled === true;
  input("locked").checked = detail.locked;
  $("#locked-row", HTMLElement).hidden = kind === "radio" || detail.auto || !("prefilled" in rowSet(kind) || kind === "checkbox") || detail.prefilled === null;
  for (const name of /** @type {const} */ (["least", "most", "decimals", "longest"])) put(input(name), detail[name]);
  put(input("group"), detail.group);
  $("#f-format", HTMLSelectElement).value = detail.format ?? "";
  put($("#f-choices", HTMLTextAreaElement), detail.choices.join("\n"));
}

/** @param {string} kind */
function rowSet(kind) {
  return Object.fromEntries(ROWS[kind].map((row) => [row, true]));
}

/**
 * @param {Placed} placed
 * @param {Field} field
 */
function showCondition(placed, field) {
  const others = placed.fields.filter((one) => one !== field && one.recipient_id === field.recipient_id && DECIDING.includes(one.kind) && !inOneQuestion(one, field));
  show.replaceChildren(new Option("Always", ""), ...others.map((one) => new Option(conditionWords(one), one.key)));
  const wish = field.detail.show_if;
  show.value = wish && others.some((one) => one.key === wish.field) ? wish.field : "";
  const other = others.find((one) => one.key === show.value);
  $("#if-value", HTMLElement).hidden = !other || isBox(other.kind);
  put(wanted, wish?.value ?? "");
  $("#if-choices", HTMLDataListElement).replaceChildren(...(other?.detail.choices ?? []).map((choice) => new Option(choice)));
}

/**
 * @param {Field} one
 * @param {Field} other
 */
function inOneQuestion(one, other) {
  return one.kind === "radio" && other.kind === "radio" && one.detail.group === other.detail.group;
}

/** @param {Field} field */
function conditionWords(field) {
  const name = field.kind === "radio" ? `${field.detail.group}: ${field.label}` : field.label || NAMES[field.kind];
  return `Only if “${name}” (page ${field.page}) ${isBox(field.kind) ? "is ticked" : "is …"}`;
}

/**
 * Read the panel into the field.
 * @param {Placed} placed
 * @param {Field} field
 */
export function takePanel(placed, field) {
  const values = new FormData(form);
  for (const name of NUMBERS) {
    const number = Number.parseFloat(String(values.get(name)));
    if (Number.isFinite(number)) field[name] = number;
  }
  field.label = String(values.get("label")).trim();
  const before = { group: field.detail.group, person: field.recipient_id };
  field.recipient_id = String(values.get("recipient"));
  const required = values.has("required");
  field.detail = readDetail(field, values, placed);
  // What holds of one button of a question holds of all.
  for (const one of placed.fields) {
    if (one === field) one.required = required;
    else if (field.kind === "radio" && one.kind === "radio" && one.detail.group === before.group && one.recipient_id === before.person) {
      one.required = required;
      one.recipient_id = field.recipient_id;
      one.detail = { ...one.detail, group: field.detail.group, prefilled: field.detail.prefilled ? null : one.detail.prefilled };
      placed.draw(one);
    }
  }
  placed.dropLooseConditions();
}

/**
 * @param {Field} field
 * @param {FormData} values
 * @param {Placed} placed
 * @returns {Detail}
 */
function readDetail(field, values, placed) {
  const rows = rowSet(field.kind);
  /** @param {string} name */
  const text = (name) => String(values.get(name) ?? "").trim();
  /** @param {string} name */
  const number = (name) => (Number.isFinite(Number.parseFloat(text(name))) ? Number.parseFloat(text(name)) : null);
  const detail = { ...UNSAID };
  if ("auto" in rows) detail.auto = values.has("auto");
  if ("prefilled" in rows && !detail.auto) detail.prefilled = text("prefilled") || null;
  if ("ticked" in rows) detail.prefilled = values.has("ticked") || null;
  if (detail.prefilled !== null && field.kind !== "radio") detail.locked = values.has("locked");
  if ("limits" in rows) Object.assign(detail, { least: number("least"), most: number("most"), decimals: number("decimals") });
  if ("longest" in rows) detail.longest = number("longest");
  if ("format" in rows) detail.format = text("format") || null;
  if ("group" in rows) detail.group = text("group");
  if ("choices" in rows) detail.choices = text("choices").split("\n").map((line) => line.trim()).filter(Boolean);
  detail.show_if = readCondition(text("if"), text("if-value"), placed);
  return detail;
}

/**
 * @param {string} key
 * @param {string} value
 * @param {Placed} placed
 */
function readCondition(key, value, placed) {
  const other = placed.fields.find((one) => one.key === key);
  if (!other) return null;
  if (isBox(other.kind)) return { field: key, value: null };
  return { field: key, value: value || other.detail.choices[0] || "" };
}
