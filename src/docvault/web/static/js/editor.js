// @ts-check
/** Placing fields: with the mouse, with a finger, and with the keyboard alone; saved by itself. */
import { $, api, toast } from "./ui.js";
import { Autosave } from "./autosave.js";
import { focusPalette, pageAt, showColour, startPalette } from "./palette.js";
import { alignChosen, copyEverywhere } from "./arrange.js";
import { NAMES, UNSAID, isBox } from "./kinds.js";
import { offerSuggestions } from "./suggested.js";
import { showField, takePanel } from "./panel.js";
import { Placed, SIZES, half, hideGuides } from "./placed.js";

/** @typedef {import("./placed.js").Field} Field */
/** @typedef {import("./kinds.js").Kind} Kind */

const NUDGE = 1; // points
const BIG_NUDGE = 10; // points, with Shift
const STILL = 3; // pixels a press may wander without being a drag
const NUMBERS = /** @type {const} */ (["x", "y", "w", "h"]);
/** @type {Record<string, [number, number]>} */
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

const main = $("main", HTMLElement);
const live = $("#say", HTMLElement);
const form = $("#field-form", HTMLFormElement);
const sendForm = $("#send-form", HTMLFormElement);
const saveState = $("#save-state", HTMLElement);
const placed = new Placed(JSON.parse(main.dataset.people ?? "[]"));
const autosave = new Autosave(save, showSaveState);

/** @param {string} words */
function say(words) {
  live.textContent = words;
}

// --- saving ------------------------------------------------------------------------------------------------------

async function save() {
  // Every save makes the fields anew: one that Undo brought back has no id that the server still knows.
  const fields = placed.fields.map((field) => ({ ...field, id: null }));
  await api("PUT", `/envelopes/${main.dataset.envelope}/fields`, { fields });
}

/**
 * @param {string} state
 * @param {string} words
 */
function showSaveState(state, words) {
  saveState.dataset.state = state;
  saveState.textContent = words;
}

/** Changes are saved before the envelope is sent; what cannot be saved is not sent. */
async function send() {
  const button = $("#send", HTMLButtonElement);
  button.disabled = true;
  try {
    await autosave.flush();
    sendForm.submit();
  } catch (error) {
    button.disabled = false;
    toast(error instanceof Error ? error.message : "The fields could not be saved. Please try again.");
  }
}

// --- making and moving -----------------------------------------------------------------------------------------------

function chosenPerson() {
  const chosen = $('input[name="who"]:checked', HTMLInputElement);
  return placed.people.find((person) => person.id === chosen.value) ?? placed.people[0];
}

/** @type {Partial<Record<Kind, Partial<import("./kinds.js").Detail>>>} what is said of a new field */
const BEGINNINGS = { date: { auto: true }, name: { auto: true }, dropdown: { choices: ["First choice", "Second choice"] } };

/**
 * @param {Kind} kind
 * @param {number} page
 * @param {number} x centre, points
 * @param {number} y centre, points
 */
function create(kind, page, x, y) {
  placed.remember();
  const [w, h] = SIZES[kind];
  const person = chosenPerson();
  /** @type {Field} */
  const field = {
    key: placed.newKey(),
    id: null,
    recipient_id: person.id,
    kind,
    page,
    x: half(x - w / 2),
    y: half(y - h / 2),
    w,
    h,
    required: kind !== "checkbox",
    label: "",
    detail: { ...UNSAID, ...BEGINNINGS[kind] },
  };
  const element = kind === "radio" ? addQuestion(field) : placed.add(field);
  element.focus({ preventScroll: true });
  say(`${NAMES[kind]} for ${person.name} placed on page ${page}`);
  autosave.change();
}

/** One button is no choice: a question begins with two.
 * @param {Field} first
 */
function addQuestion(first) {
  const taken = new Set(placed.fields.map((field) => field.detail.group));
  let number = 1;
  while (taken.has(`Question ${number}`)) number++;
  const detail = { ...first.detail, group: `Question ${number}` };
  placed.add({ ...first, key: placed.newKey(), y: first.y + first.h + 8, label: "Answer 2", detail });
  return placed.add({ ...first, label: "Answer 1", detail });
}

/**
 * @param {Field} field
 * @param {HTMLButtonElement} element
 * @param {HTMLElement} grip
 */
function makeMovable(field, element, grip) {
  element.addEventListener("keydown", (event) => onKey(event, field));
  element.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    event.preventDefault();
    if (event.shiftKey) placed.select(field.key, true);
    element.focus({ preventScroll: true });
    drag(field, element, event, event.target === grip);
  });
}

/**
 * @param {Field} field
 * @param {HTMLButtonElement} element
 * @param {PointerEvent} start
 * @param {boolean} resizing
 */
function drag(field, element, start, resizing) {
  const before = { ...field };
  const along = placed.chosen.filter((one) => one !== field).map((one) => ({ one, x: one.x, y: one.y }));
  const hold = pageAt(start.clientX, start.clientY);
  if (!hold) return;
  let moved = false;
  placed.remember();
  element.setPointerCapture(start.pointerId);

  /** @param {PointerEvent} event */
  const move = (event) => {
    moved ||= Math.hypot(event.clientX - start.clientX, event.clientY - start.clientY) >= STILL;
    const there = moved && pageAt(event.clientX, event.clientY);
    if (!there) return;
    if (resizing) resize(field, before, there.x - hold.x, there.y - hold.y);
    else moveTo(field, along.length ? before.page : there.page, there.x - (hold.x - before.x), there.y - (hold.y - before.y), !event.altKey);
    placed.draw(field);
    if (!resizing) moveAlong(along, field.x - before.x, field.y - before.y);
  };
  const stop = () => {
    element.removeEventListener("pointermove", move);
    element.removeEventListener("pointerup", drop);
    element.removeEventListener("pointercancel", cancel);
    hideGuides();
  };
  const drop = () => {
    stop();
    if (!moved) return placed.unremember();
    for (const one of placed.chosen) {
      for (const name of NUMBERS) one[name] = half(one[name]);
      placed.draw(one);
    }
    element.focus({ preventScroll: true });
    changed(`Page ${field.page}, ${field.x} from left, ${field.y} from top`);
  };
  const cancel = () => {
    stop();
    placed.undo();
  };
  element.addEventListener("pointermove", move);
  element.addEventListener("pointerup", drop);
  element.addEventListener("pointercancel", cancel);
}

/**
 * @param {Field} field
 * @param {Field} before
 * @param {number} dx
 * @param {number} dy
 */
function resize(field, before, dx, dy) {
  field.w = before.w + dx;
  field.h = isBox(field.kind) ? field.w : before.h + dy;
}

/**
 * @param {Field} field
 * @param {number} page
 * @param {number} x
 * @param {number} y
 * @param {boolean} snapping
 */
function moveTo(field, page, x, y, snapping) {
  field.page = page;
  field.x = x;
  field.y = y;
  if (snapping) placed.snap(field, placed.chosen);
  else hideGuides();
}

/**
 * @param {{one: Field, x: number, y: number}[]} along fields chosen with the one that is dragged, and where they were
 * @param {number} dx
 * @param {number} dy
 */
function moveAlong(along, dx, dy) {
  for (const { one, x, y } of along) {
    one.x = x + dx;
    one.y = y + dy;
    placed.draw(one);
  }
}

/** @param {string} words */
function changed(words) {
  say(words);
  autosave.change();
}

// --- the keyboard ----------------------------------------------------------------------------------------------------

/**
 * @param {KeyboardEvent} event
 * @param {Field} field
 */
function onKey(event, field) {
  const command = event.ctrlKey || event.metaKey;
  if (event.key in ARROWS) nudge(event, field);
  else if (event.key === "PageDown") turnPage(event, field, 1);
  else if (event.key === "PageUp") turnPage(event, field, -1);
  else if (event.key === "Delete" || event.key === "Backspace") {
    event.preventDefault();
    remove(field);
  } else if (command && event.key.toLowerCase() === "d") {
    event.preventDefault();
    copy(field);
  } else if (command && event.key.toLowerCase() === "a") {
    event.preventDefault();
    placed.selectPage(field.page);
    say(`${placed.chosen.length} fields chosen`);
  } else if (event.key === "Escape" && placed.also.size) {
    placed.also.clear();
    placed.select(field.key);
  } else if (event.key === "Escape") focusPalette();
}

/**
 * @param {KeyboardEvent} event
 * @param {Field} field
 */
function nudge(event, field) {
  event.preventDefault();
  placed.remember();
  const [dx, dy] = ARROWS[event.key];
  const step = event.shiftKey ? BIG_NUDGE : NUDGE;
  for (const one of placed.chosen) {
    one[event.altKey ? "w" : "x"] += dx * step;
    one[event.altKey ? "h" : "y"] += dy * step;
    placed.draw(one);
  }
  changed(event.altKey ? `${field.w} wide, ${field.h} high` : `${field.x} from left, ${field.y} from top`);
}

/**
 * @param {KeyboardEvent} event
 * @param {Field} field
 * @param {1 | -1} direction
 */
function turnPage(event, field, direction) {
  if (!document.querySelector(`#p${field.page + direction}`)) return;
  event.preventDefault();
  placed.remember();
  field.page += direction;
  placed.draw(field);
  const element = placed.element(field);
  element?.scrollIntoView({ block: "center" });
  element?.focus({ preventScroll: true });
  changed(`Page ${field.page}`);
}

/** @param {Field} field */
function copy(field) {
  placed.remember();
  const count = placed.fields.filter((one) => one.kind === "radio" && one.detail.group === field.detail.group).length;
  const label = field.kind === "radio" ? `Answer ${count + 1}` : field.label;
  const detail = field.kind === "radio" ? { ...field.detail, prefilled: null } : { ...field.detail };
  placed.add({ ...field, key: placed.newKey(), id: null, y: field.y + field.h + 6, label, detail }).focus();
  changed("Copied");
}

/** @param {Field} field */
function remove(field) {
  const others = placed.chosen.filter((one) => one !== field);
  const neighbour = placed.remove(field, others);
  if (neighbour) neighbour.focus();
  else focusPalette();
  say("Removed. Control Z brings it back.");
  toast("Field removed. Undo brings it back.");
}

function undo() {
  say(placed.undo() ? "Undone" : "Nothing to undo");
}

// --- start -------------------------------------------------------------------------------------------------------------

placed.onadd = makeMovable;
placed.onselect = (field) => showField(placed, field);
placed.onchange = () => autosave.change();
for (const field of JSON.parse(main.dataset.fields ?? "[]")) placed.add({ ...field, key: field.id });
offerSuggestions(placed, () => chosenPerson().id, changed);
startPalette(create, () => placed.select(null), say);
$("#who", HTMLElement).addEventListener("change", () => showColour(chosenPerson().colour));
form.addEventListener("input", () => {
  const field = placed.current;
  if (!field) return;
  placed.remember();
  takePanel(placed, field);
  placed.draw(field);
  autosave.change();
});
form.addEventListener("submit", (event) => event.preventDefault());
$("#remove", HTMLButtonElement).addEventListener("click", () => placed.current && remove(placed.current));
$("#copy", HTMLButtonElement).addEventListener("click", () => placed.current && copy(placed.current));
$("#everywhere", HTMLButtonElement).addEventListener("click", () => {
  if (placed.current) changed(copyEverywhere(placed, placed.current));
});
for (const button of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-align]"))) {
  button.addEventListener("click", () => changed(alignChosen(placed, button.dataset.align ?? "")));
}
$("#close-props", HTMLButtonElement).addEventListener("click", () => placed.select(null));
$("#undo", HTMLButtonElement).addEventListener("click", undo);
sendForm.addEventListener("submit", (event) => {
  event.preventDefault();
  void send();
});
document.addEventListener("keydown", (event) => {
  const typing = (event.target instanceof HTMLInputElement && event.target.type !== "radio") || event.target instanceof HTMLTextAreaElement;
  if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z" || typing) return;
  event.preventDefault();
  undo();
});
