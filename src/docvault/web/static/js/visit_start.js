// @ts-check
/**
 * The link of a request for files: its secret is posted when the guest has said who they are, not before. Until then a link
 * that works and one that does not show the same page.
 */
import { $, Refused, api, busy } from "./ui.js";

const form = $("#knock", HTMLFormElement);
const button = $("#act", HTMLButtonElement);
const refused = $("#refused", HTMLElement);

/** @param {string} words */
function refuse(words) {
  $("[data-text]", HTMLElement, refused).textContent = words;
  refused.hidden = false;
}

/** @param {string} name */
function said(name) {
  return $(`#${name}`, HTMLInputElement, form).value;
}

async function knock() {
  refused.hidden = true;
  const token = location.hash.slice(1);
  if (token === "") return refuse("This address is not complete. Please open the link again, or copy all of it.");
  try {
    await api("POST", "/visits", { token, name: said("name"), email: said("email"), code: said("code") });
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return refuse(error.message);
  }
  location.replace("/r/files"); // the secret does not stay in the history
}

form.hidden = false; // without this module the browser would put what is typed into the address
form.addEventListener("submit", (event) => {
  event.preventDefault();
  void busy(button, knock);
});
