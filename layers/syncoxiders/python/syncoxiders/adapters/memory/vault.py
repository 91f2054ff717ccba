"""Secrets that are forgotten with the process."""

import threading


class MemoryVault:
    """A vault for tests; ``puts`` counts what was kept."""

    def __init__(self) -> None:
        self.puts = 0
        self._secrets: dict[str, str] = {}
        self._lock = threading.Lock()

    def get(self, name: str) -> str | None:
        """Return a secret, None where there is none."""
        with self._lock:
            return self._secrets.get(name)

    def put(self, name: str, secret: str) -> None:
        """Keep a secret in place of the one of this name."""
        with self._lock:
            self.puts += 1
            self._secrets[name] = secret

    def delete(self, name: str) -> None:
        """Forget a secret; it need not be there."""
        with self._lock:
            self._secrets.pop(name, None)
