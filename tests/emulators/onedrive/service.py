"""What the parts of the emulator share: drives, quirks, links that need no token."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from tests.emulators.onedrive import errors, facets
from tests.emulators.onedrive.addressing import Address
from tests.emulators.onedrive.drive import Drive
from tests.emulators.onedrive.items import HASHES, DriveType, Item
from tests.emulators.serving import Request, Response

LINK_LIFETIME = 3600.0
OFFICE = (".docx", ".xlsx", ".pptx")


@dataclass
class Quirks:
    """What the service does now and then, or differently from drive to drive.

    ``hashes`` are those that files carry: quickXorHash alone is promised by every service, and an
    earlier edition of the reference had it that personal drives lack just that. With
    ``hashes_late`` they come only once a file was downloaded, which it had as well
    (https://learn.microsoft.com/graph/api/resources/hashes). ``page_size`` bounds every page;
    the last ``repeats`` items of a page of delta come again on the next. ``deletes`` says whether
    the feed tells of everything in a deleted folder, of the folder alone, or, as was seen
    (https://github.com/OneDrive/onedrive-api-docs/issues/1927), of neither. With
    ``enumeration_hides_deletes`` what was told on the first pages of an enumeration and is
    deleted before the last one is never told to be gone
    (https://github.com/microsoftgraph/microsoft-graph-docs-contrib/issues/8794).

    ``rewrites_office``: SharePoint writes properties of its own into Office documents, before it
    answers or a moment later. ``session_conflict`` is what a session does that was not told what
    to do where the name is taken: the reference says "fail", the service replaces
    (https://github.com/microsoftgraph/microsoft-graph-docs/issues/19010), and rclone relies on
    that. With ``session_checks_at_end`` the last range of a session fails with 412 if the item is
    not the one of ``If-Match`` any more, as was seen
    (https://github.com/abraunegg/onedrive/issues/24); the reference speaks of the first request
    only. With ``session_is_exclusive`` a name for which a session is open is taken for others,
    which was so on business drives (https://github.com/OneDrive/onedrive-api-docs/issues/747).

    ``move_resets_time``: a move that does not say a modified time gives a new one, as
    rclone's authors saw. A copy takes ``copy_delay`` seconds.

    What people do shows in listings and feed only ``lag`` requests later; reading an item is
    always fresh.
    """

    hashes: frozenset[str]
    hashes_late: bool = False
    page_size: int = 200
    repeats: int = 0
    deletes: Literal["all", "top", "none"] = "all"
    enumeration_hides_deletes: bool = False
    rewrites_office: Literal["", "at once", "later"] = ""
    session_conflict: Literal["fail", "replace", "rename"] = "replace"
    session_checks_at_end: bool = True
    session_is_exclusive: bool = False
    session_lifetime: float = 3 * 24 * 3600.0
    move_resets_time: bool = True
    copy_delay: float = 0.02
    lag: int = 0


class Service:
    """The user's drive, the drives that others shared, and how they are shown."""

    def __init__(
        self,
        drive_type: DriveType,
        now: Callable[[], float],
        on_change: Callable[[Drive, Item, list[Item]], None],
    ) -> None:
        self.now = now
        self.on_change = on_change
        self.drive = Drive(drive_type, now, on_change)
        self.drives = {self.drive.id: self.drive}
        personal = drive_type == "personal"
        self.quirks = Quirks(HASHES if personal else frozenset({"quickXorHash"}))
        self._secret = secrets.token_bytes(16)
        self._frozen: dict[str, Drive] = {}
        self._thaw_in = 0
        self._later: list[tuple[float, Callable[[], None]]] = []

    def add_drive(self) -> Drive:
        """Add the drive of somebody else, of which something is shared."""
        drive = Drive(self.drive.type, self.now, self.on_change)
        self.drives[drive.id] = drive
        return drive

    # Time

    def later(self, delay: float, action: Callable[[], None]) -> None:
        """Do something when some seconds have passed, before the next request is answered."""
        self._later.append((self.now() + delay, action))

    def count(self) -> None:
        """Count a request: what lagged behind may show by now."""
        if self._thaw_in:
            self._thaw_in -= 1
            if not self._thaw_in:
                self.thaw()

    def tick(self) -> None:
        """Do what is due."""
        due = [action for when, action in self._later if when <= self.now()]
        self._later = [each for each in self._later if each[0] > self.now()]
        for action in due:
            action()

    def freeze(self) -> None:
        """Let listings and feed show what stands now until :meth:`thaw`."""
        self._frozen = {drive.id: drive.snapshot() for drive in self.drives.values()}

    def lag(self) -> None:
        """Hide from listings and feed, for as many requests as they lag, what comes now."""
        if self.quirks.lag and not self._frozen:
            self.freeze()
            self._thaw_in = self.quirks.lag + 1

    def thaw(self) -> None:
        """Let listings and feed show everything."""
        self._frozen, self._thaw_in = {}, 0

    # Finding

    def find_drive(self, drive_id: str) -> Drive:
        drive = self.drives.get(drive_id) if drive_id else self.drive
        if drive is None:
            raise errors.not_found("The drive could not be found.")
        return drive

    def seen(self, drive: Drive) -> Drive:
        """Return the drive as listings and feed show it."""
        return self._frozen.get(drive.id, drive)

    def find(self, address: Address) -> tuple[Drive, Item]:
        """Return the item that is addressed; raises the answer to one that is not there."""
        drive = self.find_drive(address.drive)
        item = drive.walk(drive.get(address.item), address.path)
        if item is None:
            raise errors.not_found("Item does not exist")
        return drive, item

    def place(self, address: Address) -> tuple[Drive, Item, str, Item | None]:
        """Return the folder, the name and what stands there, of an address that may be free.

        Folders on the way that are lacking are made, as both services do.
        """
        drive = self.find_drive(address.drive)
        start = drive.get(address.item)
        if not address.path:
            if start.parent is None:
                raise errors.invalid("The root has no content")
            return drive, start.parent, start.name, start
        *way, name = address.path.split("/")
        folder = start
        for step in way:
            below = drive.child(folder, step)
            if below is None:
                below = drive.add("folder", folder, drive.check(folder, step, is_folder=True))
            folder = below
        return drive, folder, name, drive.child(folder, name)

    # Showing

    def show(self, request: Request, drive: Drive, item: Item) -> dict[str, Any]:
        """Return an item as GET, listings and writes show it."""
        found = facets.render(drive, item, self.quirks.hashes)
        if item.kind == "file":
            found["@microsoft.graph.downloadUrl"] = self.link(request, drive, item)
        return found

    def link(self, request: Request, drive: Drive, item: Item, version: int = 0) -> str:
        """Return a URL that gives the content to anybody, for an hour."""
        text = f"{drive.id}|{item.id}|{version}|{self.now() + LINK_LIFETIME}"
        plain = base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
        return f"{request.base}/_download/{plain}.{self._sign(plain)}"

    def _sign(self, plain: str) -> str:
        return hmac.new(self._secret, plain.encode(), hashlib.sha256).hexdigest()

    def linked(self, token: str) -> tuple[Item, bytes]:
        """Return the file behind such a URL, and what it says now."""
        plain, _, signature = token.partition(".")
        if not hmac.compare_digest(signature, self._sign(plain)):
            raise errors.failure(401, "unauthenticated", "The link is not valid")
        text = base64.urlsafe_b64decode(plain + "=" * (-len(plain) % 4)).decode()
        drive_id, item_id, version, expires = text.split("|")
        if float(expires) < self.now():
            raise errors.failure(401, "unauthenticated", "The link has expired")
        item = self.find_drive(drive_id).get(item_id)
        if int(version) in {0, item.version}:
            return item, item.data
        for each in item.past:
            if each.number == int(version):
                return item, each.data
        raise errors.not_found("The version could not be found.")

    # Preconditions

    @staticmethod
    def expect(request: Request, drive: Drive, item: Item | None) -> None:
        """Check If-Match and If-None-Match; raises 412.

        Source: the references of delete, update and createUploadSession; ``If-None-Match: *``:
        https://github.com/OneDrive/onedrive-api-docs/issues/607
        """
        wanted = request.headers.get("if-match")
        if wanted and (item is None or not facets.matches(drive, item, wanted)):
            raise errors.changed()
        unwanted = request.headers.get("if-none-match")
        if unwanted and item is not None and facets.matches(drive, item, unwanted):
            raise errors.changed()

    @staticmethod
    def unlocked(item: Item | None) -> None:
        """Raise the answer to changes of a document that somebody has open in Office.

        Seen in https://github.com/microsoftgraph/microsoft-graph-explorer-v4/issues/3435
        """
        if item is not None and any(each.locked for each in item.below()):
            raise errors.locked()

    # Content

    def put(
        self,
        drive: Drive,
        folder: Item,
        name: str,
        old: Item | None,
        data: bytes,
        *,
        conflict: str,
        fs_created: float | None = None,
        fs_modified: float | None = None,
    ) -> tuple[Item, bool]:
        """Give a file content; returns it and whether it is new.

        ``old`` is what stands at the place; ``conflict`` says what becomes of it.
        """
        if old is not None and conflict == "rename":
            name, old = drive.free_name(folder, name), None
        if old is not None and (conflict == "fail" or old.kind != "file"):
            raise errors.name_taken()
        self.unlocked(old)
        name = drive.check(folder, name, is_folder=False)
        drive.room(len(data) - (len(old.data) if old is not None else 0))
        rewrites = self.quirks.rewrites_office if name.lower().endswith(OFFICE) else ""
        given = _rewritten(data) if rewrites == "at once" else data
        if old is None:
            item = drive.add(
                "file", folder, name, given, fs_created=fs_created, fs_modified=fs_modified
            )
        else:
            item = old
            drive.write(item, given, fs_modified=fs_modified)
        item.hashed = not self.quirks.hashes_late
        if rewrites == "later":
            self.later(0, lambda: self._rewrite(drive, item))
        return item, old is None

    @staticmethod
    def _rewrite(drive: Drive, item: Item) -> None:
        if not item.deleted:
            item.data = _rewritten(item.data)
            item.contents += 1
            drive.edit(item)


def conflict_behavior(request: Request, body: Any, default: str) -> str:
    """Return what is to become of what stands at the place: fail, replace or rename.

    It may be said in the URL or in the body.
    """
    name = "@microsoft.graph.conflictBehavior"
    told = request.query.get(name) or (body.get(name) if isinstance(body, dict) else None)
    if told is None:
        return default
    if told not in {"fail", "replace", "rename"}:
        raise errors.invalid("No such conflictBehavior")
    return str(told)


def json_body(request: Request) -> dict[str, Any]:
    """Return a request's JSON object, an empty one where there is no body."""
    try:
        found = request.json() or {}
    except ValueError:
        raise errors.invalid("The body is not JSON") from None
    if not isinstance(found, dict):
        raise errors.invalid("The body is no JSON object")
    return found


def ranged(request: Request, data: bytes, mime: str) -> Response:
    """Return content, or the part of it that the Range header asks for (RFC 9110)."""
    headers = {"Content-Type": mime, "Accept-Ranges": "bytes"}
    unit, _, text = request.headers.get("range", "").partition("=")
    first, _, last = text.partition("-")
    if unit != "bytes" or "," in text or not (first or last):
        return Response(200, data, headers)
    if first:
        start, end = int(first), int(last) + 1 if last else len(data)
    else:
        start, end = max(len(data) - int(last), 0), len(data)
    end = min(end, len(data))
    if start >= end:
        headers["Content-Range"] = f"bytes */{len(data)}"
        return Response(416, b"", headers)
    headers["Content-Range"] = f"bytes {start}-{end - 1}/{len(data)}"
    return Response(206, data[start:end], headers)


def _rewritten(data: bytes) -> bytes:
    return data + b"<!-- SharePoint -->"
