// @ts-check
/**
 * A tus 1.0 client: creation, a checksum on every part, and going on after a pause, a lost connection or a closed tab.
 * Protocol: tus.io/protocols/resumable-upload. Parts are as long as the server's segments, so nothing is sent twice.
 */
import { forget, remember } from "./fingerprints.js";
import { Sha256 } from "./sha256.js";
import { csrf } from "./ui.js";

const PART = 8 * 1024 * 1024; // bytes: one segment of the server
const SLICE = 1024 * 1024; // bytes hashed before the page may do something else
const STALLED = 45_000; // milliseconds without progress before a part is sent again
const LONGEST_WAIT = 30_000; // milliseconds between two tries
const TRIES = 40;

/** The server will never take this file as it is: trying by itself does not help. */
export class NeverSent extends Error {}

/** Somebody paused the upload or gave it up. */
export class Stopped extends Error {}

/** @typedef {{documentId: string, sha256: string}} Received */

export class Tus {
  /**
   * @param {string} endpoint
   * @param {File} file
   * @param {Record<string, string>} metadata
   * @param {string} [id] of an unfinished upload to go on with
   */
  constructor(endpoint, file, metadata, id = "") {
    this.endpoint = endpoint;
    this.file = file;
    this.metadata = metadata;
    this.id = id;
    this.stopper = new AbortController();
    this.digest = new Sha256();
    /** @type {Promise<void>} the bytes are hashed in their order, one part after the other */
    this.hashing = Promise.resolve();
    /** @type {(sent: number) => void} bytes the server has or is being sent */
    this.onprogress = () => {};
    /** @type {(milliseconds: number) => void} */
    this.onwait = () => {};
  }

  /** Stop for now; `run` goes on from the last whole part. */
  pause() {
    this.stopper.abort();
  }

  /** Stop for good, and tell the server that the file will not come. */
  async abort() {
    this.stopper.abort();
    if (!this.id) return;
    forget(this.id);
    await fetch(this.#url(), { method: "DELETE", headers: headers() }).catch(() => undefined); // expires by itself
  }

  /**
   * Send the file, however often the connection breaks. Throws Stopped or NeverSent.
   * @returns {Promise<Received>}
   */
  async run() {
    this.stopper = new AbortController();
    for (let tries = 0; ; tries++) {
      try {
        return await this.#compare(await this.#send(() => (tries = 0)));
      } catch (error) {
        if (this.stopper.signal.aborted) throw new Stopped();
        if (error instanceof DOMException) throw new NeverSent("The file cannot be read any more. Please choose it again.");
        if (error instanceof NeverSent || tries >= TRIES) throw error;
        await this.#wait(tries);
      }
    }
  }

  /** @param {Received} received */
  async #compare(received) {
    forget(this.id);
    this.#hashUpTo(this.file.size);
    await this.hashing;
    const own = this.digest.finish();
    this.digest = new Sha256(); // for another try from the start
    if (own === received.sha256) return received;
    throw new NeverSent("The file changed while it was sent, so what arrived is not what you have now. Please send it again.");
  }

  /** @param {number} tries */
  #wait(tries) {
    const pause = Math.min(LONGEST_WAIT, 500 * 2 ** tries);
    this.onwait(pause);
    return new Promise((resolve) => {
      const goOn = () => {
        clearTimeout(timer);
        removeEventListener("online", goOn);
        resolve(undefined);
      };
      const timer = setTimeout(goOn, pause);
      addEventListener("online", goOn);
      this.stopper.signal.addEventListener("abort", goOn, { once: true });
    });
  }

  /**
   * @param {() => void} alive called after every part that arrived
   * @returns {Promise<Received>}
   */
  async #send(alive) {
    let offset = this.id ? await this.#offset() : 0;
    if (!this.id) {
      const received = await this.#create();
      if (received) return received;
    }
    this.onprogress(offset);
    for (;;) {
      const answer = await this.#sendPart(offset);
      alive();
      offset = Number(answer.getResponseHeader("Upload-Offset"));
      this.onprogress(offset);
      const sha256 = answer.getResponseHeader("X-Content-SHA256");
      if (sha256) return { documentId: answer.getResponseHeader("X-Document-Id") ?? "", sha256 };
    }
  }

  /** Ask how much of an earlier try has arrived; one that is gone begins again. */
  async #offset() {
    const answer = await fetch(this.#url(), { method: "HEAD", headers: headers(), signal: this.stopper.signal });
    if (answer.ok) return Number(answer.headers.get("Upload-Offset"));
    if (answer.status !== 404) throw new Error(`HTTP ${answer.status}`);
    forget(this.id);
    this.id = "";
    return 0;
  }

  /** @returns {Promise<Received | null>} null: the parts are still to be sent */
  async #create() {
    const answer = await fetch(this.endpoint, {
      method: "POST",
      headers: { ...headers(), "Upload-Length": String(this.file.size), "Upload-Metadata": pairs(this.metadata) },
      signal: this.stopper.signal,
    });
    if (comesBack(answer.status)) throw new Error(`HTTP ${answer.status}`);
    if (!answer.ok) throw new NeverSent(words(await answer.text(), answer.status));
    this.id = (answer.headers.get("Location") ?? "").split("/").pop() ?? "";
    const sha256 = answer.headers.get("X-Content-SHA256");
    if (sha256) return { documentId: answer.headers.get("X-Document-Id") ?? "", sha256 };
    remember(this.id, this.file);
    return null;
  }

  /** @param {number} offset */
  async #sendPart(offset) {
    const part = await this.file.slice(offset, offset + PART).arrayBuffer();
    const checksum = await partChecksum(part);
    this.#hashUpTo(offset);
    this.#hash(offset, part);
    const answer = await this.#patch(offset, part, checksum);
    if (answer.status < 300) return answer;
    if (answer.status === 404 || comesBack(answer.status)) throw new Error(`HTTP ${answer.status}`);
    throw new NeverSent(words(answer.responseText, answer.status));
  }

  /** @param {number} end hash from the file what was sent in an earlier visit */
  #hashUpTo(end) {
    this.hashing = this.hashing.then(async () => {
      while (this.digest.length < end) {
        const to = Math.min(this.digest.length + PART, end);
        await hashed(this.digest, await this.file.slice(this.digest.length, to).arrayBuffer());
      }
    });
    this.hashing.catch(() => undefined); // told when it is waited for
  }

  /**
   * @param {number} offset
   * @param {ArrayBuffer} part
   */
  #hash(offset, part) {
    this.hashing = this.hashing.then(async () => {
      if (this.digest.length === offset) await hashed(this.digest, part); // else it was hashed in an earlier try
    });
    this.hashing.catch(() => undefined);
  }

  /**
   * XMLHttpRequest, since fetch has no progress of what is sent.
   * @param {number} offset
   * @param {ArrayBuffer} part
   * @param {string} checksum
   * @returns {Promise<XMLHttpRequest>}
   */
  #patch(offset, part, checksum) {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open("PATCH", this.#url());
      const all = { ...headers(), "Upload-Offset": String(offset), "Content-Type": "application/offset+octet-stream" };
      for (const [name, value] of Object.entries(all)) request.setRequestHeader(name, value);
      if (checksum) request.setRequestHeader("Upload-Checksum", checksum);
      let stall = setTimeout(() => request.abort(), STALLED);
      request.upload.onprogress = (event) => {
        clearTimeout(stall);
        stall = setTimeout(() => request.abort(), STALLED);
        this.onprogress(offset + event.loaded);
      };
      const stop = () => request.abort();
      request.onloadend = () => {
        clearTimeout(stall);
        this.stopper.signal.removeEventListener("abort", stop);
      };
      request.onload = () => resolve(request);
      request.onerror = request.onabort = () => reject(new Error("the connection was lost"));
      this.stopper.signal.addEventListener("abort", stop, { once: true });
      if (this.stopper.signal.aborted) reject(new Stopped());
      else request.send(part);
    });
  }

  #url() {
    return `${this.endpoint}/${this.id}`;
  }
}

/** @param {number} status whether a later try may go through */
function comesBack(status) {
  return status === 409 || status === 429 || status === 460 || (status >= 500 && status !== 507);
}

function headers() {
  return { "Tus-Resumable": "1.0.0", "X-CSRF-Token": csrf() };
}

/** @param {Record<string, string>} metadata */
function pairs(metadata) {
  return Object.entries(metadata)
    .map(([key, value]) => `${key} ${base64(new TextEncoder().encode(value))}`)
    .join(",");
}

/** @param {Uint8Array} bytes */
function base64(bytes) {
  return btoa(String.fromCharCode(...bytes));
}

/**
 * Why the server refused: the sentence of its problem details.
 * @param {string} body
 * @param {number} status
 */
function words(body, status) {
  if (status === 401) return "You are signed out. Sign in again in another tab, then try again here.";
  try {
    const problem = JSON.parse(body);
    return problem.detail || problem.title || `HTTP ${status}`;
  } catch {
    return status === 413 ? "The file is too large." : `The server answered ${status}. Please try again.`;
  }
}

/** @param {ArrayBuffer} part */
async function partChecksum(part) {
  if (!crypto.subtle) return ""; // without HTTPS; the digest of the whole is compared all the same
  const digest = await crypto.subtle.digest("SHA-256", part);
  return `sha256 ${base64(new Uint8Array(digest))}`;
}

/**
 * Hash in slices, so that the page stays alive in between.
 * @param {Sha256} digest
 * @param {ArrayBuffer} part
 */
async function hashed(digest, part) {
  for (let at = 0; at < part.byteLength; at += SLICE) {
    digest.update(new Uint8Array(part, at, Math.min(SLICE, part.byteLength - at)));
    await new Promise((resolve) => setTimeout(resolve));
  }
}
