"""What can be asked, as docs/api.md has it: methods ask at their address, and read the answer."""

import re
import typing
from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, get_args, get_origin

import msgspec
import pytest

from syncoxiders.api.client import Client
from syncoxiders.api.pages import Pages
from syncoxiders.api.shapes import accounts, activity, conflicts, files, people, syncs
from tests.api.conftest import PREFIX, Deployment
from tests.emulators.serving import Response

DOCUMENT = Path(__file__).parents[2] / "docs" / "openapi.json"
ODD = "a/b ü?"
WHEN = datetime(2026, 11, 25, tzinfo=UTC)
PLACE = "a%2Fb%20%C3%BC%3F"


def sample(kind: Any) -> Any:
    """Return some value of a type: of a shape one with all that it has to have."""
    if get_origin(kind) is typing.Annotated:
        return sample(get_args(kind)[0])
    if get_origin(kind) is typing.Literal:
        return get_args(kind)[0]
    if get_origin(kind) is list:
        return [sample(get_args(kind)[0])]
    if is_dataclass(kind) and isinstance(kind, type):
        known = typing.get_type_hints(kind, include_extras=True)
        needed = [each.name for each in fields(kind) if each.default is MISSING]
        return kind(**{name: sample(known[name]) for name in needed})
    plain = {
        str: "text",
        int: 1,
        bool: False,
        datetime: WHEN,
        date: date(2026, 11, 25),
        dict[str, int]: {},
        dict[str, str]: {},
    }
    return plain[kind]


NEW = syncs.NewSync(name="s", endpoints=[syncs.Endpoint(account="a")] * 2, rule=syncs.Rule())
ACCOUNT = accounts.NewAccount(name="a", kind="s3")
CONNECTION = accounts.NewConnection(kind="drive", name="a")

CALLS: list[tuple[str, type | None, Callable[[Client], object]]] = [
    ("GET /deployment", people.Deployment, lambda c: c.sessions.deployment()),
    ("GET /session", people.Session, lambda c: c.sessions.current()),
    ("POST /live", people.Ticket, lambda c: c.sessions.ticket()),
    ("POST /auth/logout", None, lambda c: c.sessions.end()),
    ("POST /devices", people.Device, lambda c: c.devices.begin("me")),
    (f"GET /devices/{PLACE}", people.DeviceRequest, lambda c: c.devices.get(ODD)),
    (f"POST /devices/{PLACE}/decision", None, lambda c: c.devices.decide(ODD, allow=True)),
    ("POST /tokens", people.Token, lambda c: c.devices.token("x")),
    ("GET /programs", people.Programs, lambda c: c.programs.list()),
    (f"DELETE /programs/{PLACE}", None, lambda c: c.programs.remove(ODD)),
    ("GET /users", people.Users, lambda c: c.users.list()),
    (f"DELETE /users/{PLACE}", None, lambda c: c.users.remove(ODD)),
    ("GET /invitations", people.Invitations, lambda c: c.invitations.list()),
    ("POST /invitations", people.Invitation, lambda c: c.invitations.create("a@b")),
    ("DELETE /invitations/a%40b", None, lambda c: c.invitations.remove("a@b")),
    ("GET /providers", accounts.Providers, lambda c: c.providers.list()),
    ("PUT /providers/s3/app", None, lambda c: c.providers.put_app("s3", sample(accounts.App))),
    ("DELETE /providers/s3/app", None, lambda c: c.providers.remove_app("s3")),
    ("GET /accounts", accounts.Accounts, lambda c: c.accounts.list()),
    (f"GET /accounts/{PLACE}", accounts.Account, lambda c: c.accounts.get(ODD)),
    ("POST /accounts", accounts.Account, lambda c: c.accounts.create(ACCOUNT)),
    ("POST /connections", accounts.Connection, lambda c: c.accounts.connect(CONNECTION)),
    (f"POST /accounts/{PLACE}/check", accounts.Check, lambda c: c.accounts.check(ODD)),
    (f"DELETE /accounts/{PLACE}", None, lambda c: c.accounts.remove(ODD)),
    (f"GET /accounts/{PLACE}/folders", accounts.Folders, lambda c: c.accounts.folders(ODD)),
    ("GET /syncs", syncs.Syncs, lambda c: c.syncs.list()),
    (f"GET /syncs/{PLACE}", syncs.Sync, lambda c: c.syncs.get(ODD)),
    ("POST /syncs", syncs.Sync, lambda c: c.syncs.create(NEW)),
    (f"PATCH /syncs/{PLACE}", syncs.Sync, lambda c: c.syncs.pause(ODD)),
    (f"PATCH /syncs/{PLACE}", syncs.Sync, lambda c: c.syncs.resume(ODD)),
    (f"DELETE /syncs/{PLACE}", None, lambda c: c.syncs.remove(ODD)),
    (f"POST /syncs/{PLACE}/run", syncs.Sync, lambda c: c.syncs.run(ODD)),
    (f"GET /syncs/{PLACE}/moving", syncs.Movings, lambda c: c.syncs.moving(ODD)),
    (f"GET /syncs/{PLACE}/runs", activity.Runs, lambda c: c.syncs.runs(ODD)),
    (f"GET /syncs/{PLACE}/runs/7", activity.Run, lambda c: c.syncs.run_of(ODD, 7)),
    (f"GET /syncs/{PLACE}/runs/7/events", activity.Events, lambda c: c.syncs.events(ODD, 7)),
    ("GET /plans", syncs.Plans, lambda c: c.plans.list()),
    (f"GET /syncs/{PLACE}/plans/{PLACE}", syncs.Plan, lambda c: c.plans.get(ODD, ODD)),
    (
        f"POST /syncs/{PLACE}/plans/{PLACE}/approve",
        syncs.Sync,
        lambda c: c.plans.approve(ODD, ODD),
    ),
    ("GET /activity", activity.Events, lambda c: c.activity.list(q="x")),
    ("GET /conflicts", conflicts.Conflicts, lambda c: c.conflicts.list("s")),
    (f"GET /syncs/{PLACE}/conflicts/7", conflicts.Conflict, lambda c: c.conflicts.get(ODD, "7")),
    (
        f"POST /syncs/{PLACE}/conflicts/7/resolve",
        None,
        lambda c: c.conflicts.resolve(ODD, "7", conflicts.Resolution(take="kept")),
    ),
    ("GET /files", files.Files, lambda c: c.files.search("x")),
    ("GET /files/in", files.Files, lambda c: c.files.in_folder("s", "a", "b")),
    ("GET /statistics", files.Statistics, lambda c: c.files.statistics()),
]


@pytest.mark.parametrize(("asked", "shape", "call"), CALLS, ids=[f"{c[0]}" for c in CALLS])
def test_call(
    there: Deployment,
    client: Client,
    asked: str,
    shape: type | None,
    call: Callable[[Client], object],
) -> None:
    """A method asks at its address, and returns what the answer says."""
    method, _, path = asked.partition(" ")
    expected = sample(shape) if shape is not None else None
    there.say(method, path, msgspec.to_builtins(expected), 200 if shape is not None else 204)
    found = call(client)
    whole = getattr(expected, "items", None)
    if isinstance(found, Pages):
        assert list(found) == whole
    else:
        assert found == (whole if isinstance(found, list) else expected)
    assert there.handled() == [asked]
    assert set(there.requests[0].query) <= documented(asked)


def test_pages(there: Deployment, client: Client) -> None:
    """A list is gone through page by page, each asked for when it is needed."""

    def page(first: int, following: str | None) -> dict[str, object]:
        runs = [
            {"sync": "s", "number": number, "outcome": "done", "counts": {}}
            for number in (first, first - 1)
        ]
        return {"items": runs, "next": following}

    there.say("GET", "/syncs/s/runs", [page(6, "x="), page(4, "y"), page(2, None)])
    found = iter(client.syncs.runs("s"))
    assert next(found).number == 6
    assert len(there.requests) == 1
    assert [each.number for each in found] == [5, 4, 3, 2, 1]
    assert [each.query for each in there.requests] == [{}, {"cursor": "x="}, {"cursor": "y"}]


def test_content(there: Deployment, client: Client) -> None:
    """Content is brought as it is."""
    there.say("GET", "/syncs/s/conflicts/7/content", b"\xff\x00")
    assert client.conflicts.content("s", "7", "other") == b"\xff\x00"
    assert there.requests[0].query == {"version": "other"}


def test_revision(there: Deployment, client: Client) -> None:
    """A decision can be bound to what was seen."""
    known = msgspec.to_builtins(sample(conflicts.Conflict))
    answer = Response(200, known, {"ETag": '"5f2a"', "Content-Type": "application/json"})
    there.say("GET", "/syncs/s/conflicts/7", answer)
    there.say("POST", "/syncs/s/conflicts/7/resolve", None, 204)
    _, revision = client.conflicts.seen("s", "7")
    client.conflicts.resolve("s", "7", conflicts.Resolution(take="other"), revision=revision)
    assert there.requests[1].headers["if-match"] == '"5f2a"'


def test_options(there: Deployment, client: Client) -> None:
    """What is not asked for is not in the address; zero is something that is asked for."""
    there.say("GET", "/files", {"items": [], "pending": []})
    list(client.files.search("a b&c", type_="image", min_size=0, after=WHEN))
    assert there.requests[0].query == {
        "q": "a b&c",
        "type": "image",
        "min_size": "0",
        "after": "2026-11-25T00:00:00+00:00",
    }


def test_all_shapes() -> None:
    """Every shape of an answer can be read."""
    for module in (accounts, activity, conflicts, files, people, syncs):
        for name, kind in vars(module).items():
            if isinstance(kind, type) and kind.__module__ == module.__name__:
                data = msgspec.json.encode(sample(kind))
                assert msgspec.json.decode(data, type=kind) == sample(kind), name


def described() -> dict[str, re.Pattern[str]]:
    """Return what the API says of itself that can be asked, each with what it looks like."""
    paths = msgspec.json.decode(DOCUMENT.read_bytes())["paths"]
    return {
        f"{method} {path}": re.compile(
            re.sub(r"\\{[^/]*\\}", "[^/]+", re.escape(f"{method.upper()} {path}"))
        )
        for path, methods in paths.items()
        for method in methods
    }


def documented(call: str) -> set[str]:
    """Return what the API says that can stand in an address's query."""
    method, _, path = call.partition(" ")
    for name, pattern in described().items():
        if pattern.fullmatch(f"{method} {PREFIX}{path}"):
            of, _, place = name.partition(" ")
            known = msgspec.json.decode(DOCUMENT.read_bytes())["paths"][place][of]
            return {each["name"] for each in known.get("parameters", ()) if each["in"] == "query"}
    return set()


def test_contract() -> None:
    """All that the API says of itself that it can be asked is asked by some method; and no more."""
    asked = [f"GET {PREFIX}/syncs/7/conflicts/7/content"]
    for call, _, _ in CALLS:
        method, _, path = call.partition(" ")
        if not path.startswith("/auth/"):
            asked.append(f"{method} {PREFIX}{path}")
    known = described()
    for name, pattern in known.items():
        assert any(pattern.fullmatch(call) for call in asked), name
    for call in asked:
        assert any(pattern.fullmatch(call) for pattern in known.values()), call
