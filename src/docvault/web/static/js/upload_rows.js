// @ts-check
/** One row of the list of uploads: its name, how far it is, what to do about it. */
import { $, icon, make } from "./ui.js";
import { size } from "./upload_figures.js";

/**
 * @param {HTMLElement} rows
 * @param {File} file
 * @param {string[]} path
 * @param {boolean} opens whether the document can be opened when it has arrived
 */
export function newRow(rows, file, path, opens) {
  const template = $("#upload-row", HTMLTemplateElement);
  const item = /** @type {HTMLElement} */ (template.content.firstElementChild?.cloneNode(true));
  const bar = $("progress", HTMLProgressElement, item);
  const state = $(".state", HTMLElement, item);
  const pause = $("[data-pause]", HTMLButtonElement, item);
  const stop = $("[data-stop]", HTMLButtonElement, item);
  const name = [...path, file.name].join(" / ");
  $(".name", HTMLElement, item).textContent = name;
  bar.setAttribute("aria-label", `Upload of ${name}`);
  stop.setAttribute("aria-label", `Stop sending ${name}`);
  rows.append(item);

  /** @param {"pause" | "play" | "rotate-cw"} kind @param {string} label */
  function pauseIs(kind, label) {
    pause.replaceChildren(icon(kind));
    pause.setAttribute("aria-label", `${label} ${name}`);
    pause.hidden = false;
  }

  return {
    item,
    /** @param {() => void} act */
    onpause: (act) => void (pause.onclick = act),
    /** @param {() => void} act */
    onstop: (act) => void (stop.onclick = act),
    /** @param {string} words */
    say: (words) => void (state.textContent = words),
    /** @param {number} bytes */
    progress(bytes) {
      item.dataset.s = "going";
      bar.value = file.size ? bytes / file.size : 1;
      const part = `${Math.floor(100 * bar.value)} % of ${size(file.size)}`;
      state.textContent = bar.value < 1 ? part : "Checking and encrypting";
      pauseIs("pause", "Pause");
    },
    /** @param {number} bytes */
    paused(bytes) {
      item.dataset.s = "paused";
      state.textContent = `Paused at ${size(bytes)} of ${size(file.size)}`;
      pauseIs("play", "Go on with");
    },
    /** @param {import("./tus.js").Received} received */
    finish(received) {
      item.dataset.s = bar.dataset.s = "done";
      item.dataset.sha256 = received.sha256;
      item.dataset.document = received.documentId;
      bar.value = 1;
      const digest = make("code", { title: received.sha256 }, `${received.sha256.slice(0, 16)}…`);
      state.replaceChildren("Arrived and encrypted, the same as on your device. SHA-256 ", digest);
      pause.remove();
      stop.replaceWith(...(opens ? [openLink(received.documentId, name)] : []));
    },
    /** @param {string} reason */
    fail(reason) {
      item.dataset.s = bar.dataset.s = "bad";
      state.textContent = `Not sent. ${reason}`;
      pauseIs("rotate-cw", "Try again:");
      stop.setAttribute("aria-label", `Remove ${name} from this list`);
    },
  };
}

/**
 * @param {string} documentId
 * @param {string} name
 */
function openLink(documentId, name) {
  return make("a", { class: "btn", href: `/documents/${documentId}`, "aria-label": `Open ${name}` }, "Open");
}
