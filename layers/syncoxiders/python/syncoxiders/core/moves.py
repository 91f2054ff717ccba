"""Moves at endpoints whose ids do not survive them: found by content."""

from collections.abc import Iterable

from syncoxiders.core.draft import Draft, Work
from syncoxiders.core.model import EndpointId, Entry, Kind
from syncoxiders.core.states import agreed_content, agreed_side
from syncoxiders.core.versions import Side, ask, content_of, same


class MoveMatcher:
    """Finds moves at endpoints whose ids do not survive them, by content.

    A match needs one deleted node and one new entry of proven equal content; where several
    would do, it is a copy and a deletion instead. What a filter hides elsewhere is left out: as
    part of that the new entry would be hidden, too.
    """

    UNKNOWN = object.__new__(Work)
    """Stands for a match that needs a hash first."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self._lost: dict[EndpointId, dict[int, list[Work]]] = {}

    def match(self, endpoint: EndpointId, entry: Entry) -> Work | None:
        """Return the node that was moved here, if there is exactly one."""
        if entry.kind is Kind.FOLDER or entry.size <= 0 or self.draft.look.union:
            return None
        if endpoint not in self._lost:
            self._lost[endpoint] = _lost_by_size(self.draft, endpoint)
        candidates = [
            work
            for work in self._lost[endpoint].get(entry.size, [])
            if endpoint not in work.entries
            and work.kind is entry.kind
            and not self.draft.is_out(work)
        ]
        if not candidates:
            return None
        verdicts = [
            (work, same(content_of(entry), content))
            for work in candidates
            if (content := agreed_content(work)) is not None
        ]
        equal = [work for work, verdict in verdicts if verdict]
        unsure = [work for work, verdict in verdicts if verdict is None]
        pairs = [(Side.of(endpoint, entry), agreed_side(work)) for work in unsure]
        if not equal and ask(self.draft, *(pair for pair in pairs if pair[1].hashes)):
            self.draft.unsure.append((endpoint, entry.id))
            for work in unsure:
                work.frozen = True  # it is not deleted before this is known
            return self.UNKNOWN
        return equal[0] if len(equal) == 1 else None


def _lost_by_size(draft: Draft, endpoint: EndpointId) -> dict[int, list[Work]]:
    lost: dict[int, list[Work]] = {}
    works: Iterable[Work] = list(draft.works.values())
    for work in works:
        replica = work.replicas.get(endpoint)
        if (
            work.content is not None
            and replica is not None
            and not replica.gone
            and endpoint not in work.entries
        ):
            lost.setdefault(work.content.size, []).append(work)
    return lost
