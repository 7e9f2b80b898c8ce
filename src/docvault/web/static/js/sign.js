// @ts-check
/**
 * Review and sign: one button leads through every field and every page, and opens the way to the confirmation
 * only when all of both are done. The same works with a finger, a mouse and the keyboard alone.
 */
import { $, Refused, place, toast } from "./ui.js";
import { askForSignature } from "./adopt.js";
import { Answers, readCeremony } from "./answers.js";
import { duties, hiddenFields, sameQuestion } from "./conditions.js";
import { ask } from "./fill.js";
import { askForFile } from "./hand_in.js";
import { NAMES, VERBS, isBox } from "./kinds.js";
import { Seen } from "./seen.js";
import { setZoom } from "./viewer.js";
import { t } from "./words.js";

/** @typedef {import("./answers.js").Field} Field */

const PHONE_ZOOM = 1.9;
const KEEP_PAUSE = 500; // milliseconds after the last change
const ceremony = readCeremony();
const answers = new Answers(ceremony);
const seen = new Seen(ceremony.envelope, ceremony.pages, ceremony.seen);
const fields = [...ceremony.fields].sort((a, b) => a.page - b.page || a.y - b.y || a.x - b.x);
/** @type {Map<string, HTMLButtonElement>} */
const buttons = new Map();
/** @type {Field | null} */
let current = null;

const meter = $("#meter", HTMLProgressElement);
const meterText = $("#metertext", HTMLElement);
const next = $("#next", HTMLButtonElement);
const nextText = $("#nexttext", HTMLElement);
const signature = { url: answers.preview ? answers.previewUrl() : "" };

// --- fields on the pages ---------------------------------------------------------------------------------------

/** @param {Field} field */
function nameOf(field) {
  return field.label || t(NAMES[field.kind]);
}

/** What the signer cannot change: it is filled in by itself, or the sender locked it.
 * @param {Field} field
 */
function isFixed(field) {
  return field.detail.auto || field.detail.locked;
}

/** @param {Field} field */
function addButton(field) {
  const figure = $(`#p${field.page}`, HTMLElement);
  const button = document.createElement("button");
  button.type = "button";
  button.className = "fld";
  button.dataset.r = String(ceremony.colour);
  button.dataset.field = field.id;
  button.dataset.kind = field.kind;
  if (field.required && !isFixed(field)) button.dataset.required = "";
  if (isBox(field.kind)) button.setAttribute("role", field.kind);
  if (isFixed(field)) button.setAttribute("aria-disabled", "true");
  place(button, field, Number(figure.dataset.w), Number(figure.dataset.h));
  button.addEventListener("click", () => {
    if (isFixed(field)) return toast(whyFixed(field));
    current = field;
    void fill(field);
  });
  $(".page", HTMLElement, figure).append(button);
  buttons.set(field.id, button);
  drawField(field);
}

/** @param {Field} field */
function whyFixed(field) {
  return t(field.detail.auto ? "This is filled in by itself when you sign." : "The sender filled this in; it cannot be changed.");
}

/** @param {Field} field */
function drawField(field) {
  const button = /** @type {HTMLButtonElement} */ (buttons.get(field.id));
  const done = answers.has(field.id) || isFixed(field);
  button.toggleAttribute("data-done", done);
  button.replaceChildren(...(done ? [answerNode(field)] : invitation(field)));
  if (isBox(field.kind)) button.setAttribute("aria-checked", String(done));
  button.setAttribute("aria-label", spoken(field, done));
}

/**
 * @param {Field} field
 * @param {boolean} done
 */
function spoken(field, done) {
  const where = t("Page {number}", { number: field.page });
  const required = field.required ? `, ${t("required")}` : "";
  const question = field.kind === "radio" ? `${field.detail.group}: ` : "";
  if (isBox(field.kind)) return `${question}${nameOf(field)}, ${where}${required}`;
  if (isFixed(field)) return `${nameOf(field)}, ${where}: ${shown(field)}. ${whyFixed(field)}`;
  if (done) return `${nameOf(field)}, ${where}: ${shown(field) || t("done")}. ${t("Press to change.")}`;
  return `${field.kind === "signature" ? t(VERBS.signature) : nameOf(field)}, ${where}${required}`;
}

/** @param {Field} field */
function shown(field) {
  if (field.detail.auto && field.kind === "name") return ceremony.name;
  const text = field.detail.auto ? new Date().toISOString().slice(0, 10) : answers.text(field.id);
  if (field.kind !== "date" || !text) return text;
  const [year, month, day] = text.split("-").map(Number);
  const date = new Date(year, month - 1, day);
  return new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium" }).format(date);
}

/** @param {Field} field */
function answerNode(field) {
  if (isBox(field.kind)) return document.createTextNode(field.kind === "radio" ? "●" : "✓");
  if (field.kind !== "signature") return document.createTextNode(shown(field));
  const image = new Image();
  image.src = signature.url;
  image.alt = "";
  return image;
}

/** @param {Field} field */
function invitation(field) {
  if (isBox(field.kind)) return [];
  const icons = $("#icons", HTMLTemplateElement).content;
  const icon = icons.querySelector(`[data-i="${field.kind}"] svg`)?.cloneNode(true);
  const words = document.createElement("span");
  words.textContent = field.kind === "signature" ? t(VERBS.signature) : nameOf(field);
  return icon ? [icon, words] : [words];
}

/** Conditions hold at once: what a new answer shows or hides appears or goes. */
function showWhatIsWanted() {
  const hidden = hiddenFields(fields, answers.fields);
  for (const [id, button] of buttons) button.hidden = hidden.has(id);
}

// --- filling ---------------------------------------------------------------------------------------------------

/** @param {Field} field */
async function fill(field) {
  const before = JSON.stringify(answers.fields);
  if (isBox(field.kind)) toggle(field);
  else if (field.kind === "date" && !answers.has(field.id)) answers.set(field.id, today());
  else if (field.kind === "name" && !answers.has(field.id)) answers.set(field.id, ceremony.name);
  else if (field.kind === "initials" && !answers.has(field.id)) answers.set(field.id, initials());
  else if (field.kind === "signature") await sign(field);
  else if (field.kind === "attachment") await handIn(field);
  else await write(field);
  if (JSON.stringify(answers.fields) !== before) keepSoon();
  for (const one of fields) if (one === field || sameQuestion(one, field)) drawField(one);
  refresh();
  buttons.get(field.id)?.focus({ preventScroll: true });
}

/** @param {Field} field */
function toggle(field) {
  const ticked = answers.has(field.id);
  for (const one of fields) if (one === field || sameQuestion(one, field)) answers.remove(one.id);
  if (!ticked || (field.kind === "radio" && field.required)) answers.set(field.id, true);
}

let pause = 0;

/** The portal keeps what is there a moment after the last change, to go on later on any device. */
function keepSoon() {
  clearTimeout(pause);
  pause = window.setTimeout(() => void keepNow(), KEEP_PAUSE);
}

async function keepNow() {
  try {
    await answers.keepForLater();
  } catch (error) {
    toast(`${t("Not kept for later yet.")} ${error instanceof Refused ? error.message : ""}`);
  }
}

/**
 * The first press takes the signature adopted before; pressing a done field changes it everywhere.
 * @param {Field} field
 */
async function sign(field) {
  if (answers.signature && !answers.has(field.id)) {
    answers.set(field.id, true);
    return;
  }
  if (await adopt()) answers.set(field.id, true);
}

/** @returns {Promise<boolean>} whether there is a signature now */
async function adopt() {
  const result = await askForSignature();
  if (!result) return false;
  answers.adopt(result.signature, result.preview);
  signature.url = answers.previewUrl();
  for (const other of fields) if (other.kind === "signature") drawField(other);
  toast(t("Signature added. Press it to change it."));
  return true;
}

/** @param {Field} field */
async function write(field) {
  const value = await ask(field, answers.text(field.id), (given) => check(field, given));
  if (value === null) return;
  if (value) answers.set(field.id, value);
  else answers.remove(field.id);
}

/** @param {Field} field */
async function handIn(field) {
  const name = await askForFile(ceremony.envelope, field, answers.text(field.id));
  if (name === null) return;
  if (name) answers.set(field.id, name);
  else answers.remove(field.id);
}

/**
 * Have the portal say whether a value fits. Without a connection it is taken, and looked at again before signing.
 * @param {Field} field
 * @param {string} value
 */
async function check(field, value) {
  const { [field.id]: _before, ...others } = answers.fields;
  try {
    await answers.keepForLater(value ? { ...others, [field.id]: value } : others);
  } catch (error) {
    if (!(error instanceof Refused && error.problem.status === 0)) throw error;
  }
}

/** The date where the signer is, as ISO 8601. */
function today() {
  const now = new Date();
  const two = (/** @type {number} */ number) => String(number).padStart(2, "0");
  return `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
}

function initials() {
  const parts = ceremony.name.split(/[\s-]+/u).filter(Boolean);
  return parts.map((part) => [...part][0].toLocaleUpperCase()).join("");
}

// --- the one button ----------------------------------------------------------------------------------------------

/** @returns {Field | undefined} the next required field that is not done, from here on, then from the top */
function upcoming() {
  const rest = duties(fields, answers.fields).open;
  const here = current ? fields.indexOf(current) : -1;
  return rest.find((field) => fields.indexOf(field) > here) ?? rest[0];
}

/**
 * Nobody but the signer chooses.
 * @param {Field} field
 */
function askToChoose(field) {
  go(field);
  toast(t("Please press one of the answers: {question}", { question: field.detail.group }));
}

/** @returns {{words: string, act: () => unknown}} what the button says and does now */
function nextStep() {
  const here = current;
  const rest = duties(fields, answers.fields).open;
  if (here && rest.includes(here)) return { words: t(VERBS[here.kind]), act: () => (here.kind === "radio" ? askToChoose(here) : fill(here)) };
  const field = upcoming();
  if (field) return { words: current ? t("Next: {field}", { field: field.detail.group || field.label || t(NAMES[field.kind]) }) : t("Start"), act: () => go(field) };
  const page = seen.firstUnseen;
  if (page) return { words: t("Read page {number}", { number: page }), act: () => showPage(page) };
  if (ceremony.deed === "sign" && !answers.signature) return { words: t("Add your signature"), act: () => adopt().then(refresh) };
  return { words: t(ceremony.deed === "sign" ? "Finish" : "Go on"), act: finish };
}

function refresh() {
  showWhatIsWanted();
  const { all, open } = duties(fields, answers.fields);
  const done = all.length - open.length;
  meter.max = all.length + ceremony.pages;
  meter.value = done + seen.seen.size;
  const finished = meter.value === meter.max;
  if (finished) meter.dataset.s = "done";
  else delete meter.dataset.s;
  const fieldWords = all.length ? `${t("{done} of {count} fields", { done, count: all.length })}, ` : "";
  meterText.textContent = `${fieldWords}${t("{done} of {count} pages", { done: seen.seen.size, count: ceremony.pages })}`;
  const step = nextStep();
  nextText.textContent = step.words;
  next.dataset.ready = String(step.act === finish);
  for (const [id, button] of buttons) button.toggleAttribute("data-now", id === current?.id);
}

/** @param {Field} field */
function go(field) {
  current = field;
  if (matchMedia("(width < 48rem)").matches) setZoom(PHONE_ZOOM);
  const button = buttons.get(field.id);
  if (button) reveal(button);
  button?.focus({ preventScroll: true });
  refresh();
}

/** @param {number} page */
function showPage(page) {
  current = null;
  setZoom(1);
  const figure = $(`#p${page}`, HTMLElement);
  figure.tabIndex = -1;
  figure.scrollIntoView({ block: "start", behavior: "instant" });
  figure.focus({ preventScroll: true });
  refresh();
}

/**
 * Far jumps are instant: scrolling smoothly over many pages shows only blank ones.
 * @param {HTMLElement} element
 */
function reveal(element) {
  const far = Math.abs(element.getBoundingClientRect().top) > 2 * innerHeight;
  element.scrollIntoView({ block: "center", inline: "center", behavior: far ? "instant" : "auto" });
}

async function finish() {
  next.disabled = true;
  try {
    clearTimeout(pause);
    await Promise.all([seen.tell(), fields.length ? answers.keepForLater() : null]);
    location.assign(`/sign/${ceremony.envelope}/confirm`);
  } catch (error) {
    next.disabled = false;
    toast(error instanceof Refused ? error.message : t("That did not work. Please try again."));
  }
}

function goBack() {
  const hidden = hiddenFields(fields, answers.fields);
  const mine = fields.filter((field) => !hidden.has(field.id) && !isFixed(field));
  const here = current ? mine.indexOf(current) : mine.length;
  const field = mine[Math.max(0, here - 1)];
  if (field) go(field);
}

for (const field of fields) addButton(field);
next.addEventListener("click", () => void nextStep().act());
const previous = $("#prev", HTMLButtonElement);
previous.hidden = fields.length === 0;
previous.addEventListener("click", goBack);
seen.onchange = refresh;
addEventListener("pageshow", (event) => {
  next.disabled = false;
  if (event.persisted) refresh();
});
refresh();
