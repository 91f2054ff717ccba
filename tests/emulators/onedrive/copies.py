"""Copies within the storage, which are made some time after they were asked for.

Source: https://learn.microsoft.com/graph/api/driveitem-copy and
https://learn.microsoft.com/graph/long-running-actions-overview
"""

import secrets
from dataclasses import dataclass
from typing import Any

from tests.emulators.onedrive import errors
from tests.emulators.onedrive.addressing import Address
from tests.emulators.onedrive.drive import Drive
from tests.emulators.onedrive.items import Item
from tests.emulators.onedrive.service import Service, conflict_behavior, json_body
from tests.emulators.onedrive.writing import named_folder
from tests.emulators.serving import Failure, Request, Response


@dataclass(frozen=True)
class _Job:
    """What is to be copied where."""

    item: Item
    drive: Drive
    folder: Item
    name: str
    conflict: str

    def do(self) -> Item:
        """Make the copy; raises Failure where it cannot be made any more."""
        if self.item.deleted or self.folder.deleted:
            raise errors.not_found()
        self.drive.room(self.item.size)
        name = self.name
        there = self.drive.child(self.folder, name)
        if there is not None:
            if self.conflict == "rename":
                name = self.drive.free_name(self.folder, name)
            elif self.conflict == "fail" or there is self.item:
                raise errors.name_taken()
            else:
                self.drive.remove(there)
        return self.drive.copy(self.item, self.folder, name)


class Copies:
    """Copies, and how far they have got."""

    def __init__(self) -> None:
        self._status: dict[str, dict[str, Any]] = {}

    def start(self, service: Service, request: Request, address: Address) -> Response:
        """Answer ``POST copy`` with the address of a monitor."""
        drive, item = service.find(address)
        body = json_body(request)
        told = body.get("parentReference") or {}
        to = service.find_drive(str(told.get("driveId", "")) or drive.id)
        folder = named_folder(service, to, told) if told else item.parent or drive.root
        # OneDrive personal does not know conflictBehavior here.
        asked = conflict_behavior(request, body, "fail")
        conflict = "fail" if to.type == "personal" else asked
        name = to.check(folder, body.get("name") or item.name, is_folder=item.kind == "folder")
        if to.child(folder, name) is not None and conflict == "fail":
            raise errors.name_taken()
        if folder.is_inside(item):
            raise errors.invalid("A folder cannot be copied into itself")
        number = secrets.token_hex(16)
        status = {"operation": "ItemCopy", "percentageComplete": 0.0, "status": "inProgress"}
        self._status[number] = status
        job = _Job(item, to, folder, name, conflict)
        service.later(service.quirks.copy_delay, lambda: _do(job, status))
        return Response(202, b"", {"Location": f"{request.base}/_monitor/{number}"})

    def monitor(self, request: Request, job: str) -> Response:
        """Answer how far a copy has got; it takes no token."""
        del request
        if job not in self._status:
            raise errors.not_found()
        return Response(202, self._status[job])


def _do(job: _Job, status: dict[str, Any]) -> None:
    try:
        made = job.do()
    except Failure as failure:
        error = failure.response.body["error"]
        status |= {"status": "failed", "errorCode": error["code"], "error": error}
    else:
        status |= {"status": "completed", "percentageComplete": 100.0, "resourceId": made.id}
