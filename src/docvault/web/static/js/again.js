// A page whose content is still being made or checked looks again by itself, less and less often.

const FIRST = 2; // seconds
const MOST = 12; // times

const key = `again:${location.pathname}${location.search}`;
const tries = Number(sessionStorage.getItem(key) ?? 0);

if (tries < MOST) {
  setTimeout(() => {
    sessionStorage.setItem(key, String(tries + 1));
    location.reload();
  }, FIRST * 1000 * Math.min(1 + tries / 2, 5));
} else {
  sessionStorage.removeItem(key);
}
