// @ts-check
/**
 * Offers a passkey wherever a form asks for a code before a deed. What the passkey signs stands for exactly what the
 * form says: the server is asked for it first. The proof then goes with the form in place of the code.
 */

import { $, csrf } from "./ui.js";
import { NoPasskey, ownFactors, prove } from "./webauthn.js";

/**
 * Say what a proof for this form must name: what the page knows, or what the server says; nothing is done yet.
 * @param {HTMLElement} part
 * @param {HTMLFormElement} form
 * @returns {Promise<{purpose: string, digest: string}>}
 */
async function whatToConfirm(part, form) {
  const { purpose, digest } = part.dataset;
  if (purpose && digest) return { purpose, digest };
  const fields = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (typeof value === "string") fields.append(name, value);
  const headers = { "X-Step-Up": "ask", "X-CSRF-Token": csrf() };
  const answer = await fetch(form.action, { method: "POST", headers, body: fields });
  if (!answer.headers.get("Content-Type")?.includes("json")) throw new NoPasskey("Please check what you entered, and try again.");
  return answer.json();
}

/** @param {HTMLElement} part */
async function withPasskey(part) {
  const form = /** @type {HTMLFormElement} */ (part.closest("form"));
  const button = $("[data-passkey]", HTMLButtonElement, part);
  const problem = $("[data-problem]", HTMLElement, part);
  problem.hidden = true;
  button.disabled = true;
  const code = $("input.otp", HTMLInputElement, part);
  const isOff = code.disabled;
  code.disabled = true; // what is not asked for now is neither required nor sent
  try {
    if (!form.reportValidity()) return;
    const wanted = await whatToConfirm(part, form);
    const proof = $("[name=step_up]", HTMLInputElement, part);
    proof.value = await prove(wanted.purpose, wanted.digest);
    form.requestSubmit();
    proof.value = "";
  } catch (error) {
    $("[data-text]", HTMLElement, problem).textContent = error instanceof Error ? error.message : String(error);
    problem.hidden = false;
  } finally {
    button.disabled = false;
    code.disabled = isOff;
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
