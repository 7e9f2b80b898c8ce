// @ts-check
/** Moments as people say them, in their own time zone. They come as UTC and keep that in their title. */

// The calendar is that of mails, documents and certificates, also where another one is usual: a day has one name.
const LANGUAGE = document.documentElement.lang;
const LOCALE = LANGUAGE === "en" ? "en-GB" : `${LANGUAGE}-u-ca-gregory`;
const MINUTES = new Intl.DateTimeFormat(LOCALE, { hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat(LOCALE, { day: "numeric", month: "long" });
const DAY_OF_YEAR = new Intl.DateTimeFormat(LOCALE, { day: "numeric", month: "long", year: "numeric" });
const FULL = new Intl.DateTimeFormat(LOCALE, { dateStyle: "full", timeStyle: "long" });
const NEAR = new Intl.RelativeTimeFormat(LOCALE, { numeric: "auto" });
const COMMA = LANGUAGE === "fa" ? "، " : LANGUAGE === "ja" ? " " : ", ";

/** @returns {string} for example "Europe/Berlin" */
export function zone() {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone.replaceAll("_", " ");
}

/**
 * @param {Date} moment
 * @param {Date} now
 */
function dayOf(moment, now) {
  const yesterday = new Date(now);
  yesterday.setDate(now.getDate() - 1);
  if (moment.toDateString() === now.toDateString()) return NEAR.format(0, "day");
  if (moment.toDateString() === yesterday.toDateString()) return NEAR.format(-1, "day");
  return (moment.getFullYear() === now.getFullYear() ? DAY : DAY_OF_YEAR).format(moment);
}

/**
 * Say a moment as in a sentence: "today, 09:14" or "19 November, 07:57".
 * @param {Date} moment
 */
export function friendly(moment, now = new Date()) {
  return `${dayOf(moment, now)}${COMMA}${MINUTES.format(moment)}`;
}

/** Say a moment exactly, with the zone. @param {Date} moment */
export function exact(moment) {
  return FULL.format(moment);
}

/** Show every moment of the page in the reader's own zone, and say which zone that is. */
export function localTimes() {
  for (const time of document.querySelectorAll("time[data-local]")) {
    const moment = new Date(time.getAttribute("datetime") ?? "");
    if (Number.isNaN(moment.getTime())) continue;
    time.setAttribute("title", `${exact(moment)}; ${time.textContent?.trim()}`);
    time.textContent = friendly(moment);
  }
  for (const said of document.querySelectorAll("[data-zone]")) {
    said.textContent = zone() === "UTC" ? "Times are UTC" : `Times are for ${zone()}`;
  }
}
