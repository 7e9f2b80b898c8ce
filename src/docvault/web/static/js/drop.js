// @ts-check
/** One file at a time, dropped anywhere on the page or chosen. */

/**
 * @param {HTMLElement} zone shows where to drop
 * @param {HTMLInputElement} input the file chooser inside it
 * @param {(file: File) => void} take
 */
export function takeFiles(zone, input, take) {
  input.addEventListener("change", () => {
    const file = input.files?.[0];
    if (file) take(file);
  });
  for (const kind of ["dragenter", "dragover"]) {
    addEventListener(kind, (event) => {
      event.preventDefault();
      zone.setAttribute("data-over", "");
    });
  }
  addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) zone.removeAttribute("data-over"); // it left the window
  });
  addEventListener("drop", (event) => {
    event.preventDefault();
    zone.removeAttribute("data-over");
    const file = event.dataTransfer?.files[0];
    if (file) take(file);
  });
}
