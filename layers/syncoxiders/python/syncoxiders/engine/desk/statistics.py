"""Figures over all accounts: sums of what was worked out when indexes were merged."""

from collections.abc import Iterable
from datetime import UTC, date, datetime

from syncoxiders.api.shapes.files import Amount, Day, Duplicate, File, Statistics
from syncoxiders.core.filetypes import TYPES
from syncoxiders.engine.desk.search import Places, file_of
from syncoxiders.ports.index import Index, Tally

LARGEST, DUPLICATES = 20, 50
"""So many of these are told of."""


def statistics(index: Index, owner: str, places: Places) -> Statistics:
    """Return the figures of an owner's places. Raises StateUnavailable."""
    types: dict[tuple[str, int], tuple[int, int]] = {}
    accounts: dict[str, tuple[int, int]] = {}
    largest: list[File] = []
    pending: dict[str, None] = {}
    times: list[float] = []
    for place, figures in index.figures(list(places)):
        if figures is None:
            pending[place.sync] = None
            continue
        at = places[place]
        account = at.name
        times.append(figures.at)
        largest.extend(file_of(place, at, each) for each in figures.largest)
        for type_, amount in figures.types.items():
            types[account, type_] = _sum(types.get((account, type_)), amount)
            accounts[account] = _sum(accounts.get(account), amount)
    largest.sort(key=lambda each: (-(each.size or 0), each.account, each.path))
    return Statistics(
        as_of=datetime.fromtimestamp(min(times), UTC) if times else None,
        by_account=[
            Amount(key=account, account=account, files=files, bytes=size)
            for account, (files, size) in sorted(accounts.items())
        ],
        by_type=[
            Amount(key=TYPES[type_], account=account, files=files, bytes=size)
            for (account, type_), (files, size) in sorted(types.items())
        ],
        days=_days(
            tally
            for sync, tally in index.tallies(owner).items()
            if any(place.sync == sync for place in places)
        ),
        largest=largest[:LARGEST],
        duplicates=_duplicates(index, owner, places),
        pending=list(pending),
    )


def _sum(one: tuple[int, int] | None, other: tuple[int, int]) -> tuple[int, int]:
    return other if one is None else (one[0] + other[0], one[1] + other[1])


def _days(tallies: Iterable[Tally]) -> list[Day]:
    found: dict[str, dict[str, int]] = {}
    for tally in tallies:
        for day, counts in tally.days.items():
            sums = found.setdefault(day, {})
            for kind, count in counts.items():
                sums[kind] = sums.get(kind, 0) + count
    return [Day(day=date.fromisoformat(day), counts=found[day]) for day in sorted(found)]


def _duplicates(index: Index, owner: str, places: Places) -> list[Duplicate]:
    """Return the duplicates, without those of syncs that were removed since."""
    return [
        Duplicate(
            size=same.size,
            wasted=same.wasted,
            files=[file_of(place, places[place], each) for place, each in same.files],
        )
        for same in index.comparison(owner).same
        if all(place in places for place, _ in same.files)
    ][:DUPLICATES]
