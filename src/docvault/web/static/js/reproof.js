// @ts-check
/**
 * Begins setting up a lost factor anew. The link's secret stands in the address after the #, so no server log, proxy or
 * mail scanner sees it. Until the person presses the button the page is the same for every link.
 */

import { $, Refused, api, busy, complain } from "./ui.js";

const token = location.hash.slice(1);
const form = $("#accept", HTMLFormElement);
const password = $("#password", HTMLInputElement);
const passwordError = $("#password-error", HTMLElement);
const begin = $("#begin", HTMLButtonElement);
const greeting = $("#greeting", HTMLElement);

/** @param {string} text */
function refuse(text) {
  const box = $("#refused", HTMLElement);
  box.hidden = false;
  $("[data-text]", HTMLElement, box).textContent = text;
  greeting.hidden = true;
  form.hidden = begin.hidden = true;
}

async function greet() {
  if (token === "") {
    refuse("This address is not complete. Please open the link in your mail again, or copy all of it.");
    return;
  }
  try {
    const person = await api("POST", "/factor-reproofs/details", { token });
    greeting.textContent = `Hello ${person.name}. Type the password of ${person.email}; then you set up a new authenticator.`;
    begin.hidden = true;
    form.hidden = false;
    password.focus();
  } catch (error) {
    refuse(error instanceof Error ? error.message : String(error));
  }
}

async function accept() {
  complain(password, passwordError, "");
  try {
    await api("POST", "/factor-reproofs/acceptance", { token, password: password.value });
    location.replace("/enrol");
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    complain(password, passwordError, error.message);
    password.focus();
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  void busy($("button[type=submit]", HTMLButtonElement, form), accept);
});
begin.addEventListener("click", () => void busy(begin, greet));
begin.hidden = false;
