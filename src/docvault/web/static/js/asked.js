// @ts-check
/**
 * The link of a mail to somebody without an account: its secret is posted with the button, not before. Until then a link that
 * works and one that does not show the same page.
 */
import { $, Refused, api, busy } from "./ui.js";

const form = document.querySelector("#knock");
const token = location.hash.slice(1);

/**
 * @param {HTMLFormElement} knocking
 * @param {string} words
 */
function refuse(knocking, words) {
  const refused = $("#refused", HTMLElement, knocking);
  $("[data-text]", HTMLElement, refused).textContent = words;
  refused.hidden = false;
}

/** @param {HTMLFormElement} knocking */
async function knock(knocking) {
  $("#refused", HTMLElement, knocking).hidden = true;
  if (token === "") return refuse(knocking, "This address is not complete. Please open the link in your mail again.");
  try {
    await api("POST", "/mail-codes", { token });
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return refuse(knocking, error.message);
  }
  location.replace("/asked/code"); // the secret does not stay in the history
}

if (form instanceof HTMLFormElement) {
  form.hidden = false; // without this module the button could do nothing
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void busy($("#act", HTMLButtonElement, form), () => knock(form));
  });
}
