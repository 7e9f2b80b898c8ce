// @ts-check
/** Offers the recovery codes as a text file. They never leave the page otherwise. */

import { $ } from "./ui.js";

const button = $("#download", HTMLButtonElement);

button.addEventListener("click", () => {
  const codes = [...document.querySelectorAll("#codes li")].map((item) => item.textContent?.trim());
  const text = `${button.dataset.name} recovery codes, each works once\n\n${codes.join("\n")}\n`;
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  link.download = "recovery-codes.txt";
  link.click();
  URL.revokeObjectURL(link.href);
});
