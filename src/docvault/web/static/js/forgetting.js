// @ts-check
/**
 * What a signer filled in lies in the tab until it is signed, declined or the person signs out. This forgets it,
 * in the other tabs of the browser too: the next person at this computer finds nothing.
 */

const PREFIX = "ceremony:";
const SIGNED_OUT = "signed-out";
const tabs = new BroadcastChannel("docvault");

/** @param {string} envelope forget what belongs to it; everything when empty */
function forget(envelope = "") {
  for (const key of Object.keys(sessionStorage)) {
    if (key.startsWith(envelope ? `${PREFIX}${envelope}:` : PREFIX)) sessionStorage.removeItem(key);
  }
}

/**
 * Watch for the ends: a page that says one (`data-forget` names the envelope), or that nobody is signed in any more.
 * @param {boolean} nobody whether this page was made for nobody
 */
export function forgetWhenOver(nobody) {
  const over = document.querySelector("[data-forget]");
  if (over instanceof HTMLElement) forget(over.dataset.forget);
  if (nobody) {
    forget();
    tabs.postMessage(SIGNED_OUT);
  }
  tabs.addEventListener("message", (event) => {
    if (event.data === SIGNED_OUT) forget();
  });
}
