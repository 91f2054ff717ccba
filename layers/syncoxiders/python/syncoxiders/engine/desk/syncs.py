"""Syncs: made, changed, paused, run and forgotten by a person."""

import hashlib
import re
import string
from collections.abc import Callable, Sequence
from contextlib import suppress

import msgspec

from syncoxiders.api.shapes.syncs import Endpoint, NewSync, Rule, SyncChange
from syncoxiders.core import filters
from syncoxiders.core.model import Mode
from syncoxiders.engine.desk.context import Desk
from syncoxiders.engine.desk.declined import Conflicting, Unfit
from syncoxiders.engine.guard import parse_limit
from syncoxiders.engine.pipeline import setting
from syncoxiders.engine.pipeline.channels import Renewal, renew
from syncoxiders.engine.pipeline.hints import call
from syncoxiders.engine.pipeline.messages import Merge
from syncoxiders.engine.pipeline.removing import forget_sync, is_large, remove_sync
from syncoxiders.engine.pipeline.times import DEAD
from syncoxiders.ports.errors import StateBusy, StateUnavailable
from syncoxiders.ports.registry import Connected, EndpointSettings, Removed, SyncSettings

PATTERNS = 100_000
"""Bytes of patterns that a sync may have: it is kept in one item of a table."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_KEEP = re.compile(r"newer|older|bigger|smaller|path[1-9][0-9]{0,3}")
_ROUNDS = 5


def revision(settings: SyncSettings) -> str:
    """Return what changes whenever a sync's settings do."""
    return hashlib.sha256(msgspec.json.encode(settings)).hexdigest()[:16]


def create(desk: Desk, asked: NewSync) -> SyncSettings:
    """Make a sync; its folders are looked at and planned at once. Raises Declined."""
    if not _NAME.fullmatch(asked.name):
        raise Unfit(
            "name",
            "it cannot name a sync",
            "use up to 64 letters, digits and . _ -, with a letter or digit in front",
        )
    endpoints = read_endpoints(asked.endpoints)
    made = _ruled(desk, SyncSettings(asked.name, endpoints, preview=asked.preview), asked.rule)
    accounts = _connected(desk, endpoints)
    registry, owner = desk.pipeline.registry, desk.owner
    if registry.sync(owner, made.id) is not None:
        raise _there(made.id)
    _make_way(desk, made.id)
    for connected in accounts:
        if missing := _roots(desk, connected, endpoints) - connected.vendor_ids:
            registry.put_account(owner, connected.account, connected.vendor_ids | missing)
    if not registry.swap_sync(owner, None, made):
        raise _there(made.id)
    with suppress(StateUnavailable):  # it is made: the sweep sees to the rest
        wake(desk, made)
    return made


def change(
    desk: Desk, name: str, asked: SyncChange, seen: Callable[[str], None] = lambda _: None
) -> SyncSettings:
    """Change a sync's rule, pause it, or go on with it.

    ``seen`` is given the revision of what is about to be changed, and raises if it is not what
    the person has seen. Raises Declined.
    """
    for _ in range(_ROUNDS):
        before = desk.sync(name)
        seen(revision(before))
        after = before if asked.rule is None else _ruled(desk, before, asked.rule)
        if asked.paused is not None:
            after = msgspec.structs.replace(after, paused=asked.paused)
        if after == before:
            return before
        if desk.pipeline.registry.swap_sync(desk.owner, before, after):
            if not after.paused:
                with suppress(StateUnavailable):  # it is changed: the sweep sees to the rest
                    wake(desk, after)
            return after
    raise _busy(name)


def remove(desk: Desk, name: str, seen: Callable[[str], None] = lambda _: None) -> None:
    """Forget a sync; no file is touched. What is held of a large one goes by and by.

    ``seen`` is as for :func:`change`. Raises Declined.
    """
    for _ in range(_ROUNDS):
        before = desk.sync(name)
        seen(revision(before))
        paused = msgspec.structs.replace(before, paused=True)
        if desk.pipeline.registry.swap_sync(desk.owner, before, paused):
            endpoints = [each.id for each in before.endpoints]
            if is_large(desk.pipeline, desk.owner, name, endpoints):
                forget_sync(desk.pipeline, desk.owner, before)
            else:
                remove_sync(desk.pipeline, desk.owner, before)
            return
    raise _busy(name)


def run(desk: Desk, name: str) -> SyncSettings:
    """Have a sync's folders looked at now, whatever the providers tell. Raises Declined."""
    settings = desk.sync(name)
    if settings.paused:
        raise Conflicting("sync-paused", f"{name} is paused", "resume it first")
    wake(desk, settings)
    return settings


def wake(desk: Desk, settings: SyncSettings) -> None:
    """Have a sync's accounts looked at, and the sync planned, for a person asks for it."""
    now, pipeline = desk.now(), desk.pipeline
    accounts = [(desk.owner, each.account) for each in settings.endpoints]
    call(pipeline.registry, pipeline.polls, accounts, now)
    pipeline.merges.send([Merge(desk.owner, settings.id).message(f"asked-{now:.6f}")])


def listen(desk: Desk) -> Renewal:
    """See to push channels at once, rather than when the clock does."""
    done = Renewal()
    if desk.url:
        # that somebody does just that, or that it cannot be now, is made up for by the clock
        with suppress(StateBusy, StateUnavailable):
            done = renew(desk.pipeline, desk.url, [desk.owner])
    return done


# -- what was asked ------------------------------------------------------------------------------


def read_endpoints(asked: Sequence[Endpoint]) -> tuple[EndpointSettings, ...]:
    """Return folders as a sync has them, none within another. Raises Unfit."""
    if not 2 <= len(asked) <= len(string.ascii_lowercase):  # noqa: PLR2004 -- a sync has two
        raise Unfit("endpoints", f"a sync has 2 to {len(string.ascii_lowercase)} folders")
    made: list[EndpointSettings] = []
    for number, (id_, each) in enumerate(zip(string.ascii_lowercase, asked, strict=False)):
        field = f"endpoints.{number}.path"
        _check_text(f"endpoints.{number}.account", each.account)
        _check_text(field, each.path)
        parts = [part for part in each.path.split("/") if part not in {"", "."}]
        if ".." in parts:
            raise Unfit(field, "'..' means nothing in an account")
        new = EndpointSettings(id_, each.account, "/".join(parts))
        for other, old in zip(asked, made, strict=False):
            if _holds(old, new) and _holds(new, old):
                raise Unfit(field, f"{_shown(each)} and {_shown(other)} are the same folder")
            for inner, outer in ((each, other), (other, each)):
                if _holds(*((old, new) if outer is other else (new, old))):
                    raise Unfit(
                        field,
                        f"{_shown(inner)} lies inside {_shown(outer)}",
                        "choose folders of which none holds the other",
                    )
        made.append(new)
    return tuple(made)


def _shown(endpoint: Endpoint) -> str:
    return f"{endpoint.account}:{endpoint.path}"


def _holds(outer: EndpointSettings, inner: EndpointSettings) -> bool:
    if outer.account != inner.account:
        return False
    return not outer.root or f"{inner.root}/".startswith(f"{outer.root}/")


def _check_text(field: str, text: str) -> None:
    """Refuse what JSON can say and no name can: half a character, and NUL. Raises Unfit."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise Unfit(field, "it is not Unicode text") from error
    if "\0" in text:
        raise Unfit(field, "it holds a NUL")


def _ruled(desk: Desk, settings: SyncSettings, rule: Rule) -> SyncSettings:
    """Return settings with another rule. Raises Unfit."""
    keep = rule.keep.strip().lower()
    if not _KEEP.fullmatch(keep):
        raise Unfit("rule.keep", "it is not one of newer, older, bigger, smaller, path1, path2 …")
    if keep.startswith("path") and int(keep[4:]) > len(settings.endpoints):
        raise Unfit("rule.keep", f"there are only {len(settings.endpoints)} folders")
    if rule.auto_merge and not desk.texts:
        raise Unfit(
            "rule.auto_merge",
            "the deployment has no bucket to keep texts in",
            "deploy it anew",
        )
    ruled = msgspec.structs.replace(
        settings,
        mode=Mode(rule.mode).value,
        keep=keep,
        auto_merge=rule.auto_merge,
        patterns=_patterns(rule.patterns or ()),
        min_size=rule.min_size,
        max_size=rule.max_size,
        min_age=_age(desk, "rule.min_age", rule.min_age),
        max_age=_age(desk, "rule.max_age", rule.max_age),
        max_delete=_limit(rule.max_delete),
    )
    try:
        setting.filter_of(ruled, desk.now())
    except ValueError as error:
        raise Unfit("rule", str(error)) from error
    if ruled == settings and settings.changed_at:
        return settings
    return msgspec.structs.replace(ruled, changed_at=desk.now())


def _patterns(lines: Sequence[str]) -> tuple[str, ...]:
    size = 0
    for number, line in enumerate(lines):
        field = f"rule.patterns.{number}"
        _check_text(field, line)
        if len(line.splitlines()) > 1:
            raise Unfit(field, "a pattern is one line")
        try:
            filters.read_rules(line, "pattern")
        except ValueError as error:
            raise Unfit(field, str(error)) from error
        size += len(line.encode())
    if size > PATTERNS:
        raise Unfit("rule.patterns", f"they have {size:,} bytes, over {PATTERNS:,}")
    return tuple(lines)


def _age(desk: Desk, field: str, text: str) -> str:
    _check_text(field, text)
    if text:
        try:
            filters.parse_age(text, desk.now())
        except ValueError as error:
            raise Unfit(field, str(error)) from error
    return text


def _limit(text: str) -> str:
    plain = text.replace(" ", "")
    try:
        parse_limit(plain)
    except ValueError as error:
        raise Unfit("rule.max_delete", str(error)) from error
    return plain


# -- what is there -------------------------------------------------------------------------------


def _connected(desk: Desk, endpoints: Sequence[EndpointSettings]) -> list[Connected]:
    """Return the accounts of endpoints, each once. Raises Unfit."""
    found: dict[str, Connected] = {}
    for number, endpoint in enumerate(endpoints):
        connected = found.get(endpoint.account) or desk.pipeline.registry.account(
            desk.owner, endpoint.account
        )
        if connected is None:
            field = f"endpoints.{number}.account"
            raise Unfit(field, f"no account {endpoint.account!r} is connected", "connect it first")
        if desk.rooted(connected.account) and not endpoint.root:
            raise Unfit(
                f"endpoints.{number}.path",
                "it has to begin with a bucket",
                f"name the bucket, as in {endpoint.account}:bucket",
            )
        found[endpoint.account] = connected
    return list(found.values())


def _roots(
    desk: Desk, connected: Connected, endpoints: Sequence[EndpointSettings]
) -> frozenset[str]:
    """Return by which names a vendor's events call an account for the sake of these endpoints."""
    account = connected.account
    if not desk.rooted(account):
        return frozenset()
    return frozenset(
        each.root.partition("/")[0] for each in endpoints if each.account == account.name
    )


def _make_way(desk: Desk, name: str) -> None:
    """Remove what is left of a sync of this name. Raises Conflicting while that cannot be."""
    pipeline, owner = desk.pipeline, desk.owner
    left: Removed | None = next(
        (each for each in pipeline.registry.removed(owner) if each.sync == name), None
    )
    if left is None:
        return
    if left.at + DEAD > desk.now():
        raise Conflicting(
            "removed-just-now",
            f"{name} was removed only just, and functions may still be at work on it",
            "take another name, or wait for a quarter of an hour",
        )
    if is_large(pipeline, owner, name, left.endpoints):
        raise Conflicting(
            "being-removed",
            f"what was held of the former {name} is still being removed",
            "take another name, or wait for an hour",
        )
    pipeline.states.remove(owner, name, left.endpoints)
    pipeline.registry.forget_removed(owner, name)


def _there(name: str) -> Conflicting:
    return Conflicting("sync-exists", f"there is a sync {name!r} already", "choose another name")


def _busy(name: str) -> Conflicting:
    return Conflicting(
        "being-changed", f"somebody else keeps changing {name}", "look at it, and try again"
    )
