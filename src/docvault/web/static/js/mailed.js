// @ts-check
/**
 * A page that a link in mail leads to: it asks, and posts the link's secret only when the button is pressed. Nothing is
 * looked up before that, so a link that still works and one that does not show the same page.
 */

import { $, api, busy } from "./ui.js";

const asking = $("#asking", HTMLElement);
const button = $("#act", HTMLButtonElement);
const refused = $("#refused", HTMLElement);

/** @param {string} words */
function refuse(words) {
  $("[data-text]", HTMLElement, refused).textContent = words;
  refused.hidden = false;
}

async function act() {
  refused.hidden = true;
  const token = location.hash.slice(1);
  if (token === "") {
    refuse("This address is not complete. Please open the link in your mail again, or copy all of it.");
    return;
  }
  try {
    await api("POST", asking.dataset.call ?? "", { token });
  } catch (error) {
    refuse(error instanceof Error ? error.message : String(error));
    return;
  }
  asking.hidden = true;
  const done = $("#done", HTMLElement);
  done.hidden = false;
  done.focus();
}

button.addEventListener("click", () => void busy(button, act));
