// @ts-check
/** Tells the report on a signed PDF in plain words. */

import { exact, friendly } from "./times.js";
import { icon, make } from "./ui.js";
import { versionOf } from "./verify_versions.js";

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
 * @property {string | null} assurance "advanced" or "simple"
 * @property {string | null} anchor
 * @property {string | null} certificate_sha256
 * @property {number | null} signed_bytes the version that was signed is the file up to here
 * @property {string} code "ok" or "ok-timestamp" if it holds
 * @property {string} reason
 */

/**
 * @typedef {object} Report
 * @property {string} verdict
 * @property {string[]} reasons the worst first
 * @property {string} advice
 * @property {number | null} pages
 * @property {number} pages_compared
 * @property {number[]} pages_changed
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
const ASSURANCES = {
  advanced: "Advanced electronic signature: made by a person of this portal, with a second factor",
  simple: "Simple electronic signature",
};

/** @type {Record<string, string>} */
const TRUSTS = {
  trusted: "Known here",
  unknown: "Not known here",
  revoked: "Revoked: do not rely on it",
  expired: "Not valid at the proven time",
};

// What these say about a signature's content can be believed; under any other code it is only a claim.
const INTACT = new Set(["ok", "ok-timestamp", "unknown-signer", "unknown-clock", "stray-certificate", "expired", "revoked", "not-for-signing", "changed-after-signing", "changed-after-last", "looks-different"]);

const REASONS_MOST = 4; // above the list, where each signature says its own

// Intact, and what came afterwards is not covered by it.
const CHANGED = new Set(["changed-after-signing", "changed-after-last", "looks-different"]);

/**
 * @param {string} tone
 * @param {string} iconName
 * @param {string} title
 * @param {(string | Node)[]} sentences
 */
export function callout(tone, iconName, title, sentences) {
  const words = make("div", { class: "stack gap-s" }, make("h2", {}, title));
  for (const sentence of sentences) words.append(sentence instanceof Node ? sentence : make("p", {}, sentence));
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
  if (CHANGED.has(signature.code)) return { state: "declined", icon: "circle-x", words: "Changed since" };
  if (INTACT.has(signature.code)) return { state: "waiting", icon: "triangle-alert", words: "Not known here" };
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
  const who = [signature.email, signature.organisation].filter(Boolean).join(", ");
  if (CHANGED.has(signature.code)) return { name: signature.signer, meaning: who };
  if (!isGood(signature)) return { name: signature.signer || "Unknown signer", meaning: reason };
  if (isTimestamp) return { name: "Timestamp", meaning: `${signature.signer}: the document has existed since then, exactly like this.` };
  if (isSeal(signature)) return { name: `Seal of ${signature.organisation}`, meaning: "Closes the document: whatever is changed afterwards shows." };
  return { name: signature.signer, meaning: who };
}

/**
 * @param {Signature} signature
 * @param {number} number its place in the report, from 1
 * @param {string} verdict
 * @param {File} file
 */
function line(signature, number, verdict, file) {
  const mark = make("span", { class: "avatar", "aria-hidden": "true" });
  mark.append(icon(signature.kind === "timestamp" || isSeal(signature) ? "stamp" : "signature"));
  const { name, meaning } = told(signature, verdict);
  const words = make("div", {}, make("h3", {}, name));
  if (meaning) words.append(make("p", { class: "small muted" }, meaning));
  const look = lookOf(signature);
  const badge = make("span", { class: "badge", "data-s": look.state });
  badge.append(icon(look.icon), look.words);
  const standing = make("div", { class: "standing" }, badge);
  if (signature.time && INTACT.has(signature.code)) {
    const moment = new Date(signature.time);
    const time = make("time", { datetime: signature.time, title: exact(moment) }, friendly(moment));
    standing.append(make("span", { class: "small muted" }, time));
  }
  const more = make("div", { class: "more stack gap-s" }, ...versionOf(signature, number, file), particulars(signature, file));
  return make("li", { class: "person signature" }, mark, words, standing, more);
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
 * @param {File} file
 */
function particulars(signature, file) {
  const facts = make("dl", { class: "kv" });
  const folded = make("details", { class: "small" }, make("summary", {}, "Particulars"), facts);
  if (!INTACT.has(signature.code)) {
    fact(facts, "Claims to be by", [signature.signer, signature.organisation, signature.email].filter(Boolean).join(", "));
    return folded;
  }
  const isTimestamp = signature.kind === "timestamp";
  fact(facts, "Certificate of", signature.signer);
  fact(facts, "Trust", signature.anchor ? `Through “${signature.anchor}”` : (TRUSTS[signature.trust] ?? signature.trust));
  if (signature.time) fact(facts, "Time", [exact(new Date(signature.time)), clock(signature)].filter(Boolean).join(", "));
  fact(facts, "Covers", COVERAGES[signature.coverage] ?? signature.coverage);
  fact(facts, "Changed since", MODIFICATIONS[signature.modification] ?? signature.modification);
  if (signature.signed_bytes === file.size) fact(facts, "Version", "This file is exactly the version that was signed");
  fact(facts, "Level", isTimestamp ? "" : `PAdES ${signature.level}`.replace("PAdES PKCS#7", "PKCS#7"));
  fact(facts, "Kind", ASSURANCES[signature.assurance ?? ""] ?? "");
  fact(facts, "Fingerprint", signature.certificate_sha256 ?? "");
  return folded;
}

/**
 * All signatures, one a line.
 * @param {Report} answer
 * @param {File} file
 * @returns {HTMLElement[]} nothing where there are none
 */
function list(answer, file) {
  if (answer.signatures.length === 0) return [];
  const reasons = new Set(answer.reasons);
  const verdict = reasons.size === 1 ? answer.reasons[0] : "";
  const title = make("h2", { id: "found" }, "What is in the file");
  const lines = make("ol", { class: "stack", role: "list" }, ...answer.signatures.map((signature, index) => line(signature, index + 1, verdict, file)));
  return [make("section", { class: "card stack", "aria-labelledby": "found" }, title, lines)];
}

/** @param {Report} answer */
function summary(answer) {
  if (answer.verdict !== "valid") return [...new Set(answer.reasons)].slice(0, REASONS_MOST);
  const people = answer.signatures.filter((signature) => signature.kind === "signature" && !isSeal(signature)).map((signature) => signature.signer);
  const signed = people.length ? `Signed by ${new Intl.ListFormat("en").format(people)}. ` : "";
  return [`${signed}Every certificate is known here, and nothing was changed afterwards.`];
}

/**
 * What to do next, set apart from what was found.
 * @param {Report} answer
 */
function advice(answer) {
  const pages = answer.pages_changed;
  const where = pages.length ? `${pages.length === 1 ? "Page" : "Pages"} ${new Intl.ListFormat("en").format(pages.map(String))} ${pages.length === 1 ? "looks" : "look"} different. ` : "";
  return make("p", { class: "next" }, make("b", {}, "What to do: "), where + answer.advice);
}

/**
 * The whole report: what it is about, the verdict, every signature.
 * @param {File} file
 * @param {Report} answer
 * @returns {HTMLElement[]}
 */
export function reportOf(file, answer) {
  const verdict = VERDICTS[answer.verdict] ?? VERDICTS.invalid;
  const pages = answer.pages ? `, ${answer.pages} ${answer.pages === 1 ? "page" : "pages"}` : "";
  return [
    make("p", { class: "muted" }, `${file.name}${pages}`),
    callout(verdict.tone, verdict.icon, verdict.title, [...summary(answer), advice(answer)]),
    ...list(answer, file),
  ];
}
