"""The emulator: which request goes where."""

import contextlib
from collections.abc import Callable, Iterator
from typing import TypeAlias

from tests.emulators.onedrive import control, errors, facets, login, reading, writing
from tests.emulators.onedrive.addressing import Address, parse
from tests.emulators.onedrive.copies import Copies
from tests.emulators.onedrive.drive import Drive
from tests.emulators.onedrive.feed import Feed
from tests.emulators.onedrive.items import DriveType, Item
from tests.emulators.onedrive.links import Links
from tests.emulators.onedrive.people import People
from tests.emulators.onedrive.pushes import Pushes
from tests.emulators.onedrive.service import Quirks, Service
from tests.emulators.onedrive.sessions import Sessions
from tests.emulators.serving import Emulator, Failure, Request, Response

Answer: TypeAlias = Callable[[Service, Request, Address], Response]

SCOPES = "Files.ReadWrite.All User.Read openid profile offline_access"


class OneDrive(Emulator):
    """OneDrive by Microsoft Graph.

    ``token`` is an access token that it accepts, ``people`` are the hands of those who use the
    drive. How it behaves is in ``quirks``; ``feed`` lets cursors expire, ``pushes`` loses and
    repeats notifications, ``oauth`` ends tokens.
    """

    def __init__(self, drive_type: DriveType = "personal", root: str = "Root") -> None:
        super().__init__()
        self.service = Service(drive_type, self.now, self._changed)
        self.feed = Feed(self.service)
        self.sessions = Sessions(self.service)
        self.copies = Copies()
        self.links = Links(self.service)
        self.pushes = Pushes(self.service, self.lock)
        self.oauth = login.MicrosoftOAuth(self.now)
        self.oauth.clients["public"] = ""
        self.token = str(self.oauth.issue(SCOPES)["access_token"])
        self.people = People(self, root)
        self._items: dict[tuple[str, str], Answer] = {
            ("GET", ""): reading.item,
            ("PATCH", ""): writing.update,
            ("DELETE", ""): writing.delete,
            ("PUT", ""): self._commit,
            ("GET", "children"): reading.children,
            ("POST", "children"): writing.make_folder,
            ("GET", "content"): reading.content,
            ("PUT", "content"): writing.put_content,
            ("GET", "versions"): reading.versions,
            ("POST", "versions"): writing.restore_version,
            ("GET", "delta"): self.feed.delta,
            ("POST", "createUploadSession"): self.sessions.create,
            ("POST", "copy"): self.copies.start,
            ("POST", "createLink"): self.links.create,
            ("GET", "permissions"): self.links.permissions,
            ("DELETE", "permissions"): self.links.permissions,
            ("POST", "permanentDelete"): writing.delete_for_good,
        }
        self._add_routes()
        control.add_routes(self)

    @property
    def drive(self) -> Drive:
        """The user's drive."""
        return self.service.drive

    @property
    def quirks(self) -> Quirks:
        return self.service.quirks

    def throttle(
        self, times: int = 1, *, seconds: int = 1, status: int = 429, path: str = "/v1.0/"
    ) -> None:
        """Let the next requests be answered with "too many", or with 503.

        Source: https://learn.microsoft.com/graph/throttling
        """
        code = "activityLimitReached" if status == 429 else "serviceNotAvailable"
        self.faults.add(
            "status",
            path=path,
            times=times,
            status=status,
            body=errors.body(code, "Please retry after some time.", "throttledRequest"),
            headers={"Retry-After": str(seconds)},
        )

    @contextlib.contextmanager
    def at_work(self) -> Iterator[None]:
        """Keep requests waiting meanwhile, and tell subscribers afterwards."""
        with self.lock:
            self.service.tick()
            yield
        self.pushes.flush()

    def handle(self, request: Request) -> Response:
        """Answer a request."""
        with self.lock:
            self.service.count()
            self.service.tick()
        if request.path == "/v1.0/subscriptions" and request.method == "POST":
            # The address is asked meanwhile, and may want to use the emulator itself.
            response = self._without_lock(request)
        else:
            response = super().handle(request)
        self.pushes.flush()
        return response

    def not_found(self, request: Request) -> Response:
        return Response(
            404, errors.body("itemNotFound", f"No such resource: {request.method} {request.path}")
        )

    # Within

    def _add_routes(self) -> None:
        add = self.routes.add
        for name in ("v2.0/", ""):
            add("GET", f"/{{tenant}}/{name}.well-known/openid-configuration", login.configuration)
        add("GET", "/{tenant}/discovery/instance", login.instances)
        add("GET", "/{tenant}/oauth2/v2.0/authorize", self._authorize)
        add("POST", "/{tenant}/oauth2/v2.0/token", self._token)
        add("GET", "/_download/{token}", self._download)
        add("PUT", "/_upload/{token}", self.sessions.put)
        add("POST", "/_upload/{token}", self.sessions.post)
        add("GET", "/_upload/{token}", self.sessions.get)
        add("DELETE", "/_upload/{token}", self.sessions.cancel)
        add("GET", "/_monitor/{job}", self.copies.monitor)
        add("GET", "/u/{token}", self.links.follow)
        add("GET", "/:u:/g/personal/megan/{token}", self.links.follow)
        subscription = "/v1.0/subscriptions/{name}"
        add("GET", "/v1.0/subscriptions", self._signed_in(self.pushes.every))
        add("GET", subscription, self._signed_in(self.pushes.get))
        add("PATCH", subscription, self._signed_in(self.pushes.renew))
        add("DELETE", subscription, self._signed_in(self.pushes.delete))
        add("POST", f"{subscription}/reauthorize", self._signed_in(self.pushes.reauthorize))
        add("GET", "/v1.0/me", self._signed_in(self._me))
        add("GET", "/v1.0/me/drives", self._signed_in(self._drives))
        add("GET", "/v1.0/sites/{site}/drives", self._signed_in(self._drives))
        add("GET", "/v1.0/sites/{site}:/{path:path}", self._signed_in(self._site))
        add("GET", "/v1.0/sites/{site}", self._signed_in(self._site))
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            add(method, "/v1.0/{rest:path}", self._signed_in(self._graph))

    def _signed_in(self, answer: Callable[..., Response]) -> Callable[..., Response]:
        def checked(request: Request, **names: str) -> Response:
            self._check_token(request)
            return answer(request, **names)

        return checked

    def _check_token(self, request: Request) -> None:
        if "authorization" not in request.headers:
            raise errors.unauthenticated("Access token is empty.")
        grant = self.oauth.grant(request)
        if grant is None:
            raise errors.unauthenticated("Lifetime validation failed, the token is expired.")
        scopes = grant.scopes.split()
        reads = any(each.startswith("Files.Read") for each in scopes)
        writes = any(each.startswith("Files.ReadWrite") for each in scopes)
        if request.method != "GET" and reads and not writes:
            raise errors.denied()

    def _without_lock(self, request: Request) -> Response:
        try:
            self._check_token(request)
            with self.lock:
                self.calls.append(f"{request.method} {request.path}")
            return self.pushes.create(request)
        except Failure as failure:
            return failure.response

    def _graph(self, request: Request, rest: str) -> Response:
        del rest
        address = parse(request.path)
        if address is None:
            return self.not_found(request)
        if not address.item:
            if address.action or request.method != "GET":
                return self.not_found(request)
            return Response(200, facets.drive_body(self.service.find_drive(address.drive)))
        answer = self._items.get((request.method, address.action))
        if answer is None:
            return self.not_found(request)
        return answer(self.service, request, address)

    def _commit(self, service: Service, request: Request, address: Address) -> Response:
        response = self.sessions.commit(service, request, address)
        return self.not_found(request) if response is None else response

    def _download(self, request: Request, token: str) -> Response:
        return reading.download(self.service, request, token)

    def _authorize(self, request: Request, tenant: str) -> Response:
        del tenant
        return self.oauth.authorize(request)

    def _token(self, request: Request, tenant: str) -> Response:
        del tenant
        return self.oauth.token(request)

    def _me(self, request: Request) -> Response:
        del request
        return Response(
            200,
            {
                "id": login.PERSON,
                "displayName": "Megan Bowen",
                "userPrincipalName": "megan@example.com",
                "mail": "megan@example.com",
            },
        )

    def _drives(self, request: Request, site: str = "") -> Response:
        """Answer which drives the person, or a site, has: the one that there is.

        Source: https://learn.microsoft.com/graph/api/drive-list
        """
        del request
        if site and self.drive.type != "documentLibrary":
            raise errors.not_found("Requested site could not be found")
        return Response(200, {"value": [facets.drive_body(self.drive)]})

    def _site(self, request: Request, site: str, path: str = "") -> Response:
        """Answer what a SharePoint site is.

        Source: https://learn.microsoft.com/graph/api/site-getbypath
        """
        if self.drive.type != "documentLibrary":
            raise errors.not_found("Requested site could not be found")
        host = site.partition(",")[0]
        return Response(
            200,
            {
                "id": f"{host},{login.TENANT},{login.PERSON}",
                "name": path.rpartition("/")[2] or host,
                "displayName": "A site",
                "webUrl": f"{request.base}/{path}",
            },
        )

    def _changed(self, drive: Drive, item: Item, around: list[Item]) -> None:
        pushes: Pushes | None = getattr(self, "pushes", None)
        if pushes is not None:
            pushes.note(drive, item, around)
