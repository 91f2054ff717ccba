"""The feed of changes, and the channels by which its news is pushed.

https://developers.google.com/workspace/drive/api/guides/manage-changes
https://developers.google.com/workspace/drive/api/guides/push
"""

from tests.emulators.drive import errors, resources
from tests.emulators.drive.channels import Channels
from tests.emulators.drive.fields import select
from tests.emulators.drive.files import page_size
from tests.emulators.drive.query import time_text
from tests.emulators.drive.store import Drive, View
from tests.emulators.serving import Request, Response

_FIRST = 100
"""What the first token says; the numbers mean nothing to a client."""


class Changes:
    """Answers requests for a Drive's feed.

    Each page begins with the last ``repeats`` changes that were told before it.
    """

    def __init__(self, drive: Drive, channels: Channels) -> None:
        self._drive = drive
        self._channels = channels
        self.repeats = 0

    def start_token(self, request: Request) -> Response:
        told = {
            "kind": "drive#startPageToken",
            "startPageToken": str(_FIRST + self._drive.feed_end()),
        }
        return Response(200, select(request, "StartPageToken", told, "kind,startPageToken"))

    def listing(self, request: Request) -> Response:
        start, size = self._start(request), page_size(request)
        view = self._drive.look()
        told: dict[str, object] = {"kind": "drive#changeList"}
        found: list[dict[str, object]] = []
        for number, file_id, at in self._drive.feed(start):
            change = self._change(request, view, file_id, at)
            if change is None:
                continue
            if len(found) == size:
                told["nextPageToken"] = str(_FIRST + number)
                break
            found.append(change)
        else:
            told["newStartPageToken"] = str(_FIRST + self._drive.feed_end())
        before = [*self._drive.feed(0)] if self.repeats else []
        again = [each for each in before if each[0] < start][-self.repeats :]
        repeated = [self._change(request, view, file_id, at) for _, file_id, at in again]
        told["changes"] = [each for each in repeated if each is not None] + found
        default = (
            "kind,nextPageToken,newStartPageToken,changes(kind,type,changeType,time,removed,"
            f"fileId,file({resources.FILE_DEFAULT}))"
        )
        return Response(200, select(request, "ChangeList", told, default))

    def watch(self, request: Request) -> Response:
        self._start(request)
        told = self._channels.open(request)
        return Response(200, select(request, "Channel", told, "*"))

    def stop(self, request: Request) -> Response:
        self._channels.stop(request)
        return Response(204)

    def _start(self, request: Request) -> int:
        if "pageToken" not in request.query:
            raise errors.required("pageToken")
        text = request.query["pageToken"]
        start = int(text) - _FIRST if text.isdecimal() else -1
        if not 0 <= start <= self._drive.feed_end():
            raise errors.invalid("pageToken")
        return start

    def _change(
        self, request: Request, view: View, file_id: str, at: float
    ) -> dict[str, object] | None:
        """Return what is told of a file's latest change, None if nothing is."""
        file = view.get(file_id)
        query = request.query
        if file is None and query.get("includeRemoved") == "false":
            return None
        if file is not None and query.get("restrictToMyDrive") == "true":
            *_, top = view.way(file)
            if top.id != self._drive.root.id:
                return None
        told: dict[str, object] = {
            "kind": "drive#change",
            "type": "file",
            "changeType": "file",
            "time": time_text(int(at * 1000)),
            "removed": file is None,
            "fileId": file_id,
        }
        if file is not None:
            told["file"] = resources.file(file, view, request.base)
        return told
