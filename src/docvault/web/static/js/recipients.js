// @ts-check
/** Who does what, and in which order: add, remove, move up and down, or let two act at the same time. */
import { $ } from "./ui.js";

const picker = $("#person", HTMLSelectElement);
const list = $("#recipients", HTMLElement);
const live = $("#say", HTMLElement);
const template = $("#recipient-row", HTMLTemplateElement);
const order = $("#order", HTMLInputElement);
const form = $("#envelope-form", HTMLFormElement);
const outside = $("#outside", HTMLDetailsElement);
/** @typedef {{name: string, email: string, access_code: string, host: string}} Outsider */
/** @type {Outsider[]} those without an account, as they are sent */
const outsiders = [];
const hosts = $("#outside-host", HTMLSelectElement);
const MOST_COLOURS = 6;

function rows() {
  return /** @type {HTMLElement[]} */ ([...list.querySelectorAll("[data-person]")]);
}

/** @param {HTMLElement} row */
function nameOf(row) {
  return $("b[data-name]", HTMLElement, row).textContent ?? "";
}

/** @param {HTMLElement} row */
function partOf(row) {
  return $("[data-part]", HTMLSelectElement, row);
}

/**
 * What is for this person alone: message, language, last day.
 * @param {HTMLElement} row
 */
function aloneOf(row) {
  return /** @type {HTMLInputElement[]} */ ([...row.querySelectorAll("[data-alone] [data-name]")]);
}

/** Turns follow the order; "with the one before" keeps the turn of the row above. */
function renumber() {
  let turn = 0;
  const all = rows();
  all.forEach((row, index) => {
    const together = $('input[type="checkbox"]', HTMLInputElement, row);
    if (index === 0) together.checked = false;
    $("[data-together]", HTMLElement, row).hidden = index === 0;
    if (!together.checked) turn++;
    row.dataset.turn = String(turn);
    /** @type {HTMLElement} */ ($("[data-turn]", HTMLElement, row).parentElement).hidden = partOf(row).value === "copy";
    $("[data-turn]", HTMLElement, row).textContent = together.checked ? `${turn}, same turn` : String(turn);
    row.dataset.r = String((index % MOST_COLOURS) + 1);
    $('[data-move="-1"]', HTMLButtonElement, row).disabled = index === 0;
    $('[data-move="1"]', HTMLButtonElement, row).disabled = index === all.length - 1;
  });
  order.value = all.map((row) => `${row.dataset.person}:${row.dataset.turn}:${partOf(row).value}`).join(" ");
  $("#no-recipients", HTMLElement).hidden = all.length > 0;
  if (all.length > 0) $("#people-err", HTMLElement).hidden = true;
  for (const option of picker.options) {
    option.disabled = option.value !== "" && all.some((row) => row.dataset.person === option.value);
  }
}

/** @param {HTMLOptionElement} option */
function add(option) {
  return put(option.value, option.dataset.name ?? "", option.dataset.email ?? "");
}

/**
 * @param {string} person
 * @param {string} name
 * @param {string} email
 */
function put(person, name, email) {
  const row = /** @type {HTMLElement} */ (template.content.firstElementChild?.cloneNode(true));
  row.dataset.person = person;
  $("b[data-name]", HTMLElement, row).textContent = name;
  $("[data-letter]", HTMLElement, row).textContent = [...name][0] ?? "";
  $("[data-email]", HTMLElement, row).textContent = email;
  $("[data-remove]", HTMLButtonElement, row).setAttribute("aria-label", `Remove ${name}`);
  $('[data-move="-1"]', HTMLButtonElement, row).setAttribute("aria-label", `Move ${name} up`);
  $('[data-move="1"]', HTMLButtonElement, row).setAttribute("aria-label", `Move ${name} down`);
  partOf(row).setAttribute("aria-label", `What ${name} does`);
  for (const field of aloneOf(row)) field.name = `${field.dataset.name}${person}`;
  list.append(row);
  renumber();
  return row;
}

/** Eight digits, each number as likely as any other. */
function newCode() {
  const most = 10 ** 8;
  const drawn = new Uint32Array(1);
  do crypto.getRandomValues(drawn);
  while ((drawn[0] ?? 0) >= Math.floor(2 ** 32 / most) * most);
  return String((drawn[0] ?? 0) % most).padStart(8, "0");
}

/** @param {string} host */
function besideWhom(host) {
  const option = [...hosts.options].find((one) => one.value === host);
  return option ? `, in person beside ${option.dataset.name}` : "";
}

/** @param {Outsider} said */
function putOutsider(said) {
  outsiders.push(said);
  $("#outsiders", HTMLInputElement).value = JSON.stringify(outsiders);
  const row = put(`@${outsiders.length - 1}`, said.name, `${said.email}, no account${said.host ? besideWhom(said.host) : ""}`);
  const told = $("[data-code]", HTMLElement, row);
  told.hidden = said.access_code === "";
  $("b", HTMLElement, told).textContent = said.access_code.replace(/(\d{4})/, "$1 ");
  return row;
}

function addOutsider() {
  const name = $("#outside-name", HTMLInputElement);
  const email = $("#outside-email", HTMLInputElement);
  const code = $("#outside-code", HTMLInputElement);
  const wrong = $("#outside-err", HTMLElement);
  const lacks = name.value.trim() === "" ? name : email.value.trim() === "" || !email.validity.valid ? email : null;
  wrong.hidden = lacks === null;
  $("[data-text]", HTMLElement, wrong).textContent =
    lacks === name ? "Please give their name." : "Please give their e-mail address, such as name@example.com.";
  if (lacks) return lacks.focus();
  putOutsider({ name: name.value.trim(), email: email.value.trim(), access_code: code.checked ? newCode() : "", host: hosts.value });
  live.textContent = `${name.value.trim()} is number ${rows().length}`;
  name.value = email.value = hosts.value = "";
  code.checked = false;
  outside.open = false;
  $("summary", HTMLElement, outside).focus();
}

function addChosen() {
  const option = picker.selectedOptions[0];
  if (!option?.value || option.disabled) {
    picker.focus();
    return;
  }
  add(option);
  live.textContent = `${option.dataset.name} is number ${rows().length}`;
  picker.value = "";
  picker.focus();
}

/**
 * @param {HTMLElement} row
 * @param {number} step
 * @param {HTMLElement} button
 */
function move(row, step, button) {
  if (step < 0) row.previousElementSibling?.before(row);
  else row.nextElementSibling?.after(row);
  renumber();
  live.textContent = `${nameOf(row)} is number ${rows().indexOf(row) + 1}`;
  button.focus();
}

list.addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest("button") : null;
  const row = button?.closest("[data-person]");
  if (!button || !(row instanceof HTMLElement)) return;
  if (button.dataset.move) return move(row, Number(button.dataset.move), button);
  live.textContent = `${nameOf(row)} removed`;
  row.remove();
  renumber();
  picker.focus();
});
list.addEventListener("change", renumber);
form.addEventListener("submit", (event) => {
  $("#people-err", HTMLElement).hidden = rows().length > 0;
  if (rows().length > 0) return;
  event.preventDefault();
  picker.focus();
});
$("#add-person", HTMLButtonElement).addEventListener("click", addChosen);
$("#add-outside", HTMLButtonElement).addEventListener("click", addOutsider);
outside.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.target instanceof HTMLInputElement)) return;
  event.preventDefault(); // Enter adds the person; it does not send the form
  addOutsider();
});
picker.addEventListener("keydown", (event) => {
  if (event.key !== "Enter") return;
  event.preventDefault(); // Enter adds the person; it does not send the form
  addChosen();
});
for (const chosen of JSON.parse(list.dataset.chosen ?? "[]")) {
  const option = [...picker.options].find((one) => one.value === chosen.person);
  if (!option && !chosen.outsider) continue;
  const row = chosen.outsider ? putOutsider(chosen.outsider) : option && add(option);
  if (row) $('input[type="checkbox"]', HTMLInputElement, row).checked = chosen.together;
  if (row) partOf(row).value = chosen.part;
  if (row) aloneOf(row).forEach((field, index) => (field.value = chosen.alone[index]));
  if (row) $("[data-alone]", HTMLDetailsElement, row).open = chosen.alone.some(Boolean);
  renumber();
}
renumber();
