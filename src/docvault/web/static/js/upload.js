// @ts-check
/**
 * Drop or choose files and folders: a few at a time, with pause, and going on with what a closed tab or a lost network left.
 * The list of what is unfinished comes from the server; this browser remembers only sizes and times (fingerprints.js).
 */
import { chosen, dropped } from "./dropped.js";
import { began } from "./fingerprints.js";
import { Stopped, Tus } from "./tus.js";
import { $, Refused, api, toast } from "./ui.js";
import { Figures } from "./upload_figures.js";
import { Folders } from "./upload_folders.js";
import { newRow } from "./upload_rows.js";
import { ask } from "./upload_same.js";
import { Leftovers } from "./upload_unfinished.js";

/** @typedef {{file: File, path: string[], folder: string, document: string, id: string}} Job */

const AT_ONCE = 3;

const form = $("#upload", HTMLFormElement);
const dropzone = $("#drop", HTMLElement);
const rows = $("#upload-rows", HTMLElement);
const everything = $("#upload-all", HTMLButtonElement);
const comment = document.querySelector("#upload-comment");
const endpoint = form.dataset.endpoint ?? "";
const most = Number(form.dataset.most); // bytes the policy allows for one file
const here = form.dataset.folder ?? "";
const folders = new Folders(here, form.dataset.kind ?? "general");
const leftovers = new Leftovers(endpoint, here, (file, one) => enqueue([job(file, [], one.folder_id ?? here, "", one.id)]));
const figures = new Figures();

/** @type {(() => Promise<void>)[]} */
const waiting = [];
/** @type {Set<Tus>} */
const active = new Set();
/** @type {Set<() => void>} what "go on with all" presses */
const paused = new Set();
let turns = 0;

/** @param {File} file @param {string[]} path @param {string} folder @param {string} document @param {string} id */
function job(file, path, folder, document, id = "") {
  return { file, path, folder, document, id };
}

/** @param {import("./dropped.js").Found[]} found */
async function take(found) {
  if (!found.length) return;
  if (form.dataset.document) {
    const [first] = found;
    if (found.length > 1) toast("One file becomes the new version. The first one is sent.");
    if (first) enqueue([job(first.file, [], here, form.dataset.document, leftovers.idFor(first.file, here))]);
    return;
  }
  const flat = found.some((one) => one.path.length) && form.dataset.mayFolders === undefined;
  if (flat) toast("Folders cannot be made here, so the files in them are sent side by side.");
  try {
    enqueue(await withNames(await placed(found, flat)));
  } catch (error) {
    toast(error instanceof Error ? error.message : String(error));
  }
}

/**
 * @param {import("./dropped.js").Found[]} found
 * @param {boolean} flat
 * @returns {Promise<Job[]>}
 */
async function placed(found, flat) {
  /** @type {Job[]} */
  const jobs = [];
  for (const { file, path } of found) {
    const folder = flat ? here : await folders.idOf(path);
    jobs.push(job(file, flat ? [] : path, folder, "", leftovers.idFor(file, folder)));
  }
  return jobs;
}

/**
 * Ask what becomes of files whose names documents have already.
 * @param {Job[]} jobs
 */
async function withNames(jobs) {
  if (form.dataset.names === undefined) return jobs;
  const asked = jobs.filter((one) => !one.id);
  const same = new Map();
  for (const folder of new Set(asked.map((one) => one.folder))) {
    const names = [...new Set(asked.filter((one) => one.folder === folder).map((one) => one.file.name))];
    for (let at = 0; at < names.length; at += 200) {
      const known = await api("POST", "/uploads/names", { folder, names: names.slice(at, at + 200) });
      for (const one of known.items) same.set(`${folder}/${one.name}`, one.id);
    }
  }
  /** @param {Job} one */
  const taken = (one) => (one.id ? undefined : same.get(`${one.folder}/${one.file.name.normalize("NFC").trim()}`));
  const clashing = jobs.filter((one) => taken(one) !== undefined);
  const answer = clashing.length ? await ask(clashing.map((one) => one.file.name)) : "both";
  if (answer === "none") return jobs.filter((one) => !clashing.includes(one));
  if (answer === "version") for (const one of clashing) one.document = taken(one);
  return jobs;
}

/** @param {Job[]} jobs */
function enqueue(jobs) {
  for (const one of jobs) {
    figures.wanted += one.file.size;
    begin(one);
  }
  if (jobs.length) $("#upload-list", HTMLElement).hidden = false;
  if (jobs.length) dispatchEvent(new Event("docvault:busy"));
  next();
}

function next() {
  while (turns < AT_ONCE && waiting.length) {
    const turn = /** @type {() => Promise<void>} */ (waiting.shift());
    turns++;
    void turn().finally(() => {
      turns--;
      next();
      if (!turns && !waiting.length) dispatchEvent(new Event("docvault:resting"));
    });
  }
  show();
}

function show() {
  if (!turns) figures.rest();
  $("#upload-total", HTMLElement).textContent = figures.words();
  everything.hidden = !active.size && !paused.size;
  everything.textContent = active.size ? "Pause all" : "Go on with all";
}

/** @param {Job} one */
function begin(one) {
  const row = newRow(rows, one.file, one.path, form.dataset.opens !== undefined);
  if (one.file.size > most) {
    figures.wanted -= one.file.size;
    row.fail(`It is larger than ${form.dataset.mostWords}, the most for one file. Split it, or ask an administrator.`);
    row.onpause(() => toast("It would be refused again."));
    row.onstop(() => row.item.remove());
    return;
  }
  const upload = new Tus(endpoint, one.file, metadata(one), one.id);
  if (one.id) leftovers.taken(one.id);
  let last = 0;
  upload.onprogress = (bytes) => {
    figures.add(bytes - last);
    last = bytes;
    row.progress(bytes);
    show();
  };
  upload.onwait = (pause) => row.say(`Connection lost. Trying again in ${Math.ceil(pause / 1000)} s`);
  const again = () => {
    paused.delete(again);
    row.say("Waiting");
    waiting.push(turn);
    next();
  };
  const turn = () => send(one, upload, row, again, () => last);
  row.onstop(() => {
    figures.wanted -= one.file.size;
    figures.sent -= last;
    paused.delete(again);
    if (waiting.includes(turn)) waiting.splice(waiting.indexOf(turn), 1);
    void upload.abort();
    row.item.remove();
    show();
  });
  waiting.push(turn);
}

/**
 * @param {Job} one
 * @param {Tus} upload
 * @param {ReturnType<typeof newRow>} row
 * @param {() => void} again
 * @param {() => number} sent
 */
async function send(one, upload, row, again, sent) {
  if (!row.item.isConnected) return; // it was taken off the list while it waited
  active.add(upload);
  row.onpause(() => upload.pause());
  try {
    row.finish(await upload.run());
    dispatchEvent(new Event("docvault:arrived"));
  } catch (error) {
    row.onpause(again);
    if (error instanceof Stopped) row.paused(sent());
    else row.fail(error instanceof Error ? error.message : String(error));
    paused.add(again);
    if (!(error instanceof Stopped)) upload.id = began(upload.id, one.file) ? upload.id : "";
  } finally {
    active.delete(upload);
    show();
  }
}

/** @param {Job} one */
function metadata(one) {
  /** @type {Record<string, string>} */
  const values = { filename: one.file.name };
  if (one.folder) values["folder"] = one.folder;
  if (one.document) values["document"] = one.document;
  if (comment instanceof HTMLInputElement && comment.value.trim()) values["comment"] = comment.value;
  return values;
}

for (const id of ["#pick", "#pick-folder"]) {
  const picker = document.querySelector(id);
  if (!(picker instanceof HTMLInputElement)) continue;
  picker.addEventListener("change", () => {
    void take(chosen(picker));
    picker.value = "";
  });
}
form.hidden = false;
form.addEventListener("submit", (event) => event.preventDefault());
everything.addEventListener("click", () => {
  if (active.size) for (const upload of active) upload.pause();
  else for (const again of [...paused]) again();
});
for (const name of /** @type {const} */ (["dragenter", "dragover"])) {
  dropzone.addEventListener(name, (event) => {
    event.preventDefault();
    dropzone.dataset.over = "";
  });
}
for (const name of /** @type {const} */ (["dragleave", "drop"])) {
  dropzone.addEventListener(name, () => delete dropzone.dataset.over);
}
dropzone.addEventListener("drop", (event) => {
  event.preventDefault();
  void dropped(event.dataTransfer).then(take);
});
for (const name of /** @type {const} */ (["dragover", "drop"])) {
  // a file dropped beside the zone must not replace the page
  document.addEventListener(name, (event) => event.preventDefault());
}
addEventListener("offline", () => ($("#offline", HTMLElement).hidden = false));
addEventListener("online", () => ($("#offline", HTMLElement).hidden = true));
addEventListener("beforeunload", (event) => {
  if (active.size) event.preventDefault();
});
void leftovers.load().catch((error) => {
  if (!(error instanceof Refused)) throw error; // without the list, dropping works all the same
});
