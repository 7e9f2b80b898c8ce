// @ts-check
/** Which fields a signer does not see, given what they filled in: as rules/conditions.py says it, which decides. */

/** @typedef {import("./answers.js").Field} Field */
/** @typedef {import("./kinds.js").Answer} Answer */

/**
 * @param {Field[]} fields all of one signer
 * @param {Record<string, Answer>} answers
 * @returns {Set<string>} ids of those that are hidden
 */
export function hiddenFields(fields, answers) {
  const byId = new Map(fields.map((field) => [field.id, field]));
  return new Set(fields.filter((field) => !isShown(field, byId, answers)).map((field) => field.id));
}

/**
 * @param {Field} field
 * @param {Map<string, Field>} byId
 * @param {Record<string, Answer>} answers
 */
function isShown(field, byId, answers) {
  for (let step = 0; step <= byId.size; step++) {
    const wish = field.detail.show_if;
    if (!wish) return true;
    const other = byId.get(wish.field);
    if (!other || answers[wish.field] !== (wish.value ?? true)) return false;
    field = other;
  }
  return false;
}

/**
 * What a signer still has to do. The buttons of one question are one thing to do.
 * @param {Field[]} fields
 * @param {Record<string, Answer>} answers
 * @returns {{all: Field[], open: Field[]}} required fields that are shown, and those of them without an answer
 */
export function duties(fields, answers) {
  const hidden = hiddenFields(fields, answers);
  const shown = fields.filter((field) => field.required && !field.detail.auto && !hidden.has(field.id));
  const all = shown.filter((field, index) => field.kind !== "radio" || index === shown.findIndex((one) => sameQuestion(one, field)));
  const open = all.filter((field) => !fields.some((one) => (one === field || sameQuestion(one, field)) && one.id in answers));
  return { all, open };
}

/**
 * @param {Field} one
 * @param {Field} other
 */
export function sameQuestion(one, other) {
  return one.kind === "radio" && other.kind === "radio" && one.detail.group === other.detail.group;
}
