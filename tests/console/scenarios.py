"""Deployments to look at: an empty one, a busy one, and one that is in trouble."""

import itertools
import struct
import zlib
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Literal

from syncoxiders.api.shapes.accounts import Account, Check, Folder, Kind, Quota
from syncoxiders.api.shapes.activity import Event, Run
from syncoxiders.api.shapes.conflicts import Conflict, Version
from syncoxiders.api.shapes.files import Amount, Day, Duplicate, File, Statistics, Type
from syncoxiders.api.shapes.people import DeviceRequest, Invitation, Program, User
from syncoxiders.api.shapes.syncs import (
    EndpointState,
    Mode,
    Moving,
    Movings,
    Plan,
    PlannedAction,
    PlanTotal,
    Rule,
    Stopped,
    Sync,
)
from tests.console.world import TITLES, World, ago

GB = 10**9
LONG = (
    "Minutes of the extraordinary general meeting of the allotment gardeners' association, "
    "third draft with remarks of the treasurer (final) (2).docx"
)
HOSTILE = "<img src=x onerror=alert(1)>.txt"


def empty() -> World:
    """Return what is there after deploying: nothing."""
    return World()


def busy() -> World:
    """Return a deployment in which everything goes well, and something is always going on."""
    accounts = [
        account("box", "dropbox", syncs=["documents", "photos"]),
        account("bucket", "s3", syncs=["archive"], identity="eu-central-1"),
        account("home", "folder", syncs=["archive"], identity="/srv/home", pushes=False),
        account("work", "drive", syncs=["documents", "photos"]),
    ]
    syncs = [
        sync("archive", ["home:Pictures", "bucket:archive/pictures"], mode="one-way"),
        sync(
            "documents",
            ["work:Documents", "box:Documents"],
            state="working",
            reason="37 files are being copied from work to box.",
            to_do=37,
        ),
        sync("photos", ["work:Photos/2026", "box:Camera Uploads"], conflicts=3),
    ]
    return World(
        accounts=accounts,
        checks={
            "box": Check(working=True, identity="robin@example.org", quota=quota(1.62, 2)),
            "bucket": Check(
                working=True, identity="eu-central-1", quota=Quota(used=int(84.2 * GB))
            ),
            "home": Check(working=True, identity="/srv/home", quota=Quota()),
            "work": Check(working=True, identity="robin@example.org", quota=quota(11.3, 15)),
        },
        folders=_folders,
        syncs=syncs,
        moving={
            "documents": Movings(
                total=37,
                items=[moving("Reports/Annual report 2026.pdf", 4_812_330), moving(LONG, 31_000)]
                + [moving(f"Letters/{number}.odt", 40_000 + number) for number in range(8)],
            )
        },
        runs=_runs("documents", 24) + _runs("photos", 3),
        events=_events(160),
        conflicts=_conflicts(),
        contents=_contents(),
        files=_files(400),
        statistics=_statistics(),
        users=[
            *World().users,
            User(id="u2", email="kim@example.org", admin=False, seen_at=ago(hours=5)),
        ],
        invitations=[Invitation(email="sam@example.org", admin=False, invited_at=ago(days=2))],
        programs=[
            Program(
                id="p1",
                name="syncoxiders on robins-laptop",
                since=ago(days=12),
                expires_at=datetime.now(UTC) + timedelta(days=78),
            )
        ],
        devices=[
            DeviceRequest(
                user_code="BCDF-GHJK",
                name="syncoxiders on robins-laptop",
                expires_at=datetime.now(UTC) + timedelta(minutes=10),
            )
        ],
    )


def troubled() -> World:
    """Return a deployment in which everything that can ask for a person does so."""
    world = busy()
    reason = (
        "Google does not let us in any more: access was taken back, or the password was changed. "
        "Connect it anew; nothing is lost meanwhile."
    )
    stop = "4,211 of 8,030 files would be deleted in box: more than half of all within a day."
    world.accounts = [
        replace(
            world.accounts[0],
            health="throttled",
            reason="Dropbox asked for a pause; the other sides go on meanwhile.",
            paused_until=datetime.now(UTC) + timedelta(minutes=14),
        ),
        *world.accounts[1:3],
        replace(world.accounts[3], health="broken", reason=reason),
        account("a-name-as-long-as-a-name-may-be-for-an-account-64-characters-xyz", "onedrive"),
    ]
    world.checks[world.accounts[-1].name] = Check(working=True, identity="robin@example.org")
    world.checks["home"] = Check(
        working=False,
        identity="/srv/home",
        reason="The folder is not there. Is the disk connected?",
    )
    world.syncs = [
        replace(
            world.syncs[0],
            state="stopped",
            reason="A guard asks you before more than half is deleted.",
            stopped=Stopped(reason=stop, plan="plan-1"),
        ),
        replace(
            world.syncs[1],
            state="waiting",
            reason="What is left waits for Dropbox, which asked for a pause of 14 minutes.",
            to_do=12_345,
            problems=[
                f"{HOSTILE}: Dropbox will not hold this name; it stands there under another one.",
                "Backup.vmdk: 412 GB are more than Dropbox takes in one file.",
            ],
        ),
        replace(world.syncs[2], state="paused", paused=True, reason="You paused it."),
        sync(
            "new",
            ["work:New", "box:New", "home:New"],
            state="stopped",
            reason="Its first plan waits for you.",
            stopped=Stopped(
                reason="Look at what the first run would do.", plan="plan-2", preview=True
            ),
        ),
    ]
    world.moving["documents"] = Movings(
        total=12_345,
        items=[
            replace(each, waits="Dropbox asked for a pause until 14:30")
            for each in world.moving["documents"].items
        ],
    )
    world.plans = [
        plan("plan-1", "archive", stop, deletes=4_211, creates=120),
        plan("plan-2", "new", "Look at what the first run would do.", creates=10_000, preview=True),
    ]
    world.pending = ["new"]
    return world


def many(count: int) -> World:
    """Return a deployment with so many files, conflicts and events."""
    world = busy()
    world.files = _files(count)
    world.events = _events(count)
    world.conflicts = [replace(world.conflicts[0], id=f"c{number}") for number in range(count)]
    return world


# Parts


def account(
    name: str,
    kind: Kind,
    *,
    syncs: list[str] | None = None,
    identity: str = "robin@example.org",
    pushes: bool = True,
) -> Account:
    return Account(
        name=name,
        kind=kind,
        title=TITLES[kind],
        identity=identity,
        health="good",
        reason="",
        syncs=syncs or [],
        looked_at=ago(minutes=3),
        pushes=pushes,
    )


KINDS: dict[str, Kind] = {"box": "dropbox", "bucket": "s3", "home": "folder", "work": "drive"}


def sync(
    name: str,
    places: list[str],
    *,
    mode: Mode = "two-way",
    state: Literal["in-step", "working", "waiting", "paused", "stopped"] = "in-step",
    reason: str = "",
    stopped: Stopped | None = None,
    to_do: int = 0,
    conflicts: int = 0,
) -> Sync:
    return Sync(
        name=name,
        endpoints=[endpoint(number, place) for number, place in enumerate(places)],
        rule=Rule(mode=mode),
        state=state,
        reason=reason or "All sides are equal.",
        paused=state == "paused",
        verified_at=ago(minutes=3),
        stopped=stopped,
        to_do=to_do,
        conflicts=conflicts,
        problems=[],
        revision="1",
    )


def endpoint(number: int, place: str) -> EndpointState:
    name, _, path = place.partition(":")
    kind = KINDS.get(name, "folder")
    return EndpointState(
        id=f"e{number}",
        account=name,
        path=path,
        kind=kind,
        title=TITLES[kind],
        state="good",
        files=8_030,
    )


def quota(used: float, total: float) -> Quota:
    return Quota(used=int(used * GB), total=int(total * GB))


def moving(path: str, size: int) -> Moving:
    return Moving(
        verb="create",
        path=path,
        to_account="box",
        to_endpoint="e1",
        from_account="work",
        from_endpoint="e0",
        size=size,
    )


def plan(
    id_: str, name: str, reason: str, *, creates: int, deletes: int = 0, preview: bool = False
) -> Plan:
    actions = [
        PlannedAction(
            verb="delete",
            account="box",
            endpoint="e1",
            path=f"Old/{n // 100}/scan {n}.jpg",
            size=n * 999,
        )
        for n in range(deletes)
    ] + [
        PlannedAction(
            verb="create",
            account="work",
            endpoint="e0",
            path=f"New/{n // 100}/{LONG if n == 1 else f'page {n}.png'}",
            size=n * 777,
        )
        for n in range(creates)
    ]
    totals = [
        PlanTotal(
            verb=verb,
            account=account_,
            endpoint=endpoint_,
            count=sum(each.verb == verb for each in actions),
            bytes=sum(each.size or 0 for each in actions if each.verb == verb),
        )
        for verb, account_, endpoint_ in (("delete", "box", "e1"), ("create", "work", "e0"))
    ]
    return Plan(
        id=id_,
        sync=name,
        reason=reason,
        preview=preview,
        totals=[each for each in totals if each.count],
        items=actions,
    )


def _folders(account_: str, path: str) -> list[Folder]:
    names = {"": ["Documents", "Photos", "Projects", LONG], "Photos": ["2024", "2025", "2026"]}
    taken = {("work", "Documents"): "documents"}
    return [
        Folder(
            name=name, path=f"{path}/{name}".strip("/"), taken_by=taken.get((account_, name), "")
        )
        for name in names.get(path, [])
    ]


def _runs(name: str, count: int) -> list[Run]:
    return [
        Run(
            sync=name,
            number=number,
            started_at=ago(hours=3 * (count - number), minutes=4),
            ended_at=None if number == count else ago(hours=3 * (count - number), minutes=3),
            outcome="" if number == count else "failed" if number == count - 4 else "done",
            counts={"create": number * 3, "update": number % 4, "delete": number % 3},
            message="Dropbox could not be reached; it is tried again."
            if number == count - 4
            else "",
        )
        for number in range(count, 0, -1)
    ]


def _events(count: int) -> list[Event]:
    verbs = ("create", "create", "update", "move", "create", "delete", "conflict", "note")
    names = ("Minutes.odt", "IMG_2041.jpg", LONG, "Budget.xlsx", HOSTILE, "Ideas.md")
    found = []
    for number, verb, name in zip(
        range(count), itertools.cycle(verbs), itertools.cycle(names), strict=False
    ):
        run = 24 - number // 9
        found.append(
            Event(
                sync="documents" if run % 3 else "photos",
                run=max(run, 1),
                number=number,
                at=ago(minutes=4 + 55 * (number // 9)),
                verb=verb,
                endpoint="e1",
                account="box" if number % 2 else "work",
                path=f"Letters/2026/{name}",
                detail={
                    "conflict": "both versions are kept",
                    "note": "the name is another one there",
                }.get(verb, ""),
            )
        )
    return found


_TEXT = """# Trip to the lake

We meet at the station at 8:15, platform 3.
Bring food for one day and something against the rain.

## Who comes

- Robin
- Kim
- Sam

## What it costs

The train is 24.50 for each of us,
and the boat is 12.00 an hour.

## What to see

The old mill,
the bird hide on the north shore,
and the café by the lock,
which closes at five.
"""


def _conflicts() -> list[Conflict]:
    def version(
        name: str, where: str, media: Literal["text", "image", "other"], minutes: float
    ) -> Version:
        return Version(
            path=name,
            endpoint="e0" if where == "work" else "e1",
            account=where,
            size=len(_TEXT) if media == "text" else 48_211,
            modified_at=ago(minutes=minutes),
            media=media,
        )

    return [
        Conflict(
            id="c1",
            sync="photos",
            kept=version("Notes/Trip to the lake.md", "work", "text", 30),
            other=version(
                "Notes/Trip to the lake.conflict-box-20261125T171200.md", "box", "text", 45
            ),
        ),
        Conflict(
            id="c2",
            sync="photos",
            kept=version("Lake/Mill.png", "box", "image", 200),
            other=version("Lake/Mill.conflict-work-20261124T101500.png", "work", "image", 260),
        ),
        Conflict(
            id="c3",
            sync="photos",
            kept=version(f"Club/{LONG}", "work", "other", 3000),
            other=version(f"Club/{LONG[:-5]}.conflict-box-20261123.docx", "box", "other", 3100),
        ),
    ]


def _contents() -> dict[tuple[str, str], bytes]:
    other = (
        _TEXT.replace("8:15, platform 3", "8:45, platform 5")
        .replace("- Sam\n", "- Sam\n- Alex <script>alert(1)</script>\n")
        .replace("and the café by the lock,\n", "")
    )
    return {
        ("c1", "kept"): _TEXT.encode(),
        ("c1", "other"): other.encode(),
        ("c2", "kept"): picture(40, 120, 200),
        ("c2", "other"): picture(200, 140, 60),
    }


def picture(red: int, green: int, blue: int, side: int = 240) -> bytes:
    """Return a PNG: a hill below a sky of that colour."""
    rows = b"".join(
        b"\0"
        + b"".join(
            bytes((60, 90 + x // 8, 50))
            if y > side // 2 + (x - side // 2) ** 2 // 300
            else bytes((red, green, min(255, blue + y // 4)))
            for x in range(side)
        )
        for y in range(side)
    )

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def _files(count: int) -> list[File]:
    kinds: list[tuple[str, Type]] = [
        ("Report {}.pdf", "document"),
        ("IMG_{}.jpg", "image"),
        ("clip-{}.mp4", "video"),
        ("song {}.flac", "audio"),
        ("backup-{}.tar.gz", "archive"),
        ("main_{}.py", "code"),
    ]
    found = [
        File(
            name=name,
            path=name,
            account="work",
            kind="drive",
            sync="documents",
            endpoint="e0",
            type="folder",
        )
        for name in ("Letters", "Reports", HOSTILE)
    ]
    for number, (pattern, type_) in zip(range(count), itertools.cycle(kinds), strict=False):
        name = LONG if number == 3 else pattern.format(number)
        found.append(
            File(
                name=name,
                path=f"Reports/{2020 + number % 7}/{name}",
                account=("work", "box")[number % 2],
                kind=("drive", "dropbox")[number % 2],
                sync="documents",
                endpoint=("e0", "e1")[number % 2],
                type=type_,
                size=(number * 7919_000) % 3_000_000_000,
                modified_at=ago(hours=number * 5),
            )
        )
    return found


def _statistics() -> Statistics:
    files = _files(40)
    today = datetime.now(UTC).date()

    def day(before: int) -> Day:
        figure = (before * 37 + 11) % 90
        return Day(
            day=date.fromordinal(today.toordinal() - before),
            counts={
                "create": figure,
                "update": figure // 2,
                "move": figure // 5,
                "delete": figure // 7,
            },
        )

    types: tuple[Type, ...] = ("document", "image", "video", "audio", "archive", "code", "other")
    return Statistics(
        as_of=ago(minutes=2),
        by_account=[
            Amount(key=name, account=name, files=8_030 - 1_900 * n, bytes=int(9.4 * GB / (n + 1)))
            for n, name in enumerate(("work", "box", "bucket", "home"))
        ],
        by_type=[
            Amount(
                key=type_, account=name, files=1_200 - 130 * n, bytes=int(4.1 * GB / (n * 1.7 + 1))
            )
            for n, type_ in enumerate(types)
            for name in ("work", "box")
        ],
        days=[day(before) for before in range(29, -1, -1)],
        largest=sorted(files, key=lambda each: -(each.size or 0))[:8],
        duplicates=[
            Duplicate(size=48_211_000, wasted=96_422_000, files=files[5:8]),
            Duplicate(size=1_204_000, wasted=1_204_000, files=[*files[6:7], *files[9:10]]),
        ],
        pending=[],
    )
