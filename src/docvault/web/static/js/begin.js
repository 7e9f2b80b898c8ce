// @ts-check
/**
 * The link of a template: its secret is posted when somebody has said who they are, not before. Until then a link
 * that works and one that does not show the same page.
 */
import { $, Refused, api, busy } from "./ui.js";

const form = document.querySelector("#knock");
const token = location.hash.slice(1);

/** @param {string} words */
function refuse(words) {
  const refused = $("#refused", HTMLElement);
  $("[data-text]", HTMLElement, refused).textContent = words;
  refused.hidden = false;
}

/** @param {string} name */
function said(name) {
  return $(`#${name}`, HTMLInputElement).value;
}

async function knock() {
  $("#refused", HTMLElement).hidden = true;
  if (token === "") return refuse("This address is not complete. Please open the link again, or copy all of it.");
  try {
    await api("POST", "/template-link-codes", { token, name: said("name"), email: said("email") });
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return refuse(error.message);
  }
  location.replace("/begin/code"); // the secret does not stay in the history
}

if (form instanceof HTMLFormElement) {
  form.hidden = false; // without this module the browser would put what is typed into the address
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void busy($("#act", HTMLButtonElement, form), knock);
  });
}
