// @ts-check
/** What this person began to send and did not finish, as the server has it: go on with the same file, or throw it away. */
import { began, forget } from "./fingerprints.js";
import { $, api, make, toast } from "./ui.js";
import { size } from "./upload_figures.js";

/** @typedef {{id: string, filename: string, folder_id?: string, folder_name?: string, size: number, received: number, expires_at: string}} Unfinished */

export class Leftovers {
  /**
   * @param {string} endpoint
   * @param {string} here the folder of this page
   * @param {(file: File, one: Unfinished) => void} goOn
   */
  constructor(endpoint, here, goOn) {
    this.path = endpoint.replace("/api/v1", "");
    this.endpoint = endpoint;
    this.here = here;
    this.goOn = goOn;
    /** @type {Map<string, Unfinished>} */
    this.known = new Map();
    this.section = $("#unfinished", HTMLElement);
  }

  async load() {
    const found = await api("GET", this.path);
    for (const one of found.items) this.#show(one);
  }

  /**
   * The unfinished upload of this very file, or "".
   * @param {File} file
   * @param {string} folder
   */
  idFor(file, folder) {
    const name = file.name.normalize("NFC").trim();
    for (const one of this.known.values()) {
      const same = one.filename === name && one.size === file.size && (one.folder_id ?? folder) === folder;
      if (same && began(one.id, file)) return one.id;
    }
    return "";
  }

  /** @param {string} id it is being sent again, so it is not in this list any more */
  taken(id) {
    this.known.delete(id);
    this.section.querySelector(`[data-id="${id}"]`)?.remove();
    this.section.hidden = !this.known.size;
  }

  /** @param {Unfinished} one */
  #show(one) {
    this.known.set(one.id, one);
    const template = $("#unfinished-row", HTMLTemplateElement);
    const item = /** @type {HTMLElement} */ (template.content.firstElementChild?.cloneNode(true));
    item.dataset.id = one.id;
    $(".name", HTMLElement, item).textContent = one.filename;
    const bar = $("progress", HTMLProgressElement, item);
    bar.value = one.size ? one.received / one.size : 0;
    bar.setAttribute("aria-label", `How much of ${one.filename} has arrived`);
    const place = one.folder_id && one.folder_id !== this.here ? ` For ${one.folder_name}.` : "";
    const until = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "short" }).format(new Date(one.expires_at));
    const arrived = `${size(one.received)} of ${size(one.size)} arrived.${place} Kept until ${until}.`;
    $(".state", HTMLElement, item).textContent = arrived;
    const picker = /** @type {HTMLInputElement} */ (make("input", { type: "file", class: "vh", tabindex: "-1", "aria-hidden": "true" }));
    picker.addEventListener("change", () => this.#chosen(one, picker));
    item.append(picker);
    const goOn = $("[data-go-on]", HTMLButtonElement, item);
    goOn.setAttribute("aria-label", `Go on with ${one.filename}`);
    goOn.addEventListener("click", () => picker.click());
    const drop = $("[data-stop]", HTMLButtonElement, item);
    drop.setAttribute("aria-label", `Throw away what arrived of ${one.filename}`);
    drop.addEventListener("click", () => void this.#discard(one));
    $("ul", HTMLElement, this.section).append(item);
    this.section.hidden = false;
  }

  /**
   * @param {Unfinished} one
   * @param {HTMLInputElement} picker
   */
  #chosen(one, picker) {
    const file = picker.files?.[0];
    picker.value = "";
    if (!file) return;
    if (file.size !== one.size) {
      toast(`That is another file: it has ${size(file.size)}, the unfinished one has ${size(one.size)}.`);
      return;
    }
    this.goOn(file, one);
  }

  /** @param {Unfinished} one */
  async #discard(one) {
    this.taken(one.id);
    forget(one.id);
    const headers = { "Tus-Resumable": "1.0.0" };
    await api("DELETE", `${this.path}/${one.id}`, undefined, headers).catch((error) => toast(error.message));
  }
}
