// @ts-check
/** While the signed PDF is being made: ask now and then, and show the page anew as soon as there is news. */
import { $, api } from "./ui.js";
import { t } from "./words.js";

const FIRST_PAUSE = 800; // milliseconds
const LONGEST_PAUSE = 5000;
const PATIENCE = 120_000; // then say that a mail will come

const waiting = document.querySelector("#finishing");
let leaving = false; // a form was sent, which may end the session: there is nothing to ask any more

/** @param {HTMLElement} box */
async function wait(box) {
  const began = performance.now();
  for (let pause = FIRST_PAUSE; performance.now() - began < PATIENCE; pause = Math.min(LONGEST_PAUSE, pause * 1.4)) {
    await new Promise((resolve) => setTimeout(resolve, pause));
    if (leaving) return;
    const envelope = await api("GET", `/envelopes/${box.dataset.envelope}`).catch(() => null); // offline: ask again
    if (!envelope) continue;
    if (envelope.state !== box.dataset.state || envelope.trouble) {
      location.reload();
      return;
    }
  }
  $("#finishing-words", HTMLElement).textContent =
    t("This takes longer than usual. You can close this page: we send you a mail as soon as the signed document is ready.");
  $("progress", HTMLProgressElement, box).hidden = true;
}

document.addEventListener("submit", () => {
  leaving = true;
});
if (waiting instanceof HTMLElement) void wait(waiting);
