// @ts-check
/** The page around the offline verifier: takes a bundle, shows the verdict. The file never leaves the browser. */

import { verifyBundle } from "./audit-verifier.js";
import { takeFiles } from "./drop.js";
import { $, icon, make } from "./ui.js";

/** @typedef {import("./audit-verifier.js").Verdict} Verdict */

const zone = $("#drop", HTMLElement);
const input = $("#file", HTMLInputElement);
const key = $("#key", HTMLTextAreaElement);
const since = $("#since", HTMLTextAreaElement);
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

/** @param {Verdict} verdict */
function headline(verdict) {
  if (!verdict.ok) {
    const first = verdict.firstBadIndex === null ? [] : [`Do not rely on anything from entry ${verdict.firstBadIndex} on.`];
    return callout("bad", "shield-x", "This bundle does not hold", [verdict.reason, ...first]);
  }
  const entries = `${verdict.count.toLocaleString()} entries of a log of ${verdict.size.toLocaleString()} are complete, in order and signed.`;
  if (verdict.olderKey) {
    return callout("good", "shield-check", "Everything holds", [
      entries,
      "You gave an older key, which handed over to the one below. Use that one from now on.",
    ]);
  }
  if (verdict.trusted) return callout("good", "shield-check", "Everything holds", [entries]);
  return callout("warn", "shield-alert", "Everything fits together", [
    entries,
    "You gave no public key. Compare the fingerprint below with one you got elsewhere: only then do you know whose log this is.",
  ]);
}

/** @param {Verdict} verdict */
function facts(verdict) {
  const list = make("dl", { class: "kv" });
  /** @type {[string, string, boolean][]} */
  const rows = [
    ["Log", verdict.origin, false],
    ["Key fingerprint", verdict.fingerprint, true],
    ["Changes of the key", verdict.keyChanges ? `${verdict.keyChanges}, each signed by both keys` : "", false],
    ["Root", verdict.root, true],
    ["Made", verdict.created, false],
    ["First entry", verdict.firstAt ?? "", false],
    ["Last entry", verdict.lastAt ?? "", false],
    ["Chosen by", Object.entries(verdict.filters).map(([name, value]) => `${name} ${value}`).join(", "), false],
    ["Details left out", verdict.leftOut ? `of ${verdict.leftOut.toLocaleString()} entries, on purpose` : "", false],
    ["Details erased", verdict.erased ? `of ${verdict.erased.toLocaleString()} entries, on purpose` : "", false],
    ["Earlier checkpoints", verdict.history ? `${verdict.history}, all continued` : "", false],
    ["Your checkpoint", verdict.since === null ? "" : `of ${verdict.since} entries, continued`, false],
  ];
  for (const [term, value, isMono] of rows) {
    if (value) list.append(make("dt", {}, term), make("dd", isMono ? { class: "mono" } : {}, value));
  }
  return make("article", { class: "card" }, list);
}

/** @param {Verdict} verdict */
function problems(verdict) {
  const items = verdict.problems.slice(0, 20).map((problem) => make("li", {}, `Entry ${problem.index}: ${problem.reason}`));
  return items.length > 1 ? [make("ul", {}, ...items)] : [];
}

/** @param {File} file */
async function check(file) {
  report.hidden = true;
  const said = make("p", {}, `Checking ${file.name}…`);
  working.replaceChildren(said, make("progress", { "aria-label": `Checking ${file.name}` }));
  try {
    const verdict = await verifyBundle(await file.arrayBuffer(), key.value, {
      since: since.value,
      progress: (checked) => said.replaceChildren(`Checking ${file.name}: ${checked.toLocaleString()} entries`),
    });
    report.replaceChildren(make("p", { class: "muted" }, file.name), headline(verdict), ...problems(verdict), facts(verdict));
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    report.replaceChildren(callout("bad", "shield-x", "This could not be checked", [words]));
  } finally {
    working.replaceChildren();
    input.value = "";
  }
  report.hidden = false;
  report.focus({ preventScroll: true });
  report.scrollIntoView({ block: "start" });
}

$("#check", HTMLFormElement).addEventListener("submit", (event) => event.preventDefault());
takeFiles(zone, input, (file) => void check(file));
