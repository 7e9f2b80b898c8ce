// @ts-check
/**
 * The fields placed on a document: what they are, how they look, and what Undo brings back.
 * All coordinates are points of the displayed page (crop box and rotation applied, origin top left); the server
 * turns them into the page's own space.
 */
import { $, place } from "./ui.js";
import { NAMES, isBox } from "./kinds.js";

/** @typedef {import("./kinds.js").Kind} Kind */
/** @typedef {{key: string, id: string | null, recipient_id: string, kind: Kind, page: number, x: number, y: number, w: number, h: number, required: boolean, label: string, detail: import("./kinds.js").Detail}} Field */
/** @typedef {{id: string, name: string, colour: number}} Person */

/** @type {Record<Kind, [number, number]>} width and height of a new field, in points */
export const SIZES = { signature: [170, 44], initials: [64, 32], date: [96, 22], name: [150, 22], text: [150, 22], number: [90, 22], checkbox: [18, 18], radio: [18, 18], dropdown: [150, 22], attachment: [150, 24] };

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
    /** @type {Set<string>} keys of fields that are chosen beside the selected one */
    this.also = new Set();
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

  /** @returns {Field[]} the selected field first, then those chosen with it */
  get chosen() {
    const keys = this.selected ? [this.selected, ...this.also] : [];
    return keys.flatMap((key) => this.all.get(key)?.field ?? []);
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
    element.addEventListener("focus", () => {
      if (this.selected !== field.key) this.select(field.key);
    });
    this.onadd(field, element, grip);
    this.draw(field);
    return element;
  }

  /**
   * @param {Field} field
   * @param {Field[]} [others] that go with it
   * @returns {HTMLButtonElement | undefined} the field to go on with
   */
  remove(field, others = []) {
    this.remember();
    const keys = [...this.all.keys()];
    const at = keys.indexOf(field.key);
    for (const one of [field, ...others]) {
      this.element(one)?.remove();
      this.all.delete(one.key);
    }
    this.dropLooseConditions();
    this.select(null);
    this.onchange();
    const neighbour = [...keys.slice(at), ...keys.slice(0, at).reverse()].find((key) => this.all.has(key));
    return neighbour ? this.all.get(neighbour)?.element : undefined;
  }

  /** A condition on a field that is gone, or is somebody else's now, is none. */
  dropLooseConditions() {
    for (const field of this.fields) {
      const wish = field.detail.show_if;
      if (!wish || this.all.get(wish.field)?.field.recipient_id === field.recipient_id) continue;
      field.detail = { ...field.detail, show_if: null };
      this.draw(field);
    }
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
    element.toggleAttribute("data-if", field.detail.show_if !== null);
    element.dataset.kind = field.kind;
    const name = (field.kind === "radio" ? `${field.detail.group}: ` : "") + (field.label || NAMES[field.kind]);
    const firstName = person?.name.split(" ")[0] ?? "";
    $(".words", HTMLElement, element).textContent = isBox(field.kind) ? "" : `${name} · ${firstName}`;
    const where = `page ${field.page}, ${half(field.x)} from left, ${half(field.y)} from top`;
    element.setAttribute("aria-label", `${name} of ${person?.name ?? ""}, ${where}${field.required ? ", required" : ""}${field.detail.show_if ? ", shown only sometimes" : ""}`);
    place(element, field, width, height);
    if (this.selected === field.key) this.onselect(field);
  }

  /**
   * @param {string | null} key
   * @param {boolean} [adding] keep what was chosen before
   */
  select(key, adding = false) {
    const along = key !== null && (adding || this.also.has(key));
    if (along && this.selected && this.selected !== key) this.also.add(this.selected);
    else if (!along) this.also.clear();
    if (key) this.also.delete(key);
    this.selected = key;
    for (const [other, { element }] of this.all) {
      element.toggleAttribute("data-sel", other === key);
      element.toggleAttribute("data-also", this.also.has(other));
    }
    this.onselect(this.current);
  }

  /** @param {number} page */
  selectPage(page) {
    for (const field of this.fields) if (field.page === page && field.key !== this.selected) this.also.add(field.key);
    this.select(this.selected, true);
  }

  /**
   * Pull to the page's middle, and to edges and middles of other fields on the page; lines show to what.
   * @param {Field} field
   * @param {Field[]} moving fields that move along, and pull nobody
   */
  snap(field, moving) {
    const { width, height } = pageSize(field.page);
    const others = this.fields.filter((one) => one.page === field.page && !moving.includes(one));
    const across = pull(field.x, field.w, width, others.map((one) => [one.x, one.w]));
    const down = pull(field.y, field.h, height, others.map((one) => [one.y, one.h]));
    field.x = across.start;
    field.y = down.start;
    showGuides(field.page, across.line === null ? null : (100 * across.line) / width, down.line === null ? null : (100 * down.line) / height);
  }
}

/**
 * @param {number} start
 * @param {number} size
 * @param {number} room of the page
 * @param {[number, number][]} others start and size of each
 * @returns {{start: number, line: number | null}} the nearest place that pulls, and where its line goes
 */
function pull(start, size, room, others) {
  const lines = [room / 2, ...others.flatMap(([at, long]) => [at, at + long / 2, at + long])];
  let best = { start, line: /** @type {number | null} */ (null) };
  let nearest = SNAP;
  for (const [index, line] of lines.entries()) {
    // To the middle of the page only the middle of a field is pulled.
    for (const offset of index === 0 ? [size / 2] : [0, size / 2, size]) {
      const gap = Math.abs(line - (start + offset));
      if (gap < nearest) {
        nearest = gap;
        best = { start: line - offset, line };
      }
    }
  }
  return best;
}

/** @type {[HTMLElement, HTMLElement] | null} */
let guides = null;

/**
 * @param {number} page
 * @param {number | null} left per cent
 * @param {number | null} top per cent
 */
function showGuides(page, left, top) {
  guides ??= [document.createElement("i"), document.createElement("i")];
  for (const [index, at] of [left, top].entries()) {
    const guide = guides[index];
    guide.className = `guide ${index ? "level" : "upright"}`;
    guide.hidden = at === null;
    guide.style.setProperty("--at", `${at ?? 0}%`);
    pageSize(page).box.append(guide);
  }
}

export function hideGuides() {
  for (const guide of guides ?? []) guide.remove();
}
