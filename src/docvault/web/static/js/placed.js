// @ts-check
/**
 * The fields placed on a document: what they are, how they look, and what Undo brings back.
 * All coordinates are points of the displayed page (crop box and rotation applied, origin top left); the server
 * turns them into the page's own space.
 */
import { $, place } from "./ui.js";

/** @typedef {"signature" | "initials" | "date" | "text" | "checkbox"} Kind */
/** @typedef {{key: string, id: string | null, recipient_id: string, kind: Kind, page: number, x: number, y: number, w: number, h: number, required: boolean, label: string}} Field */
/** @typedef {{id: string, name: string, colour: number}} Person */

export const NAMES = {
  signature: "Signature",
  initials: "Initials",
  date: "Date signed",
  text: "Text",
  checkbox: "Tick box",
};

/** @type {Record<Kind, [number, number]>} width and height of a new field, in points */
export const SIZES = { signature: [170, 44], initials: [64, 32], date: [96, 22], text: [150, 22], checkbox: [18, 18] };

const SMALLEST = 12; // points
const SNAP = 4; // points within which edges and centres pull
const UNDO_MOST = 100;

/** @param {number} page */
export function pageSize(page) {
  const figure = $(`#p${page}`, HTMLElement);
  return { width: Number(figure.dataset.w), height: Number(figure.dataset.h), box: $(".page", HTMLElement, figure) };
}

/** @param {number} points */
export function half(points) {
  return Math.round(points * 2) / 2;
}

/**
 * @param {number} value
 * @param {number} least
 * @param {number} most
 */
function clamp(value, least, most) {
  return Math.min(Math.max(value, least), Math.max(least, most));
}

export class Placed {
  /** @param {Person[]} people */
  constructor(people) {
    this.people = people;
    /** @type {Map<string, {field: Field, element: HTMLButtonElement}>} */
    this.all = new Map();
    /** @type {string[]} */
    this.past = [];
    /** @type {string | null} */
    this.selected = null;
    this.serial = 0;
    /** @type {(field: Field, element: HTMLButtonElement, grip: HTMLElement) => void} */
    this.onadd = () => {};
    /** @type {(field: Field | null) => void} */
    this.onselect = () => {};
    this.onchange = () => {};
  }

  get fields() {
    return [...this.all.values()].map((entry) => entry.field);
  }

  get current() {
    return this.selected ? this.all.get(this.selected)?.field ?? null : null;
  }

  newKey() {
    return `new-${++this.serial}`;
  }

  /** @param {Field} field */
  element(field) {
    return this.all.get(field.key)?.element;
  }

  // --- past ------------------------------------------------------------------------------------------------------

  /** Keep how things are, just before they change. */
  remember() {
    this.past.push(JSON.stringify(this.fields));
    if (this.past.length > UNDO_MOST) this.past.shift();
  }

  /** Drop what was remembered: nothing changed after all. */
  unremember() {
    this.past.pop();
  }

  /** @returns {boolean} false when there was nothing to undo */
  undo() {
    const before = this.past.pop();
    if (!before) return false;
    for (const { element } of this.all.values()) element.remove();
    this.all.clear();
    this.select(null);
    for (const field of JSON.parse(before)) this.add(field);
    this.onchange();
    return true;
  }

  // --- changing --------------------------------------------------------------------------------------------------

  /** @param {Field} field */
  add(field) {
    const element = document.createElement("button");
    element.type = "button";
    element.className = "fld";
    element.dataset.key = field.key;
    const icon = $("#icons", HTMLTemplateElement).content.querySelector(`[data-i="${field.kind}"] svg`);
    if (icon) element.append(icon.cloneNode(true));
    const words = document.createElement("span");
    words.className = "words";
    const grip = document.createElement("span");
    grip.className = "grip";
    element.append(words, grip);
    this.all.set(field.key, { field, element });
    element.addEventListener("focus", () => this.select(field.key));
    this.onadd(field, element, grip);
    this.draw(field);
    return element;
  }

  /** @param {Field} field */
  remove(field) {
    this.remember();
    const keys = [...this.all.keys()];
    const at = keys.indexOf(field.key);
    const neighbour = keys[at + 1] ?? keys[at - 1];
    this.element(field)?.remove();
    this.all.delete(field.key);
    this.select(null);
    this.onchange();
    return neighbour ? this.all.get(neighbour)?.element : undefined;
  }

  /**
   * Keep a field on its page, and show it.
   * @param {Field} field
   */
  draw(field) {
    const element = this.element(field);
    if (!element) return;
    const { width, height, box } = pageSize(field.page);
    field.w = clamp(field.w, SMALLEST, width);
    field.h = clamp(field.h, SMALLEST, height);
    field.x = clamp(field.x, 0, width - field.w);
    field.y = clamp(field.y, 0, height - field.h);
    if (element.parentElement !== box) box.append(element);
    const person = this.people.find((one) => one.id === field.recipient_id);
    element.dataset.r = String(person?.colour ?? 1);
    element.toggleAttribute("data-required", field.required);
    const name = field.label || NAMES[field.kind];
    const firstName = person?.name.split(" ")[0] ?? "";
    $(".words", HTMLElement, element).textContent = field.kind === "checkbox" ? "" : `${name} · ${firstName}`;
    const where = `page ${field.page}, ${half(field.x)} from left, ${half(field.y)} from top`;
    element.setAttribute("aria-label", `${name} of ${person?.name ?? ""}, ${where}${field.required ? ", required" : ""}`);
    place(element, field, width, height);
    if (this.selected === field.key) this.onselect(field);
  }

  /** @param {string | null} key */
  select(key) {
    this.selected = key;
    for (const [other, { element }] of this.all) element.toggleAttribute("data-sel", other === key);
    this.onselect(this.current);
  }

  /**
   * Pull to the page's middle and to edges of other fields on the page.
   * @param {Field} field
   */
  snap(field) {
    const { width, box } = pageSize(field.page);
    delete box.dataset.snap;
    if (Math.abs(field.x + field.w / 2 - width / 2) < SNAP) {
      field.x = width / 2 - field.w / 2;
      box.dataset.snap = "x";
    }
    for (const other of this.fields) {
      if (other === field || other.page !== field.page) continue;
      if (Math.abs(other.x - field.x) < SNAP) field.x = other.x;
      if (Math.abs(other.y - field.y) < SNAP) field.y = other.y;
      const bottom = other.y + other.h;
      if (Math.abs(bottom - field.y - field.h) < SNAP) field.y = bottom - field.h;
    }
  }
}
