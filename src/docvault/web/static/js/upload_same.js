// @ts-check
/** The question when a file has the name of a document that is there already. */
import { $ } from "./ui.js";

/**
 * @param {string[]} names
 * @returns {Promise<"version" | "both" | "none">}
 */
export function ask(names) {
  const dialog = $("#dlg-same", HTMLDialogElement);
  const one = names.length === 1;
  const said = one ? `“${names[0]}” is in this folder already.` : `${names.length} of these files have names that are in the folder already.`;
  $("[data-said]", HTMLElement, dialog).textContent = said;
  $("[data-version]", HTMLElement, dialog).textContent = one ? "Send it as a new version" : "Send them as new versions";
  $("[data-none]", HTMLElement, dialog).textContent = one ? "Do not send it" : "Do not send these";
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(answerOf(dialog.returnValue)), { once: true });
  });
}

/** @param {string} value */
function answerOf(value) {
  return value === "version" || value === "both" ? value : "none";
}
