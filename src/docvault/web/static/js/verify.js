// @ts-check
/** Sends a dropped or chosen PDF to be checked and tells the report in plain words. */

import { takeFiles } from "./drop.js";
import { exact, friendly } from "./times.js";
import { $, Refused, api, icon, make } from "./ui.js";

/**
 * @typedef {object} Signature
 * @property {string} signer
 * @property {string | null} email
 * @property {string | null} organisation
 * @property {string} kind "signature" or "timestamp"
 * @property {string | null} time
 * @property {string} time_source
 * @property {string | null} clock
 * @property {string} coverage
 * @property {string} modification
 * @property {string} trust
 * @property {string} level
 * @property {string} code "ok" or "ok-timestamp" if it holds
 * @property {string} reason
 */

/**
 * @typedef {object} Report
 * @property {string} verdict
 * @property {string[]} reasons
 * @property {number | null} pages
 * @property {Signature[]} signatures
 */

/** @type {Record<string, {tone: string, icon: string, title: string}>} */
const VERDICTS = {
  valid: { tone: "good", icon: "shield-check", title: "Everything holds" },
  "not-trusted": { tone: "warn", icon: "shield-alert", title: "Intact, but we do not know every signer" },
  modified: { tone: "bad", icon: "shield-x", title: "Changed after signing" },
  invalid: { tone: "bad", icon: "shield-x", title: "The signatures do not hold" },
  "not-signed": { tone: "", icon: "file-question-mark", title: "Not signed" },
  unreadable: { tone: "bad", icon: "file-x", title: "This file cannot be read as a PDF" },
};

/** @type {Record<string, string>} */
const TIME_SOURCES = {
  timestamp: "proven by {clock}",
  "untrusted-timestamp": "stated by {clock}, a timestamp authority we do not know",
  "signer-clock": "by the signer's own clock",
  unknown: "",
};

/** @type {Record<string, string>} */
const COVERAGES = {
  "entire-file": "The whole file as you have it",
  "entire-revision": "The whole file as it was when this was signed",
  partial: "Only a part of the file",
};

/** @type {Record<string, string>} */
const MODIFICATIONS = {
  none: "Nothing",
  maintenance: "Only proof for the long term was added",
  "form-filling": "Only fields were filled in and signatures added, as allowed",
  other: "Other changes",
};

/** @type {Record<string, string>} */
const TRUSTS = {
  trusted: "Known here",
  unknown: "Not known here",
  revoked: "Revoked: do not rely on it",
  expired: "Not valid at the proven time",
};

// What these say about a signature's content can be believed; under any other code it is only a claim.
const INTACT = new Set(["ok", "ok-timestamp", "unknown-signer", "unknown-clock", "expired", "revoked", "not-for-signing", "changed-after-signing", "changed-after-last"]);

const zone = $("#drop", HTMLElement);
const input = $("#file", HTMLInputElement);
const working = $("#working", HTMLElement);
const report = $("#report", HTMLElement);

/**
 * @param {string} tone
 * @param {string} iconName
 * @param {string} title
 * @param {string[]} sentences
 */
function callout(tone, iconName, title, sentences) {
  const words = make("div", { class: "stack gap-s" }, make("h2", {}, title));
  for (const sentence of sentences) words.append(make("p", {}, sentence));
  return make("div", { class: `callout verdict ${tone}` }, icon(iconName), words);
}

/**
 * @param {HTMLElement} list
 * @param {string} term
 * @param {string} description
 */
function fact(list, term, description) {
  if (description) list.append(make("dt", {}, term), make("dd", {}, description));
}

/** @param {Signature} signature */
function lookOf(signature) {
  if (isGood(signature)) return { state: "done", icon: "circle-check", words: "Holds" };
  if (signature.modification !== "other" && INTACT.has(signature.code)) return { state: "waiting", icon: "triangle-alert", words: "Not known here" };
  return { state: "declined", icon: "circle-x", words: "Does not hold" };
}

/** @param {Signature} signature */
function isGood(signature) {
  return signature.code === "ok" || signature.code === "ok-timestamp";
}

/**
 * A seal is a signature of an organisation: its certificate names no person's address.
 * @param {Signature} signature
 */
function isSeal(signature) {
  return isGood(signature) && signature.kind === "signature" && !signature.email && Boolean(signature.organisation);
}

/**
 * Name it, and say in one line what it means; nothing where the verdict above said the same of all.
 * @param {Signature} signature
 * @param {string} verdict the one sentence above, if there is only one
 * @returns {{name: string, meaning: string}}
 */
function told(signature, verdict) {
  const isTimestamp = signature.kind === "timestamp";
  const reason = signature.reason === verdict ? "" : signature.reason;
  if (!INTACT.has(signature.code)) return { name: isTimestamp ? "A timestamp" : `Claims to be ${signature.signer || "somebody"}`, meaning: reason };
  if (!isGood(signature)) return { name: signature.signer || "Unknown signer", meaning: reason };
  if (isTimestamp) return { name: "Timestamp", meaning: `${signature.signer}: the document has existed since then, exactly like this.` };
  if (isSeal(signature)) return { name: `Seal of ${signature.organisation}`, meaning: "Closes the document: whatever is changed afterwards shows." };
  return { name: signature.signer, meaning: [signature.email, signature.organisation].filter(Boolean).join(", ") };
}

/**
 * @param {Signature} signature
 * @param {string} verdict
 */
function line(signature, verdict) {
  const mark = make("span", { class: "avatar", "aria-hidden": "true" });
  mark.append(icon(signature.kind === "timestamp" || isSeal(signature) ? "stamp" : "signature"));
  const { name, meaning } = told(signature, verdict);
  const words = make("div", {}, make("h3", {}, name));
  if (meaning) words.append(make("p", { class: "small muted" }, meaning));
  words.append(particulars(signature));
  const look = lookOf(signature);
  const badge = make("span", { class: "badge", "data-s": look.state });
  badge.append(icon(look.icon), look.words);
  const standing = make("div", { class: "standing" }, badge);
  if (signature.time && INTACT.has(signature.code)) {
    const moment = new Date(signature.time);
    const time = make("time", { datetime: signature.time, title: exact(moment) }, friendly(moment));
    standing.append(make("span", { class: "small muted" }, time));
  }
  return make("li", { class: "person" }, mark, words, standing);
}

/**
 * Which clock says the time of a signature.
 * @param {Signature} signature
 */
function clock(signature) {
  return (TIME_SOURCES[signature.time_source] ?? "").replace("{clock}", () => signature.clock ?? "a timestamp");
}

/**
 * What an expert asks next, folded away.
 * @param {Signature} signature
 */
function particulars(signature) {
  const facts = make("dl", { class: "kv" });
  const folded = make("details", { class: "small" }, make("summary", {}, "Particulars"), facts);
  if (!INTACT.has(signature.code)) {
    fact(facts, "Claims to be by", [signature.signer, signature.organisation, signature.email].filter(Boolean).join(", "));
    return folded;
  }
  const isTimestamp = signature.kind === "timestamp";
  fact(facts, "Certificate of", signature.signer);
  fact(facts, "Certificate", TRUSTS[signature.trust] ?? signature.trust);
  if (signature.time) fact(facts, "Time", [exact(new Date(signature.time)), clock(signature)].filter(Boolean).join(", "));
  fact(facts, "Covers", COVERAGES[signature.coverage] ?? signature.coverage);
  fact(facts, "Changed since", MODIFICATIONS[signature.modification] ?? signature.modification);
  fact(facts, "Level", isTimestamp ? "" : `PAdES ${signature.level}`.replace("PAdES PKCS#7", "PKCS#7"));
  return folded;
}

/**
 * All signatures, one a line.
 * @param {Report} answer
 * @returns {HTMLElement[]} nothing where there are none
 */
function list(answer) {
  if (answer.signatures.length === 0) return [];
  const reasons = new Set(answer.reasons);
  const verdict = reasons.size === 1 ? answer.reasons[0] : "";
  const title = make("h2", { id: "found" }, "What is in the file");
  const lines = make("ol", { class: "stack", role: "list" }, ...answer.signatures.map((signature) => line(signature, verdict)));
  return [make("section", { class: "card stack", "aria-labelledby": "found" }, title, lines)];
}

/** @param {Report} answer */
function summary(answer) {
  if (answer.verdict !== "valid") return [...new Set(answer.reasons)];
  const people = answer.signatures.filter((signature) => signature.kind === "signature" && !isSeal(signature)).map((signature) => signature.signer);
  const signed = people.length ? `Signed by ${new Intl.ListFormat("en").format(people)}. ` : "";
  return [`${signed}Every certificate is known here, and nothing was changed afterwards.`];
}

/**
 * @param {string} name of the file
 * @param {Report} answer
 */
function show(name, answer) {
  const verdict = VERDICTS[answer.verdict] ?? VERDICTS.invalid;
  const pages = answer.pages ? `, ${answer.pages} ${answer.pages === 1 ? "page" : "pages"}` : "";
  report.replaceChildren(
    make("p", { class: "muted" }, `${name}${pages}`),
    callout(verdict.tone, verdict.icon, verdict.title, summary(answer)),
    ...list(answer),
  );
  report.hidden = false;
  report.focus({ preventScroll: true });
  report.scrollIntoView({ block: "start" });
}

/** @param {File} file */
async function check(file) {
  report.hidden = true;
  if (file.size > Number(zone.dataset.most)) {
    working.replaceChildren(callout("bad", "file-x", "Too large", [`${file.name} is larger than a signed PDF may be here.`]));
    return;
  }
  const bar = make("progress", { "aria-label": `Checking ${file.name}` });
  working.replaceChildren(make("p", {}, `Checking ${file.name}…`), bar);
  zone.setAttribute("aria-busy", "true");
  try {
    show(file.name, await api("POST", "/verifications", file, { "Content-Type": "application/pdf" }));
    working.replaceChildren();
  } catch (error) {
    const detail = error instanceof Refused ? error.message : "This file could not be read from your device.";
    working.replaceChildren(callout("bad", "triangle-alert", "This did not work", [detail]));
  } finally {
    zone.removeAttribute("aria-busy");
    input.value = "";
  }
}

takeFiles(zone, input, (file) => void check(file));
