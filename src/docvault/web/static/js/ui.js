// @ts-check
/**
 * What every page shares: finding elements, talking to the API, toasts and dialogs.
 * Makes no HTML from strings and needs no inline handler, so Trusted Types stay on without a policy.
 */

import { forgetWhenOver } from "./forgetting.js";
import { localTimes } from "./times.js";

/**
 * Find the one element a page must have.
 * @template {Element} T
 * @param {string} selector
 * @param {new (...args: any[]) => T} kind
 * @param {ParentNode} [root]
 * @returns {T}
 */
export function $(selector, kind, root = document) {
  const found = root.querySelector(selector);
  if (!(found instanceof kind)) throw new Error(`The page has no ${selector}.`);
  return found;
}

/**
 * Make an element. Text children become text nodes, never markup.
 * @param {string} tag
 * @param {Record<string, string>} [attributes]
 * @param {...(Node | string)} children
 * @returns {HTMLElement}
 */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/**
 * Copy an icon that the page holds as `<template id="icon-NAME">`.
 * @param {string} name
 * @returns {Node}
 */
export function icon(name) {
  return $(`#icon-${name}`, HTMLTemplateElement).content.cloneNode(true);
}

/**
 * Say something in passing, in the live region at the lower edge.
 * @param {string} text
 */
export function toast(text) {
  const note = make("div", { class: "toast" }, text);
  $("#toasts", HTMLElement).append(note);
  setTimeout(() => note.remove(), 6000);
}

/**
 * @typedef {object} Problem
 * @property {string} type
 * @property {string} title
 * @property {number} status
 * @property {string} detail
 */

/** An answer of the API that is not a success; `message` is fit to be shown. */
export class Refused extends Error {
  /** @param {Problem} problem */
  constructor(problem) {
    super(problem.detail || problem.title);
    this.problem = problem;
  }
}

/** The token that binds a write to this session; empty when nobody is signed in. */
export function csrf() {
  return document.querySelector('meta[name="csrf"]')?.getAttribute("content") ?? "";
}

/**
 * Call the API. An object body is sent as JSON; a Blob or bytes are sent as they are.
 * Throws Refused with the problem's own words, also when the network is gone.
 * @param {string} method
 * @param {string} path for example "/folders"; /api/v1 is put before it
 * @param {unknown} [body]
 * @param {Record<string, string>} [headers]
 * @returns {Promise<any>} the parsed JSON, or null without a body
 */
export async function api(method, path, body, headers = {}) {
  const response = await ask(method, path, body, headers);
  return response.status === 204 ? null : response.json();
}

/**
 * Call the API for a file or a picture. Throws as `api`.
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body]
 * @param {Record<string, string>} [headers]
 * @returns {Promise<Blob>}
 */
export async function bytes(method, path, body, headers = {}) {
  return (await ask(method, path, body, headers)).blob();
}

/**
 * @param {string} method
 * @param {string} path
 * @param {unknown} body
 * @param {Record<string, string>} headers
 * @returns {Promise<Response>} a success
 */
async function ask(method, path, body, headers) {
  const raw = body instanceof Blob || body instanceof ArrayBuffer || body instanceof Uint8Array;
  const sent = new Headers({ Accept: "application/json", "X-CSRF-Token": csrf(), ...headers });
  if (document.body.dataset.words) sent.set("X-Language", document.documentElement.lang); // refusals are shown as they come
  if (body !== undefined && !raw) sent.set("Content-Type", "application/json");
  let response;
  try {
    response = await fetch(`/api/v1${path}`, {
      method,
      headers: sent,
      body: body === undefined ? undefined : raw ? /** @type {BodyInit} */ (body) : JSON.stringify(body),
    });
  } catch {
    throw new Refused({ type: "about:blank", title: "No connection", status: 0, detail: "The portal cannot be reached. Check your connection and try again." });
  }
  if (response.ok) return response;
  throw new Refused(await problemOf(response));
}

/**
 * @param {Response} response
 * @returns {Promise<Problem>}
 */
async function problemOf(response) {
  const isJson = (response.headers.get("Content-Type") ?? "").includes("json");
  if (isJson) return response.json();
  return { type: "about:blank", title: response.statusText, status: response.status, detail: `That did not work (${response.status}). Please try again.` };
}

/**
 * Put an element at a rectangle of a page, in points, as per cent of the page's size.
 * @param {HTMLElement} element
 * @param {{x: number, y: number, w: number, h: number}} box points, origin top left
 * @param {number} pageWidth points
 * @param {number} pageHeight points
 */
export function place(element, box, pageWidth, pageHeight) {
  element.style.left = `${(100 * box.x) / pageWidth}%`;
  element.style.top = `${(100 * box.y) / pageHeight}%`;
  element.style.width = `${(100 * box.w) / pageWidth}%`;
  element.style.height = `${(100 * box.h) / pageHeight}%`;
}

/**
 * Show what went wrong beside a field, or take it away with an empty text.
 * The field's `aria-describedby` already names the error element.
 * @param {HTMLElement} field
 * @param {HTMLElement} error
 * @param {string} text
 */
export function complain(field, error, text) {
  error.hidden = text === "";
  error.querySelector("[data-text]")?.replaceChildren(text);
  if (text === "") field.removeAttribute("aria-invalid");
  else field.setAttribute("aria-invalid", "true");
}

/**
 * Keep a button from being pressed twice while its work runs; errors become toasts.
 * @param {HTMLButtonElement} button
 * @param {() => Promise<void>} work
 */
export async function busy(button, work) {
  button.disabled = true;
  try {
    await work();
  } catch (error) {
    toast(error instanceof Error ? error.message : String(error));
  } finally {
    button.disabled = false;
  }
}

/** @param {MouseEvent} event */
function onClick(event) {
  if (!(event.target instanceof Element)) return;
  const opener = event.target.closest("[data-open]");
  if (opener instanceof HTMLElement) openDialog(opener);
  const closer = event.target.closest("[data-close]");
  if (closer) closer.closest("dialog")?.close("cancel");
  // A click on the backdrop has the dialog itself as its target.
  if (event.target instanceof HTMLDialogElement && event.target.open) event.target.close("cancel");
  const printer = event.target.closest("[data-print]");
  if (printer) print();
  const copier = event.target.closest("[data-copy]");
  if (copier instanceof HTMLElement) void copyText(copier);
}

/**
 * A dialog that several buttons share gets its form's address and the name it speaks of from the button.
 * @param {HTMLElement} opener
 */
function openDialog(opener) {
  const dialog = $(`#${opener.dataset.open}`, HTMLDialogElement);
  if (opener.dataset.action) $("form", HTMLFormElement, dialog).action = opener.dataset.action;
  for (const place of dialog.querySelectorAll("[data-about]")) place.textContent = opener.dataset.about ?? "";
  dialog.showModal();
}

/** @param {HTMLElement} button whose `data-copy` names the element with the text */
async function copyText(button) {
  const source = $(`#${button.dataset.copy}`, HTMLElement);
  try {
    await navigator.clipboard.writeText(source.innerText.trim());
    toast("Copied.");
  } catch {
    getSelection()?.selectAllChildren(source);
    toast("Your browser does not let us copy. The text is selected: press Ctrl+C.");
  }
}

/**
 * A form that is on its way is not sent a second time by an impatient click.
 * @param {SubmitEvent} event
 */
function onSubmit(event) {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || form.method !== "post" || event.defaultPrevented) return;
  if ("again" in form.dataset) return; // its answer is a download: the page stays
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "yes";
}

document.addEventListener("click", onClick);
addEventListener("submit", onSubmit);
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) form.removeAttribute("data-sent");
});
for (const select of document.querySelectorAll("select[data-autosubmit]")) {
  select.addEventListener("change", () => select instanceof HTMLSelectElement && select.form?.requestSubmit());
}
localTimes();
forgetWhenOver(csrf() === "");
