"""Many small files at once: their bytes in one request, their commits in another.

Every commit takes the lock of the namespace, which only one writer holds; a batch takes it once.
Three requests bring up to a thousand files: one opens the sessions, one sends the bytes of all,
one commits them. Each file's precondition and failure is its own.
Source: https://developers.dropbox.com/dbx-performance-guide, and the docstrings of
``files_upload_session_append_batch`` and ``files_upload_session_finish_batch_v2`` in the SDK.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from syncoxiders.adapters.providers.carrying import reading
from syncoxiders.adapters.providers.dropbox._errors import of_route, tags
from syncoxiders.adapters.providers.dropbox._sdk import files
from syncoxiders.adapters.providers.dropbox._write import SESSION, Target, Writer
from syncoxiders.core.digests import DROPBOX, Digests, digests_of
from syncoxiders.core.model import Entry
from syncoxiders.ports.errors import ProviderError, Throttled
from syncoxiders.ports.provider import Carry, Provider

_FEW = 2
"""So few files cost less one by one: a request each, instead of three for a batch."""

Result = Entry | ProviderError


class Loaded(msgspec.Struct, frozen=True):
    """A file that was read: the place of its result, where it goes, its bytes, their hashes."""

    index: int
    target: Target
    data: bytes
    digests: Digests


class Carrier:
    """Carries files from other providers into one root."""

    def __init__(self, writer: Writer, *, verify: bool) -> None:
        self._writer = writer
        self._limits = writer.limits
        self._verify = verify
        self._results: dict[int, Result] = {}

    def carry(self, source: Provider, items: Sequence[Carry]) -> list[Result]:
        """Carry every item; see the port's ``carry``."""
        for batch in self._batches(source, items):
            try:
                self._send(batch)
            except ProviderError as error:
                for each in batch:
                    self._results.setdefault(each.index, error)
        return [self._results[index] for index in range(len(items))]

    def _batches(self, source: Provider, items: Sequence[Carry]) -> Iterator[list[Loaded]]:
        """Yield what is small, as much of it as one request takes; the rest goes on its own."""
        batch: list[Loaded] = []
        room = self._limits.batch
        for index, item in enumerate(items):
            loaded = self._load(source, index, item)
            if loaded is None:
                continue
            if len(loaded.data) > room or len(batch) == self._limits.batch_files:
                yield batch
                batch, room = [], self._limits.batch
            batch.append(loaded)
            room -= len(loaded.data)
        if batch:
            yield batch

    def _load(self, source: Provider, index: int, item: Carry) -> Loaded | None:
        """Read a small file; one that is not, or is empty, is uploaded at once.

        What is in the way of it is its result.
        """
        try:
            target = self._writer.target(item.parent, item.name, item.attributes, None)
            with reading(source, item) as chunks:
                start = self._beginning(chunks)
                if 0 < start.size <= self._limits.batch:
                    data = b"".join(start.chunks)
                    return Loaded(index, target, data, digests_of([data], [DROPBOX]))
                self._results[index] = self._alone(target, _joined(start.chunks, chunks))
        except ProviderError as error:
            self._results[index] = error
        return None

    def _alone(self, target: Target, chunks: Iterable[bytes]) -> Result:
        try:
            return self._writer.upload(target, chunks, verify=self._verify)
        except ProviderError as error:
            return error

    def _beginning(self, chunks: Iterator[bytes]) -> "_Beginning":
        """Read until it is clear whether a file is small."""
        found = _Beginning([], 0)
        for chunk in chunks:
            found.chunks.append(chunk)
            found.size += len(chunk)
            if found.size > self._limits.batch:
                break
        return found

    # Sending

    def _send(self, batch: list[Loaded]) -> None:
        if len(batch) <= _FEW:
            for each in batch:
                self._results[each.index] = self._alone(each.target, [each.data])
            return
        client = self._writer.client
        begun = client.call(lambda api: api.files_upload_session_start_batch(len(batch)))
        sessions = dict(zip((each.index for each in batch), begun.session_ids, strict=True))
        failures = self._append(batch, sessions)
        self._results.update(failures)
        self._commit([each for each in batch if each.index not in failures], sessions)

    def _append(self, batch: list[Loaded], sessions: dict[int, str]) -> dict[int, ProviderError]:
        """Send the bytes of all; returns which of them did not arrive.

        Where an answer was lost they are sent again, and what has arrived is closed by then.
        """
        entries = [
            files.UploadSessionAppendBatchArgEntry(
                files.UploadSessionCursor(sessions[each.index], 0), len(each.data), close=True
            )
            for each in batch
        ]
        body = b"".join(each.data for each in batch)
        content_hash = digests_of([body], [DROPBOX]).of(DROPBOX)
        tries = 0

        def append(api: Any) -> Any:
            nonlocal tries
            tries += 1
            return api.files_upload_session_append_batch(body, entries, content_hash)

        answer = self._writer.client.call(append, meaning=SESSION)
        failures: dict[int, ProviderError] = {}
        for each, result in zip(batch, answer.entries, strict=True):
            if result.is_failure():
                failure = result.get_failure()
                if not (tries > 1 and "closed" in tags(failure)):
                    failures[each.index] = of_route(failure, each.target.path, SESSION)
        return failures

    def _commit(self, batch: list[Loaded], sessions: dict[int, str]) -> None:
        """Commit them all, again those for which there was no time."""
        pending = list(batch)

        def commit(api: Any) -> None:
            entries = [
                files.UploadSessionFinishArg(
                    files.UploadSessionCursor(sessions[each.index], len(each.data)),
                    self._writer.commit(each.target),
                )
                for each in pending
            ]
            answer = api.files_upload_session_finish_batch_v2(entries)
            again: list[Loaded] = []
            for each, result in zip(pending, answer.entries, strict=True):
                if self._take(each, result):
                    again.append(each)
            pending[:] = again
            if again:
                raise Throttled("Dropbox has too much to write", 0.0)

        if pending:
            self._writer.client.call(commit, repeatable=False, writes=True)

    def _take(self, each: Loaded, result: Any) -> bool:
        """Take in what became of a file; returns whether it is to be tried again."""
        target = each.target
        if result.is_success():
            self._results[each.index] = self._entry(each, result.get_success())
            return False
        error = of_route(result.get_failure(), target.path, {**SESSION, **target.meaning})
        if isinstance(error, Throttled):
            return True
        self._results[each.index] = self._writer.places.judge(error, target.parent)
        return False

    def _entry(self, each: Loaded, metadata: Any) -> Result:
        content_hash = each.digests.of(DROPBOX) if self._verify else None
        try:
            return self._writer.written(each.target, metadata, each.digests.text(), content_hash)
        except ProviderError as error:
            return error


class _Beginning(msgspec.Struct):
    chunks: list[bytes]
    size: int


def _joined(start: list[bytes], rest: Iterator[bytes]) -> Iterator[bytes]:
    yield from start
    yield from rest
