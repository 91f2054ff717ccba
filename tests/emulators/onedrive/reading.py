"""Looking at items: one, the children of a folder, content, versions."""

import urllib.parse
from collections.abc import Mapping
from typing import Any

from tests.emulators.onedrive import errors, facets
from tests.emulators.onedrive.addressing import Address
from tests.emulators.onedrive.service import Service, ranged
from tests.emulators.serving import Request, Response


def item(service: Service, request: Request, address: Address) -> Response:
    """Answer ``GET item``."""
    drive, found = service.find(address)
    known = request.headers.get("if-none-match")
    if known and facets.matches(drive, found, known):
        return Response(304)
    shown = service.show(request, drive, found)
    if "children" in _expanded(request):
        below = [service.show(request, drive, each) for each in found.children.values()]
        shown["children"] = below
    return Response(200, select(request, shown))


def children(service: Service, request: Request, address: Address) -> Response:
    """Answer ``GET children``: a page by name, with a link to the next.

    Pages count from the first name, so that what moves up between two pages is missed, as the
    reference of delta warns.
    """
    drive, found = service.find(address)
    seen = service.seen(drive)
    folder = seen.by_id.get(found.id)
    below = sorted(folder.children.items()) if folder is not None else []
    if request.query.get("$orderby", "").startswith("name desc"):
        below.reverse()
    skip = number(request, "$skiptoken", 0)
    top = max(1, min(number(request, "$top", service.quirks.page_size), service.quirks.page_size))
    page = [
        select(request, service.show(request, seen, each)) for _, each in below[skip : skip + top]
    ]
    answer: dict[str, Any] = {"value": page}
    if skip + top < len(below):
        answer["@odata.nextLink"] = linked(request, {"$skiptoken": str(skip + top)})
    return Response(200, answer)


def content(service: Service, request: Request, address: Address) -> Response:
    """Answer ``GET content`` by sending to where the bytes are."""
    drive, found = service.find(address)
    known = request.headers.get("if-none-match")
    if known and facets.matches(drive, found, known):
        return Response(304)
    if found.kind != "file":
        raise errors.invalid("Only files have content")
    return Response(302, b"", {"Location": service.link(request, drive, found)})


def download(service: Service, request: Request, token: str) -> Response:
    """Answer the address that needs no token, with a part if one is asked for."""
    found, data = service.linked(token)
    found.hashed = True
    return ranged(request, data, "application/octet-stream")


def versions(service: Service, request: Request, address: Address) -> Response:
    """Answer ``GET versions``, the newest first, and ``GET versions/{id}/content``."""
    drive, found = service.find(address)
    if found.kind != "file":
        raise errors.invalid("Only files have versions")
    every = [*found.past, None]
    listed = [
        {
            "id": f"{each.number if each else found.version}.0",
            "lastModifiedDateTime": facets.stamp(each.modified if each else found.modified),
            "size": len(each.data if each else found.data),
        }
        for each in reversed(every)
    ]
    if not address.rest:
        return Response(200, {"value": listed})
    wanted, _, what = address.rest.partition("/")
    for version in listed:
        if version["id"] == wanted and what == "content":
            number_of = int(wanted.partition(".")[0])
            link = service.link(request, drive, found, number_of)
            return Response(302, b"", {"Location": link})
        if version["id"] == wanted and not what:
            return Response(200, version)
    raise errors.not_found("The version could not be found.")


# Query options


def select(request: Request, shown: dict[str, Any]) -> dict[str, Any]:
    """Return what ``$select`` asks for."""
    wanted = request.query.get("$select", request.query.get("select", ""))
    if not wanted:
        return shown
    names = {name.strip() for name in wanted.split(",")}
    if {"content.downloadUrl", "@content.downloadUrl"} & names:
        names.add("@microsoft.graph.downloadUrl")
    return {
        name: value
        for name, value in shown.items()
        if name in names or name in {"@odata.etag", "deleted"}
    }


def _expanded(request: Request) -> set[str]:
    told = request.query.get("$expand", request.query.get("expand", ""))
    return {each.partition("(")[0].strip() for each in told.split(",")}


def number(request: Request, name: str, default: int) -> int:
    """Return a number from the query."""
    try:
        return int(request.query.get(name, default))
    except ValueError:
        raise errors.invalid(f"{name} is no number", "invalidQueryOption") from None


def linked(request: Request, changed: Mapping[str, str]) -> str:
    """Return the address of this request with other query parameters."""
    query = urllib.parse.urlencode({**request.query, **changed}, safe="$")
    return f"{request.base}{request.path}?{query}"
