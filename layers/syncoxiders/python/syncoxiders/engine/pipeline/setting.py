"""What the functions know of a sync besides its settings, and what the engine works with."""

import hashlib
from collections.abc import Iterable, Mapping

import msgspec

from syncoxiders.core import filters
from syncoxiders.core.model import Endpoint, EndpointId, EntryId, Mode, NodeId, Traits
from syncoxiders.core.rule import Rule
from syncoxiders.engine.context import Context, Options
from syncoxiders.engine.guard import Limit, parse_limit
from syncoxiders.engine.pipeline.context import Pipeline
from syncoxiders.engine.report import Quiet, Reporter, Stop
from syncoxiders.ports.pipeline import SharedStore
from syncoxiders.ports.provider import Providers
from syncoxiders.ports.registry import Connected, SyncSettings
from syncoxiders.ports.state import SyncRecord

TRANSFERS = 16
"""So many transfers of a batch run at once: they mostly wait for the network, and time is paid."""

MOST_LOSSES = 10_000
"""A share of a large tree is no limit: more than so many files are not lost in a day unasked."""

PATIENCE = 900.0
"""Seconds for which the others wait for an endpoint that cannot be reached."""

PLANNING = "planning"


class Heard(msgspec.Struct, frozen=True):
    """What poll knows of an endpoint; nobody else writes it.

    ``traits`` spare the planner from making the provider. ``looked`` says when all of it was
    looked at for the first time (seconds since the epoch): before that it takes no part.
    ``silent`` is since when it has not let itself be looked at, 0 if it did the last time.
    ``stop`` is what a guard saw there, ``problems`` what a person should know of the last look.
    """

    traits: Traits = Traits()
    root: str = ""
    looked: float = 0.0
    silent: float = 0.0
    stop: Stop | None = None
    problems: tuple[str, ...] = ()


class Planning(msgspec.Struct, frozen=True):
    """What merge knows of a sync, besides its record; nobody else writes it.

    ``rule`` names the settings that were planned under last, ``settled`` the conditions under
    which everything was planned; ``due`` is when it is to be planned again in any case.
    ``entries`` and ``nodes`` wait until others have made a way for them. ``stop`` is what a guard
    stopped, and ``present`` who took part in that plan. ``run`` is the run that is under way, 0
    for none. ``shown`` says that a person has seen the first plan and let it through. ``here`` are
    the endpoints that took part last.
    """

    rule: str = ""
    settled: str = ""
    due: float = 0.0
    entries: tuple[tuple[EndpointId, EntryId], ...] = ()
    nodes: tuple[NodeId, ...] = ()
    stop: Stop | None = None
    run: int = 0
    shown: bool = False
    present: tuple[EndpointId, ...] = ()
    here: tuple[EndpointId, ...] = ()


def heard(store: SharedStore, endpoint: EndpointId) -> Heard:
    """Return what poll knows of an endpoint."""
    text = store.text(_heard(endpoint))
    return msgspec.json.decode(text, type=Heard) if text else Heard()


def save_heard(store: SharedStore, endpoint: EndpointId, value: Heard) -> None:
    """Keep what poll knows of an endpoint."""
    store.save_text(_heard(endpoint), msgspec.json.encode(value).decode())


def planning(store: SharedStore) -> Planning:
    """Return what merge knows of a sync."""
    text = store.text(PLANNING)
    return msgspec.json.decode(text, type=Planning) if text else Planning()


def save_planning(store: SharedStore, value: Planning) -> None:
    """Keep what merge knows of a sync."""
    store.save_text(PLANNING, msgspec.json.encode(value).decode())


def stops(known: Planning, heard: Iterable[Heard]) -> list[Stop]:
    """Return all that a person is asked about a sync."""
    found = [known.stop, *(each.stop for each in heard)]
    return [each for each in found if each is not None]


def has_news(store: SharedStore, endpoint: EndpointId, planned: int | None) -> bool:
    """Say whether a change log holds more than was planned of it, if any of it was."""
    return planned is None or bool(store.observed(endpoint).changes(planned, 1)[0])


def read_ahead(store: SharedStore, settings: SyncSettings, *more: str) -> None:
    """Read in one request what is known of all endpoints, and more texts."""
    store.read_texts([*(_heard(each.id) for each in settings.endpoints), *more])


def accounts(pipeline: Pipeline, owner: str) -> dict[str, Connected]:
    """Return an owner's accounts by name, read in one request."""
    return {each.account.name: each for each in pipeline.registry.accounts(owner)}


def exchanged(record: SyncRecord | None, known: Mapping[EndpointId, Heard]) -> set[EndpointId]:
    """Return the endpoints whose roots are not those that were planned with.

    Each was let through, and has been forgotten: it takes part as if for the first time.
    """
    roots = record.roots if record is not None else {}
    return {each for each, it in known.items() if roots.get(each, it.root) not in {it.root, ""}}


def latecomers(
    known: Planning, heard: Mapping[EndpointId, Heard], away: Mapping[EndpointId, str]
) -> dict[EndpointId, str]:
    """Return the endpoints that took no part in the plan that was stopped, though now they could.

    With them it would be another plan; they get the next one, if all others are still here.
    """
    if not away.keys().isdisjoint(known.present):
        return {}
    late = heard.keys() - away.keys() - set(known.present)
    return dict.fromkeys(sorted(late), "it took no part in the plan that was let through")


def is_first(settings: SyncSettings, known: Planning, record: SyncRecord | None) -> bool:
    """Say whether the first plan is still to be shown to a person, before it is carried out."""
    return settings.preview and record is None and not known.shown


def is_busy(store: SharedStore) -> bool:
    """Say whether anything is handed out and not done, but for what is tried again later."""
    first = store.batches(limit=1)  # what is tried again has an id behind all others
    return bool(first) and not first[0].again


def context(
    pipeline: Pipeline,
    settings: SyncSettings,
    store: SharedStore,
    *,
    traits: Mapping[EndpointId, Traits],
    providers: Providers,
    reporter: Reporter | None = None,
    approve: frozenset[str] = frozenset(),
) -> Context:
    """Return what the engine works with. Raises ValueError where the settings are not valid.

    ``approve`` is what a person has let through.
    """
    rule = Rule(
        endpoints=tuple(
            Endpoint(each.id, each.account, traits.get(each.id, Traits()))
            for each in settings.endpoints
        ),
        mode=Mode(settings.mode),
        keep=settings.keep,
        auto_merge=settings.auto_merge,
        filter=filter_of(settings, pipeline.clock.now()),
    )
    return Context(
        store=store,
        providers=providers,
        rule=rule,
        clock=pipeline.clock,
        blobs=pipeline.blobs,
        options=Options(
            limit=_limit(settings.max_delete),
            approve=approve,
            transfers=TRANSFERS,
        ),
        reporter=reporter or Quiet(),
    )


def version(settings: SyncSettings) -> str:
    """Name what a plan depends on in a sync's settings."""
    timeless = msgspec.structs.replace(
        settings, paused=False, changed_at=0.0, max_delete="", preview=False
    )
    return hashlib.sha256(msgspec.json.encode(timeless)).hexdigest()[:16]


def who_is_away(
    pipeline: Pipeline, owner: str, settings: SyncSettings, known: Mapping[EndpointId, Heard]
) -> dict[EndpointId, str]:
    """Return the endpoints that take no part, with the reason: others need not wait for them.

    They have not been looked at yet, have been silent for long or want to be left alone for
    long, are shut out, or were stopped by a guard.
    """
    away: dict[EndpointId, str] = {}
    now = pipeline.clock.now()
    connections = accounts(pipeline, owner)
    for endpoint in settings.endpoints:
        heard_there = known[endpoint.id]
        connected = connections.get(endpoint.account)
        if connected is None:
            away[endpoint.id] = "its account is not connected"
        elif connected.trouble:
            away[endpoint.id] = connected.trouble
        elif connected.not_before > now + PATIENCE:
            away[endpoint.id] = "its provider wants to be left alone"
        elif heard_there.stop is not None:
            away[endpoint.id] = heard_there.stop.reason
        elif not heard_there.looked:
            away[endpoint.id] = "it has not been looked at yet"
        elif heard_there.silent and heard_there.silent < now - PATIENCE:
            away[endpoint.id] = "it cannot be reached"
    return away


def _limit(text: str) -> Limit:
    limit = parse_limit(text)
    return limit if limit.number is not None else msgspec.structs.replace(limit, number=MOST_LOSSES)


def filter_of(settings: SyncSettings, now: float) -> filters.Filter:
    """Return what of the trees takes part. Raises ValueError where the settings are not valid."""
    return filters.Filter(
        options=filters.read_rules("\n".join(settings.patterns), "patterns"),
        min_size=settings.min_size,
        max_size=settings.max_size,
        min_mtime_ns=filters.parse_age(settings.max_age, now) if settings.max_age else None,
        max_mtime_ns=filters.parse_age(settings.min_age, now) if settings.min_age else None,
    )


def _heard(endpoint: EndpointId) -> str:
    return f"heard:{endpoint}"
