"""Which routes there are, and what their arguments have to look like.

Both come from the specification that the official SDK is generated from, so that an argument
which the real service would refuse is refused here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from dropbox import (  # type: ignore[import-untyped]  # the SDK has no types
    auth,
    files,
    users,
)
from stone.backends.python_rsrc import stone_serializers, stone_validators

from tests.emulators.dropbox.refusals import bad_request

_decode: Callable[[Any, Any], Any] = stone_serializers.json_compat_obj_decode

Style = Literal["rpc", "upload", "download"]
SCOPES = (
    "account_info.read",
    "files.metadata.read",
    "files.metadata.write",
    "files.content.read",
    "files.content.write",
)
"""What an app for a personal account can ask for, as far as there are routes here."""


@dataclass(frozen=True)
class Answer:
    """A route's result and, of a download, the bytes; else ``data`` is None."""

    result: Any
    data: bytes | None = None


@dataclass(frozen=True)
class Route:
    """A route: its function name as in its address, its scope, and who does it.

    ``writes`` marks one that needs the namespace's write lock.
    """

    function: str
    scope: str
    action: Callable[[Any, bytes], Any]
    writes: bool = False

    @property
    def _specified(self) -> Any:
        namespace, _, name = self.function.partition("/")
        routes = {"auth": auth, "files": files, "users": users}[namespace].ROUTES
        stem, _, version = name.partition("_v")
        return routes[f"{stem}:{version}" if version else stem]

    @property
    def style(self) -> Style:
        style: Style = self._specified.attrs["style"]
        return style

    @property
    def needs_token(self) -> bool:
        return bool(self._specified.attrs["auth"] != "noauth")

    @property
    def has_argument(self) -> bool:
        return not isinstance(self._specified.arg_type, stone_validators.Void)

    def decode(self, argument: Any, where: str) -> Any:
        """Return the SDK's object for an argument; raises Failure for one that is not right."""
        try:
            return _decode(self._specified.arg_type, argument)
        except stone_validators.ValidationError as error:
            raise bad_request(self.function, f"{where}: {error}") from error

    def check(self, result: Any) -> None:
        """Raise an error if a result is not as the specification has it."""
        _decode(self._specified.result_type, result)

    def check_error(self, error: Any) -> None:
        """Raise an error if a refusal is not as the specification has it."""
        _decode(self._specified.error_type, error)
