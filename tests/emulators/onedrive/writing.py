"""Changing items: content, folders, moves, copies, deletion."""

from typing import Any

from tests.emulators.onedrive import errors, facets
from tests.emulators.onedrive.addressing import Address
from tests.emulators.onedrive.drive import Drive
from tests.emulators.onedrive.items import Item
from tests.emulators.onedrive.service import Service, conflict_behavior, json_body
from tests.emulators.serving import Request, Response

SIMPLE_LIMIT = 250 * 1000 * 1000


def put_content(service: Service, request: Request, address: Address) -> Response:
    """Answer ``PUT content``: a whole file in one request, at most 250 MB.

    By default it replaces. Source: https://learn.microsoft.com/graph/api/driveitem-put-content
    """
    if len(request.body) > SIMPLE_LIMIT:
        raise errors.failure(
            413, "invalidRequest", "The request is too large", "maxStreamSizeExceeded"
        )
    drive, folder, name, old = service.place(address)
    service.expect(request, drive, old)
    conflict = conflict_behavior(request, None, "replace")
    item, is_new = service.put(drive, folder, name, old, request.body, conflict=conflict)
    return Response(201 if is_new else 200, service.show(request, drive, item))


def make_folder(service: Service, request: Request, address: Address) -> Response:
    """Answer ``POST children``.

    Source: https://learn.microsoft.com/graph/api/driveitem-post-children
    """
    drive, folder = service.find(address)
    body = json_body(request)
    if "folder" not in body:
        raise errors.invalid("Only folders can be made so")
    conflict = conflict_behavior(request, body, "fail")
    name = drive.check(folder, body.get("name"), is_folder=True)
    old = drive.child(folder, name)
    if old is not None and conflict == "replace" and old.kind == "folder":
        return Response(200, service.show(request, drive, old))
    if old is not None and conflict == "rename":
        name = drive.free_name(folder, name)
    elif old is not None:
        raise errors.name_taken()
    created, modified = client_times(body)
    made = drive.add("folder", folder, name, fs_created=created, fs_modified=modified)
    return Response(201, service.show(request, drive, made))


def update(service: Service, request: Request, address: Address) -> Response:
    """Answer ``PATCH item``: a new name, another folder, other times.

    Source: https://learn.microsoft.com/graph/api/driveitem-update and driveitem-move
    """
    drive, item = service.find(address)
    service.expect(request, drive, item)
    service.unlocked(item)
    body = json_body(request)
    folder = _new_parent(service, drive, item, body)
    name = item.name
    if body.get("name") is not None:
        name = drive.check(folder, body["name"], is_folder=item.kind == "folder")
    created, modified = client_times(body)
    if folder is not item.parent or name != item.name:
        _move(drive, item, folder, name, conflict_behavior(request, body, "fail"))
        if service.quirks.move_resets_time and modified is None:
            modified = service.now()
    elif modified is not None and drive.type != "personal" and item.kind == "file":
        drive.keep_version(item)
    if "description" in body and drive.type == "personal":
        item.description = str(body["description"])
    drive.set_times(item, created, modified)
    drive.edit(item)
    return Response(200, service.show(request, drive, item))


def _new_parent(service: Service, drive: Drive, item: Item, body: dict[str, Any]) -> Item:
    told = body.get("parentReference")
    if item.parent is None:
        raise errors.failure(403, "accessDenied", "The root cannot be changed")
    if not told:
        return item.parent
    if told.get("driveId", drive.id).lower() != drive.id.lower():
        raise errors.failure(
            400, "notSupported", "Items cannot be moved between drives by this request"
        )
    if told.get("id") == "root":
        raise errors.invalid("The root must be named by its id")
    folder = named_folder(service, drive, told)
    if folder.is_inside(item):
        raise errors.invalid("A folder cannot be moved into itself")
    return folder


def named_folder(service: Service, drive: Drive, told: dict[str, Any]) -> Item:
    """Return the folder that a parentReference names, by id or by path."""
    if told.get("id"):
        folder = drive.get(str(told["id"]))
    else:
        path = str(told.get("path", "")).partition(":")[2]
        _, folder = service.find(Address(drive.id, "root", path.strip("/")))
    if not folder.holds_items:
        raise errors.invalid("The parent is no folder")
    return folder


def _move(drive: Drive, item: Item, folder: Item, name: str, conflict: str) -> None:
    there = drive.child(folder, name)
    if there is not None and there is not item:
        if conflict == "rename":
            name = drive.free_name(folder, name)
        elif conflict == "replace" and there.kind == item.kind == "file":
            drive.remove(there)
        else:
            raise errors.name_taken()
    drive.move(item, folder, name)


def delete(service: Service, request: Request, address: Address) -> Response:
    """Answer ``DELETE item``: into the recycle bin, with everything in it."""
    drive, item = service.find(address)
    service.expect(request, drive, item)
    service.unlocked(item)
    drive.remove(item)
    return Response(204)


def restore_version(service: Service, request: Request, address: Address) -> Response:
    """Answer ``POST versions/{id}/restoreVersion``: a past version becomes the current one.

    Source: https://learn.microsoft.com/graph/api/driveitemversion-restore
    """
    del request
    drive, item = service.find(address)
    service.unlocked(item)
    wanted, _, what = address.rest.partition("/")
    for version in item.past:
        if f"{version.number}.0" == wanted and what == "restoreVersion":
            drive.write(item, version.data)
            return Response(204)
    raise errors.not_found("The version could not be found.")


def delete_for_good(service: Service, request: Request, address: Address) -> Response:
    """Answer ``POST permanentDelete``.

    Source: https://learn.microsoft.com/graph/api/driveitem-permanentdelete
    """
    drive, item = service.find(address)
    service.expect(request, drive, item)
    service.unlocked(item)
    drive.remove(item, to_bin=False)
    return Response(204)


def client_times(body: dict[str, Any]) -> tuple[float | None, float | None]:
    """Return the created and modified times of a fileSystemInfo."""
    told = body.get("fileSystemInfo") or {}
    created, modified = told.get("createdDateTime"), told.get("lastModifiedDateTime")
    return (
        facets.seconds(created) if created is not None else None,
        facets.seconds(modified) if modified is not None else None,
    )
