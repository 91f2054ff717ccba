"""Sharing links.

Source: https://learn.microsoft.com/graph/api/driveitem-createlink
"""

import secrets
from dataclasses import dataclass
from typing import Any

from tests.emulators.onedrive import errors, facets
from tests.emulators.onedrive.addressing import Address
from tests.emulators.onedrive.drive import Drive
from tests.emulators.onedrive.items import Item
from tests.emulators.onedrive.service import Service, json_body
from tests.emulators.serving import Request, Response


@dataclass
class Link:
    """A link to an item; ``expires`` is 0 if it does not."""

    id: str
    drive: Drive
    item: Item
    type: str
    scope: str
    url: str
    has_password: bool
    expires: float

    def shown(self) -> dict[str, Any]:
        found: dict[str, Any] = {
            "id": self.id,
            "roles": ["write" if self.type == "edit" else "read"],
            "hasPassword": self.has_password,
            "link": {"type": self.type, "scope": self.scope, "webUrl": self.url},
        }
        if self.expires:
            found["expirationDateTime"] = facets.stamp(self.expires)
        return found


class Links:
    """The links that were made and not taken back."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._links: dict[str, Link] = {}

    def create(self, service: Service, request: Request, address: Address) -> Response:
        """Answer ``POST createLink``; the same kind of link again is the one that is there."""
        drive, item = service.find(address)
        body = json_body(request)
        personal = drive.type == "personal"
        kind, scope = body.get("type", "view"), body.get("scope", "anonymous")
        if kind not in {"view", "edit", "embed"} or scope not in {"anonymous", "organization"}:
            raise errors.invalid("No such type or scope")
        if (personal and scope == "organization") or (not personal and kind == "embed"):
            raise errors.invalid("This drive has no such links")
        if body.get("password") and not personal:
            raise errors.invalid("Only personal drives have passwords")
        plain = not body.get("password") and not body.get("expirationDateTime")
        for link in self._of(item):
            same = (link.type, link.scope) == (kind, scope)
            if plain and same and not link.has_password and not link.expires:
                return Response(200, link.shown())
        expires = body.get("expirationDateTime")
        made = Link(
            id=secrets.token_urlsafe(12),
            drive=drive,
            item=item,
            type=kind,
            scope=scope,
            url=f"{request.base}{'/u/s!' if personal else '/:u:/g/personal/megan/'}"
            + secrets.token_urlsafe(16),
            has_password=bool(body.get("password")),
            expires=facets.seconds(expires) if expires else 0.0,
        )
        self._links[made.url.rpartition("/")[2]] = made
        return Response(201, made.shown())

    def permissions(self, service: Service, request: Request, address: Address) -> Response:
        """Answer ``GET permissions`` and ``DELETE permissions/{id}``."""
        _, item = service.find(address)
        if not address.rest:
            return Response(200, {"value": [link.shown() for link in self._of(item)]})
        for token, link in list(self._links.items()):
            if link.item is item and link.id == address.rest:
                if request.method == "DELETE":
                    del self._links[token]
                    return Response(204)
                return Response(200, link.shown())
        raise errors.not_found()

    def follow(self, request: Request, token: str) -> Response:
        """Answer somebody's browser: the bytes, or a page about what there is."""
        link = self._links.get(token)
        ended = link is not None and 0 < link.expires <= self._service.now()
        if link is None or ended or link.item.deleted:
            return Response(404, b"<h1>This link has been removed</h1>", _PAGE)
        if link.has_password:
            return Response(200, b"<h1>Enter password</h1>", _PAGE)
        if link.item.kind != "file":
            names = "".join(f"<li>{child.name}</li>" for child in link.item.children.values())
            return Response(200, f"<ul>{names}</ul>".encode(), _PAGE)
        location = self._service.link(request, link.drive, link.item)
        return Response(302, b"", {"Location": location})

    def _of(self, item: Item) -> list[Link]:
        now = self._service.now()
        return [
            link
            for link in self._links.values()
            if link.item is item and not 0 < link.expires <= now
        ]


_PAGE = {"Content-Type": "text/html; charset=utf-8"}
