// @ts-check
/** Signs in with a passkey: alone, or after the password. The button says which of the API's two ways it begins. */

import { $, api } from "./ui.js";
import { possible, use } from "./webauthn.js";

const button = $("#passkey", HTMLButtonElement);
const problem = $("#passkey-problem", HTMLElement);

async function signIn() {
  problem.hidden = true;
  button.disabled = true;
  try {
    const way = button.dataset.way ?? "";
    await api("POST", way, await use(await api("POST", `${way}/options`)));
    location.replace(button.dataset.next || "/");
  } catch (error) {
    $("[data-text]", HTMLElement, problem).textContent = error instanceof Error ? error.message : String(error);
    problem.hidden = false;
    button.disabled = false;
    button.focus();
  }
}

if (possible()) {
  $("#with-passkey", HTMLElement).hidden = false;
  for (const note of document.querySelectorAll("[data-no-passkey]")) note.remove();
  button.addEventListener("click", signIn);
}
