"""The two accounts that are kept in step: folders on disk, or emulated clouds."""

import os
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Protocol, Self

import watchfiles

from local.deploy import Deployed
from syncoxiders.adapters.accounts.secret import Secret
from syncoxiders.api.shapes.accounts import App
from syncoxiders.ports.accounts import Account

TRASH = ".syncoxiders-trash"
TRIES = 5


class Place(NamedTuple):
    """An account, the folder in it that takes part, and what opens it."""

    account: Account
    root: str = ""
    secret: Secret | None = None
    vendor_ids: frozenset[str] = frozenset()


class Connectable(Protocol):
    """Places that can be connected to a deployment.

    ``app_secrets`` are by the kind of account whose vendor signs pushes with one; ``apps`` are
    those through which one can sign in, once the places are there.
    """

    @property
    def opened(self) -> Sequence[Place]:
        """The places."""

    @property
    def app_secrets(self) -> Mapping[str, str]:
        """The secrets of OAuth apps."""

    @property
    def apps(self) -> Mapping[str, App]:
        """The OAuth apps by kind, with the addresses of who they are registered with."""

    def listen(self, stack: Deployed) -> None:
        """Tell vendors where pushes go, so far as the system does not do it itself."""


class Places(Connectable, Protocol):
    """Two places, there as long as the context is.

    ``memory`` is where the system's tables are kept for as long as the places are, if they outlive
    the context.
    """

    @property
    def memory(self) -> Path | None:
        """The file of the tables."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def advice(self) -> list[str]:
        """Return what a person may try, line by line."""

    def command(self, words: list[str]) -> str:
        """Do what a person typed, and return what to say."""


class Folders:
    """Two folders on disk, from which nobody pushes: :func:`changes` tells of them."""

    app_secrets: Mapping[str, str] = {}
    apps: Mapping[str, App] = {}

    def __init__(self, home: Path) -> None:
        self._home = home
        self.opened = [_folder(home / name) for name in ("left", "right")]
        self.memory: Path | None = home / "tables"

    def __enter__(self) -> Self:
        """Make the folders with something in them, if they are not there."""
        if not self._home.exists():
            for name, text in _SAMPLES.items():
                file = self._home / name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text)
        for place in self.opened:
            Path(place.account.identity).mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the folders as they are."""

    def listen(self, stack: Deployed) -> None:
        """Tell nobody: a disk does not push."""

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
        """There are none: people have tools of their own for folders."""
        return "There is nothing to be typed here." if words else ""


def changes(home: Path, stop: threading.Event) -> Iterator[set[Path]]:
    """Yield where below a folder something has just changed, but for what we put aside there."""
    for changed in watchfiles.watch(home, stop_event=stop, debounce=200, step=50):
        paths = {Path(path) for _, path in changed}
        found = {path for path in paths if TRASH not in path.parts}
        if found:
            yield found


def _folder(path: Path) -> Place:
    return Place(Account(path.name, "folder", identity=str(path), settings={"path": str(path)}))


_SAMPLES = {
    "left/hello.txt": "Edit me in one folder, and look into the other.\n",
    "left/notes/shopping.md": "- bread\n- apples\n",
    "right/from-the-right.txt": "This one was made on the right.\n",
    "right/pictures/circle.svg": '<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64">'
    '<circle cx="32" cy="32" r="24"/></svg>\n',
}


class Emulated:
    """Google Drive and Dropbox, emulated in this process; they push as the real ones do.

    ``clouds`` are the emulators, with the hands of the people who use them.
    """

    def __init__(self) -> None:
        # They belong to the tests, and are not there in an installed package.
        from tests.emulators import drive, dropbox  # noqa: PLC0415 -- only if asked for

        self.clouds: dict[str, Any] = {"drive": drive.create(), "dropbox": dropbox.create()}
        self.app_secrets = {"dropbox": self.clouds["dropbox"].oauth.clients["client"]}
        self.apps: dict[str, App] = {}
        self.opened: list[Place] = []
        self.memory: Path | None = None
        self._serving = ExitStack()

    def __enter__(self) -> Self:
        """Serve them; people have put something into each."""
        from tests.emulators.serving import Server  # noqa: PLC0415 -- see above

        for kind, cloud in self.clouds.items():
            url = self._serving.enter_context(Server(cloud)).url
            cloud.people.write(f"from {kind}.txt", f"Made at {kind}.\n".encode())
            self.opened.append(self._place(kind, url))
            (client, secret), *_ = cloud.oauth.clients.items()
            self.apps[kind] = App(client_id=client, client_secret=secret, url=url)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """They are gone, and what was in them."""
        self.clouds["dropbox"].webhook.unregister()
        self._serving.close()

    def _place(self, kind: str, url: str) -> Place:
        cloud = self.clouds[kind]
        tokens = cloud.oauth.issue()
        secret = Secret(
            client_secret=cloud.oauth.clients["client"],
            refresh=str(tokens["refresh_token"]),
            access=str(tokens["access_token"]),
            expires=time.time() + 3000,
        )
        account = Account(kind, kind, client="client", identity=url, settings={"url": url})
        vendor_ids = frozenset({cloud.account.id} if kind == "dropbox" else ())
        return Place(account, "Root", secret, vendor_ids)

    def listen(self, stack: Deployed) -> None:
        """Enter the webhook's address in Dropbox's app; Drive is told by the renewal.

        As Dropbox waits for 10 seconds only, a machine that is busy may need another try.
        """
        for left in reversed(range(TRIES)):
            try:
                self.clouds["dropbox"].webhook.register(stack.push("dropbox"))
            except ValueError:
                if not left:
                    raise
            else:
                return

    def advice(self) -> list[str]:
        """Return what a person may try."""
        return [
            "Be a person with an account there: type a command and press Enter.",
            "  write drive notes/today.txt Hello     delete dropbox notes/today.txt",
            "  move dropbox notes ideas              show",
        ]

    def command(self, words: list[str]) -> str:
        """Do what a person typed, and return what to say."""
        try:
            match words:
                case []:
                    return ""
                case ["show"]:
                    return "\n".join(self._show())
                case ["write", kind, path, *text]:
                    self.clouds[kind].people.write(path, " ".join(text).encode() + b"\n")
                case ["move", kind, path, to]:
                    self.clouds[kind].people.rename(path, to)
                case ["delete", kind, path]:
                    self.clouds[kind].people.remove(path)
                case _:
                    return "\n".join(self.advice())
        except (LookupError, OSError, ValueError) as error:
            return f"That cannot be done: {error}"
        return f"Done at {words[1]}."

    def _show(self) -> Iterable[str]:
        for kind, cloud in self.clouds.items():
            yield f"{kind}:"
            for path, data in sorted(cloud.people.tree().items()):
                yield f"  {path}" + ("/" if data is None else f"  {len(data)} bytes")
