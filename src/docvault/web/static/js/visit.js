// @ts-check
/** A guest's receipt, kept up to date as files arrive, and leaving. */
import { $, api, busy, make } from "./ui.js";
import { size } from "./upload_figures.js";

/** @param {{name: string, size: number, sha256: string, sent_at: string}} one */
function row(one) {
  const template = $("#sent-row", HTMLTemplateElement);
  const item = /** @type {HTMLElement} */ (template.content.firstElementChild?.cloneNode(true));
  $(".name", HTMLElement, item).textContent = one.name;
  const at = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "short" }).format(new Date(one.sent_at));
  const digest = make("code", {}, one.sha256);
  $(".state", HTMLElement, item).append(`${size(one.size)}, ${at}. SHA-256 `, digest);
  return item;
}

const thanks = $("#thanks", HTMLElement);

/** @param {number} count @param {string} [more] */
function files(count, more = "") {
  return `${count} ${more}file${count === 1 ? "" : "s"}`;
}

/** @param {boolean} resting nothing is being sent or waits to be sent */
async function refresh(resting) {
  const visit = await api("GET", "/visit");
  $("#sent", HTMLElement).replaceChildren(...visit.sent.map(row));
  for (const id of ["#receipt", "#sent-card"]) $(id, HTMLElement).hidden = !visit.sent.length;
  $("#sent-none", HTMLElement).hidden = visit.sent.length > 0;
  $("#files-left", HTMLElement).textContent = files(visit.files_left, "more ");
  $("#thanks-files", HTMLElement).textContent = files(visit.sent.length);
  thanks.hidden = !resting || visit.under_way > 0 || !visit.sent.length;
  if (!thanks.hidden) thanks.scrollIntoView({ block: "center" });
}

addEventListener("docvault:busy", () => (thanks.hidden = true));
addEventListener("docvault:arrived", () => void refresh(false));
addEventListener("docvault:resting", () => void refresh(true));
const leave = $("#leave", HTMLButtonElement);
leave.addEventListener("click", () => {
  void busy(leave, async () => {
    await api("DELETE", "/visit");
    location.replace("/r/over");
  });
});
