// @ts-check
/** Sends a dropped or chosen PDF to be checked and shows the report. */

import { takeFiles } from "./drop.js";
import { $, Refused, api, make } from "./ui.js";
import { callout, reportOf } from "./verify_report.js";
import { forgetVersions } from "./verify_versions.js";

const zone = $("#drop", HTMLElement);
const input = $("#file", HTMLInputElement);
const working = $("#working", HTMLElement);
const report = $("#report", HTMLElement);

/** @param {File} file */
async function check(file) {
  report.hidden = true;
  forgetVersions();
  if (file.size > Number(zone.dataset.most)) {
    working.replaceChildren(callout("bad", "file-x", "Too large", [`${file.name} is larger than a signed PDF may be here.`]));
    return;
  }
  const bar = make("progress", { "aria-label": `Checking ${file.name}` });
  working.replaceChildren(make("p", {}, `Checking ${file.name}…`), bar);
  zone.setAttribute("aria-busy", "true");
  try {
    const answer = await api("POST", "/verifications", file, { "Content-Type": "application/pdf" });
    report.replaceChildren(...reportOf(file, answer));
    report.hidden = false;
    zone.dataset.checked = "";
    report.focus({ preventScroll: true });
    report.scrollIntoView({ block: "start" });
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
