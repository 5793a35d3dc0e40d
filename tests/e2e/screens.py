"""Pictures of a running demo: `python tests/e2e/screens.py FOLDER [PATH ...]`; `--readme` makes README's picture.

Signs in as the secretary of the demo office at http://127.0.0.1:8000; each page at 1280 and 390 px, light and dark.
"""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from app.demo_office import PASSWORD, SECRETARY

BASE = "http://127.0.0.1:8000"
CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]
SHAPES = [
    ("wide-light", 1280, "light"),
    ("wide-dark", 1280, "dark"),
    ("phone-light", 390, "light"),
    ("phone-dark", 390, "dark"),
]


def shoot(browser: Browser, folder: Path, paths: list[str], shapes: list[tuple[str, int, str]], *, whole: bool) -> None:
    """Save one picture per path and shape; signs in once per shape."""
    for name, width, scheme in shapes:
        page = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme).new_page()
        page.goto(f"{BASE}/sign-in")
        page.fill("#login", SECRETARY)
        page.fill("#password", PASSWORD)
        page.click("main button")
        page.wait_for_url(BASE + "/")
        for path in paths:
            page.goto(BASE + path)
            page.wait_for_load_state("networkidle")
            file = (path.strip("/").replace("/", "-").replace("?", "-") or "home") + f".{name}.png"
            page.screenshot(path=folder / file, full_page=whole)


def main() -> None:
    """Entry point."""
    readme = "--readme" in sys.argv
    arguments = [argument for argument in sys.argv[1:] if argument != "--readme"]
    folder = Path(arguments[0])
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        if readme:
            shoot(browser, folder, ["/plan/2558"], SHAPES[:1], whole=False)
            (folder / "plan-2558.wide-light.png").replace(folder / "plan.png")
        else:
            shoot(browser, folder, arguments[1:] or ["/", "/plan/2558"], SHAPES, whole=True)
        browser.close()


if __name__ == "__main__":
    main()
