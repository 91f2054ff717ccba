"""The official SDK, loaded as far as files and the account go.

By far the most of it describes the administration of teams: to load that takes 140 MB of memory
and most of a second, on which a function that starts anew cannot wait. These modules are put off
until somebody asks for something in them, which nothing here does.
"""

import importlib.util
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

_PUT_OFF = {
    f"dropbox.{name}"
    for name in (
        "account",
        "account_id",
        "check",
        "contacts",
        "file_requests",
        "openid",
        "paper",
        "riviera",
        "secondary_emails",
        "seen_state",
        "sharing",
        "team",
        "team_common",
        "team_log",
        "team_policies",
    )
}


class _Later:
    """Finds modules that are to be loaded when they are first used."""

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return how a module is loaded later; None for all others."""
        spec = PathFinder.find_spec(name, path, target) if name in _PUT_OFF else None
        if spec is not None and spec.loader is not None:
            spec.loader = importlib.util.LazyLoader(spec.loader)
        return spec


sys.meta_path.insert(0, _Later)
try:
    import dropbox  # type: ignore[import-untyped]  # the SDK has no types
    from dropbox import common, exceptions, files
finally:
    sys.meta_path.remove(_Later)

__all__ = ["common", "dropbox", "exceptions", "files"]
