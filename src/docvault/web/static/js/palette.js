// @ts-check
/** Bringing a new field onto a page: drag from the palette, tap a tool and then the page, or press Enter. */
import { $ } from "./ui.js";
import { NAMES } from "./kinds.js";
import { SIZES, pageSize } from "./placed.js";

/** @typedef {import("./kinds.js").Kind} Kind */
/** @typedef {(kind: Kind, page: number, x: number, y: number) => void} Create centre in points */

const DRAG = 6; // pixels before a press becomes a drag

const tools = $("#tools", HTMLElement);
const canvas = $("#canvas", HTMLElement);
/** @type {HTMLButtonElement | null} */
let armed = null;

/**
 * Which page lies under a point of the window, and where on it.
 * @param {number} clientX
 * @param {number} clientY
 */
export function pageAt(clientX, clientY) {
  for (const element of document.elementsFromPoint(clientX, clientY)) {
    const sheet = element.closest("figure[data-page] .page");
    const figure = sheet?.closest("figure");
    if (!sheet || !(figure instanceof HTMLElement)) continue;
    const rectangle = sheet.getBoundingClientRect();
    const scale = Number(figure.dataset.w) / rectangle.width;
    return {
      page: Number(figure.dataset.page),
      x: (clientX - rectangle.left) * scale,
      y: (clientY - rectangle.top) * scale,
      scale,
    };
  }
  return null;
}

export function pageInView() {
  const middle = innerHeight / 2;
  let best = 1;
  let nearest = Infinity;
  for (const figure of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("figure[data-page]"))) {
    const rectangle = figure.getBoundingClientRect();
    const gap = Math.abs((rectangle.top + rectangle.bottom) / 2 - middle);
    if (gap < nearest) {
      nearest = gap;
      best = Number(figure.dataset.page);
    }
  }
  return best;
}

/** @param {HTMLElement} button */
function kindOf(button) {
  return /** @type {Kind} */ (button.dataset.kind);
}

/**
 * @param {HTMLButtonElement | null} button
 * @param {(words: string) => void} say
 */
function arm(button, say) {
  armed?.setAttribute("aria-pressed", "false");
  armed = button;
  button?.setAttribute("aria-pressed", "true");
  if (button) say(`${NAMES[kindOf(button)]}: tap the page where it goes`);
}

/** @param {Kind} kind */
function newGhost(kind) {
  const page = pageSize(pageInView());
  const scale = page.box.getBoundingClientRect().width / page.width;
  const ghost = document.createElement("div");
  ghost.className = "fld ghost";
  ghost.dataset.r = tools.dataset.r ?? "1";
  ghost.textContent = NAMES[kind];
  ghost.style.width = `${SIZES[kind][0] * scale}px`;
  ghost.style.height = `${SIZES[kind][1] * scale}px`;
  return ghost;
}

/**
 * @param {HTMLButtonElement} button
 * @param {PointerEvent} start
 * @param {Create} create
 * @param {(words: string) => void} say
 */
function dragFrom(button, start, create, say) {
  const kind = kindOf(button);
  const ghost = newGhost(kind);
  let moved = false;
  button.setPointerCapture(start.pointerId);

  /** @param {PointerEvent} event */
  const move = (event) => {
    moved ||= Math.hypot(event.clientX - start.clientX, event.clientY - start.clientY) >= DRAG;
    if (!moved) return;
    if (!ghost.isConnected) document.body.append(ghost);
    ghost.style.left = `${event.clientX}px`;
    ghost.style.top = `${event.clientY}px`;
  };
  const stop = () => {
    button.removeEventListener("pointermove", move);
    button.removeEventListener("pointerup", drop);
    button.removeEventListener("pointercancel", stop);
    ghost.remove();
  };
  /** @param {PointerEvent} event */
  const drop = (event) => {
    stop();
    if (!moved) return arm(armed === button ? null : button, say);
    const there = pageAt(event.clientX, event.clientY);
    if (there) create(kind, there.page, there.x, there.y);
  };
  button.addEventListener("pointermove", move);
  button.addEventListener("pointerup", drop);
  button.addEventListener("pointercancel", stop);
}

/**
 * @param {Create} create
 * @param {() => void} deselect a press beside every field
 * @param {(words: string) => void} say
 */
export function startPalette(create, deselect, say) {
  for (const button of tools.querySelectorAll("button")) {
    button.addEventListener("click", (event) => {
      if (event.detail) return; // a pointer: handled as a drag or a tap
      const page = pageInView();
      const { width, height } = pageSize(page);
      create(kindOf(button), page, width / 2, height / 2);
    });
    button.addEventListener("pointerdown", (event) => {
      if (!event.button) dragFrom(button, event, create, say);
    });
  }
  canvas.addEventListener("click", (event) => {
    if (!(event.target instanceof Element) || event.target.closest(".fld")) return;
    const there = armed && pageAt(event.clientX, event.clientY);
    if (!armed || !there) return deselect();
    const kind = kindOf(armed);
    arm(null, say);
    create(kind, there.page, there.x, there.y);
  });
}

/** Give the keyboard back to the palette. */
export function focusPalette() {
  tools.querySelector("button")?.focus();
}

/** @param {number} colour of the person new fields are for */
export function showColour(colour) {
  tools.dataset.r = String(colour);
}
