"""Chromium, and a console that is open in it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Request, sync_playwright

from tests.console.shapes import CONSOLE

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE = 10_000
"""Milliseconds: what is awaited takes some hundred, and the machine may be busy."""

PHONE, DESKTOP = (390, 844), (1280, 800)

_GO = """hash => new Promise((done) => {
  if (location.hash === hash) done();
  addEventListener('hashchange', () => setTimeout(done), { once: true });
  location.hash = hash;
})"""

AXE = CONSOLE.parents[1] / "node_modules" / "axe-core" / "axe.min.js"


def program() -> str:
    """Return where Chromium is; the test is skipped where it is not."""
    path = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    if not Path(path).exists():
        pytest.skip(f"there is no Chromium at {path} (CHROMIUM=... names another)")
    return path


@contextmanager
def launched() -> Iterator[Browser]:
    """Start Chromium; it ends with the block."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program(), args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


class Window:
    """A window on a console: what goes wrong in it is written down."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.errors: list[str] = []
        self.foreign: list[str] = []
        self.expected: list[str] = []
        """Parts of what the browser says of requests that are meant to fail."""
        page.set_default_timeout(PATIENCE)
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", self._asked)

    def _said(self, message: Any) -> None:
        expected = any(each in message.text for each in self.expected)
        if message.location.get("url", "").endswith("/favicon.ico"):
            return  # a browser asks for it on pages that name none
        if message.type in {"error", "warning"} and not expected:
            self.errors.append(message.text)

    def _asked(self, request: Request) -> None:
        address = urlsplit(request.url)
        if (
            address.scheme not in {"data", "blob"}
            and address.hostname != urlsplit(self.url).hostname
        ):
            self.foreign.append(request.url)

    def go(self, hash_: str = "") -> None:
        """Go to a page of the console, and wait until it has nothing to load any more."""
        if self.page.url.startswith(f"{self.url}/#"):
            self.page.evaluate(_GO, f"#/{hash_}")
        else:
            self.page.goto(f"{self.url}/#/{hash_}")
        self.page.wait_for_selector("main h1")
        self.settle()

    def settle(self) -> None:
        self.page.wait_for_selector(".skeletons", state="detached")

    def look(self, size: tuple[int, int], scheme: Literal["light", "dark"]) -> None:
        self.page.set_viewport_size({"width": size[0], "height": size[1]})
        self.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")

    def violations(self, *rules: str) -> list[str]:
        """Return what axe-core finds, with where; by some of its rules, or by all of them."""
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(AXE.read_text())
        options = {"runOnly": {"type": "rule", "values": list(rules)}} if rules else {}
        found = self.page.evaluate("options => axe.run(document, options)", options)
        return [
            f"{each['id']}: {node['html'][:200]} {node.get('failureSummary', '')}"
            for each in found["violations"]
            for node in each["nodes"]
        ]

    def sticking_out(self) -> list[str]:
        """Return what is wider than the window, if that makes the page so."""
        found: list[str] = self.page.evaluate(
            """() => {
              const width = document.documentElement.clientWidth;
              if (document.documentElement.scrollWidth <= width) return [];
              return [...document.querySelectorAll('main *, .side *')]
                .filter((each) => each.getBoundingClientRect().right > width)
                .map((each) => each.outerHTML.slice(0, 120));
            }"""
        )
        return found

    def check(self) -> None:
        """Nothing went wrong, and nobody else was asked."""
        assert not self.errors, self.errors
        assert not self.foreign, self.foreign


@contextmanager
def window(browser: Browser, url: str) -> Iterator[Window]:
    """Open a window; at the end nothing has gone wrong in it."""
    context = browser.new_context(viewport={"width": DESKTOP[0], "height": DESKTOP[1]})
    try:
        opened = Window(context.new_page(), url)
        yield opened
        opened.check()
    finally:
        context.close()
