// @ts-check
/** While a bulk send is under way: ask now and then how far it is, and show the page anew at the end. */
import { $, api } from "./ui.js";

const FIRST_PAUSE = 1000; // milliseconds
const LONGEST_PAUSE = 8000;

const number = new Intl.NumberFormat("en");

/** @param {number} count */
const rows = (count) => `${number.format(count)} row${count === 1 ? "" : "s"}`;

/** @param {HTMLElement} box */
async function follow(box) {
  for (let pause = FIRST_PAUSE; ; pause = Math.min(LONGEST_PAUSE, pause * 1.2)) {
    await new Promise((resolve) => setTimeout(resolve, pause));
    const bulk = await api("GET", `/bulk-sends/${box.dataset.bulk}`).catch(() => null); // offline: ask again
    if (!bulk) continue;
    if (bulk.stage !== "sending") {
      location.reload();
      return;
    }
    $("#bulk-sent", HTMLElement).textContent = number.format(bulk.sent);
    $("#bulk-meter", HTMLProgressElement).value = bulk.sent;
    const failed = bulk.failed ? `, ${number.format(bulk.failed)} failed` : "";
    $("#bulk-words", HTMLElement).textContent = `${rows(bulk.ready)} still to send${failed}.`;
  }
}

const box = document.querySelector("#bulk");
if (box instanceof HTMLElement) void follow(box);
