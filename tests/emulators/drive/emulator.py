"""The emulator: what it serves where, who may, and what can be made to go wrong."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.emulators.drive import errors, formats, resources
from tests.emulators.drive.changes import Changes
from tests.emulators.drive.channels import Channels
from tests.emulators.drive.fields import select
from tests.emulators.drive.files import Files
from tests.emulators.drive.model import ME
from tests.emulators.drive.people import People
from tests.emulators.drive.revisions import Revisions
from tests.emulators.drive.signin import SignIn
from tests.emulators.drive.store import Drive
from tests.emulators.drive.uploads import Uploads
from tests.emulators.oauth import OAuth
from tests.emulators.serving import Emulator, Handler, Request, Response

API = "/drive/v3"
SCOPE = "https://www.googleapis.com/auth/drive"

_READING = {SCOPE, f"{SCOPE}.readonly", f"{SCOPE}.file", f"{SCOPE}.metadata.readonly"}
_WRITING = {SCOPE, f"{SCOPE}.file"}


class DriveEmulator(Emulator):
    """Google Drive v3 for one user.

    ``token`` is an access token, ``refresh_token`` one to get more. The knobs of lag, feed,
    uploads and pushes are attributes of :attr:`drive`, :attr:`changes`, :attr:`uploads` and
    :attr:`channels`, and can be set by control requests; see :meth:`_control`.
    """

    def __init__(self, root: str = "Root") -> None:
        super().__init__()
        self.oauth = OAuth(self.now)
        self.signin = SignIn(self.oauth)
        tokens = self.oauth.issue(SCOPE)
        self.token = str(tokens["access_token"])
        self.refresh_token = str(tokens["refresh_token"])
        self.drive = Drive(self.now)
        self.channels = Channels(self.drive)
        self.drive.told = self.channels.notify
        self.files = Files(self.drive)
        self.uploads = Uploads(self.drive, self.files, self._check)
        self.changes = Changes(self.drive, self.channels)
        self.revisions = Revisions(self.drive)
        self.people = People(self.drive, self.channels, self.lock, root)
        self._route()

    def throttle(
        self, name: str = "userRateLimitExceeded", *, times: int = 1, **which: Any
    ) -> None:
        """Refuse requests to come, as :data:`errors.THROTTLES` says; ``which`` as in a fault."""
        self.faults.add("status", times=times, **errors.throttle(name), **which)

    def handle(self, request: Request) -> Response:
        """Answer a request; one that is too long for an address comes as a POST."""
        method = request.headers.get("x-http-method-override")
        if method and request.method == "POST":
            query = {**request.query, **(request.form() if method == "GET" else {})}
            body = b"" if method == "GET" else request.body
            request = replace(request, method=method, query=query, body=body)
        return super().handle(request)

    def not_found(self, request: Request) -> Response:
        """Answer what no route takes as Google does."""
        del request
        return Response(404, errors.body(404, "notFound", "Not Found"))

    # Who may

    def _check(self, request: Request) -> None:
        """Raise Failure unless a request has a token that is good for it."""
        if "authorization" not in request.headers:
            raise errors.failure(
                401, "required", "Login Required", location="Authorization", locationType="header"
            )
        grant = self.oauth.grant(request)
        if grant is None:
            raise errors.failure(
                401,
                "authError",
                "Invalid Credentials",
                headers={
                    "WWW-Authenticate": 'Bearer realm="https://accounts.google.com/",'
                    ' error="invalid_token"'
                },
                location="Authorization",
                locationType="header",
            )
        needed = _READING if request.method == "GET" else _WRITING
        if grant.scopes and not needed & set(grant.scopes.split()):
            raise errors.failure(
                403,
                "insufficientPermissions",
                "Insufficient Permission: Request had insufficient authentication scopes.",
            )

    def _api(self, method: str, pattern: str, handler: Handler) -> None:
        def checked(request: Request, **names: str) -> Response:
            self._check(request)
            try:
                return handler(request, **names)
            except ValueError:  # of a body that is no JSON
                raise errors.failure(400, "parseError", "Parse Error") from None

        self.routes.add(method, pattern, checked)

    # What is where

    def _route(self) -> None:
        api, files, item = self._api, f"{API}/files", f"{API}/files/{{file_id}}"
        api("GET", f"{API}/about", self._about)
        api("GET", f"{files}/generateIds", self.files.generate_ids)
        api("DELETE", f"{files}/trash", self.files.empty_trash)
        api("GET", files, self.files.listing)
        api("POST", files, self.files.create)
        api("GET", item, self.files.get)
        api("PATCH", item, self.files.update)
        api("DELETE", item, self.files.delete)
        api("POST", f"{item}/copy", self.files.copy)
        api("GET", f"{item}/export", self.files.export)
        api("GET", "/feeds/download/{kind}/Export", self.files.export_link)
        revision = f"{item}/revisions/{{revision_id}}"
        api("GET", f"{item}/revisions", self.revisions.listing)
        api("GET", revision, self.revisions.get)
        api("PATCH", revision, self.revisions.update)
        api("DELETE", revision, self.revisions.delete)
        api("GET", f"{API}/changes/startPageToken", self.changes.start_token)
        api("GET", f"{API}/changes", self.changes.listing)
        api("POST", f"{API}/changes/watch", self.changes.watch)
        api("POST", f"{API}/channels/stop", self.changes.stop)
        for prefix in ("/upload", "/resumable/upload"):
            self.routes.add("POST", prefix + files, self.uploads.create)
            self.routes.add("PATCH", prefix + item, self.uploads.update)
            for method in ("PUT", "DELETE"):
                self.routes.add(method, prefix + files, self.uploads.proceed)
                self.routes.add(method, prefix + item, self.uploads.proceed)
            self.routes.add("POST", prefix + item, self.uploads.proceed)
        for path in ("/o/oauth2/auth", "/o/oauth2/v2/auth"):
            self.routes.add("GET", path, self.signin.authorize)
        self.routes.add("POST", "/token", self.signin.token)
        self.routes.add("POST", "/revoke", self.signin.revoke)
        self._control()

    def _about(self, request: Request) -> Response:
        if not request.query.get("fields"):
            raise errors.failure(
                400,
                "required",
                "The 'fields' parameter is required for this method.",
                location="fields",
                locationType="parameter",
            )
        trash = [each for each in self.drive.files.values() if self.drive.is_trashed(each)]
        told = {
            "kind": "drive#about",
            "user": resources.user(ME),
            "storageQuota": {
                "limit": str(self.drive.limit),
                "usage": str(self.drive.used),
                "usageInDrive": str(self.drive.used),
                "usageInDriveTrash": str(sum(each.quota for each in trash)),
            },
            "exportFormats": {kind: list(found) for kind, found in formats.EXPORTS.items()},
            "importFormats": formats.IMPORTS,
            "maxUploadSize": str(5 << 40),
            "appInstalled": True,
            "canCreateDrives": False,
        }
        return Response(200, select(request, "About", told, "*"))

    # Control

    def _control(self) -> None:
        """Serve what can be made to go wrong: POST with a JSON object, answered by 204.

        ``listings``: ``lag`` (seconds), ``held``, ``empty_groups``;
        ``feed``: ``repeats``, ``trash_tells_all``; ``pushes``: ``lost``, ``repeated``;
        ``uploads``: ``short``; ``exports``: ``vary``; ``signin``: ``testing``;
        ``quota``: ``limit``; ``throttle``: ``name`` and what a fault has;
        ``expire``: any of ``tokens``, ``grants``, ``sessions``, ``channels``, ``pages``.
        """
        knobs: dict[str, dict[str, object]] = {
            "listings": {"lag": self.drive, "held": self.drive, "empty_groups": self.files},
            "feed": {"repeats": self.changes, "trash_tells_all": self.drive},
            "pushes": {"lost": self.channels, "repeated": self.channels},
            "uploads": {"short": self.uploads},
            "exports": {"vary": self.files},
            "signin": {"testing": self.signin},
            "quota": {"limit": self.drive},
        }
        for name, owners in knobs.items():
            self.routes.add("POST", f"/_control/{name}", self._setter(owners))
        self.routes.add("POST", "/_control/throttle", self._throttle)
        self.routes.add("POST", "/_control/expire", self._expire)
        self.routes.add("POST", "/_control/catch-up", self._catch_up)

    @staticmethod
    def _setter(owners: dict[str, object]) -> Handler:
        def change(request: Request) -> Response:
            for name, value in request.json().items():
                setattr(owners[name], name, value)
            return Response(204)

        return change

    def _throttle(self, request: Request) -> Response:
        self.throttle(**request.json())
        return Response(204)

    def _expire(self, request: Request) -> Response:
        ends: dict[str, Callable[[], None]] = {
            "tokens": self.oauth.expire,
            "grants": self.oauth.revoke_all,
            "sessions": self.uploads.expire,
            "channels": self.channels.expire,
            "pages": self.files.expire_pages,
        }
        for name, wanted in request.json().items():
            if wanted:
                ends[name]()
        return Response(204)

    def _catch_up(self, request: Request) -> Response:
        del request
        self.drive.catch_up()
        return Response(204)
