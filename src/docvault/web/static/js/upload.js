// @ts-check
/** Drop or choose files: two at a time, progress of each, and the SHA-256 the server computed when it has arrived. */
import { $ } from "./ui.js";
import { Tus } from "./tus.js";

const AT_ONCE = 2;

const form = $("#upload", HTMLFormElement);
const dropzone = $("#drop", HTMLElement);
const rows = $("#upload-rows", HTMLElement);
const rowTemplate = $("#upload-row", HTMLTemplateElement);
const most = Number(form.dataset.most); // bytes the policy allows for one file
const megabytes = new Intl.NumberFormat(document.documentElement.lang, {
  style: "unit",
  unit: "megabyte",
  maximumFractionDigits: 1,
});

/** @type {File[]} */
const waiting = [];
let active = 0;
let sent = 0;
let wanted = 0;

/** @param {Iterable<File>} files */
function enqueue(files) {
  for (const file of files) {
    waiting.push(file);
    wanted += file.size;
  }
  $("#upload-list", HTMLElement).hidden = false;
  startWaiting();
}

function startWaiting() {
  while (active < AT_ONCE && waiting.length) {
    const file = /** @type {File} */ (waiting.shift());
    active++;
    void send(file).finally(() => {
      active--;
      startWaiting();
    });
  }
  showTotal();
}

function showTotal() {
  const words = `${megabytes.format(sent / 1e6)} of ${megabytes.format(wanted / 1e6)}`;
  $("#upload-total", HTMLElement).textContent = words;
}

/** @param {File} file */
async function send(file) {
  const row = newRow(file);
  if (file.size > most) return row.fail(`it is larger than ${form.dataset.mostWords}`);
  if (file.size === 0) return row.fail("it is empty");
  const upload = new Tus(form.dataset.endpoint ?? "", file, metadata(file));
  let last = 0;
  upload.onprogress = (bytes) => {
    sent += bytes - last;
    last = bytes;
    row.progress(bytes);
    showTotal();
  };
  upload.onwait = (pause) => row.say(`Connection lost. Trying again in ${Math.ceil(pause / 1000)} s`);
  row.onstop(() => {
    sent -= last;
    wanted -= file.size;
    showTotal();
    void upload.abort();
  });
  try {
    row.finish(await upload.run());
  } catch (error) {
    if (!upload.stopped) row.fail(error instanceof Error ? error.message : String(error));
  }
}

/** @param {File} file */
function metadata(file) {
  /** @type {Record<string, string>} */
  const values = { folder: form.dataset.folder ?? "", filename: file.name };
  if (form.dataset.document) values["document"] = form.dataset.document;
  return values;
}

/** @param {File} file */
function newRow(file) {
  const item = /** @type {HTMLElement} */ (rowTemplate.content.firstElementChild?.cloneNode(true));
  const bar = $("progress", HTMLProgressElement, item);
  const state = $(".state", HTMLElement, item);
  const stop = $("button", HTMLButtonElement, item);
  $(".name", HTMLElement, item).textContent = file.name;
  bar.setAttribute("aria-label", `Upload of ${file.name}`);
  stop.setAttribute("aria-label", `Stop sending ${file.name}`);
  rows.append(item);
  return {
    /** @param {string} words */
    say: (words) => void (state.textContent = words),
    /** @param {number} bytes */
    progress(bytes) {
      bar.value = file.size ? bytes / file.size : 1;
      state.textContent = bar.value < 1 ? `${Math.floor(100 * bar.value)} %` : "Checking and encrypting";
    },
    /** @param {import("./tus.js").Received} received */
    finish(received) {
      bar.value = 1;
      bar.dataset.s = "done";
      item.dataset.sha256 = received.sha256;
      item.dataset.document = received.documentId;
      state.replaceChildren(`Received and encrypted. SHA-256 ${received.sha256.slice(0, 12)}…`);
      stop.replaceWith(openLink(received.documentId, file.name));
    },
    /** @param {string} reason */
    fail(reason) {
      bar.dataset.s = "bad";
      state.textContent = `Not sent: ${reason}`;
      stop.setAttribute("aria-label", `Remove ${file.name} from this list`);
      stop.onclick = () => item.remove();
    },
    /** @param {() => void} stopUpload */
    onstop(stopUpload) {
      stop.onclick = () => {
        stopUpload();
        item.remove();
      };
    },
  };
}

/**
 * @param {string} documentId
 * @param {string} name
 */
function openLink(documentId, name) {
  const link = document.createElement("a");
  link.className = "btn";
  link.href = `/documents/${documentId}`;
  link.textContent = "Open";
  link.setAttribute("aria-label", `Open ${name}`);
  return link;
}

/**
 * Files of a dropped folder, at any depth.
 * @param {FileSystemEntry} entry
 * @returns {Promise<void>}
 */
async function walk(entry) {
  if (entry.isFile) {
    const file = await new Promise((ok, no) => /** @type {FileSystemFileEntry} */ (entry).file(ok, no));
    enqueue([file]);
    return;
  }
  const reader = /** @type {FileSystemDirectoryEntry} */ (entry).createReader();
  for (;;) {
    // readEntries gives a hundred at a time, then none
    const part = /** @type {FileSystemEntry[]} */ (await new Promise((ok, no) => reader.readEntries(ok, no)));
    if (!part.length) return;
    for (const child of part) await walk(child);
  }
}

/** @param {DragEvent} event */
function takeDropped(event) {
  event.preventDefault();
  const items = [...(event.dataTransfer?.items ?? [])].filter((item) => item.kind === "file");
  const entries = items.map((item) => item.webkitGetAsEntry());
  if (entries.every((entry) => entry === null)) {
    enqueue(event.dataTransfer?.files ?? []);
    return;
  }
  for (const entry of entries) if (entry) void walk(entry);
}

const picker = $("#pick", HTMLInputElement);
picker.addEventListener("change", () => {
  enqueue([...(picker.files ?? [])]);
  picker.value = "";
});
form.addEventListener("submit", (event) => event.preventDefault());
for (const name of /** @type {const} */ (["dragenter", "dragover"])) {
  dropzone.addEventListener(name, (event) => {
    event.preventDefault();
    dropzone.dataset.over = "";
  });
}
for (const name of /** @type {const} */ (["dragleave", "drop"])) {
  dropzone.addEventListener(name, () => delete dropzone.dataset.over);
}
dropzone.addEventListener("drop", takeDropped);
for (const name of /** @type {const} */ (["dragover", "drop"])) {
  // a file dropped beside the zone must not replace the page
  document.addEventListener(name, (event) => event.preventDefault());
}
addEventListener("offline", () => ($("#offline", HTMLElement).hidden = false));
addEventListener("online", () => ($("#offline", HTMLElement).hidden = true));
addEventListener("beforeunload", (event) => {
  if (active) event.preventDefault();
});
