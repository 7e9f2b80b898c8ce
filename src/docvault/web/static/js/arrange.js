// @ts-check
/** Several fields at once: in line with the one selected last, of its size, or one on every page. */
import { pageSize } from "./placed.js";

/** @typedef {import("./placed.js").Field} Field */
/** @typedef {import("./placed.js").Placed} Placed */

/** @type {Record<string, (field: Field, model: Field) => void>} */
const WAYS = {
  left: (field, model) => (field.x = model.x),
  centre: (field, model) => (field.x = model.x + (model.w - field.w) / 2),
  right: (field, model) => (field.x = model.x + model.w - field.w),
  top: (field, model) => (field.y = model.y),
  middle: (field, model) => (field.y = model.y + (model.h - field.h) / 2),
  bottom: (field, model) => (field.y = model.y + model.h - field.h),
  size: (field, model) => Object.assign(field, { w: model.w, h: model.h }),
};

/**
 * @param {Placed} placed
 * @param {string} way
 * @returns {string} what happened, in words
 */
export function alignChosen(placed, way) {
  const [model, ...others] = placed.chosen;
  placed.remember();
  for (const field of others) {
    WAYS[way](field, model);
    placed.draw(field);
  }
  return `${others.length + 1} fields aligned`;
}

/**
 * Copy a field to the same place on every page that has none there yet.
 * @param {Placed} placed
 * @param {Field} field
 * @returns {string} what happened, in words
 */
export function copyEverywhere(placed, field) {
  placed.remember();
  let count = 0;
  for (const figure of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("figure[data-page]"))) {
    const page = Number(figure.dataset.page);
    const { width, height } = pageSize(page);
    const fits = field.x + field.w <= width && field.y + field.h <= height;
    const same = placed.fields.some((one) => one.page === page && one.kind === field.kind && one.recipient_id === field.recipient_id && one.x === field.x && one.y === field.y);
    if (!fits || same) continue;
    placed.add({ ...field, key: placed.newKey(), id: null, page, detail: { ...field.detail } });
    count++;
  }
  return count === 1 ? "Copied to 1 more page" : `Copied to ${count} more pages`;
}
