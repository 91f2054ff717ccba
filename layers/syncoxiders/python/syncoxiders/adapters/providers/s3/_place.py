"""What must be so before something is put in a place, and what must not go with it."""

from syncoxiders.adapters.providers.s3._bucket import Bucket
from syncoxiders.adapters.providers.s3._keys import Keys
from syncoxiders.adapters.providers.s3._objects import Object
from syncoxiders.ports.errors import Occupied, ProviderError, Stale, Vanished


class Places:
    """Checks before a write, and the markers that keep folders. Raises the port's errors."""

    def __init__(self, bucket: Bucket, keys: Keys) -> None:
        self._bucket = bucket
        self._keys = keys

    def is_folder(self, key: str) -> bool:
        """Say whether a folder stands at a key that ends in ``/``."""
        return self._bucket.first(key) != ""

    def require_folder(self, key: str) -> None:
        """Make sure that a folder stands there, else Vanished. The root is taken for granted."""
        if key == self._keys.prefix or self._bucket.head(key, sure=False) is not None:
            return
        if not self.is_folder(key):
            raise Vanished(f"the folder {self._keys.path(key)} is not there")

    def require_free(self, key: str) -> None:
        """Make sure that neither a file nor a folder stands at a file's key, else Occupied."""
        if self._bucket.head(key, sure=False) is not None:
            raise self.occupied(key)
        self.require_no_folder(key)

    def require_no_folder(self, key: str) -> None:
        """Make sure that no folder stands at a file's key, else Occupied.

        S3 would keep both side by side; no condition of its can prevent that.
        """
        if self.is_folder(key.removesuffix("/") + "/"):
            raise self.occupied(key)

    def occupied(self, key: str) -> Occupied:
        """Return the error for a place where something stands."""
        return Occupied(f"{self._keys.path(key)} stands there already")

    def expected(self, key: str, version: str) -> Object:
        """Return the object of a key in the version that is expected. Raises Stale, Vanished."""
        found = self._bucket.head(key)
        if found is None:
            raise Vanished(f"{self._keys.path(key)} is not there")
        if found.version != version:
            raise Stale(f"{self._keys.path(key)} is not what was expected")
        return found

    def hold(self, folder: str) -> None:
        """Make sure that a folder stays when the last key in it goes: give it a marker."""
        if folder and self._bucket.head(folder, sure=False) is None:
            self.mark(folder)

    def mark(self, folder: str) -> bool:
        """Write a folder's marker; returns False where there is one."""
        try:
            self._bucket.put(folder, b"", IfNoneMatch="*", ContentType="application/x-directory")
        except Vanished:
            raise
        except Stale:
            return False
        return True

    def settled(self, key: str, error: ProviderError) -> ProviderError:
        """Return what a failed condition of a *create* means, now that there is time to look."""
        if isinstance(error, Stale) and self._bucket.head(key, sure=False) is not None:
            return self.occupied(key)
        return error
