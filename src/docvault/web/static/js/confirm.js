// @ts-check
/** The last step: a one-time code or a passkey for exactly these documents, then the signature or approval. */
import { $, Refused, api } from "./ui.js";
import { Answers, readCeremony } from "./answers.js";
import { duties, hiddenFields } from "./conditions.js";
import { NAMES } from "./kinds.js";
import { ownFactors, prove } from "./webauthn.js";
import { t } from "./words.js";

const PURPOSE = "envelope:sign";

const BUSY = { sign: "Signing…", approve: "Approving…", read: "" };
const ceremony = readCeremony();
const answers = new Answers(ceremony);
const form = $("#confirm", HTMLFormElement);
const code = $("#code", HTMLInputElement);
const button = $("#sign", HTMLButtonElement);
const buttonWords = $("#sign-words", HTMLElement).textContent;
const passkey = $("#passkey", HTMLButtonElement);
const mailCode = document.querySelector("#mail-code"); // at a host's device
const problem = $("#problem", HTMLElement);
const problemWords = $("#problem-words", HTMLElement);

function missing() {
  const open = duties(ceremony.fields, answers.fields).open;
  return open.length > 0 || (ceremony.deed === "sign" && !answers.signature) || ceremony.seen.length < ceremony.pages;
}

function summary() {
  const counts = new Map();
  const hidden = hiddenFields(ceremony.fields, answers.fields);
  for (const field of ceremony.fields) {
    if ((answers.has(field.id) || field.detail.auto) && !hidden.has(field.id)) counts.set(field.kind, (counts.get(field.kind) ?? 0) + 1);
  }
  const parts = [...counts].map(([kind, count]) => {
    return `${t(NAMES[/** @type {import("./kinds.js").Kind} */ (kind)])}: ${count}`;
  });
  return parts.join(", ") || t("Your signature, without a field on the pages");
}

function showSummary() {
  if (ceremony.deed !== "sign") return;
  $("#filled", HTMLElement).textContent = summary();
  const picture = $("#sigpreview", HTMLImageElement);
  if (!answers.preview) return;
  picture.src = answers.previewUrl();
  picture.hidden = false;
}

/** @param {string} words */
function showProblem(words) {
  problemWords.textContent = words;
  problem.hidden = false;
}

/** @param {string} words */
function complain(words) {
  showProblem(words);
  code.setAttribute("aria-invalid", "true");
  code.select();
  code.focus();
}

/** @param {boolean} busy */
function setBusy(busy) {
  button.disabled = busy;
  passkey.disabled = busy;
  $("#sign-words", HTMLElement).textContent = busy ? t(BUSY[ceremony.deed]) : buttonWords;
}

async function proveWithCode() {
  const given = code.value.replace(/\s/gu, "");
  const proof = await api("POST", "/step-ups", { purpose: PURPOSE, digest: ceremony.digest, code: given });
  return proof.id;
}

/** @param {string} proof */
async function sign(proof) {
  const given = ceremony.deed === "sign" ? { answers: answers.toSend(), signature: answers.signature } : {};
  await api("POST", `/envelopes/${ceremony.envelope}/ceremony/${ceremony.deed}`, { step_up: proof, ...given });
  answers.forget();
  location.replace(`/sign/${ceremony.envelope}/done`);
}

async function signWithPasskey() {
  problem.hidden = true;
  setBusy(true);
  try {
    await sign(await prove(PURPOSE, ceremony.digest));
  } catch (error) {
    setBusy(false);
    showProblem(error instanceof Error ? error.message : t("That did not work. Please try again."));
    passkey.focus();
  }
}

/** At the device of a host nothing but a code from the signer's own mail confirms. */
async function mail() {
  const send = /** @type {HTMLButtonElement} */ (mailCode);
  problem.hidden = true;
  send.disabled = true;
  try {
    await api("POST", "/in-person/signing-codes", {});
    send.classList.remove("primary");
    send.lastChild?.replaceWith(t("Mail another code"));
    for (const id of ["#by-code", "#sign"]) $(id, HTMLElement).hidden = false;
    code.focus();
  } catch (error) {
    showProblem(error instanceof Refused ? error.message : t("That did not work. Please try again."));
  }
  send.disabled = false;
}

/** Whoever has a passkey is offered it first. */
async function offerPasskey() {
  const own = await ownFactors();
  if (!own.passkey) return;
  for (const id of ["#passkey", "#or"]) $(id, HTMLElement).hidden = false;
  button.classList.remove("primary");
  passkey.addEventListener("click", () => void signWithPasskey());
  if (!own.code) for (const id of ["#or", "#by-code", "#sign"]) $(id, HTMLElement).hidden = true;
  passkey.focus();
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  problem.hidden = true;
  code.removeAttribute("aria-invalid");
  if (!(mailCode ? /^\s*(\d\s*){8}$/u : /^\s*(\d\s*){6}$/u).test(code.value)) {
    complain(t(mailCode ? "Please enter the eight digits from the newest mail." : "Please enter the six digits that your authenticator app shows now."));
    return;
  }
  setBusy(true);
  try {
    await sign(await proveWithCode());
  } catch (error) {
    setBusy(false);
    complain(error instanceof Refused ? error.message : t("That did not work. Please try again."));
  }
});

if (missing()) {
  $("#incomplete", HTMLElement).hidden = false;
  form.hidden = true;
  $("#summary", HTMLElement).hidden = true;
} else {
  showSummary();
  if (mailCode instanceof HTMLButtonElement) {
    mailCode.addEventListener("click", () => void mail());
    mailCode.focus();
  } else {
    code.focus();
    void offerPasskey();
  }
}
