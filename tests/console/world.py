"""What a deployment of the tests has: all of it values of the API's shapes."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from syncoxiders.api.shapes.accounts import Account, Check, Folder, Kind, Provider
from syncoxiders.api.shapes.activity import Event, Run
from syncoxiders.api.shapes.conflicts import Conflict
from syncoxiders.api.shapes.files import File, Statistics
from syncoxiders.api.shapes.people import (
    Deployment,
    DeviceRequest,
    Invitation,
    Program,
    Session,
    User,
)
from syncoxiders.api.shapes.syncs import Movings, Plan, Sync

TITLES: dict[Kind, str] = {
    "drive": "Google Drive",
    "dropbox": "Dropbox",
    "onedrive": "OneDrive",
    "s3": "S3",
    "folder": "Folder",
}

ME = User(id="me", email="robin@example.org", admin=True, seen_at=datetime.now(UTC))


def ago(**how: float) -> datetime:
    """Return when so long ago was."""
    return datetime.now(UTC) - timedelta(**how)


def providers() -> list[Provider]:
    """Return what accounts can be at: OneDrive's app is not known."""
    return [
        *(
            Provider(
                kind=kind,
                title=TITLES[kind],
                connects="oauth",
                ready=kind != "onedrive",
                client_id=f"{kind}-app.example" if kind != "onedrive" else "",
                redirect="https://sync.example.org/oauth/callback",
                push="https://sync.example.org/push/dropbox" if kind == "dropbox" else "",
            )
            for kind in ("drive", "dropbox", "onedrive")
        ),
        Provider(kind="s3", title="S3", connects="keys", ready=True),
        Provider(kind="folder", title="Folder", connects="path", ready=True),
    ]


@dataclass
class World:
    """All that can be asked for. Lists are in the API's order."""

    deployment: Deployment = field(
        default_factory=lambda: Deployment(version="0.1.0", login="once")
    )
    session: Session | None = field(
        default_factory=lambda: Session(user=ME, expires_at=datetime.now(UTC) + timedelta(days=7))
    )
    providers: list[Provider] = field(default_factory=providers)
    accounts: list[Account] = field(default_factory=list)
    checks: dict[str, Check] = field(default_factory=dict)
    folders: Callable[[str, str], list[Folder]] = lambda _account, _path: []
    syncs: list[Sync] = field(default_factory=list)
    moving: dict[str, Movings] = field(default_factory=dict)
    plans: list[Plan] = field(default_factory=list)
    """With all of their actions."""
    runs: list[Run] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)
    contents: dict[tuple[str, str], bytes] = field(default_factory=dict)
    """By a conflict's id, and ``kept`` or ``other``."""
    files: list[File] = field(default_factory=list)
    pending: list[str] = field(default_factory=list)
    statistics: Statistics = field(
        default_factory=lambda: Statistics(
            by_account=[], by_type=[], days=[], largest=[], duplicates=[], pending=[]
        )
    )
    users: list[User] = field(default_factory=lambda: [ME])
    invitations: list[Invitation] = field(default_factory=list)
    programs: list[Program] = field(default_factory=list)
    devices: list[DeviceRequest] = field(default_factory=list)
