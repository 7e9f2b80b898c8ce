// @ts-check
/** The dialog in which a signer draws, types or uploads the signature. Drawing always has a keyboard way: Type. */
import { $ } from "./ui.js";
import { Pad } from "./pad.js";
import { t } from "./words.js";

/** @typedef {import("./answers.js").Signature} Signature */

const INK = "#10213f";
const WIDEST = 1200; // pixels of an uploaded picture
/** @type {Record<string, string>} the font of each style */
const FAMILIES = { caveat: "Sign Caveat", "dancing-script": "Sign Dancing", "great-vibes": "Sign Vibes" };
const OTHER_SCRIPTS = '"Noto Sans Arabic", "Noto Sans CJK JP", cursive';

const dialog = $("#dlg-sign", HTMLDialogElement);
const form = $("#sigform", HTMLFormElement);
const pad = new Pad($("#pad", HTMLCanvasElement));
const fullName = $("#fullname", HTMLInputElement);
const problem = $("#sigerr", HTMLElement);
const problemWords = $("#sigerr-words", HTMLElement);
/** @type {HTMLCanvasElement | null} */
let uploaded = null;

/** @type {((result: {signature: Signature, preview: string} | null) => void) | null} */
let answer = null;

/**
 * Ask for a signature.
 * @returns {Promise<{signature: Signature, preview: string} | null>} null when the person closed the dialog
 */
export function askForSignature() {
  problem.hidden = true;
  dialog.showModal();
  pad.fit();
  return new Promise((resolve) => {
    answer = resolve;
  });
}

/** @param {{signature: Signature, preview: string} | null} result */
function finish(result) {
  const resolve = answer;
  answer = null;
  if (dialog.open) dialog.close();
  resolve?.(result);
}

function chosenWay() {
  return String(new FormData(form).get("how"));
}

function showChosenWay() {
  for (const tab of /** @type {NodeListOf<HTMLElement>} */ (form.querySelectorAll("[data-tab]"))) {
    tab.hidden = tab.dataset.tab !== chosenWay();
  }
  problem.hidden = true;
  pad.fit();
}

/** @returns {Promise<{signature: Signature, preview: string} | null>} null when nothing is there yet */
async function made() {
  if (chosenWay() === "draw") {
    if (pad.empty) return null;
    return { signature: { kind: "drawn", strokes: pad.data() }, preview: await png(pad.picture()) };
  }
  if (chosenWay() === "type") {
    const text = fullName.value.trim();
    if (!text) return null;
    const style = String(new FormData(form).get("style"));
    return { signature: { kind: "typed", text, style }, preview: await png(await written(text, style)) };
  }
  if (!uploaded) return null;
  const picture = await png(uploaded);
  return { signature: { kind: "picture", png: picture }, preview: picture };
}

/**
 * The typed name as a picture, in the hand that was chosen.
 * @param {string} text
 * @param {string} style
 */
async function written(text, style) {
  const font = `64px "${FAMILIES[style]}", ${OTHER_SCRIPTS}`;
  await document.fonts.load(font, text);
  const canvas = document.createElement("canvas");
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.font = font;
  canvas.width = Math.ceil(context.measureText(text).width) + 24;
  canvas.height = 96;
  context.font = font; // changing the size of a canvas forgets everything
  context.fillStyle = INK;
  context.textBaseline = "middle";
  context.fillText(text, 12, 50);
  return canvas;
}

/**
 * White paper becomes transparent; drawing it anew leaves EXIF behind.
 * @param {File} file
 */
async function cutOut(file) {
  const bitmap = await createImageBitmap(file);
  const scale = Math.min(1, WIDEST / bitmap.width);
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  const image = context.getImageData(0, 0, canvas.width, canvas.height);
  for (let at = 0; at < image.data.length; at += 4) {
    const [red, green, blue] = image.data.subarray(at, at + 3);
    image.data[at + 3] = Math.min(image.data[at + 3], opacity((red * 3 + green * 6 + blue) / 10));
  }
  context.putImageData(image, 0, 0);
  return canvas;
}

/** @param {number} lightness 0 is black, 255 white paper */
function opacity(lightness) {
  if (lightness > 235) return 0;
  if (lightness > 170) return (255 * (235 - lightness)) / 65;
  return 255;
}

/**
 * @param {HTMLCanvasElement} canvas
 * @returns {Promise<string>} base64
 */
async function png(canvas) {
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  if (!(blob instanceof Blob)) throw new Error("the picture could not be made");
  const bytes = new Uint8Array(await blob.arrayBuffer());
  let letters = "";
  for (const byte of bytes) letters += String.fromCharCode(byte);
  return btoa(letters);
}

/** @param {string} words */
function complain(words) {
  problemWords.textContent = words;
  problem.hidden = false;
}

async function takePicture() {
  const file = $("#sigfile", HTMLInputElement).files?.[0];
  if (!file) return;
  try {
    uploaded = await cutOut(file);
  } catch {
    uploaded = null;
    complain(t("This file is not a picture that we can read. Please take a PNG or JPEG."));
    return;
  }
  problem.hidden = true;
  const preview = $("#sigprev", HTMLImageElement);
  uploaded.toBlob((blob) => {
    if (blob) preview.src = URL.createObjectURL(blob);
    preview.hidden = false;
  });
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const result = await made();
  if (result) finish(result);
  else complain(t("Please add your signature first."));
});
form.addEventListener("change", (event) => {
  if (event.target instanceof HTMLInputElement && event.target.name === "how") showChosenWay();
});
dialog.addEventListener("close", () => finish(null));
fullName.addEventListener("input", () => {
  for (const sample of form.querySelectorAll("[data-name]")) sample.textContent = fullName.value || "…";
});
pad.onchange = () => {
  problem.hidden = true;
};
$("#sigfile", HTMLInputElement).addEventListener("change", () => void takePicture());
$("#undo", HTMLButtonElement).addEventListener("click", () => pad.undo());
$("#clear", HTMLButtonElement).addEventListener("click", () => pad.clear());
