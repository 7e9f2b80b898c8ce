// @ts-check
/**
 * Asks the browser for a passkey (W3C WebAuthn 3). Bytes travel as base64 in JSON; what they mean is the server's
 * business. Nothing is kept here.
 */

import { api } from "./ui.js";

/** The person, the browser or the device did not give a passkey; the message is fit to be shown. */
export class NoPasskey extends Error {}

const WORDS = {
  NotAllowedError: "No passkey was used. Try again, or choose another way.",
  InvalidStateError: "This device already has a passkey for your account.",
  SecurityError: "Passkeys do not work at this address of the portal.",
  NotSupportedError: "This device cannot make a passkey that the portal accepts.",
};

/** Whether this browser can use passkeys at this address: one is made for a name, never for a number. */
export function possible() {
  const domain = document.querySelector('meta[name="passkeys"]')?.getAttribute("content") ?? "";
  const here = location.hostname === domain || location.hostname.endsWith(`.${domain}`);
  return domain !== "" && here && "credentials" in navigator && "PublicKeyCredential" in window;
}

/** @param {string} text base64 */
function bytes(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

/** @param {ArrayBuffer} buffer */
function base64(buffer) {
  return btoa(Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join(""));
}

/** @param {{id: string, transports: string[]}[]} known */
function descriptors(known) {
  return known.map((each) => ({
    type: /** @type {const} */ ("public-key"),
    id: bytes(each.id),
    transports: /** @type {AuthenticatorTransport[]} */ (each.transports),
  }));
}

/**
 * Turn what a browser throws into words.
 * @template T
 * @param {Promise<T>} asked
 * @returns {Promise<T>}
 */
async function spoken(asked) {
  try {
    return await asked;
  } catch (error) {
    const name = error instanceof DOMException ? error.name : "";
    throw new NoPasskey(WORDS[/** @type {keyof WORDS} */ (name)] ?? "The passkey did not work. Please try again.");
  }
}

/**
 * Let the person make a passkey.
 * @param {any} wanted the API's PasskeyWanted
 */
export async function make(wanted) {
  const asked = navigator.credentials.create({
    publicKey: {
      challenge: bytes(wanted.challenge),
      rp: { id: wanted.rp_id, name: wanted.rp_name },
      user: { id: bytes(wanted.user_id), name: wanted.user_name, displayName: wanted.user_display_name },
      pubKeyCredParams: wanted.algorithms.map((/** @type {number} */ alg) => ({ type: "public-key", alg })),
      excludeCredentials: descriptors(wanted.exclude),
      authenticatorSelection: { residentKey: "required", requireResidentKey: true, userVerification: "required" },
      attestation: "none",
      timeout: wanted.timeout,
    },
  });
  const made = /** @type {PublicKeyCredential} */ (await spoken(asked));
  const response = /** @type {AuthenticatorAttestationResponse} */ (made.response);
  return {
    credential_id: base64(made.rawId),
    client_data: base64(response.clientDataJSON),
    attestation: base64(response.attestationObject),
    transports: response.getTransports?.() ?? [],
  };
}

/**
 * Let the person use a passkey.
 * @param {any} wanted the API's SignatureWanted
 */
export async function use(wanted) {
  const asked = navigator.credentials.get({
    publicKey: {
      challenge: bytes(wanted.challenge),
      rpId: wanted.rp_id,
      allowCredentials: descriptors(wanted.allow),
      userVerification: "required",
      timeout: wanted.timeout,
    },
  });
  const used = /** @type {PublicKeyCredential} */ (await spoken(asked));
  const response = /** @type {AuthenticatorAssertionResponse} */ (used.response);
  return {
    credential_id: base64(used.rawId),
    client_data: base64(response.clientDataJSON),
    authenticator_data: base64(response.authenticatorData),
    signature: base64(response.signature),
    user_handle: response.userHandle ? base64(response.userHandle) : null,
  };
}

/**
 * Confirm one deed with a passkey; the proof works once.
 * @param {string} purpose
 * @param {string} digest hex SHA-256 of what was shown
 * @returns {Promise<string>} the proof's id
 */
export async function prove(purpose, digest) {
  const passkey = await use(await api("POST", "/step-ups/options", { purpose, digest }));
  const proof = await api("POST", "/step-ups", { purpose, digest, passkey });
  return proof.id;
}

/** What this person has: decides which way of confirming a page offers. */
export async function ownFactors() {
  const own = await api("GET", "/factors");
  return { passkey: own.passkeys > 0 && possible(), code: own.authenticator_since !== null && !own.passkey_needed };
}
