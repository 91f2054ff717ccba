"""Whose Dropbox it is, and how much of it is used."""

import json
from collections.abc import Iterator
from typing import Any

from tests.emulators.dropbox.routes import Route
from tests.emulators.dropbox.storage import Storage
from tests.emulators.dropbox.tree import NAMESPACE, OWNER
from tests.emulators.serving import Failure, Request, Response


class Account:
    """A personal account."""

    id = "dbid:AAH4f99T0taONIb-OurWxbNQ6ywGRopQngc"
    user = 12345
    email = "panda@example.com"

    def __init__(self, storage: Storage) -> None:
        self._tree = storage.tree

    def routes(self) -> Iterator[Route]:
        yield Route("users/get_current_account", "account_info.read", self._current)
        yield Route("users/get_space_usage", "account_info.read", self._usage)

    @property
    def _root(self) -> dict[str, Any]:
        return {
            ".tag": "user",
            "root_namespace_id": str(NAMESPACE),
            "home_namespace_id": str(NAMESPACE),
        }

    def check_path_root(self, request: Request) -> None:
        """Raise Failure if ``Dropbox-API-Path-Root`` names a root that is not this account's.

        Source: https://developers.dropbox.com/dbx-team-files-guide ("Namespaces and path root")
        """
        header = request.headers.get("dropbox-api-path-root")
        if header is None:
            return
        root = json.loads(header)
        tag = root[".tag"]
        if tag == "home" or root.get(tag) == str(NAMESPACE):
            return
        error: dict[str, Any] = {".tag": "no_permission"}
        if tag == "root":
            error = {".tag": "invalid_root", "invalid_root": self._root}
        raise Failure(Response(422, {"error_summary": f"{error['.tag']}/...", "error": error}))

    def _current(self, argument: None, body: bytes) -> dict[str, Any]:
        del argument, body
        return {
            "account_id": self.id,
            "name": {
                "given_name": OWNER.partition(" ")[0],
                "surname": OWNER.partition(" ")[2],
                "familiar_name": OWNER.partition(" ")[0],
                "display_name": OWNER,
                "abbreviated_name": "PP",
            },
            "email": self.email,
            "email_verified": True,
            "disabled": False,
            "country": "US",
            "locale": "en",
            "referral_link": "https://www.dropbox.com/referrals/example",
            "is_paired": False,
            "account_type": {".tag": "basic"},
            "root_info": self._root,
        }

    def _usage(self, argument: None, body: bytes) -> dict[str, Any]:
        del argument, body
        return {
            "used": self._tree.used,
            "allocation": {".tag": "individual", "allocated": self._tree.quota},
        }
