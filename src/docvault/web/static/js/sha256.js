// @ts-check
/**
 * SHA-256 (FIPS 180-4) of a file that is too large to hold at once: crypto.subtle takes no stream. Only compares what was
 * sent with what the server kept; nothing secret depends on it.
 */

const BLOCK = 64; // bytes
const LENGTH_AT = 56; // where the last block says how many bits there were

const PRIMES = firstPrimes(64);
const ROUNDS = Int32Array.from(PRIMES, (prime) => fraction(Math.cbrt(prime)));
const START = Int32Array.from(PRIMES.slice(0, 8), (prime) => fraction(Math.sqrt(prime)));

/** @param {number} count */
function firstPrimes(count) {
  /** @type {number[]} */
  const found = [];
  for (let number = 2; found.length < count; number++) {
    if (found.every((prime) => number % prime)) found.push(number);
  }
  return found;
}

/** @param {number} root its first 32 bits after the point */
function fraction(root) {
  return (root - Math.floor(root)) * 2 ** 32;
}

export class Sha256 {
  #state = START.slice();
  #words = new Int32Array(64);
  #rest = new Uint8Array(BLOCK);
  #waiting = 0; // bytes in #rest
  length = 0; // bytes taken so far

  /** @param {Uint8Array} bytes the next ones */
  update(bytes) {
    this.length += bytes.length;
    let at = 0;
    if (this.#waiting) {
      at = Math.min(BLOCK - this.#waiting, bytes.length);
      this.#rest.set(bytes.subarray(0, at), this.#waiting);
      this.#waiting += at;
      if (this.#waiting < BLOCK) return;
      this.#blocks(this.#rest, 0, BLOCK);
      this.#waiting = 0;
    }
    const whole = at + Math.floor((bytes.length - at) / BLOCK) * BLOCK;
    this.#blocks(bytes, at, whole);
    this.#rest.set(bytes.subarray(whole));
    this.#waiting = bytes.length - whole;
  }

  /** @returns {string} the digest in lower-case hex; nothing is taken after it */
  finish() {
    const bits = this.length * 8;
    const end = new Uint8Array(this.#waiting < LENGTH_AT ? BLOCK : 2 * BLOCK);
    end.set(this.#rest.subarray(0, this.#waiting));
    end[this.#waiting] = 0x80;
    const view = new DataView(end.buffer);
    view.setUint32(end.length - 8, Math.floor(bits / 2 ** 32));
    view.setUint32(end.length - 4, bits % 2 ** 32);
    this.#blocks(end, 0, end.length);
    return [...this.#state].map((word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
  }

  /**
   * @param {Uint8Array} bytes
   * @param {number} from
   * @param {number} to a whole number of blocks after `from`
   */
  #blocks(bytes, from, to) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = from; at < to; at += BLOCK) {
      expand(this.#words, view, at);
      compress(this.#state, this.#words);
    }
  }
}

/**
 * @param {any} w 64 words, of which the block gives the first 16; an Int32Array never lacks one
 * @param {DataView} view
 * @param {number} at
 */
function expand(w, view, at) {
  for (let i = 0; i < 16; i++) w[i] = view.getInt32(at + 4 * i);
  for (let i = 16; i < 64; i++) {
    const a = w[i - 15];
    const b = w[i - 2];
    const s0 = ((a >>> 7) | (a << 25)) ^ ((a >>> 18) | (a << 14)) ^ (a >>> 3);
    const s1 = ((b >>> 17) | (b << 15)) ^ ((b >>> 19) | (b << 13)) ^ (b >>> 10);
    w[i] = (w[i - 16] + s0 + w[i - 7] + s1) | 0;
  }
}

/**
 * @param {any} state eight words
 * @param {any} w 64 words
 */
function compress(state, w) {
  const k = /** @type {any} */ (ROUNDS);
  let a = state[0];
  let b = state[1];
  let c = state[2];
  let d = state[3];
  let e = state[4];
  let f = state[5];
  let g = state[6];
  let h = state[7];
  for (let i = 0; i < 64; i++) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const one = (h + s1 + ((e & f) ^ (~e & g)) + k[i] + w[i]) | 0;
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const two = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + one) | 0;
    d = c;
    c = b;
    b = a;
    a = (one + two) | 0;
  }
  state[0] += a;
  state[1] += b;
  state[2] += c;
  state[3] += d;
  state[4] += e;
  state[5] += f;
  state[6] += g;
  state[7] += h;
}
