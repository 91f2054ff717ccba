"""Reading an object: one GET, pinned to the version, and a last look whether it still stands."""

import functools
from collections.abc import Iterator
from typing import Any

from syncoxiders.adapters.providers.s3._bucket import Bucket
from syncoxiders.adapters.providers.s3._objects import Object
from syncoxiders.core.model import Entry
from syncoxiders.ports.errors import Changing, Unreachable


class Reading:
    """The bytes of an object from an offset on. S3 sends one version, whatever happens meanwhile.

    ``body`` is None where there is nothing to read.
    """

    def __init__(self, bucket: Bucket, found: Object, entry: Entry, body: Any, offset: int) -> None:
        self._bucket = bucket
        self._found = found
        self._entry = entry
        self._body = body
        self._lacking = max(0, found.size - offset)

    @property
    def entry(self) -> Entry:
        """The entry as it was when reading began."""
        return self._entry

    def chunks(self, size: int = 1 << 20) -> Iterator[memoryview | bytes]:
        """Yield the bytes in order."""
        key = self._found.key
        while self._lacking:
            wanted = min(size, self._lacking)
            chunk = self._bucket.wrapped(functools.partial(self._body.read, wanted), key)
            if not chunk:
                raise Unreachable(f"{key}: the connection broke off")
            self._lacking -= len(chunk)
            yield chunk
        if self._body is not None:
            # Only at its very end are the bytes compared with S3's checksum.
            self._bucket.wrapped(functools.partial(self._body.read, 1), key)
        self.close()
        now = self._bucket.head(key)
        if now is None or now.version != self._found.version:
            raise Changing(f"{key} changed while it was read")

    def close(self) -> None:
        """Let the connection go."""
        body, self._body = self._body, None
        if body is not None:
            body.close()
