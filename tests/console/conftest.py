"""A console in Chromium, before an API of the tests."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
from playwright.sync_api import Browser

from tests.console.chromium import Window, launched, window
from tests.console.mock import Mock, sockets
from tests.console.world import World
from tests.emulators.serving import Server


class Console:
    """An open console, and the API that it speaks to."""

    def __init__(self, window_: Window, mock: Mock) -> None:
        self.window = window_
        self.page = window_.page
        self.mock = mock

    def said(self, text: str) -> None:
        """Wait until it is to be read."""
        self.page.get_by_text(text).first.wait_for()

    def press(self, name: str) -> None:
        """Press a button, or follow a link."""
        self.page.get_by_role("button", name=name).or_(
            self.page.get_by_role("link", name=name)
        ).first.click()

    def asked(self, method: str, path: str) -> list[object]:
        """Return the bodies of requests."""
        return [body for how, where, body in self.mock.asked if (how, where) == (method, path)]


Opening = Callable[..., AbstractContextManager[Console]]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with launched() as started:
        yield started


@contextmanager
def opened(
    browser: Browser, world: World, hash_: str = "", *, live: bool = True
) -> Iterator[Console]:
    """Open a console on a deployment."""
    mock = Mock(world)
    with sockets(mock), Server(mock) as server, window(browser, server.url) as shown:
        if not live:
            mock.live = ""
        console = Console(shown, mock)
        shown.go(hash_)
        yield console


@pytest.fixture
def console(browser: Browser) -> Opening:
    """Open a console: ``with console(world, "syncs/photos") as it:``."""

    def open_(
        world: World, hash_: str = "", *, live: bool = True
    ) -> AbstractContextManager[Console]:
        return opened(browser, world, hash_, live=live)

    return open_
