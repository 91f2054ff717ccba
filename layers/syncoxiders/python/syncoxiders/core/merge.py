"""Two-way merging of one node: the states of all endpoints become one target.

The target is written into the :class:`~syncoxiders.core.draft.Work`: its content, its place, or
that it is gone, and what each endpoint has confirmed of it. Content, place and existence are
decided independently, so that an edit here and a rename there both come through.
"""

import msgspec

from syncoxiders.core import names
from syncoxiders.core.conflicts import split
from syncoxiders.core.draft import Draft, Work
from syncoxiders.core.existence import decide_existence
from syncoxiders.core.model import (
    Content,
    EndpointId,
    Entry,
    Kind,
    NodeId,
    Replica,
)
from syncoxiders.core.states import (
    adopt_content,
    agreed_content,
    agreed_side,
    confirm,
    confirm_places,
    has_agreed,
    is_edited,
    is_new,
    put_bits_behind,
)
from syncoxiders.core.versions import (
    Side,
    Version,
    ask,
    content_of,
    grouped,
    known_past,
    ranked,
    same,
)


def merge(draft: Draft, work: Work) -> None:
    """Decide what becomes of a node when every endpoint's changes count."""
    if work.base is None and len(work.entries) == 1 and not work.replicas:
        _begin(work)
        return
    verdict = _content(draft, work)
    place = _place(draft, work)
    if verdict is None or place is None:
        work.frozen = True
        return
    decide_existence(draft, work)
    if work.gone:
        return
    if place:
        draft.place(work, *place)
    confirm_places(draft, work)
    if work.kind is Kind.FOLDER:
        for endpoint, entry in work.entries.items():
            confirm(work, endpoint, entry, work.content_gen)
        return
    losers = verdict.apply(work)
    for loser in losers:
        split(draft, work, loser)
    ground(draft, work)


def _begin(work: Work) -> None:
    """Take what is new, and stands at one endpoint only, as it is: by far the most common case."""
    endpoint, entry = next(iter(work.entries.items()))
    if work.kind is not Kind.FOLDER:
        work.content = content_of(entry)
        work.content_gen = 1
    work.replicas[endpoint] = Replica(
        entry.id, entry.version, entry.parent, entry.name, work.content_gen, work.place_gen
    )


# -- content -----------------------------------------------------------------------------------


class Verdict(msgspec.Struct):
    """What becomes of a node's content: a winner (None: as it is), losers, and who is current.

    ``current`` hold the content that base agrees on; ``behind`` turn out to hold an earlier one.
    ``meta`` carries changed times or bits of an unchanged content.
    """

    winner: Version | None = None
    losers: list[Version] = []
    current: list[EndpointId] = []
    behind: list[EndpointId] = []
    meta: Content | None = None
    superseded: bool = False

    def apply(self, work: Work) -> list[Version]:
        """Write the verdict into the node; returns the versions that have to be kept beside."""
        if self.winner is not None and not self.winner.agreed:
            adopt_content(work, self.winner.content, superseded=self.superseded)
            for endpoint in self.winner.holders:
                confirm(work, endpoint, work.entries[endpoint], work.content_gen)
        elif self.meta is not None:
            work.content = self.meta
            work.content_gen += 1
        for endpoint in self.current:
            confirm(work, endpoint, work.entries[endpoint], work.content_gen)
        for endpoint in self.behind:
            confirm(work, endpoint, work.entries[endpoint], 0)
        put_bits_behind(work)
        return self.losers


def _content(draft: Draft, work: Work) -> Verdict | None:
    """Decide the content; None if hashes have to be known first."""
    if work.kind is Kind.FOLDER:
        return Verdict()
    edits = [each for each in work.entries if is_edited(work, each)]
    if not edits:
        return Verdict()
    work.content = agreed = agreed_content(work)
    touched: list[EndpointId] = []
    adopted: list[EndpointId] = []
    behind: list[EndpointId] = []
    found: list[tuple[EndpointId, Entry, bool]] = []
    waiting = False
    for endpoint in edits:
        entry, replica = work.entries[endpoint], work.replicas.get(endpoint)
        clean = (
            replica is not None
            and not replica.gone
            and not work.gone
            and replica.content_gen == work.content_gen
        )
        if agreed is None:
            found.append((endpoint, entry, True))
            continue
        content = content_of(entry)
        verdict = same(content, agreed)
        if clean:
            cheap = verdict is None and draft.traits[endpoint].cheap_hash
            if cheap and ask(draft, (Side.of(endpoint, entry), Side(agreed.hashes))):
                waiting = True
            elif verdict:
                touched.append(endpoint)
            else:
                found.append((endpoint, entry, True))
            continue
        known = known_past(content, work.past) and _may_be_old(draft, work, endpoint, entry)
        if not verdict and not known:
            waiting = _ask(draft, work, endpoint, entry) or waiting
        if verdict is None and _held_away(work):
            waiting = True  # only who is away can tell what was agreed
        if verdict:
            (touched if _is_made_anew(work, endpoint) else adopted).append(endpoint)
        elif known:
            behind.append(endpoint)
        else:
            found.append((endpoint, entry, False))
    if waiting:
        return None
    versions = grouped(draft, found)
    if versions is None:
        return None
    result = Verdict(behind=behind, current=adopted)
    held = [
        each
        for each, replica in work.replicas.items()
        if each in touched
        or (each in work.entries and has_agreed(work, each))
        or (
            each in work.away
            and not (replica.gone or replica.left)
            and replica.content_gen == work.content_gen
        )
    ]
    superseded = any(version.clean for version in versions)
    stands = adopted or touched or (held and not work.gone)  # else it is on its way out
    if agreed is not None and not superseded and stands and versions:
        content = agreed
        versions.append(Version(content, [*held, *adopted], clean=False, agreed=True))
    if not versions:
        if touched:
            result.meta = _meta(draft, work, agreed, touched)
            result.current += touched
        return result
    ordered = ranked(versions, draft.rule.endpoints, draft.rule.keep)
    if len(ordered) > 1 and _mergeable(draft, work, ordered):
        draft.merges.append(work.id)
        return None
    result.winner, result.losers = ordered[0], ordered[1:]
    result.superseded = superseded
    if result.winner.agreed:
        result.meta = _meta(draft, work, agreed, touched) if touched else None
        result.current = [*adopted, *touched]
    elif superseded:
        result.behind, result.current = [*behind, *adopted, *touched], []
    else:  # the agreed content is among the losers, with all who hold it
        result.current = []
    return result


def ground(draft: Draft, work: Work) -> None:
    """Make sure that somebody holds the agreed content, else agree on what there is.

    What is given up so is no past content: nobody replaced it, and who turns up with it yet has
    something to lose.
    """
    if not work.entries or any(
        not (replica.gone or replica.left) and replica.content_gen >= work.content_gen
        for endpoint, replica in work.replicas.items()
        if endpoint in work.entries or endpoint in work.away
    ):
        return
    latest = max(work.replicas[each].content_gen for each in work.entries)
    versions = [
        Version(content_of(entry), [endpoint], clean=False)
        for endpoint, entry in work.entries.items()
        if work.replicas[endpoint].content_gen == latest
    ]
    best = ranked(versions, draft.rule.endpoints, draft.rule.keep)[0]
    work.content = best.content
    work.content_gen += 1
    endpoint = best.holders[0]
    confirm(work, endpoint, work.entries[endpoint], work.content_gen)


def _may_be_old(draft: Draft, work: Work, endpoint: EndpointId, entry: Entry) -> bool:
    """Say whether what equals an earlier content of the node may be a copy that was left behind.

    It is none where somebody has put it there: in the place of what was deleted there, or by
    moving what was another node's.
    """
    if _is_made_anew(work, endpoint):
        return False
    owner = draft.view.node_of(endpoint, entry.id)
    return owner in {None, work.id} or not draft.traits[endpoint].stable_ids


def _is_made_anew(work: Work, endpoint: EndpointId) -> bool:
    """Say whether somebody has put something in the place of what was deleted there."""
    replica = work.replicas.get(endpoint)
    return work.gone and replica is not None and replica.gone


def _ask(draft: Draft, work: Work, endpoint: EndpointId, entry: Entry) -> bool:
    """Ask for what compares an entry with the agreed content and its past; False if known."""
    ours = Side.of(endpoint, entry)
    past = [(ours, Side(each)) for each in work.past]
    if work.content is not None and same(content_of(entry), work.content) is None:
        return ask(draft, (ours, agreed_side(work)), *past)
    return ask(draft, *past)


def _held_away(work: Work) -> bool:
    """Say whether somebody has the agreed content, but nobody who can be asked."""
    return any(
        each in work.away
        and not (replica.gone or replica.left)
        and replica.content_gen == work.content_gen
        for each, replica in work.replicas.items()
    ) and not any(has_agreed(work, each) for each in work.entries)


def _meta(
    draft: Draft, work: Work, agreed: Content | None, touched: list[EndpointId]
) -> Content | None:
    """Return the agreed content with newly set times and bits, None if they are the same."""
    if agreed is None:
        return None
    versions = [
        Version(content_of(work.entries[endpoint]), [endpoint], clean=True) for endpoint in touched
    ]
    best = ranked(versions, draft.rule.endpoints, draft.rule.keep)[0].content
    executable = agreed.executable if best.executable is None else best.executable
    changed = msgspec.structs.replace(agreed, mtime_ns=best.mtime_ns, executable=executable)
    return None if changed == agreed else changed


def _mergeable(draft: Draft, work: Work, versions: list[Version]) -> bool:
    """Say whether an automatic merge of exactly two edits of the agreed content is to be tried."""
    return (
        draft.rule.auto_merge
        and work.kind is Kind.FILE
        and len(versions) == 2  # noqa: PLR2004 -- a three-way merge has two sides
        and all(version.clean and not version.agreed for version in versions)
        and work.content is not None
        and bool(work.content.hashes)
        and work.merge_failed != merge_key(work)
    )


def merge_key(work: Work) -> str:
    """Name the state of a node for which a merge may be tried once."""
    return "|".join(
        f"{endpoint}={entry.version}" for endpoint, entry in sorted(work.entries.items())
    )


# -- place -------------------------------------------------------------------------------------


def _place(draft: Draft, work: Work) -> tuple[NodeId, str] | tuple[()] | None:
    """Decide the place: ``()`` if it stays, None if a new parent is not known yet."""
    wishes: list[tuple[Version, tuple[NodeId, str]]] = []
    for endpoint, entry in work.entries.items():
        back = work.gone and is_new(work, endpoint)  # it decides where it comes back
        if not draft.is_moved(work, endpoint) and not back:
            continue
        replica = work.replicas.get(endpoint)
        parent = draft.node_of(endpoint, entry.parent)
        if parent is None:
            return None
        name = work.name
        if replica is None or entry.name != replica.name:
            name = names.true_name(entry.name, draft.traits[endpoint])
        elif work.base is not None and replica.place_gen == work.base.place_gen:
            name = work.base.name  # which it may have lost together with its folder
        clean = back or (replica is not None and replica.place_gen == work.place_gen)
        wishes.append((Version(content_of(entry), [endpoint], clean=clean), (parent, name)))
    wishes = [wish for wish in wishes if wish[1] != (work.parent, work.name)]
    if not wishes:
        return ()
    if not any(version.clean for version, _ in wishes):
        settled = [
            each
            for each in work.entries
            if not draft.is_moved(work, each)
            and not is_new(work, each)
            and work.replicas[each].place_gen == work.place_gen
        ]
        if settled:
            held = Version(content_of(work.entries[settled[0]]), settled, clean=True)
            wishes.append((held, (work.parent, work.name)))
    best = ranked([version for version, _ in wishes], draft.rule.endpoints, draft.rule.keep)[0]
    return next(place for version, place in wishes if version is best)
