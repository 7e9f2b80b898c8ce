"""Using a page without a pointer: everything here is key presses, and looks at where the focus is."""

from playwright.sync_api import Page

MOST = 80  # presses of Tab before something counts as out of reach

FOCUSED = """() => {
  const element = document.activeElement;
  if (!element || element === document.body) return { name: "", shown: true };
  const box = element.getBoundingClientRect();
  const label = element.labels?.[0]?.innerText;
  const name = element.getAttribute("aria-label") || label || element.innerText || "";
  const within = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
  return { name: name.replace(/\\s+/g, " ").trim(), shown: within || element.matches(".skip, .vh") };
}"""


def press_tab_until(page: Page, name: str) -> None:
    """Move the focus to what is called `name`; everything on the way is on the screen when it has the focus."""
    passed = []
    for _ in range(MOST):
        focused = page.evaluate(FOCUSED)
        assert focused["shown"], f"the focus is out of sight: {focused['name']}"
        if name in focused["name"]:
            return
        passed.append(focused["name"])
        page.keyboard.press("Tab")
    raise AssertionError(f"the Tab key never comes to {name!r}, but to {passed}")


def press(page: Page, name: str, key: str = "Enter") -> None:
    """Go to what is called `name` and press it."""
    press_tab_until(page, name)
    page.keyboard.press(key)


def type_into(page: Page, name: str, text: str) -> None:
    """Go to the field called `name` and type."""
    press_tab_until(page, name)
    page.keyboard.type(text)
