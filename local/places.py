"""The two accounts that are kept in step: folders on disk, or emulated clouds."""

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import watchfiles

from local.deploy import Deployed
from syncoxiders.adapters.accounts.secret import Secret
from syncoxiders.ports.accounts import Account

TRASH = ".syncoxiders-trash"


class Place(NamedTuple):
    """An account, the folder in it that takes part, and what opens it."""

    account: Account
    root: str = ""
    secret: Secret | None = None
    vendor_id: str = ""


class Folders:
    """Two folders on disk. Nobody pushes from a disk: changes are watched for here."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self.app_secrets: dict[str, str] = {}

    @contextmanager
    def opened(self) -> Iterator[list[Place]]:
        """Make the folders if they are not there, and yield them."""
        if not self._home.exists():
            for name, text in _SAMPLES.items():
                file = self._home / name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text)
        yield [self._place(name) for name in ("left", "right")]

    def _place(self, name: str) -> Place:
        folder = self._home / name
        folder.mkdir(parents=True, exist_ok=True)
        return Place(Account(name, "folder", identity=str(folder), settings={"path": str(folder)}))

    def listen(self, stack: Deployed) -> None:
        """Nothing to be told: see :meth:`changes`."""
        del stack

    def changes(self, stop: threading.Event) -> Iterator[set[str]]:
        """Yield the names of accounts in which something has just changed."""
        for changed in watchfiles.watch(
            self._home, stop_event=stop, debounce=200, step=50, recursive=True, rust_timeout=500
        ):
            paths = [Path(path).relative_to(self._home).parts for _, path in changed]
            names = {parts[0] for parts in paths if parts and TRASH not in parts}
            if names:
                yield names

    def advice(self) -> list[str]:
        """Return what a person may try."""
        home = Path(os.path.relpath(self._home))
        return [
            "In another terminal, or your file manager, try:",
            f"  echo more >> {home}/left/hello.txt        (then look into {home}/right)",
            f"  mv {home}/right/pictures {home}/right/drawings",
            f"  rm {home}/left/notes/shopping.md",
            f"rm -r {home} starts over.",
        ]

    def command(self, words: list[str]) -> str:
        """There are none: people have their own tools for folders."""
        del words
        return ""


_SAMPLES = {
    "left/hello.txt": "Edit me in one folder, and look into the other.\n",
    "left/notes/shopping.md": "- bread\n- apples\n",
    "right/from-the-right.txt": "This one was made on the right.\n",
    "right/pictures/circle.svg": '<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64">'
    '<circle cx="32" cy="32" r="24"/></svg>\n',
}


class Emulated:
    """Google Drive and Dropbox, emulated in this process; they push as the real ones do."""

    def __init__(self) -> None:
        # They belong to the tests, and are not there in an installed package.
        from tests.emulators import drive, dropbox  # noqa: PLC0415 -- only if asked for
        from tests.emulators.serving import Server  # noqa: PLC0415 -- likewise

        self._clouds: dict[str, Any] = {"drive": drive.create(), "dropbox": dropbox.create()}
        self._serve: Callable[[Any], AbstractContextManager[Any]] = Server
        self.app_secrets = {"dropbox": self._clouds["dropbox"].oauth.clients["client"]}

    @contextmanager
    def opened(self) -> Iterator[list[Place]]:
        """Serve them, and yield their accounts; people have put something into each."""
        with ExitStack() as stack:
            urls = {
                kind: stack.enter_context(self._serve(cloud)).url
                for kind, cloud in self._clouds.items()
            }
            self._clouds["drive"].people.write("from drive.txt", b"Made on Drive.\n")
            self._clouds["dropbox"].people.write("from dropbox.txt", b"Made on Dropbox.\n")
            yield [self._place(kind, url) for kind, url in urls.items()]
            self._clouds["dropbox"].webhook.unregister()

    def _place(self, kind: str, url: str) -> Place:
        cloud = self._clouds[kind]
        tokens = cloud.oauth.issue()
        secret = Secret(
            client_secret=cloud.oauth.clients["client"],
            refresh=str(tokens["refresh_token"]),
            access=str(tokens["access_token"]),
            expires=time.time() + 3000,
        )
        account = Account(kind, kind, client="client", identity=url, settings={"url": url})
        vendor_id = cloud.account.id if kind == "dropbox" else ""
        return Place(account, "Root", secret, vendor_id)

    def listen(self, stack: Deployed) -> None:
        """Enter the webhook's address in Dropbox's app; Drive is told by the renewal."""
        self._clouds["dropbox"].webhook.register(stack.push("dropbox"))

    def changes(self, stop: threading.Event) -> Iterator[set[str]]:
        """Nothing is watched: the clouds push."""
        stop.wait()
        yield from ()

    def advice(self) -> list[str]:
        """Return what a person may try."""
        return [
            "Be a person with an account there: type a command and press Enter.",
            "  write drive notes/today.txt Hello     delete dropbox notes/today.txt",
            "  move dropbox notes ideas              show",
        ]

    def command(self, words: list[str]) -> str:
        """Do what a person typed, and return what to say."""
        match words:
            case ["show"]:
                return "\n".join(self._show())
            case ["write", kind, path, *text] if kind in self._clouds:
                self._clouds[kind].people.write(path, " ".join(text).encode() + b"\n")
            case ["move", kind, path, to] if kind in self._clouds:
                self._clouds[kind].people.rename(path, to)
            case ["delete", kind, path] if kind in self._clouds:
                self._clouds[kind].people.remove(path)
            case []:
                return ""
            case _:
                return "\n".join(self.advice())
        return f"done at {words[1]}"

    def _show(self) -> Iterable[str]:
        for kind, cloud in self._clouds.items():
            yield f"{kind}:"
            for path, data in sorted(cloud.people.tree().items()):
                yield f"  {path}" + ("/" if data is None else f"  {len(data)} bytes")
