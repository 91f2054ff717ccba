"""An API for the console alone: ``python -m tests.console.mock busy --port 8000``.

Its answers are values of the API's shapes, and what it is asked is read by them, so that it cannot
be another API than the one that is described. What a request changes is changed in its world only
as far as the console shows it.
"""

import argparse
import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import msgspec
from pydantic import TypeAdapter, ValidationError
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import Server as Sockets
from websockets.sync.server import ServerConnection, serve

from syncoxiders.api.shapes.accounts import (
    Account,
    Accounts,
    App,
    Check,
    Connection,
    Folders,
    NewAccount,
    NewConnection,
    Provider,
    Providers,
)
from syncoxiders.api.shapes.activity import Events, Runs
from syncoxiders.api.shapes.base import Problem
from syncoxiders.api.shapes.conflicts import Conflict, Conflicts, Resolution
from syncoxiders.api.shapes.files import Files
from syncoxiders.api.shapes.live import Hint
from syncoxiders.api.shapes.people import (
    Decision,
    Invitation,
    Invitations,
    NewInvitation,
    Programs,
    Ticket,
    Users,
)
from syncoxiders.api.shapes.syncs import (
    Movings,
    NewSync,
    Plan,
    PlanHead,
    Plans,
    Stopped,
    Sync,
    SyncChange,
    Syncs,
)
from tests.console import scenarios
from tests.console.shapes import CONSOLE
from tests.console.world import TITLES, World
from tests.emulators.serving import Emulator, Failure, Request, Response, Server

T = TypeVar("T")

API = "/api/v1"
POLICY = (
    "default-src 'self'; img-src 'self' blob: data:; connect-src 'self' ws: wss:; "
    "frame-ancestors 'none'"
)
MEDIA = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


def fail(status: int, code: str, detail: str, mend: str = "") -> Failure:
    problem = Problem(
        type="about:blank", title=code, status=status, code=code, detail=detail, mend=mend
    )
    return Failure(
        Response(status, msgspec.json.encode(problem), {"Content-Type": "application/problem+json"})
    )


class Mock(Emulator):
    """The API and the console's files. ``asked`` is what changes something, in its order."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world
        self.page = 50
        """So many items a page of a list has."""
        self.asked: list[tuple[str, str, Any]] = []
        self.live = ""
        self.connections: set[ServerConnection] = set()
        for method, pattern, handler in self._all():
            self.routes.add(method, API + pattern, self._guarded(method, pattern, handler))
        self.routes.add("POST", "/auth/logout", self._log_out)
        self.routes.add("GET", "/{name:path}", self._file)

    def _all(self) -> list[tuple[str, str, Callable[..., object]]]:
        world = self.world
        return [
            ("GET", "/deployment", lambda _: world.deployment),
            ("GET", "/session", lambda _: world.session),
            ("POST", "/live", self._ticket),
            ("GET", "/providers", lambda _: Providers(items=world.providers)),
            ("PUT", "/providers/{kind}/app", self._set_app),
            ("DELETE", "/providers/{kind}/app", self._forget_app),
            ("GET", "/accounts", lambda _: Accounts(items=world.accounts)),
            ("POST", "/accounts", self._add_account),
            ("POST", "/connections", self._connect),
            ("DELETE", "/accounts/{name}", self._remove_account),
            ("POST", "/accounts/{name}/check", lambda _, name: world.checks[name]),
            ("GET", "/accounts/{name}/folders", self._folders),
            ("GET", "/syncs", lambda _: Syncs(items=world.syncs)),
            ("POST", "/syncs", self._add_sync),
            ("GET", "/syncs/{name}", lambda _, name: self._sync(name)),
            ("PATCH", "/syncs/{name}", self._change_sync),
            ("DELETE", "/syncs/{name}", self._remove_sync),
            ("POST", "/syncs/{name}/run", lambda _, name: self._sync(name)),
            ("GET", "/syncs/{name}/moving", self._moving),
            ("GET", "/plans", lambda _: Plans(items=[head(each) for each in world.plans])),
            ("GET", "/syncs/{name}/plans/{plan}", self._plan),
            ("POST", "/syncs/{name}/plans/{plan}/approve", self._approve),
            ("GET", "/syncs/{name}/runs", self._runs),
            ("GET", "/syncs/{name}/runs/{number}", self._run),
            ("GET", "/syncs/{name}/runs/{number}/events", self._run_events),
            ("GET", "/activity", self._activity),
            ("GET", "/conflicts", self._conflicts),
            ("GET", "/syncs/{name}/conflicts/{key}", self._conflict),
            ("GET", "/syncs/{name}/conflicts/{key}/content", self._content),
            ("POST", "/syncs/{name}/conflicts/{key}/resolve", self._resolve),
            ("GET", "/files", self._files),
            ("GET", "/files/in", self._files_in),
            ("GET", "/statistics", lambda _: world.statistics),
            ("GET", "/users", lambda _: Users(items=world.users)),
            ("DELETE", "/users/{key}", self._remove_user),
            ("GET", "/invitations", lambda _: Invitations(items=world.invitations)),
            ("POST", "/invitations", self._invite),
            ("DELETE", "/invitations/{email}", self._withdraw),
            ("GET", "/programs", lambda _: Programs(items=world.programs)),
            ("DELETE", "/programs/{key}", self._revoke),
            ("GET", "/devices/{code}", self._device),
            ("POST", "/devices/{code}/decision", self._decide),
        ]

    def _guarded(
        self, method: str, pattern: str, handler: Callable[..., object]
    ) -> Callable[..., Response]:
        """As the API does it: who asks is known first, and the console says that it asks."""

        def answer(request: Request, **names: str) -> Response:
            if self.world.session is None and pattern != "/deployment":
                raise fail(401, "not-logged-in", "nobody is logged in", "log in again")
            if method != "GET":
                if request.headers.get("x-syncoxiders") != "console":
                    raise fail(403, "foreign", "the header is lacking")
                self.asked.append((method, request.path.removeprefix(API), request.json()))
            said = handler(request, **names)
            if isinstance(said, Response):
                return said
            if said is None:
                return Response(204)
            headers = {"Content-Type": "application/json", "Cache-Control": "no-store"}
            if isinstance(said, Sync):
                headers["ETag"] = f'"{said.revision}"'
            body = {k: v for k, v in msgspec.to_builtins(said).items() if v is not None}
            return Response(200, msgspec.json.encode(body), headers)

        return answer

    # Files of the console

    def _file(self, request: Request, name: str) -> Response:
        del request
        path = (CONSOLE / (name.strip("/") or "index.html")).resolve()
        if CONSOLE not in path.parents or path.suffix not in MEDIA or not path.is_file():
            return Response(404)
        headers = {
            "Content-Type": MEDIA[path.suffix],
            "Content-Security-Policy": POLICY,
            "Cache-Control": "no-cache",
        }
        return Response(200, path.read_bytes(), headers)

    # Who

    def _log_out(self, request: Request) -> Response:
        assert request.headers.get("x-syncoxiders") == "console"
        self.world.session = None
        return Response(204)

    def _ticket(self, request: Request) -> Ticket:
        del request
        if not self.live:
            raise fail(503, "unavailable", "there are no live updates")
        return Ticket(url=self.live, expires_at=datetime.now(UTC) + timedelta(minutes=1))

    def tell(self, type_: str, name: str = "") -> None:
        """Say to everybody that something is new."""
        for each in list(self.connections):
            each.send(msgspec.json.encode(Hint(type=type_, name=name)).decode())

    def _device(self, request: Request, code: str) -> object:
        del request
        for each in self.world.devices:
            if each.user_code == code:
                return each
        raise fail(
            404, "no-such-device", f"no program waits with the code {code}", "let it show a new one"
        )

    def _decide(self, request: Request, code: str) -> None:
        read(Decision, request)
        self.world.devices = [each for each in self.world.devices if each.user_code != code]

    def _invite(self, request: Request) -> Invitation:
        asked = read(NewInvitation, request)
        made = Invitation(email=asked.email, admin=asked.admin, invited_at=datetime.now(UTC))
        self.world.invitations.append(made)
        return made

    def _withdraw(self, request: Request, email: str) -> None:
        del request
        left = [each for each in self.world.invitations if each.email != email]
        self.world.invitations[:] = left

    def _revoke(self, request: Request, key: str) -> None:
        del request
        self.world.programs[:] = [each for each in self.world.programs if each.id != key]

    def _remove_user(self, request: Request, key: str) -> None:
        del request
        self.world.users[:] = [each for each in self.world.users if each.id != key]

    # Accounts

    def _set_app(self, request: Request, kind: str) -> Provider:
        asked = read(App, request)
        providers = self.world.providers
        at = next(n for n, each in enumerate(providers) if each.kind == kind)
        providers[at] = replace(providers[at], client_id=asked.client_id, ready=True)
        return providers[at]

    def _forget_app(self, request: Request, kind: str) -> None:
        del request
        self.world.providers[:] = [
            replace(each, client_id="", ready=False) if each.kind == kind else each
            for each in self.world.providers
        ]

    def _add_account(self, request: Request) -> Account:
        asked = read(NewAccount, request)
        if asked.kind == "s3" and asked.secret_access_key == "wrong":  # noqa: S105 -- an example
            raise fail(422, "refused", "S3 does not know this key", "look whether it is whole")
        made = replace(scenarios.account(asked.name, asked.kind), health="new", looked_at=None)
        self.world.accounts.append(made)
        self.world.checks[asked.name] = Check(working=True, identity=made.identity)
        return made

    def _connect(self, request: Request) -> Connection:
        asked = read(NewConnection, request)
        made = scenarios.account(asked.name, asked.kind)
        if asked.name not in {each.name for each in self.world.accounts}:
            self.world.accounts.append(made)
            self.world.checks[asked.name] = Check(working=True, identity=made.identity)
        return Connection(
            url=f"{request.base}/?{TITLES[asked.kind]}#/accounts/{asked.name}?connected",
            expires_at=datetime.now(UTC) + timedelta(minutes=10),
        )

    def _remove_account(self, request: Request, name: str) -> None:
        del request
        account = next(each for each in self.world.accounts if each.name == name)
        if account.syncs:
            uses = ", ".join(account.syncs)
            raise fail(409, "in-use", f"{name} takes part in {uses}", "forget the sync first")
        self.world.accounts.remove(account)

    def _folders(self, request: Request, name: str) -> Folders:
        path = request.query.get("path", "")
        return Folders(account=name, path=path, items=self.world.folders(name, path))

    # Syncs

    def _sync(self, name: str) -> Sync:
        for each in self.world.syncs:
            if each.name == name:
                return each
        raise fail(404, "no-such-sync", f"there is no sync {name!r}")

    def put(self, sync: Sync) -> Sync:
        """Put a sync in the place of the one of its name, or to the others."""
        syncs = self.world.syncs
        syncs[:] = sorted([*(e for e in syncs if e.name != sync.name), sync], key=lambda e: e.name)
        return sync

    def _add_sync(self, request: Request) -> Sync:
        asked = read(NewSync, request)
        places = [f"{each.account}:{each.path}" for each in asked.endpoints]
        made = scenarios.sync(asked.name, places, mode=asked.rule.mode)
        if asked.preview:
            waits = "Look at what the first run would do."
            self.world.plans.append(
                scenarios.plan("first", asked.name, waits, creates=60, preview=True)
            )
            stopped = Stopped(reason=waits, plan="first", preview=True)
            made = replace(
                made, state="stopped", stopped=stopped, reason="Its first plan waits for you."
            )
        return self.put(replace(made, rule=asked.rule))

    def _change_sync(self, request: Request, name: str) -> Sync:
        asked = read(SyncChange, request)
        known = self._sync(name)
        if request.headers.get("if-match", f'"{known.revision}"') != f'"{known.revision}"':
            raise fail(412, "changed", "the sync was changed meanwhile", "look at it again")
        paused = known.paused if asked.paused is None else asked.paused
        return self.put(
            replace(
                known,
                rule=asked.rule or known.rule,
                paused=paused,
                state="paused" if paused else "in-step",
                reason="You paused it." if paused else "All sides are equal.",
                revision=str(int(known.revision) + 1),
            )
        )

    def _remove_sync(self, request: Request, name: str) -> None:
        del request
        self.world.syncs.remove(self._sync(name))

    def _moving(self, request: Request, name: str) -> Movings:
        del request
        return self.world.moving.get(name, Movings(total=0, items=[]))

    def _plan_of(self, id_: str) -> Plan:
        for each in self.world.plans:
            if each.id == id_:
                return each
        raise fail(404, "no-such-plan", "this plan does not wait")

    def _plan(self, request: Request, name: str, plan: str) -> Plan:
        del name
        found = self._plan_of(plan)
        items, following = self._page(request, found.items)
        return replace(found, items=items, next=following)

    def _approve(self, request: Request, name: str, plan: str) -> Sync:
        del request
        self.world.plans.remove(self._plan_of(plan))
        known = self._sync(name)
        return self.put(
            replace(
                known, state="working", stopped=None, to_do=60, reason="60 files are being copied."
            )
        )

    def _runs(self, request: Request, name: str) -> Runs:
        items, following = self._page(
            request, [each for each in self.world.runs if each.sync == name]
        )
        return Runs(items=items, next=following)

    def _run(self, request: Request, name: str, number: str) -> object:
        del request
        for each in self.world.runs:
            if (each.sync, str(each.number)) == (name, number):
                return each
        raise fail(404, "no-such-run", f"there is no run {number}")

    def _run_events(self, request: Request, name: str, number: str) -> Events:
        of = [e for e in self.world.events if (e.sync, str(e.run)) == (name, number)]
        items, following = self._page(request, of)
        return Events(items=items, next=following)

    def _activity(self, request: Request) -> Events:
        asked = request.query
        found = [
            each
            for each in self.world.events
            if asked.get("sync", each.sync) == each.sync
            and asked.get("verb", each.verb) == each.verb
            and asked.get("q", "").lower() in f"{each.path} {each.detail}".lower()
        ]
        items, following = self._page(request, found)
        return Events(items=items, next=following)

    # Conflicts

    def _conflict(self, request: Request, name: str, key: str) -> Conflict:
        del request
        for each in self.world.conflicts:
            if (each.sync, each.id) == (name, key):
                return each
        raise fail(404, "no-such-conflict", "this conflict does not wait")

    def _conflicts(self, request: Request) -> Conflicts:
        sync = request.query.get("sync")
        found = [each for each in self.world.conflicts if sync in {None, each.sync}]
        items, following = self._page(request, found)
        return Conflicts(items=items, next=following)

    def _content(self, request: Request, name: str, key: str) -> Response:
        del name
        content = self.world.contents[key, request.query["version"]]
        media = "image/png" if content.startswith(b"\x89PNG") else "text/plain; charset=utf-8"
        return Response(200, content, {"Content-Type": media})

    def _resolve(self, request: Request, name: str, key: str) -> None:
        read(Resolution, request)
        self.world.conflicts.remove(self._conflict(request, name, key))
        known = self._sync(name)
        self.put(replace(known, conflicts=known.conflicts - 1))

    # Files

    def _files(self, request: Request) -> Files:
        asked = request.query
        found = [
            each
            for each in self.world.files
            if asked.get("q", "").lower() in each.name.lower()
            and asked.get("type", each.type) == each.type
            and asked.get("account", each.account) == each.account
            and int(asked.get("min_size", 0))
            <= (each.size or 0)
            <= int(asked.get("max_size", 10**15))
        ]
        if asked.get("sort") == "size":
            found.sort(key=lambda each: -(each.size or 0))
        return self._files_page(request, found)

    def _files_in(self, request: Request) -> Files:
        path = request.query.get("path", "")
        inside = [
            each
            for each in self.world.files
            if each.endpoint == request.query["endpoint"] and each.path.rpartition("/")[0] == path
        ]
        return self._files_page(request, inside)

    def _page(self, request: Request, items: Sequence[T]) -> tuple[list[T], str | None]:
        at = int(request.query.get("cursor", 0))
        following = at + self.page
        return list(items[at:following]), str(following) if following < len(items) else None

    def _files_page(self, request: Request, found: Sequence[Any]) -> Files:
        items, following = self._page(request, found)
        return Files(
            items=items, next=following, as_of=datetime.now(UTC), pending=self.world.pending
        )


def head(plan: Plan) -> PlanHead:
    return PlanHead(
        id=plan.id, sync=plan.sync, reason=plan.reason, preview=plan.preview, totals=plan.totals
    )


def read(shape: type[T], request: Request) -> T:
    """Read a request as the service does: what the shape has not is refused."""
    try:
        return TypeAdapter(shape).validate_json(request.body)
    except ValidationError as error:
        raise fail(422, "invalid", str(error)) from error


@contextmanager
def sockets(mock: Mock) -> Iterator[Sockets]:
    """Serve the live updates of a mock."""

    def hold(connection: ServerConnection) -> None:
        mock.connections.add(connection)
        try:
            for _ in connection:
                continue
        except ConnectionClosed:
            return
        finally:
            mock.connections.discard(connection)

    with serve(hold, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        mock.live = f"ws://127.0.0.1:{server.socket.getsockname()[1]}/?ticket=t"
        yield server
        server.shutdown()
        thread.join()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenario", choices=("empty", "busy", "troubled"))
    parser.add_argument("--port", type=int, default=8000)
    chosen = parser.parse_args()
    mock = Mock(getattr(scenarios, chosen.scenario)())
    with sockets(mock), Server(mock, port=chosen.port) as server:
        print(json.dumps({"url": server.url}))
        while True:
            time.sleep(3600)


if __name__ == "__main__":
    main()
