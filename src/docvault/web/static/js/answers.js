// @ts-check
/**
 * What a signer has filled in, until it is signed. The portal keeps it to finish later on any device; a signature is
 * kept in this tab only, for one envelope, digest and recipient. A document that changed has another digest, so old
 * answers never reach it. ui.js removes them with the session.
 */
import { api } from "./ui.js";
import { hiddenFields } from "./conditions.js";

/** @typedef {import("./kinds.js").Kind} Kind */
/** @typedef {import("./kinds.js").Answer} Answer */
/** @typedef {{id: string, kind: Kind, page: number, x: number, y: number, w: number, h: number, required: boolean, label: string, detail: import("./kinds.js").Detail}} Field */
/** @typedef {{kind: "drawn", strokes: number[][][]} | {kind: "typed", text: string, style: string} | {kind: "picture", png: string}} Signature */
/** @typedef {{envelope: string, recipient: string, digest: string, name: string, deed: "sign" | "approve" | "read", colour: number, pages: number, seen: number[], fields: Field[], answers: Record<string, Answer>}} Ceremony */

/** @returns {Ceremony} what the page says about this ceremony */
export function readCeremony() {
  const main = document.querySelector("main");
  return JSON.parse(main?.dataset.ceremony ?? "{}");
}

export class Answers {
  /** @param {Ceremony} ceremony */
  constructor(ceremony) {
    this.ceremony = ceremony;
    this.key = `ceremony:${ceremony.envelope}:${ceremony.digest}:${ceremony.recipient}`;
    const kept = JSON.parse(sessionStorage.getItem(this.key) ?? "{}");
    /** @type {Record<string, Answer>} */
    this.fields = { ...(kept.fields ?? ceremony.answers) };
    for (const { id, kind } of ceremony.fields) {
      if (kind !== "attachment") continue;
      delete this.fields[id]; // the portal knows which files there are
      if (ceremony.answers[id]) this.fields[id] = ceremony.answers[id];
    }
    /** @type {Signature | null} */
    this.signature = kept.signature ?? null;
    /** @type {string} base64 of a PNG: how the signature looks */
    this.preview = kept.preview ?? "";
  }

  /**
   * Only what is shown and the signer's own; the portal knows the rest.
   * @param {Record<string, Answer>} [answers]
   */
  toSend(answers = this.fields) {
    const hidden = hiddenFields(this.ceremony.fields, answers);
    const own = this.ceremony.fields.filter(({ id, kind, detail }) => kind !== "attachment" && id in answers && !hidden.has(id) && !detail.auto && !detail.locked);
    return Object.fromEntries(own.map(({ id }) => [id, answers[id]]));
  }

  /**
   * Have the portal keep what is there; throws Refused with its words when a value does not fit.
   * @param {Record<string, Answer>} [answers] other than those of this tab
   */
  async keepForLater(answers) {
    await api("PUT", `/envelopes/${this.ceremony.envelope}/ceremony/answers`, { answers: this.toSend(answers) });
  }

  /** @param {string} id */
  has(id) {
    return id in this.fields;
  }

  /** @param {string} id */
  text(id) {
    const answer = this.fields[id];
    return typeof answer === "string" ? answer : "";
  }

  /**
   * @param {string} id
   * @param {Answer} answer
   */
  set(id, answer) {
    this.fields[id] = answer;
    this.#keep();
  }

  /** @param {string} id */
  remove(id) {
    delete this.fields[id];
    this.#keep();
  }

  /**
   * @param {Signature} signature
   * @param {string} preview
   */
  adopt(signature, preview) {
    this.signature = signature;
    this.preview = preview;
    this.#keep();
  }

  /** Forget everything: it was signed, or it never will be. */
  forget() {
    sessionStorage.removeItem(this.key);
  }

  /** @returns {string} an object URL of the signature's picture */
  previewUrl() {
    const bytes = Uint8Array.from(atob(this.preview), (letter) => letter.charCodeAt(0));
    return URL.createObjectURL(new Blob([bytes], { type: "image/png" }));
  }

  #keep() {
    const kept = { fields: this.fields, signature: this.signature, preview: this.preview };
    sessionStorage.setItem(this.key, JSON.stringify(kept));
  }
}
