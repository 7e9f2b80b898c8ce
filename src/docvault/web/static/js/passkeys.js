// @ts-check
/** Adds a passkey: to an account that is signed in, or as the factor that an enrolment owes. */

import { $, api } from "./ui.js";
import { make, possible } from "./webauthn.js";

const form = $("#new-passkey", HTMLFormElement);
const problem = $("#new-passkey-problem", HTMLElement);
const ownName = $("[name=name]", HTMLInputElement, form);

/** A name to begin with; its owner may choose another. */
function nameOfDevice() {
  const systems = ["iPhone", "iPad", "Android", "Mac", "Windows", "CrOS", "Linux"];
  const system = systems.find((each) => navigator.userAgent.includes(each));
  return system ? `${system === "CrOS" ? "Chromebook" : system} passkey` : "My passkey";
}

/** @param {unknown} error */
function complain(error) {
  $("[data-text]", HTMLElement, problem).textContent = error instanceof Error ? error.message : String(error);
  problem.hidden = false;
}

/**
 * The enrolment's answer is a page that is shown once, so it is a form's.
 * @param {Record<string, unknown>} made
 */
function sendForm(made) {
  for (const [name, value] of Object.entries(made)) {
    const field = $(`[name=${name}]`, HTMLInputElement, form);
    field.value = Array.isArray(value) ? value.join(" ") : String(value);
  }
  form.dataset.ready = "yes";
  form.requestSubmit();
}

async function add() {
  problem.hidden = true;
  const button = $("button[type=submit]", HTMLButtonElement, form);
  button.disabled = true;
  try {
    const made = await make(await api("POST", `${form.dataset.way}/options`));
    button.disabled = false;
    if (form.dataset.answer === "page") return sendForm(made);
    await api("POST", form.dataset.way ?? "", { name: ownName.value, ...made });
    location.assign("/account/factors?notice=passkey-added");
  } catch (error) {
    button.disabled = false;
    complain(error);
  }
}

if (possible()) {
  if (ownName.value === "") ownName.value = nameOfDevice();
  for (const part of document.querySelectorAll("[data-with-passkeys]")) if (part instanceof HTMLElement) part.hidden = false;
  for (const note of document.querySelectorAll("[data-no-passkey]")) note.remove();
  form.addEventListener("submit", (event) => {
    if (form.dataset.ready) return;
    event.preventDefault();
    void add();
  });
}
