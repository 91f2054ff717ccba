"""Faults on demand: what goes wrong with the next requests that match."""

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["status", "drop-before", "drop-after", "cut", "slow"]


@dataclass
class Fault:
    """Something that goes wrong with requests of a method (any, if empty) to matching paths.

    ``status`` answers so instead of doing it; ``drop-before`` breaks the connection before it is
    done, ``drop-after`` when it is; ``cut`` breaks off in the middle of the answer; ``slow``
    pauses there for ``seconds``. It happens to ``times`` requests after sparing ``skip``.
    """

    kind: Kind
    path: str = ".*"
    method: str = ""
    times: int = 1
    skip: int = 0
    status: int = 500
    body: Any = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0


class Faults:
    """The faults that are still to happen."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, kind: Kind, **values: Any) -> None:
        with self._lock:
            self._faults.append(Fault(kind, **values))

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()

    def take(self, method: str, path: str) -> Fault | None:
        """Return what goes wrong with a request, None if nothing does."""
        if path.startswith("/_control/"):
            return None
        with self._lock:
            for fault in self._faults:
                if fault.method not in {"", method} or not re.search(fault.path, path):
                    continue
                if fault.skip:
                    fault.skip -= 1
                    continue
                fault.times -= 1
                if fault.times <= 0:
                    self._faults.remove(fault)
                return fault
        return None
