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

async function refresh() {
  const visit = await api("GET", "/visit");
  $("#sent", HTMLElement).replaceChildren(...visit.sent.map(row));
  for (const id of ["#receipt", "#sent-card"]) $(id, HTMLElement).hidden = !visit.sent.length;
  $("#sent-none", HTMLElement).hidden = visit.sent.length > 0;
}

addEventListener("docvault:arrived", () => void refresh());
const leave = $("#leave", HTMLButtonElement);
leave.addEventListener("click", () => {
  void busy(leave, async () => {
    await api("DELETE", "/visit");
    location.replace("/r");
  });
});
