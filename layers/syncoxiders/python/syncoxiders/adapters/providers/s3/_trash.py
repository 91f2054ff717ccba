"""What was deleted or replaced is kept: by S3 itself, or as a copy in a folder of our own.

In a bucket with versioning nothing needs to be done. In another a copy goes to
``.syncoxiders-trash/<date>/<time>-<digits>/<path>`` in the root. Two of them never meet there,
and a lifecycle rule on that prefix can make an end of them.
"""

import hashlib
import secrets
import threading
from collections.abc import Callable
from datetime import UTC, datetime

from syncoxiders.adapters.providers.s3._bucket import Bucket
from syncoxiders.adapters.providers.s3._copying import Copier
from syncoxiders.adapters.providers.s3._keys import MAX_KEY, Keys
from syncoxiders.adapters.providers.s3._objects import Object


class Trash:
    """Keeps objects. Whether the bucket keeps versions is asked once."""

    def __init__(
        self, bucket: Bucket, keys: Keys, copier: Copier, clock: Callable[[], float], *, on: bool
    ) -> None:
        self._bucket = bucket
        self._keys = keys
        self._copier = copier
        self._clock = clock
        self._on = on
        self._versioned: bool | None = None
        self._lock = threading.Lock()

    @property
    def keeps(self) -> bool:
        """Say whether what is deleted or replaced is kept at all."""
        return self._on or self._is_versioned()

    def keep(self, found: Object) -> str:
        """Keep an object as it stands; returns the key of the copy, ``""`` if none is needed.

        Raises Stale if it is another by now.
        """
        if not self._on or self._is_versioned():
            return ""
        key = self._key(self._keys.path(found.key))
        self._copier.copy(found, key)
        return key

    def forget(self, key: str) -> None:
        """Remove a copy that turned out not to be needed: the original still stands."""
        if key:
            self._bucket.remove(key)

    def _is_versioned(self) -> bool:
        with self._lock:
            if self._versioned is None:
                self._versioned = self._bucket.is_versioned()
            return self._versioned

    def _key(self, path: str) -> str:
        now = datetime.fromtimestamp(self._clock(), UTC)
        folder = f"{self._keys.own}{now:%Y-%m-%d}/{now:%H%M%S}-{secrets.token_hex(4)}/"
        for name in (path, path.rpartition("/")[2]):
            if len((folder + name).encode()) <= MAX_KEY:
                return folder + name
        return folder + hashlib.sha256(path.encode()).hexdigest()
