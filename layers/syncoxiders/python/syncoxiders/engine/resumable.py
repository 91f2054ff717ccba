"""Uploads of large files, which a later run continues where this one was cut off.

What a provider's session needs is kept in the store while the upload goes on, in a text of its own
under the endpoint and node that it is for: workers who share the store do not touch each other's.
Hashes cannot be kept, so that a continued upload reads the part that is there already, and does not
send it.
"""

import hashlib
import math
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, suppress

import msgspec

from syncoxiders.core.digests import Digests
from syncoxiders.core.model import Entry, Ref
from syncoxiders.engine.interrupted import OutOfTime
from syncoxiders.ports.errors import (
    Full,
    ProviderError,
    Revoked,
    Stale,
    Throttled,
    Unreachable,
)
from syncoxiders.ports.pieces import pieces
from syncoxiders.ports.provider import Carry, Parts, Providers, Reader, Session, Sessions
from syncoxiders.ports.state import SyncStore

LARGE = 16 << 20
"""From this size on, in bytes, an upload is worth being continued."""

HELD = 64 << 20
"""So many bytes of an upload are in memory at most, unless two of its pieces are more."""

_KEY = "upload:"

_PASSING = (Unreachable, Throttled, Revoked, Full, OutOfTime)
"""After these an upload goes on some time later."""


class Upload(msgspec.Struct, frozen=True):
    """An upload that was begun: how to go on, and a digest of what goes where by it."""

    session: Session
    task: str = ""


class Uploads:
    """Resumable uploads of a run. May be used from several threads.

    What is not done by the time ``until`` ends with OutOfTime, to be continued.
    """

    def __init__(self, store: SyncStore, now: Callable[[], float], until: float = math.inf) -> None:
        self._store = store
        self._now = now
        self._until = until
        self._lock = threading.Lock()

    def check_time(self) -> None:
        """Raise OutOfTime if nothing more is to be sent."""
        if self._now() >= self._until:
            raise OutOfTime("the rest of it is sent later")

    def upload(
        self,
        key: str,
        provider: Sessions,
        reader: Reader,
        chunks: Iterable[memoryview | bytes],
        item: Carry,
        *,
        replaces: tuple[Ref, str] | None,
        keep: bool,
    ) -> Entry:
        """Bring an item's content to its place, continuing an upload that was kept under ``key``.

        That is ``<endpoint>:<node>``. ``chunks`` are the reader's. Raises what
        :meth:`Provider.upload` raises.
        """
        task = _task(item, replaces, keep=keep)
        session = self._continued(key, provider, task) or provider.begin(
            item.parent,
            item.name,
            size=item.size,
            attributes=item.attributes,
            replaces=replaces,
            keep=keep,
        )
        try:
            with closing(reader):
                begun = Upload(session, task)
                session, hashes = self._send(key, provider, begun, chunks, item.size)
            entry = provider.finish(session, hashes)
        except _PASSING:
            raise
        except ProviderError:
            self._forget(key)
            with suppress(ProviderError):
                provider.abandon(session)
            raise
        self._forget(key)
        return entry

    def _send(
        self,
        key: str,
        provider: Sessions,
        upload: Upload,
        chunks: Iterable[memoryview | bytes],
        total: int,
    ) -> tuple[Session, str]:
        """Send what is not there yet; returns the session and the hashes of all bytes."""
        digests = Digests(provider.upload_hashes)
        session = upload.session
        there = session.offset

        def lacking() -> Iterator[memoryview]:
            for chunk in chunks:
                read = digests.size
                digests.update(chunk)
                self.check_time()
                if there < digests.size:
                    yield memoryview(chunk)[max(0, there - read) :]

        size = provider.session_chunk(total)
        parts = isinstance(provider, Parts)
        at_once = min(provider.at_once, max(1, HELD // size)) if isinstance(provider, Parts) else 1
        flights: deque[Future[Session]] = deque()

        def landed(flight: Future[Session]) -> Session:
            sent = flight.result()
            self._keep(key, msgspec.structs.replace(upload, session=sent))
            return sent

        def send(at: Session, piece: bytes) -> Session:
            if parts:  # sent once more a part is what it was
                return provider.append(at, piece, last=False)
            return _append(provider, at, piece, last=False)

        # While pieces are sent the next one is read: no more than these are in memory.
        most = max(2, at_once)
        position = there
        with ThreadPoolExecutor(at_once, thread_name_prefix="upload") as sender:
            try:
                for piece, last in pieces(lacking(), size):
                    while flights and (last or len(flights) >= at_once):
                        session = landed(flights.popleft())
                    if not last:
                        at = msgspec.structs.replace(session, offset=position)
                        flights.append(sender.submit(send, at, piece))
                        position += len(piece)
                        del piece  # only who sends it has it now
                        while len(flights) >= most:
                            session = landed(flights.popleft())
                    elif piece or not digests.size:
                        session = _append(provider, session, piece, last=True)
            except ProviderError as error:
                pause = _pause([each.exception() for each in flights])
                with suppress(ProviderError):  # what arrives yet need not be sent again
                    while flights:
                        landed(flights.popleft())
                if pause is not None:
                    raise pause from error
                raise
        return session, digests.text()

    def tidy(self, providers: Providers) -> None:
        """Give up all uploads that were begun: nothing is left to be done."""
        for each in self._store.texts(_KEY):
            key = each.removeprefix(_KEY)
            upload = self._kept(key)
            provider = providers.get(key.partition(":")[0])
            if upload and provider is not None and isinstance(provider, Sessions):
                if not _is_over(upload, self._now()):
                    with suppress(ProviderError):
                        provider.abandon(upload.session)
                self._forget(key)

    # -- what is kept --------------------------------------------------------------------------

    def _continued(self, key: str, provider: Sessions, task: str) -> Session | None:
        kept = self._kept(key)
        if kept is None:
            return None
        if _is_over(kept, self._now()):
            self._forget(key)
            return None
        session: Session | None = None
        if kept.task == task:
            session = provider.resume(kept.session)
        else:
            with suppress(ProviderError):
                provider.abandon(kept.session)
        if session is None:
            self._forget(key)
        return session

    def _kept(self, key: str) -> Upload | None:
        text = self._store.text(f"{_KEY}{key}")
        return msgspec.json.decode(text, type=Upload) if text else None

    def _keep(self, key: str, upload: Upload) -> None:
        self._save(key, msgspec.json.encode(upload).decode())

    def _forget(self, key: str) -> None:
        self._save(key, "")

    def _save(self, key: str, text: str) -> None:
        with self._lock:
            self._store.save_text(f"{_KEY}{key}", text)


def _task(item: Carry, replaces: tuple[Ref, str] | None, *, keep: bool) -> str:
    """Return a digest of all that an upload is begun with: one that differs is another upload.

    A session ends where it was begun to end, whatever has become of the place since. It is the
    same upload if only the source has moved.
    """
    version = (item.source.id, item.version, item.size)
    goal = (item.parent, item.name, item.attributes, replaces, keep)
    text = repr((version, goal)).encode("utf-8", "backslashreplace")
    return hashlib.blake2b(text, digest_size=16).hexdigest()


def _pause(errors: Iterable[BaseException | None]) -> Throttled | None:
    """Return by which of these errors a provider asks for a pause, None if it does not."""
    return next((each for each in errors if isinstance(each, Throttled)), None)


def _is_over(upload: Upload, now: float) -> bool:
    """Say whether the provider has let go of what was sent."""
    return 0 < upload.session.expires <= now


def _append(provider: Sessions, session: Session, piece: bytes, *, last: bool) -> Session:
    """Send a piece; where its answer was lost, find out whether it arrived."""
    try:
        return provider.append(session, piece, last=last)
    except (Stale, Unreachable):
        there = provider.resume(session)
        if there is None:
            raise
        if there.offset == session.offset + len(piece):
            return there
        if there.offset != session.offset:
            raise
    return provider.append(there, piece, last=last)
