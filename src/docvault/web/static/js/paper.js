// @ts-check
/** Signing on paper: pages are sent one by one as they are chosen, looked at, and handed in with a code or a passkey. */
import { $, Refused, api, complain } from "./ui.js";
import { ownFactors, prove } from "./webauthn.js";
import { t } from "./words.js";

/** @typedef {{id: string, name: string, pages: number, scan: string}} Sheet */
/** @typedef {{sheets: Sheet[], pages: number, asked_pages: number, digest: string}} Paper */

const PURPOSE = "envelope:sign";
const CHECKED_AGAIN = 2000; // milliseconds until the malware scanner is asked about again

const main = $("#main", HTMLElement);
/** @type {Paper & {envelope: string}} */
const begun = JSON.parse(main.dataset.paper ?? "{}");
const base = `/envelopes/${begun.envelope}/ceremony/paper`;
const list = $("#sheets", HTMLElement);
const count = $("#count", HTMLElement);
const input = $("#files", HTMLInputElement);
const pick = $("#pick", HTMLElement);
const trouble = $("#files-err", HTMLElement);
const form = $("#hand-in", HTMLFormElement);
const code = $("#code", HTMLInputElement);
const passkey = $("#passkey", HTMLButtonElement);
const problem = $("#problem", HTMLElement);
/** @type {Paper} */
let paper = begun;

/** @param {Sheet} sheet */
function isOpen(sheet) {
  return sheet.scan === "clean" || sheet.scan === "unscanned";
}

/** @param {Sheet} sheet */
function about(sheet) {
  if (sheet.scan === "infected") return t("Malware was found in it. Please take it away.");
  if (!isOpen(sheet)) return t("Being checked for malware…");
  return t("Pages: {count}", { count: sheet.pages });
}

/** @param {Sheet} sheet */
function row(sheet) {
  const made = /** @type {DocumentFragment} */ ($("#sheet-row", HTMLTemplateElement).content.cloneNode(true));
  $("[data-name]", HTMLElement, made).textContent = sheet.name;
  $("[data-about]", HTMLElement, made).textContent = about(sheet);
  const picture = $("img", HTMLImageElement, made);
  if (isOpen(sheet)) {
    picture.src = `/api/v1${base}/sheets/${sheet.id}/pages/1?width=600`;
    picture.hidden = false;
    $("[data-blank]", HTMLElement, made).hidden = true;
  }
  const remove = $("button", HTMLButtonElement, made);
  remove.setAttribute("aria-label", t("Take {name} away", { name: sheet.name }));
  remove.addEventListener("click", () => void attempt(async () => show(await api("DELETE", `${base}/sheets/${sheet.id}`))));
  return made;
}

/** @param {Paper} now */
function show(now) {
  paper = now;
  list.replaceChildren(...paper.sheets.map(row));
  count.textContent = paper.pages ? t("Pages added: {count}. The document has: {asked}.", { count: paper.pages, asked: paper.asked_pages }) : "";
  form.hidden = paper.sheets.length === 0;
  if (paper.sheets.some((sheet) => sheet.scan === "waiting")) setTimeout(() => void lookAgain(), CHECKED_AGAIN);
}

async function lookAgain() {
  const now = await api("GET", base).catch(() => null);
  if (now) show(now);
}

/** @param {() => Promise<void>} work */
async function attempt(work) {
  complain(input, trouble, "");
  const words = $("span", HTMLElement, pick);
  const usual = words.textContent;
  words.textContent = t("Adding…");
  input.disabled = true;
  try {
    await work();
  } catch (error) {
    complain(input, trouble, error instanceof Refused ? error.message : t("That did not work. Please try again."));
  } finally {
    words.textContent = usual;
    input.disabled = false;
    input.value = "";
  }
}

/** @param {File[]} files in the order chosen */
async function add(files) {
  for (const file of files) {
    show(await api("POST", `${base}/sheets?filename=${encodeURIComponent(file.name)}`, file, { "Content-Type": "application/octet-stream" }));
  }
}

/** @param {string} proof */
async function handIn(proof) {
  await api("POST", `${base}/hand-in`, { digest: paper.digest, step_up: proof });
  location.replace(`/sign/${begun.envelope}`);
}

/** @param {string} words */
function complainOfProof(words) {
  $("#problem-words", HTMLElement).textContent = words;
  problem.hidden = false;
  code.setAttribute("aria-invalid", "true");
  code.select();
}

/** @param {() => Promise<string>} proving */
async function confirm(proving) {
  const button = $("#send", HTMLButtonElement);
  problem.hidden = true;
  code.removeAttribute("aria-invalid");
  button.disabled = passkey.disabled = true;
  try {
    await handIn(await proving());
  } catch (error) {
    button.disabled = passkey.disabled = false;
    complainOfProof(error instanceof Error ? error.message : t("That did not work. Please try again."));
  }
}

async function offerPasskey() {
  const own = await ownFactors();
  if (!own.passkey) return;
  for (const id of ["#passkey", "#or"]) $(id, HTMLElement).hidden = false;
  $("#send", HTMLElement).classList.remove("primary");
  passkey.addEventListener("click", () => void confirm(() => prove(PURPOSE, paper.digest)));
  if (!own.code) for (const id of ["#or", "#by-code", "#send"]) $(id, HTMLElement).hidden = true;
}

input.addEventListener("change", () => {
  const files = [...(input.files ?? [])];
  if (files.length > 0) void attempt(() => add(files));
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  const given = code.value.replace(/\s/gu, "");
  if (!/^\d{6}$/u.test(given)) {
    complainOfProof(t("Please enter the six digits that your authenticator app shows now."));
    code.focus();
    return;
  }
  void confirm(async () => (await api("POST", "/step-ups", { purpose: PURPOSE, digest: paper.digest, code: given })).id);
});
show(begun);
void offerPasskey();
