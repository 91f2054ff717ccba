"""How a sync is, in words for people: what it is doing, what holds it up, and what to do."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

from syncoxiders.api.shapes.syncs import EndpointState, Rule, Stopped, Sync, Syncs
from syncoxiders.core.model import EndpointId
from syncoxiders.engine.desk.context import Desk, clock_time, instant, is_waiting
from syncoxiders.engine.desk.syncs import revision
from syncoxiders.engine.pipeline import setting
from syncoxiders.engine.pipeline.health import Health, health
from syncoxiders.engine.report import PREVIEW, Stop
from syncoxiders.engine.stopped import printable
from syncoxiders.ports.pipeline import SharedStore
from syncoxiders.ports.registry import Connected, EndpointSettings, SyncSettings

PROBLEMS = 100
"""So many problems of a sync are told."""

EVENTS = 500
"""So many events of the newest run are looked through for what it could not do."""

CONFLICTS = 100
"""So many conflicts of a sync are counted, and no more."""

_AT_ONCE = 8

_State = Literal["in-step", "working", "waiting", "paused", "stopped"]


def every_sync(desk: Desk) -> Syncs:
    """Return all syncs as they are."""
    accounts = _accounts(desk)
    found = desk.pipeline.registry.syncs(desk.owner)
    with ThreadPoolExecutor(_AT_ONCE, "standing") as pool:  # each is some dozen requests
        return Syncs(items=list(pool.map(lambda each: _told(desk, each, accounts), found)))


def one_sync(desk: Desk, settings: SyncSettings) -> Sync:
    """Return a sync as it is; what its newest run could not do is among its problems."""
    told = _told(desk, settings, _accounts(desk))
    problems = [*told.problems, *_errors(desk.store(settings), settings)]
    return dataclasses.replace(told, problems=problems[:PROBLEMS])


def _errors(store: SharedStore, settings: SyncSettings) -> list[str]:
    """Return what the newest run could not do, as far as its last events tell."""
    names = {each.id: each.account for each in settings.endpoints}
    found: dict[str, None] = {}
    for run in store.runs(1):
        for _, event in store.events_before(run.id, 1 << 40, EVENTS):
            if event.verb == "error":
                where = names.get(event.endpoint, "")
                parts = (each for each in (where, event.path, event.detail) if each)
                found[printable(": ".join(parts))] = None
    return list(reversed(found))


def rule_of(settings: SyncSettings) -> Rule:
    """Return a sync's rule."""
    return Rule(
        mode=settings.mode,  # type: ignore[arg-type]  # it was one of them when it was put
        keep=settings.keep,
        auto_merge=settings.auto_merge,
        patterns=list(settings.patterns),
        min_size=settings.min_size,
        max_size=settings.max_size,
        min_age=settings.min_age,
        max_age=settings.max_age,
        max_delete=settings.max_delete,
    )


def _accounts(desk: Desk) -> dict[str, Connected]:
    return {each.account.name: each for each in desk.pipeline.registry.accounts(desk.owner)}


def _told(desk: Desk, settings: SyncSettings, accounts: Mapping[str, Connected]) -> Sync:
    found = health(desk.pipeline, desk.owner, settings)
    away = setting.who_is_away(desk.pipeline, desk.owner, settings, found.heard)
    teller = _Teller(desk, settings, accounts, found, away)
    state, reason = teller.state()
    store = desk.store(settings)
    return Sync(
        name=settings.id,
        endpoints=[
            teller.endpoint(each, store.observed(each.id).count()) for each in settings.endpoints
        ],
        rule=rule_of(settings),
        state=state,
        reason=printable(reason),
        paused=settings.paused,
        verified_at=instant(found.verified),
        stopped=_stopped(found.stop),
        to_do=found.actions,
        conflicts=sum(map(is_waiting, store.losers(limit=CONFLICTS)[0])),
        problems=teller.problems()[:PROBLEMS],
        revision=revision(settings),
    )


def _stopped(stop: Stop | None) -> Stopped | None:
    if stop is None:
        return None
    return Stopped(reason=printable(stop.reason), plan=stop.plan_id, preview=stop.kind == PREVIEW)


class _Teller:
    """Puts into words how one sync is."""

    def __init__(
        self,
        desk: Desk,
        settings: SyncSettings,
        accounts: Mapping[str, Connected],
        found: Health,
        away: Mapping[EndpointId, str],
    ) -> None:
        self._desk = desk
        self._settings = settings
        self._accounts = accounts
        self._found = found
        self._away = away
        self._now = desk.now()

    # -- the sync --------------------------------------------------------------------------------

    def state(self) -> tuple[_State, str]:
        """Return how the sync is, and why in a sentence."""
        found = self._found
        if self._settings.paused:
            begun = " What was begun is finished." if found.actions else ""
            return "paused", f"It is paused: nothing new is done until it is resumed.{begun}"
        if found.stop is not None:
            return "stopped", _asked(found.stop)
        absent = self._absent()
        if len(self._settings.endpoints) - len(self._away) < 2:  # noqa: PLR2004 -- a sync has two
            return self._too_few(absent)
        told = f" Without {_ended(absent)}" if absent else ""
        if found.batches and found.asleep > self._now and not found.behind:
            return "waiting", self._asleep() + told
        if found.batches or set(found.behind) - set(self._away):
            return "working", self._at_work() + told
        if absent:
            return "waiting", f"{_ended(absent)} All others are in step."
        if found.behind:
            return "working", f"{self._looked_at()} for the first time."
        if found.waiting:
            return "waiting", (
                f"{_counted(found.waiting, 'file')} cannot be brought into step yet, because of "
                "others that are in the way; this is tried again by itself."
            )
        return "in-step", "Everything is in step."

    def _too_few(self, absent: Sequence[str]) -> tuple[_State, str]:
        if not absent:
            return "working", f"{self._looked_at()} for the first time."
        return "waiting", f"{_ended(absent)} It takes two to keep in step."

    def _looked_at(self) -> str:
        new = [
            each.account
            for each in self._settings.endpoints
            if not self._found.heard[each.id].looked
        ]
        return f"{_listed(new)} {'is' if len(new) == 1 else 'are'} being looked at"

    def _absent(self) -> list[str]:
        """Return who takes no part, each with why and what to do, but for whom we only look at."""
        return [
            f"{each.account}: {self._why_away(each)}"
            for each in self._settings.endpoints
            if self._is_absent(each)
        ]

    def _is_absent(self, endpoint: EndpointSettings) -> bool:
        """Say whether an endpoint takes no part, or could not be looked at the last time."""
        if self._is_new(endpoint):
            return False
        return endpoint.id in self._away or bool(self._found.heard[endpoint.id].silent)

    def _is_new(self, endpoint: EndpointSettings) -> bool:
        """Say whether an endpoint takes no part only because it is being looked at."""
        connected, heard = self._accounts.get(endpoint.account), self._found.heard[endpoint.id]
        return (
            connected is not None
            and not connected.trouble
            and connected.not_before <= self._now + setting.PATIENCE
            and not heard.looked
            and heard.stop is None
            and not heard.silent
        )

    def _why_away(self, endpoint: EndpointSettings) -> str:
        connected, heard = self._accounts.get(endpoint.account), self._found.heard[endpoint.id]
        if connected is None:
            return "its account is not connected; connect it again"
        if connected.trouble:
            return f"{connected.trouble.rstrip('.')}; connect the account again"
        if connected.not_before > self._now:
            until = clock_time(connected.not_before)
            return f"its provider wants to be left alone until {until}"
        if heard.silent:
            why = f", {heard.problems[0].rstrip('.')}" if heard.problems else ""
            since = clock_time(heard.silent)
            return f"it cannot be reached since {since}{why}; this is tried again by itself"
        return self._away.get(endpoint.id, "")

    def _asleep(self) -> str:
        pauses = [
            f"{each.account}'s provider wants to be left alone until {clock_time(until)}"
            for each in self._settings.endpoints
            if (until := self._not_before(each)) > self._now
        ]
        why = f" {_ended(dict.fromkeys(pauses))}" if pauses else ""
        left = _counted(self._found.actions, "change") if self._found.actions else "What is left"
        again = clock_time(self._found.asleep)
        return f"{left} could not be done yet; this is tried again at {again}.{why}"

    def _at_work(self) -> str:
        found = self._found
        parts = []
        if found.actions:
            parts.append(f"{_counted(found.actions, 'change')} to do")
        elif found.batches:
            parts.append("Files are being compared")
        news = [
            each.account
            for each in self._settings.endpoints
            if each.id in found.behind and each.id not in self._away
        ]
        if news:
            parts.append(f"{'n' if parts else 'N'}ews of {_listed(news)} to be planned")
        return _ended(parts)

    def problems(self) -> list[str]:
        """Return what a person should know, each with whose it is."""
        names = {each.id: each.account for each in self._settings.endpoints}
        return [printable(f"{names[where]}: {text}") for where, text in self._found.problems]

    # -- its endpoints ---------------------------------------------------------------------------

    def endpoint(self, endpoint: EndpointSettings, files: int) -> EndpointState:
        """Return how an endpoint is."""
        connected, heard = self._accounts.get(endpoint.account), self._found.heard[endpoint.id]
        kind = connected.account.kind if connected is not None else ""
        state: Literal["good", "looking", "news", "away", "stopped"] = "good"
        reason = ""
        if heard.stop is not None:
            state, reason = "stopped", heard.stop.reason
        elif self._is_new(endpoint):
            state, reason = "looking", "It is looked at for the first time."
        elif self._is_absent(endpoint):
            state, reason = "away", _sentence(self._why_away(endpoint))
        elif endpoint.id in self._found.behind:
            state = "news"
        if not reason and self._not_before(endpoint) > self._now:
            until = clock_time(self._not_before(endpoint))
            reason = f"Its provider wants to be left alone until {until}."
        return EndpointState(
            id=endpoint.id,
            account=endpoint.account,
            path=endpoint.root,
            kind=kind,
            title=self._desk.title(kind) if kind else "",
            state=state,
            reason=printable(reason),
            files=files,
        )

    def _not_before(self, endpoint: EndpointSettings) -> float:
        connected = self._accounts.get(endpoint.account)
        return connected.not_before if connected is not None else 0.0


def _asked(stop: Stop) -> str:
    """Return what a stop asks of a person."""
    if stop.kind == PREVIEW:
        return f"{_sentence(stop.reason)} Look at the plan, and let it through."
    if stop.plan_id:
        return f"{_sentence(stop.reason)} If that is meant, let the plan through."
    return _sentence(stop.reason)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}." if text else ""


def _ended(parts: Iterable[str]) -> str:
    """Return parts as one sentence, that begins with a name as it is written."""
    text = "; ".join(parts)
    return f"{text.rstrip('.')}." if text else ""


def _counted(count: int, one: str) -> str:
    return f"{count:,} {one if count == 1 else one + 's'}"


def _listed(parts: Sequence[str]) -> str:
    if len(parts) < 2:  # noqa: PLR2004 -- one needs no joining
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"
