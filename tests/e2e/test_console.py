"""From an empty deployment to files in step, by the console alone, in Chromium.

Two emulated clouds are connected by their own pages; functions, queues and tables are the deployed
ones. Each test goes on where the one before it ended.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from local.connecting import reaching
from local.deploy import deploy
from local.emulator import Ministack
from local.front import Front
from syncoxiders.cloud.people import login_link
from tests.console.chromium import Window, launched, window
from tests.e2e.clouds import PATIENCE
from tests.emulators import drive, dropbox
from tests.emulators.serving import Server

pytestmark = pytest.mark.slow

TITLES = {"drive": "Google Drive", "dropbox": "Dropbox"}


@dataclass
class Story:
    """A person before the console, and what is in their clouds."""

    window: Window
    link: str
    clouds: dict[str, Any]
    addresses: dict[str, str]

    @property
    def page(self) -> Page:
        return self.window.page

    def press(self, name: str, within: Locator | None = None) -> None:
        where = within or self.page
        where.get_by_role("button", name=name).or_(
            where.get_by_role("link", name=name)
        ).first.click()

    def said(self, text: str) -> None:
        """Wait until it is to be read."""
        self.page.get_by_text(text).first.wait_for(timeout=PATIENCE * 1000)

    def is_in_step(self) -> None:
        """Open the page of the sync, and wait until nothing of it is under way."""
        self.window.go("syncs/notes")
        badge = self.page.locator("main .head .badge")
        expect(badge).to_have_text("In step", timeout=PATIENCE * 1000)

    def people(self, kind: str) -> Any:
        return self.clouds[kind].people

    def until(self, true: Callable[[], bool], what: str) -> None:
        """Wait until something is so in the clouds; the page goes on meanwhile."""
        end = time.monotonic() + PATIENCE
        while not true():
            assert time.monotonic() < end, what
            self.page.wait_for_timeout(100)


@pytest.fixture(scope="module")
def story(synthesised: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    work = tmp_path_factory.mktemp("console")
    clouds = {"drive": drive.create(), "dropbox": dropbox.create()}
    with ExitStack() as stack:
        browser = stack.enter_context(launched())
        front = stack.enter_context(Front())
        addresses = {kind: stack.enter_context(Server(each)).url for kind, each in clouds.items()}
        emulator = stack.enter_context(Ministack(work))
        deployed = deploy(emulator, synthesised, work, console=front.url)
        front.opened(deployed.url)
        for path in ("/index.html", "/api/v1/deployment"):  # functions take a while to start
            assert httpx.get(front.url + path, timeout=PATIENCE).status_code == 200
        app = stack.enter_context(reaching(emulator, deployed))
        shown = stack.enter_context(window(browser, front.url))
        shown.page.set_default_timeout(60_000)
        # Before the login; of a link that is used up; on a busy machine the first live connection
        # may come too late, and is made anew.
        shown.expected = ["401", "404", "WebSocket"]
        yield Story(shown, login_link(app), clouds, addresses)


def test_log_in(story: Story) -> None:
    """The link lets in once, and leads to what to do first."""
    story.page.goto(story.link)
    story.press("Log in")
    story.said("Two steps to your first sync")
    story.said("Live")
    story.page.goto(story.link)
    story.press("Log in")
    story.said("This link does not work any more")


@pytest.mark.parametrize("kind", ["drive", "dropbox"])
def test_connect(story: Story, kind: str) -> None:
    """An account is connected by the provider's own page, after its app was entered."""
    cloud = story.clouds[kind]
    story.window.go("apps")
    story.press(f"Set up {TITLES[kind]}")
    story.page.get_by_label("Client id").fill("client")
    story.page.get_by_label("Client secret").fill(cloud.oauth.clients["client"])
    story.page.get_by_label("Its servers").fill(story.addresses[kind])
    story.press("Save")
    story.said(f"Accounts at {TITLES[kind]} can be connected now.")
    story.window.go(f"connect/{kind}")
    story.press(f"Go to {TITLES[kind]}")
    story.page.locator("#deny").click()
    story.said("Access was not allowed at the provider.")
    story.window.go(f"connect/{kind}")
    story.press(f"Go to {TITLES[kind]}")
    story.page.locator("#allow").click()
    story.said(f"{kind} is connected")


def test_make_a_sync(story: Story) -> None:
    """Folders are chosen in both accounts, and the first run is shown before it is done."""
    for kind, cloud in story.clouds.items():
        cloud.people.write(f"from {kind}.txt", f"Made at {kind}.\n".encode())
    story.window.go("new")
    for kind, choice in (("drive", "Choose a folder"), ("dropbox", "Choose another folder")):
        story.press(choice)
        dialog = story.page.get_by_role("dialog")
        story.press(kind, dialog)
        story.press("Root", dialog)
        story.press("Choose “Root”", dialog)
    story.page.get_by_label("Its name").fill("notes")
    story.press("Go on")
    story.press("Go on")
    story.press("Make it, and show the first run")
    story.page.get_by_role("link", name="Look at the plan").click(timeout=PATIENCE * 1000)
    story.said("Nothing is deleted by this plan.")
    story.said("from drive.txt")
    assert "from drive.txt" not in story.clouds["dropbox"].people.tree()
    story.press("Let it through")


def test_files_arrive(story: Story) -> None:
    """What was let through is done; what is new then is told as it arrives, on an open page."""
    story.window.go("syncs/notes")
    story.said("from dropbox.txt")
    story.is_in_step()
    story.people("drive").write("today.txt", b"Something new.\n")
    story.said("today.txt")
    story.until(lambda: "today.txt" in story.people("dropbox").tree(), "it was told, and not done")


def test_resolve_a_conflict(story: Story) -> None:
    """Two edits of one text are compared, and the one that is chosen stands on both sides."""
    story.is_in_step()  # a planner that is at work goes on
    story.press("Pause")
    story.said("notes is paused.")
    story.people("drive").write("today.txt", b"Meet at eight.\n")
    story.people("dropbox").write("today.txt", b"Meet at nine.\n")
    story.press("Resume")
    story.said("1 conflict")
    story.window.go("conflicts")
    story.page.get_by_role("list", name="Conflicts").get_by_role("link").click()
    expect(story.page.locator("del")).to_have_count(1)
    story.page.locator(".decide").get_by_role("button", name="Keep drive").click()
    story.said("No conflict waits")
    for kind in TITLES:
        story.until(
            lambda kind=kind: (
                [  # type: ignore[misc]  # mypy infers no lambda with a default
                    data for name, data in story.people(kind).tree().items() if "today" in name
                ]
                == [b"Meet at eight.\n"]
            ),
            f"the decision did not arrive at {kind}",
        )


def test_search(story: Story) -> None:
    """Files of both accounts are found by their names."""
    story.window.go("files")
    story.page.get_by_label("Search all files").fill("from drive")
    found = story.page.get_by_role("link", name="from drive.txt")
    expect(found).to_have_count(2, timeout=PATIENCE * 1000)


def test_statistics(story: Story) -> None:
    """What is there is counted, by account."""
    story.window.go("statistics")
    bars = story.page.get_by_role("table", name="Bytes by account")
    expect(bars.get_by_role("row")).to_have_count(2, timeout=PATIENCE * 1000)


def test_pause(story: Story) -> None:
    """While it is paused nothing arrives; afterwards it does."""
    story.is_in_step()  # a planner that is at work goes on
    story.press("Pause")
    story.said("notes is paused.")
    story.people("drive").write("late.txt", b"later\n")
    story.page.wait_for_timeout(3000)
    assert "late.txt" not in story.people("dropbox").tree()
    story.press("Resume")
    story.until(lambda: "late.txt" in story.people("dropbox").tree(), "it does not go on")
    story.said("late.txt")
    story.window.check()
