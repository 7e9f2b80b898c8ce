// @ts-check
/** Placing fields: with the mouse, with a finger, and with the keyboard alone; saved by itself. */
import { $, api, toast } from "./ui.js";
import { Autosave } from "./autosave.js";
import { focusPalette, pageAt, showColour, startPalette } from "./palette.js";
import { NAMES, Placed, SIZES, half, pageSize } from "./placed.js";

/** @typedef {import("./placed.js").Field} Field */
/** @typedef {import("./placed.js").Kind} Kind */

const NUDGE = 1; // points
const BIG_NUDGE = 10; // points, with Shift
const STILL = 3; // pixels a press may wander without being a drag
const NUMBERS = /** @type {const} */ (["x", "y", "w", "h"]);
/** @type {Record<string, [number, number]>} */
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

const main = $("main", HTMLElement);
const live = $("#say", HTMLElement);
const panel = $("#props", HTMLElement);
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
  const fields = placed.fields.map(({ key: _key, ...field }) => ({ ...field, id: null }));
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
  const element = placed.add({
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
  });
  element.focus({ preventScroll: true });
  say(`${NAMES[kind]} for ${person.name} placed on page ${page}`);
  autosave.change();
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
    else moveTo(field, there.page, there.x - (hold.x - before.x), there.y - (hold.y - before.y), !event.altKey);
    placed.draw(field);
  };
  const stop = () => {
    element.removeEventListener("pointermove", move);
    element.removeEventListener("pointerup", drop);
    element.removeEventListener("pointercancel", cancel);
    delete pageSize(field.page).box.dataset.snap;
  };
  const drop = () => {
    stop();
    if (!moved) return placed.unremember();
    for (const name of NUMBERS) field[name] = half(field[name]);
    placed.draw(field);
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
  field.h = field.kind === "checkbox" ? field.w : before.h + dy;
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
  if (snapping) placed.snap(field);
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
  field[event.altKey ? "w" : "x"] += dx * step;
  field[event.altKey ? "h" : "y"] += dy * step;
  placed.draw(field);
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
  placed.add({ ...field, key: placed.newKey(), id: null, y: field.y + field.h + 6 }).focus();
  changed("Copied");
}

/** @param {Field} field */
function remove(field) {
  const neighbour = placed.remove(field);
  if (neighbour) neighbour.focus();
  else focusPalette();
  say("Removed. Control Z brings it back.");
  toast("Field removed. Undo brings it back.");
}

function undo() {
  say(placed.undo() ? "Undone" : "Nothing to undo");
}

// --- the panel of numbers ----------------------------------------------------------------------------------------------

/** @param {Field | null} field */
function showField(field) {
  form.hidden = !field;
  panel.toggleAttribute("data-open", field !== null);
  $("#none", HTMLElement).hidden = field !== null;
  if (!field) return;
  for (const name of NUMBERS) {
    const input = $(`#f-${name}`, HTMLInputElement);
    if (document.activeElement !== input) input.value = String(half(field[name]));
  }
  const label = $("#f-label", HTMLInputElement);
  if (document.activeElement !== label) label.value = field.label;
  $("#f-recipient", HTMLSelectElement).value = field.recipient_id;
  $("#f-required", HTMLInputElement).checked = field.required;
}

function takePanel() {
  const field = placed.current;
  if (!field) return;
  placed.remember();
  const values = new FormData(form);
  for (const name of NUMBERS) {
    const number = Number.parseFloat(String(values.get(name)));
    if (Number.isFinite(number)) field[name] = number;
  }
  field.recipient_id = String(values.get("recipient"));
  field.label = String(values.get("label")).trim();
  field.required = values.has("required");
  placed.draw(field);
  autosave.change();
}

// --- start -------------------------------------------------------------------------------------------------------------

placed.onadd = makeMovable;
placed.onselect = showField;
placed.onchange = () => autosave.change();
for (const field of JSON.parse(main.dataset.fields ?? "[]")) placed.add({ ...field, key: field.id });
startPalette(create, () => placed.select(null), say);
$("#who", HTMLElement).addEventListener("change", () => showColour(chosenPerson().colour));
form.addEventListener("input", takePanel);
form.addEventListener("submit", (event) => event.preventDefault());
$("#remove", HTMLButtonElement).addEventListener("click", () => placed.current && remove(placed.current));
$("#close-props", HTMLButtonElement).addEventListener("click", () => placed.select(null));
$("#undo", HTMLButtonElement).addEventListener("click", undo);
sendForm.addEventListener("submit", (event) => {
  event.preventDefault();
  void send();
});
document.addEventListener("keydown", (event) => {
  const typing = event.target instanceof HTMLInputElement && event.target.type !== "radio";
  if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z" || typing) return;
  event.preventDefault();
  undo();
});
