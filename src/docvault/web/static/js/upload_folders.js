// @ts-check
/** The folders that dropped folders become: found where they are already, made where they are not, each once. */
import { api } from "./ui.js";

export class Folders {
  /**
   * @param {string} root the id of the folder that everything goes into
   * @param {string} kind of the folders that are made
   */
  constructor(root, kind) {
    this.root = root;
    this.kind = kind;
    /** @type {Map<string, Promise<string>>} */
    this.known = new Map();
  }

  /**
   * @param {string[]} path
   * @returns {Promise<string>} the id of the folder. Throws Refused
   */
  idOf(path) {
    if (!path.length) return Promise.resolve(this.root);
    const key = JSON.stringify(path);
    const known = this.known.get(key) ?? this.#findOrMake(path);
    this.known.set(key, known);
    return known;
  }

  /** @param {string[]} path */
  async #findOrMake(path) {
    const parent = await this.idOf(path.slice(0, -1));
    const name = (path.at(-1) ?? "").normalize("NFC").trim();
    const found = await api("GET", `/folders?${new URLSearchParams({ parent, search: name, limit: "200" })}`);
    const same = found.items.find((/** @type {{name: string}} */ folder) => folder.name === name);
    if (same) return same.id;
    return (await api("POST", "/folders", { parent_id: parent, name, kind: this.kind })).id;
  }
}
