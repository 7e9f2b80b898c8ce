// @ts-check
/**
 * Keeps the digest of what a form is about to ask for at hand, so that a passkey can confirm it: the SHA-256 of its facts
 * as JSON with sorted keys and no spaces, exactly as the server makes it. A form with a `data-kind` proposes: kind and
 * reason are part of it.
 */

import { $ } from "./ui.js";

/** @param {unknown} value @returns {string} */
function canonical(value) {
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const pairs = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return `{${pairs.map(([name, inner]) => `${JSON.stringify(name)}:${canonical(inner)}`).join(",")}}`;
}

/** @param {HTMLFormElement} form */
function said(form) {
  const facts = JSON.parse(form.dataset.facts ?? "{}");
  for (const field of form.querySelectorAll("[data-fact]")) {
    if (field instanceof HTMLInputElement || field instanceof HTMLSelectElement) facts[field.name] = field.value;
  }
  if (form.dataset.kind === undefined) return facts;
  const reason = $("[name=reason]", HTMLTextAreaElement, form).value.split(/\s+/).filter(Boolean).join(" ");
  return { facts, kind: form.dataset.kind, reason };
}

/** @param {HTMLFormElement} form */
async function note(form) {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(canonical(said(form))));
  const hex = [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  $("[data-step-up]", HTMLElement, form).dataset.digest = hex;
}

for (const form of document.querySelectorAll("form[data-facts]")) {
  if (!(form instanceof HTMLFormElement)) continue;
  form.addEventListener("input", () => void note(form));
  void note(form);
}
