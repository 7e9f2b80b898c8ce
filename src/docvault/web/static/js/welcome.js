// @ts-check
/**
 * Accepts an invitation or a password reset. The link's secret stands in the address after the #, so no server log,
 * proxy or mail scanner sees it. Until the person presses the button the page is the same for every link.
 */

import { $, Refused, api, busy, complain } from "./ui.js";

const token = location.hash.slice(1);
const form = $("#accept", HTMLFormElement);
const password = $("#password", HTMLInputElement);
const passwordError = $("#password-error", HTMLElement);
const ownName = $("#name", HTMLInputElement);
const email = $("#email", HTMLInputElement);
const begin = $("#begin", HTMLButtonElement);
const isReset = form.dataset.purpose === "reset";
const room = isReset ? "/password-resets" : "/invitations";
let choosesAddress = false; // the first administrator says their own name and address

/** @param {string} text */
function refuse(text) {
  const box = $("#refused", HTMLElement);
  box.hidden = false;
  $("[data-text]", HTMLElement, box).textContent = text;
  $("#greeting", HTMLElement).hidden = true;
  form.hidden = begin.hidden = true;
}

/** @param {{name: string, email: string, chooses_address: boolean}} person */
function greeting(person) {
  if (isReset) return `For ${person.email}. Afterwards you sign in with it and your authenticator app.`;
  if (choosesAddress) return "You are the first administrator of this portal. Say who you are, and choose a password.";
  return `Hello ${person.name}. You will sign in as ${person.email}.`;
}

async function greet() {
  if (token === "") {
    refuse("This address is not complete. Please open the link in your mail again, or copy all of it.");
    return;
  }
  try {
    const person = await api("POST", `${room}/details`, { token });
    choosesAddress = person.chooses_address;
    $("#greeting", HTMLElement).textContent = greeting(person);
    email.value = person.email;
    if (choosesAddress) askDetails();
    begin.hidden = true;
    form.hidden = false;
    (choosesAddress ? ownName : password).focus();
  } catch (error) {
    refuse(error instanceof Error ? error.message : String(error));
  }
}

function askDetails() {
  for (const part of document.querySelectorAll("[data-own]")) if (part instanceof HTMLElement) part.hidden = false;
  email.readOnly = false;
  email.required = ownName.required = true;
}

async function accept() {
  complain(password, passwordError, "");
  const language = document.querySelector("#language");
  const chosen = language instanceof HTMLSelectElement ? { language: language.value } : {};
  const own = choosesAddress ? { name: ownName.value, email: email.value } : {};
  try {
    await api("POST", `${room}/acceptance`, { token, password: password.value, ...chosen, ...own });
    location.replace(isReset ? "/login?notice=password-changed" : "/enrol");
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    complain(password, passwordError, error.message);
    password.focus();
  }
}

$("#show", HTMLInputElement).addEventListener("change", (event) => {
  password.type = event.target instanceof HTMLInputElement && event.target.checked ? "text" : "password";
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  void busy($("button[type=submit]", HTMLButtonElement, form), accept);
});
begin.addEventListener("click", () => void busy(begin, greet));
begin.hidden = false;
