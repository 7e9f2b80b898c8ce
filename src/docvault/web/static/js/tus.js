// @ts-check
/**
 * A tus 1.0 client: creation, a checksum on every part, and going on after a lost connection or a closed tab.
 * Protocol: tus.io/protocols/resumable-upload. Parts are as long as the server's segments, so nothing is sent twice.
 */
import { csrf } from "./ui.js";

const PART = 8 * 1024 * 1024; // bytes: one segment of the server
const STALLED = 45_000; // milliseconds without progress before a part is sent again
const LONGEST_WAIT = 30_000; // milliseconds between two tries
const TRIES = 40;
const WHOLE_DIGEST_LIMIT = 64 * 1024 * 1024; // bytes held in memory at once to compare the whole file's digest

/** The server will never take this file: trying again does not help. */
export class NeverSent extends Error {}

/** @typedef {{documentId: string, sha256: string}} Received */

export class Tus {
  /**
   * @param {string} endpoint
   * @param {File} file
   * @param {Record<string, string>} metadata
   */
  constructor(endpoint, file, metadata) {
    this.endpoint = endpoint;
    this.file = file;
    this.metadata = metadata;
    this.stopped = false;
    this.stopper = new AbortController();
    this.memory = ["tus", ...Object.values(metadata), file.size, file.lastModified].join(":");
    /** @type {(sent: number) => void} bytes the server has or is being sent */
    this.onprogress = () => {};
    /** @type {(milliseconds: number) => void} */
    this.onwait = () => {};
  }

  /** Stop and tell the server that the file will not come. */
  async abort() {
    const url = localStorage.getItem(this.memory);
    this.stopped = true;
    this.stopper.abort();
    localStorage.removeItem(this.memory);
    if (url) await fetch(url, { method: "DELETE", headers: headers() }).catch(() => undefined); // expires by itself
  }

  /**
   * Send the file, however often the connection breaks.
   * @returns {Promise<Received>}
   */
  async run() {
    const own = wholeDigest(this.file);
    for (let tries = 0; ; tries++) {
      try {
        const received = await this.#send(() => (tries = 0));
        return this.#compare(received, await own);
      } catch (error) {
        if (this.stopped || error instanceof NeverSent || tries >= TRIES) throw error;
        await this.#wait(tries);
      }
    }
  }

  /**
   * @param {Received} received
   * @param {string} own
   */
  #compare(received, own) {
    localStorage.removeItem(this.memory);
    if (own && received.sha256 && own !== received.sha256) {
      throw new NeverSent("the file changed while it was sent; please send it again");
    }
    return received;
  }

  /** @param {number} tries */
  #wait(tries) {
    const pause = Math.min(LONGEST_WAIT, 500 * 2 ** tries);
    this.onwait(pause);
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, pause);
      const goOn = () => {
        clearTimeout(timer);
        resolve(undefined);
      };
      addEventListener("online", goOn, { once: true });
    });
  }

  /**
   * @param {() => void} alive called after every part that arrived
   * @returns {Promise<Received>}
   */
  async #send(alive) {
    let { url, offset } = await this.#resume();
    if (!url) url = await this.#create();
    this.onprogress(offset);
    for (;;) {
      const answer = await this.#sendPart(url, offset);
      alive();
      offset = Number(answer.getResponseHeader("Upload-Offset"));
      this.onprogress(offset);
      const documentId = answer.getResponseHeader("X-Document-Id");
      if (documentId) return { documentId, sha256: answer.getResponseHeader("X-Content-SHA256") ?? "" };
    }
  }

  /** Ask how much of an earlier try has arrived. */
  async #resume() {
    const url = localStorage.getItem(this.memory) ?? "";
    if (!url) return { url, offset: 0 };
    const answer = await fetch(url, { method: "HEAD", headers: headers(), signal: this.stopper.signal });
    if (answer.ok) return { url, offset: Number(answer.headers.get("Upload-Offset")) };
    if (answer.status >= 500) throw new Error(`HTTP ${answer.status}`);
    localStorage.removeItem(this.memory); // expired or finished long ago: start again
    return { url: "", offset: 0 };
  }

  /** @returns {Promise<string>} where the parts go */
  async #create() {
    const answer = await fetch(this.endpoint, {
      method: "POST",
      headers: { ...headers(), "Upload-Length": String(this.file.size), "Upload-Metadata": pairs(this.metadata) },
      signal: this.stopper.signal,
    });
    if (answer.status >= 500) throw new Error(`HTTP ${answer.status}`);
    if (!answer.ok) throw new NeverSent(words(await answer.text(), answer.status));
    const url = answer.headers.get("Location") ?? "";
    localStorage.setItem(this.memory, url);
    return url;
  }

  /**
   * @param {string} url
   * @param {number} offset
   */
  async #sendPart(url, offset) {
    const part = this.file.slice(offset, offset + PART);
    const checksum = await partChecksum(part);
    const answer = await this.#patch(url, offset, part, checksum);
    if (answer.status < 300) return answer;
    const again = answer.status === 409 || answer.status === 460 || answer.status >= 500;
    if (again && answer.status !== 507) throw new Error(`HTTP ${answer.status}`);
    localStorage.removeItem(this.memory);
    throw new NeverSent(words(answer.responseText, answer.status));
  }

  /**
   * XMLHttpRequest, since fetch has no progress of what is sent.
   * @param {string} url
   * @param {number} offset
   * @param {Blob} part
   * @param {string} checksum
   * @returns {Promise<XMLHttpRequest>}
   */
  #patch(url, offset, part, checksum) {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open("PATCH", url);
      const all = { ...headers(), "Upload-Offset": String(offset), "Content-Type": "application/offset+octet-stream" };
      for (const [name, value] of Object.entries(all)) request.setRequestHeader(name, value);
      if (checksum) request.setRequestHeader("Upload-Checksum", checksum);
      let stall = setTimeout(() => request.abort(), STALLED);
      request.upload.onprogress = (event) => {
        clearTimeout(stall);
        stall = setTimeout(() => request.abort(), STALLED);
        this.onprogress(offset + event.loaded);
      };
      request.onload = () => {
        clearTimeout(stall);
        resolve(request);
      };
      request.onerror = request.onabort = () => {
        clearTimeout(stall);
        reject(new Error("the connection was lost"));
      };
      this.stopper.signal.addEventListener("abort", () => request.abort(), { once: true });
      request.send(part);
    });
  }
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
  try {
    const problem = JSON.parse(body);
    return problem.detail || problem.title || `HTTP ${status}`;
  } catch {
    return status === 413 ? "the file is too large" : `the server answered ${status}`;
  }
}

/** @param {Blob} part */
async function partChecksum(part) {
  if (!crypto.subtle) return "";
  const digest = await crypto.subtle.digest("SHA-256", await part.arrayBuffer());
  return `sha256 ${base64(new Uint8Array(digest))}`;
}

/**
 * crypto.subtle takes no stream: larger files rely on the checksum of each part and on the server's own digest.
 * @param {File} file
 */
async function wholeDigest(file) {
  if (file.size > WHOLE_DIGEST_LIMIT || !crypto.subtle) return "";
  const digest = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
