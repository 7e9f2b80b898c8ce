// @ts-check
/** Lets people see the passwords they type: a box beside them that is only there when this script is. */

for (const box of document.querySelectorAll("[data-reveal]")) {
  if (!(box instanceof HTMLInputElement)) continue;
  const label = box.closest("label");
  const fields = box.form?.querySelectorAll("input[type=password]") ?? [];
  if (label) label.hidden = false;
  box.addEventListener("change", () => {
    for (const field of fields) if (field instanceof HTMLInputElement) field.type = box.checked ? "text" : "password";
  });
}
