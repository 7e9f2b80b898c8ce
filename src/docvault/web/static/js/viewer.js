// @ts-check
/**
 * Pages of a document: the page in view, zoom with sharper pictures, and the selectable text of pages further down.
 * The first pages carry their text layer already; the others are asked for when they come near.
 */
import { $ } from "./ui.js";

const SVG = "http://www.w3.org/2000/svg";
const NEAR = "150% 0px"; // how far outside the window a page's text is fetched
const MIDDLE = "-45% 0px -50% 0px"; // a thin band across the middle of the window
const DESCENT = 0.21; // of the font size: a run's box reaches this far below the baseline
const PAGE_WIDTH = 54; // rem: the widest a page gets without zoom; also in app.css

const pages = document.querySelector("#pages");
const zoomButton = document.querySelector("#zoom");
const figures = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("figure[data-page]")]);

/** @param {number} factor 1 fits the width */
export function setZoom(factor) {
  if (!(pages instanceof HTMLElement)) return;
  const before = Number(pages.style.getPropertyValue("--zoom")) || 1;
  if (before === factor) return;
  const middle = scrollY + innerHeight / 2;
  pages.style.setProperty("--zoom", String(factor));
  sharpen(factor);
  const top = (middle - pages.offsetTop) * (factor / before) + pages.offsetTop - innerHeight / 2;
  scrollTo({ top, behavior: "instant" });
  if (!(zoomButton instanceof HTMLButtonElement)) return;
  zoomButton.setAttribute("aria-pressed", String(factor > 1));
  zoomButton.setAttribute("aria-label", factor > 1 ? "Zoom out" : "Zoom in");
}

/**
 * Let the browser pick wider pictures from the ladder.
 * @param {number} factor
 */
function sharpen(factor) {
  const sizes = `min(${Math.round(100 * factor)}vw, ${Math.round(PAGE_WIDTH * factor)}rem)`;
  for (const image of pages?.querySelectorAll("img[srcset]") ?? []) {
    if (image instanceof HTMLImageElement) image.sizes = sizes;
  }
}

/** @param {(page: number) => void} tell called with the page in the middle of the window */
export function watchCurrentPage(tell) {
  const observer = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) {
        if (entry.isIntersecting && entry.target instanceof HTMLElement) tell(Number(entry.target.dataset.page));
      }
    },
    { rootMargin: MIDDLE },
  );
  for (const figure of figures) observer.observe(figure);
}

/** @param {number} page */
function showPageNumber(page) {
  const label = $("#pageno", HTMLElement);
  label.textContent = `${page} / ${figures.length}`;
  label.setAttribute("aria-label", `Page ${page} of ${figures.length}`);
}

function fetchTextWhenNear() {
  const observer = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) {
        if (!entry.isIntersecting || !(entry.target instanceof HTMLElement)) continue;
        observer.unobserve(entry.target);
        void addTextLayer(entry.target);
      }
    },
    { rootMargin: NEAR },
  );
  for (const figure of figures) if (figure.dataset.text) observer.observe(figure);
}

/** @typedef {{x: number, y: number, width: number, size: number, angle: number, text: string}} Run */

/** @param {HTMLElement} figure */
async function addTextLayer(figure) {
  const answer = await fetch(figure.dataset.text ?? "", { headers: { Accept: "application/json" } }).catch(() => null);
  if (!answer?.ok) return; // the picture stays readable; only selecting text is missing
  /** @type {{items: Run[]}} */
  const runs = await answer.json();
  const layer = document.createElementNS(SVG, "svg");
  layer.setAttribute("class", "textlayer");
  layer.setAttribute("viewBox", `0 0 ${figure.dataset.w} ${figure.dataset.h}`);
  layer.setAttribute("role", "group");
  layer.setAttribute("aria-label", `Text of page ${figure.dataset.page}`);
  layer.append(...runs.items.map(textElement));
  $(".page img", HTMLImageElement, figure).after(layer);
}

/**
 * Presentation attributes only, so that the strict style-src holds.
 * @param {Run} run
 */
function textElement(run) {
  const element = document.createElementNS(SVG, "text");
  const radians = (run.angle * Math.PI) / 180;
  const x = run.x + DESCENT * run.size * Math.sin(radians);
  const y = run.y - DESCENT * run.size * Math.cos(radians);
  element.setAttribute("x", x.toFixed(1));
  element.setAttribute("y", y.toFixed(1));
  element.setAttribute("font-size", String(run.size));
  element.setAttribute("textLength", String(run.width));
  element.setAttribute("lengthAdjust", "spacingAndGlyphs");
  if (Math.abs(run.angle) > 0.5) element.setAttribute("transform", `rotate(${run.angle} ${x} ${y})`);
  element.textContent = run.text;
  return element;
}

zoomButton?.addEventListener("click", () => setZoom(zoomButton.getAttribute("aria-pressed") === "true" ? 1 : 2));
visualViewport?.addEventListener("resize", () => {
  const pinch = visualViewport?.scale ?? 1;
  if (pinch > 1.3) sharpen(Math.min(3, pinch));
});
if (figures.length && document.querySelector("#pageno")) watchCurrentPage(showPageNumber);
fetchTextWhenNear();
