// @ts-check
/** The dialog in which a signer hands in a file; it is sent at once, and can be replaced or taken back. */
import { $, Refused, api, complain } from "./ui.js";
import { NAMES } from "./kinds.js";
import { t } from "./words.js";

/** @typedef {import("./answers.js").Field} Field */

const dialog = $("#dlg-file", HTMLDialogElement);
const form = $("form", HTMLFormElement, dialog);
const input = $("#handin", HTMLInputElement);
const problem = $("#handin-err", HTMLElement);
const button = $("#handin-send", HTMLButtonElement);
const back = $("#handin-back", HTMLButtonElement);

/** @type {{path: string, done: (name: string) => void} | null} */
let asking = null;

/**
 * Ask for the file of a field.
 * @param {string} envelope
 * @param {Field} field
 * @param {string} before the name of the file there is
 * @returns {Promise<string | null>} its name; empty when it was taken back, null when nothing changed
 */
export async function askForFile(envelope, field, before) {
  $("#handin-title", HTMLElement).textContent = field.label || t(NAMES[field.kind]);
  $("#handin-now", HTMLElement).textContent = before && `Handed in: ${before}`;
  back.hidden = !before;
  input.value = "";
  complain(input, problem, "");
  /** @type {string | null} */
  let result = null;
  asking = {
    path: `/envelopes/${envelope}/ceremony/attachments/${field.id}`,
    done: (name) => {
      result = name;
      dialog.close();
    },
  };
  dialog.showModal();
  await new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }));
  return result;
}

/** @param {() => Promise<string>} work */
async function attempt(work) {
  complain(input, problem, "");
  button.disabled = back.disabled = true;
  try {
    asking?.done(await work());
  } catch (error) {
    complain(input, problem, error instanceof Refused ? error.message : t("That did not work. Please try again."));
  } finally {
    button.disabled = back.disabled = false;
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const file = input.files?.[0];
  if (!file) {
    complain(input, problem, t("Please choose a file first."));
    return;
  }
  void attempt(async () => {
    const kept = await api("PUT", `${asking?.path}?filename=${encodeURIComponent(file.name)}`, file, { "Content-Type": "application/octet-stream" });
    return kept.name;
  });
});
back.addEventListener("click", () => {
  void attempt(async () => {
    await api("DELETE", asking?.path ?? "");
    return "";
  });
});
