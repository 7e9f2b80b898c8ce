// @ts-check
/**
 * Offers a passkey wherever a form asks for a code before a deed. What the passkey signs is the form's `data-purpose`
 * and the digest of what is chosen in it; the proof then goes with the form in place of the code.
 */

import { $ } from "./ui.js";
import { ownFactors, prove } from "./webauthn.js";

/** @param {HTMLElement} part */
function digestOf(part) {
  const chosen = part.closest("form")?.querySelector("[data-digest]:checked");
  return (chosen instanceof HTMLElement ? chosen : part).dataset.digest ?? "";
}

/** @param {HTMLElement} part */
async function withPasskey(part) {
  const form = /** @type {HTMLFormElement} */ (part.closest("form"));
  const button = $("[data-passkey]", HTMLButtonElement, part);
  const problem = $("[data-problem]", HTMLElement, part);
  problem.hidden = true;
  button.disabled = true;
  try {
    $("[name=step_up]", HTMLInputElement, part).value = await prove(part.dataset.purpose ?? "", digestOf(part));
    const code = part.querySelector("input.otp");
    if (code instanceof HTMLInputElement) code.disabled = true;
    form.requestSubmit();
    if (code instanceof HTMLInputElement) code.disabled = false;
    $("[name=step_up]", HTMLInputElement, part).value = "";
  } catch (error) {
    $("[data-text]", HTMLElement, problem).textContent = error instanceof Error ? error.message : String(error);
    problem.hidden = false;
  } finally {
    button.disabled = false;
  }
}

/**
 * @param {HTMLElement} part
 * @param {{passkey: boolean, code: boolean}} own
 */
function offer(part, own) {
  if (!own.passkey) return;
  const button = $("[data-passkey]", HTMLButtonElement, part);
  button.hidden = false;
  button.addEventListener("click", () => void withPasskey(part));
  if (own.code) return;
  for (const code of part.querySelectorAll("[data-code]")) if (code instanceof HTMLElement) code.hidden = true;
  for (const code of part.querySelectorAll("input.otp")) if (code instanceof HTMLInputElement) code.disabled = true;
  for (const send of part.closest("form")?.querySelectorAll("[data-by-code]") ?? []) if (send instanceof HTMLElement) send.hidden = true;
}

const parts = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("[data-step-up]")]);
if (parts.length > 0) {
  const own = await ownFactors();
  for (const part of parts) offer(part, own);
}
