"""Every page, on a phone and on a desk, light and dark: to be used by everybody."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.console import scenarios
from tests.console.chromium import AXE, DESKTOP, PHONE
from tests.console.conftest import Console, opened

EMPTY = ["", "activity", "conflicts", "files", "accounts", "statistics", "new", "settings"]
BUSY = [
    "",
    "syncs/documents",
    "syncs/documents/runs",
    "syncs/documents/runs/23",
    "syncs/documents/settings",
    "new",
    "accounts",
    "accounts/work?connected",
    "connect",
    "connect/drive",
    "connect/s3",
    "apps?kind=onedrive",
    "activity",
    "conflicts",
    "conflicts/photos/c1",
    "conflicts/photos/c2",
    "conflicts/photos/c3",
    "files",
    "files?q=report",
    "files/in/documents/e0?path=Reports/2023",
    "statistics",
    "settings",
    "device",
    "device?code=BCDF-GHJK",
    "nowhere",
]
TROUBLED = [
    "",
    "syncs/documents",
    "syncs/new",
    "syncs/archive/plan/plan-1",
    "syncs/new/plan/plan-2",
    "accounts",
    "accounts?problem=denied",
    "accounts/work?problem=another-person",
    "files?q=nothing-like-it",
]


PAGES = [
    (name, hash_)
    for name, pages in (("empty", EMPTY), ("busy", BUSY), ("troubled", TROUBLED))
    for hash_ in pages
]


@pytest.fixture(scope="module")
def scenario(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Console]:
    with opened(browser, getattr(scenarios, request.param)()) as console:
        console.mock.page = 8  # axe-core looks at each row anew
        yield console


@pytest.mark.parametrize(("scenario", "hash_"), PAGES, indirect=["scenario"])
def test_page(scenario: Console, hash_: str) -> None:
    """axe-core finds nothing, nothing is wider than the window, and nothing fails."""
    if not AXE.exists():
        pytest.skip("axe-core is not there: make env brings it, with Node.js")
    it = scenario.window
    it.look(PHONE, "light")
    it.go(hash_)
    assert it.page.title().endswith("SyncOxiders")
    assert it.violations() == []
    assert it.sticking_out() == []
    it.look(DESKTOP, "dark")
    assert it.violations() == []
    assert it.sticking_out() == []
    it.check()


def test_nobody(browser: Browser) -> None:
    """Nobody is logged in: the page says how to, and only that."""
    world = scenarios.busy()
    world.session = None
    with opened(browser, world) as console:
        console.window.expected = ["401"]
        console.window.errors.clear()
        console.said("Open the link that was shown when deploying")
        assert console.window.violations() == []
        assert console.page.get_by_role("navigation").count() == 0
