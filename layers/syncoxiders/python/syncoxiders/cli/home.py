"""Where state lives, and which state a set of folders belongs to.

The store itself says which endpoint id is which folder (:func:`endpoints`). A small file beside
it repeats the folders, so that a sync is found without opening every store.
"""

import contextlib
import hashlib
import json
import os
import string
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from syncoxiders.adapters.state.sqlite import SqliteStateStore
from syncoxiders.cli.endpoints import Root, contains
from syncoxiders.cli.exits import Usage
from syncoxiders.cli.text import listed, shown
from syncoxiders.core.model import EndpointId
from syncoxiders.ports.errors import StateError
from syncoxiders.ports.state import SyncStore

OWNER, SYNC = "local", "sync"
"""The store's one owner and sync: every sync of a machine has a folder of its own."""

_INDEX = "folders.json"
_SCHEMA = "syncoxiders.folders/1"
_ENDPOINTS = "endpoints"


class Home(msgspec.Struct, frozen=True):
    """A sync's state folder; ``addresses`` are the roots that it is known to keep in step."""

    folder: Path
    addresses: frozenset[str] = frozenset()

    @property
    def file(self) -> Path:
        """The state store's file."""
        return self.folder / "state.db"

    @property
    def blobs(self) -> Path:
        """The folder for base contents."""
        return self.folder / "blobs"


def everything() -> list[Home]:
    """Return all syncs that have their state at the usual place."""
    try:
        folders = sorted(_base().iterdir())
    except OSError:
        return []
    return [home for folder in folders if (home := read(folder)).addresses]


def read(folder: Path) -> Home:
    """Return what is known of a state folder, which need not exist.

    Raises errors of the state store where only that could tell.
    """
    try:
        found = json.loads((folder / _INDEX).read_bytes())
        if found["schema"] == _SCHEMA:
            return Home(folder, frozenset(map(str, found["folders"])))
    except (OSError, ValueError, KeyError, TypeError):
        pass  # it is repeated from the store
    home = Home(folder)
    if not home.file.exists():
        return home
    with SqliteStateStore(home.file, read_only=True) as store:
        return Home(folder, frozenset(endpoints(store.sync(OWNER, SYNC)).values()))


def find(roots: Sequence[Root], state: Path | None) -> Home:
    """Return the state folder for a set of roots, which may be new.

    Without ``state`` it is the one that knows the same set, or else the only one that knows a
    part of it: further folders join that one. Raises Usage.
    """
    addresses = frozenset(root.address for root in roots)
    home = _usual(addresses) if state is None else _given(addresses, state)
    for root in roots:
        if not root.account and contains(root.path, home.folder):
            what = "--state names a folder" if state is not None else "state would live"
            raise Usage(
                f"{what} inside {shown(root.given)}, which is synced; "
                "choose a --state folder outside"
            )
    return home


def _given(addresses: frozenset[str], state: Path) -> Home:
    folder = Path(os.path.realpath(state))
    if folder.exists() and not folder.is_dir():
        raise Usage(f"--state {shown(str(state))} is not a folder")
    home = read(folder)
    if home.addresses - addresses:
        raise Usage(
            f"the state in {shown(str(state))} keeps {_folders(home.addresses)} in step; "
            "name all of these, or another --state"
        )
    return home


def _usual(addresses: frozenset[str]) -> Home:
    known = everything()
    for home in known:
        if home.addresses == addresses:
            return home
    parts = [home for home in known if home.addresses < addresses]
    if len(parts) > 1:
        raise Usage(
            "several known syncs could be joined: "
            + listed([f"{_folders(home.addresses)} ({home.folder})" for home in parts], "or")
            + "; say which by --state"
        )
    if parts:
        return parts[0]
    digest = hashlib.sha256()
    for address in sorted(addresses):
        digest.update(os.fsencode(address) + b"\0")
    name = digest.hexdigest()[:12]
    taken = {home.folder.name for home in known}
    while name in taken:  # by a sync that further folders have joined
        name += "-2"
    return Home(_base() / name)


def known(roots: Sequence[Root]) -> Home:
    """Return the state that knows exactly these roots. Raises Usage if there is none."""
    addresses = frozenset(root.address for root in roots)
    for home in everything():
        if home.addresses == addresses:
            return home
    raise Usage(f"{listed([shown(root.given) for root in roots])} have not been synced yet")


def endpoints(store: SyncStore) -> dict[EndpointId, str]:
    """Return the address of each endpoint id that the store knows."""
    text = store.text(_ENDPOINTS)
    return {str(each): str(address) for each, address in json.loads(text).items()} if text else {}


def assign(known: Mapping[EndpointId, str], addresses: Iterable[str]) -> dict[EndpointId, str]:
    """Return the endpoint id of each address, in their order: the known one, or a new one."""
    ids = {address: each for each, address in known.items()}
    fresh = iter(
        [
            *(each for each in string.ascii_lowercase if each not in known),
            *(each for number in range(1000) if (each := f"e{number}") not in known),
        ]
    )
    return {ids.get(address) or next(fresh): address for address in addresses}


def remember(home: Home, store: SyncStore, assigned: Mapping[EndpointId, str]) -> None:
    """Keep the endpoint ids, first in the store and then beside it."""
    if endpoints(store) != assigned:
        store.save_text(_ENDPOINTS, json.dumps(assigned))
    if home.addresses != frozenset(assigned.values()) or not (home.folder / _INDEX).exists():
        text = json.dumps({"schema": _SCHEMA, "folders": sorted(assigned.values())}, indent=1)
        draft = home.folder / (_INDEX + ".new")
        try:
            draft.write_text(text + "\n", encoding="ascii")
            draft.replace(home.folder / _INDEX)
        except OSError as error:
            with contextlib.suppress(OSError):
                draft.unlink()
            raise StateError(
                f"{shown(str(home.folder))} cannot be written: {error.strerror}."
            ) from error


def _base() -> Path:
    import platformdirs  # noqa: PLC0415 -- whoever names a --state does not pay for it

    return Path(platformdirs.user_state_dir("syncoxiders"))


def _folders(addresses: Iterable[str]) -> str:
    return listed([shown(address) for address in sorted(addresses)])
