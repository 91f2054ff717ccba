"""Cutting a plan into batches that are handed out, each to be done by one worker."""

import hashlib
from collections.abc import Collection, Iterable, Sequence

import msgspec

from syncoxiders.core.model import Action, ActionKind, EndpointId, NodeId
from syncoxiders.core.plan import Merge, Plan, Probe
from syncoxiders.engine.apply import needs
from syncoxiders.ports.pipeline import Batch

MOST = 100
"""So many actions make a batch at most."""

MOST_PROBED = 64 << 20
"""So many bytes are read for the hashes of one batch, or a single file's."""

LANES = 4
"""So many batches of an endpoint may be worked on at once."""

_TRANSFERS = frozenset({ActionKind.CREATE, ActionKind.UPDATE})


class _Draft(msgspec.Struct):
    id: str
    endpoint: EndpointId
    level: int
    actions: list[Action] = []
    waits: set[str] = set()


class Dispatch:
    """Makes the batches of plans; ``prefix`` makes their ids unique, ``run`` is in whose log.

    ``rule`` names the settings that are planned under.
    """

    def __init__(self, prefix: str, *, run: int, rule: str, at: float) -> None:
        self._prefix = prefix
        self._rule = rule
        self.run = run
        self._at = at
        self._count = 0

    def batches(self, plan: Plan, lost: Collection[str] = ()) -> list[Batch]:
        """Return the batches of a plan, each after those that it waits for.

        ``lost`` are actions that were not opened; what has to come after them is handed out with
        them as failed. An action waits for the batches of those that have to be done before.
        """
        actions = [each for each in plan.actions if each.id not in lost]
        small = len(actions) <= MOST
        drafts: list[_Draft] = []
        of: dict[str, _Draft] = {}
        filling: dict[tuple[EndpointId, int], _Draft] = {}
        for action in actions:
            before = {of[each].id: of[each] for each in action.after if each in of}
            draft = self._same(action, before.values(), small=small)
            if draft is None:
                level = 1 + max((each.level for each in before.values()), default=-1)
                draft = filling.get((action.endpoint, level))
                if draft is None or len(draft.actions) >= MOST:
                    draft = _Draft(self._id(), action.endpoint, level)
                    drafts.append(draft)
                    filling[action.endpoint, level] = draft
            draft.actions.append(action)
            draft.waits.update(each for each in before if each != draft.id)
            of[action.id] = draft
        gone = frozenset(lost)
        made = [self._batch(each, gone) for each in sorted(drafts, key=lambda each: each.level)]
        return [*made, *self._probes(plan.probes), *self._merges(plan.merges)]

    @staticmethod
    def _same(action: Action, before: Iterable[_Draft], *, small: bool) -> _Draft | None:
        """Return the batch that an action can be added to behind all that it comes after."""
        last = sorted(before, key=lambda each: -each.level)
        if not last or (action.kind in _TRANSFERS and not small):
            return None
        top = last[0]
        alone = len(last) == 1 or last[1].level < top.level
        fits = top.endpoint == action.endpoint and len(top.actions) < MOST
        return top if alone and fits else None

    def _id(self) -> str:
        self._count += 1
        return f"{self._prefix}-{self._count:06d}"

    def _batch(self, draft: _Draft, lost: frozenset[str]) -> Batch:
        after = {each for action in draft.actions for each in action.after}
        return Batch(
            id=draft.id,
            endpoint=draft.endpoint,
            lane=int(draft.id.rpartition("-")[2]) % LANES,
            needs=frozenset(where for each in draft.actions for where in needs(each)),
            actions=tuple((each.node, each.id) for each in draft.actions),
            waits=frozenset(draft.waits),
            failed=lost & after,
            run=self.run,
            rule=self._rule,
            opened=self._at,
        )

    def _probes(self, probes: Iterable[Probe]) -> list[Batch]:
        gathered: dict[EndpointId, list[Probe]] = {}
        batches: list[Batch] = []
        for probe in probes:
            mine = gathered.setdefault(probe.endpoint, [])
            size = sum(each.size for each in mine)
            if mine and (len(mine) >= MOST or size + probe.size > MOST_PROBED):
                batches.append(self._asking(probe.endpoint, mine))
                mine = gathered[probe.endpoint] = []
            mine.append(probe)
        batches.extend(self._asking(endpoint, mine) for endpoint, mine in gathered.items())
        return batches

    def _asking(self, endpoint: EndpointId, probes: list[Probe]) -> Batch:
        id_ = self._id()
        lane = self._count % LANES
        return Batch(
            id_,
            endpoint,
            lane,
            needs=frozenset([endpoint]),
            probes=tuple(probes),
            run=self.run,
            rule=self._rule,
            opened=self._at,
        )

    def _merges(self, merges: Iterable[Merge]) -> list[Batch]:
        return [
            Batch(
                self._id(),
                merge.edits[0].endpoint,
                self._count % LANES,
                needs=frozenset(edit.endpoint for edit in merge.edits),
                merges=(merge,),
                run=self.run,
                rule=self._rule,
                opened=self._at,
            )
            for merge in merges
        ]


def untold(batch: Batch, actions: Sequence[Action], *, now: float, until: float) -> Batch:
    """Return a batch by which it is found out later which of another one's actions were done.

    Those that were not are planned again: the others have gone on meanwhile.
    """
    return msgspec.structs.replace(
        batch,
        id=f"later-untold-{batch.id}",
        actions=tuple((each.node, each.id) for each in actions),
        again=tuple(dict.fromkeys(each.node for each in actions)),
        waits=frozenset(),
        failed=frozenset(),
        opened=now,
        begun=now,
        put_off=until,
        tries=0,
    )


def later(batch: Batch, nodes: Iterable[NodeId], *, now: float, pause: float) -> Batch:
    """Return a batch by which nodes of another one are planned again after a pause, in seconds.

    It has one id with all of these nodes and about that time, so that there is one of them, however
    many batches give up at several endpoints what they were to do with the nodes.
    """
    again = tuple(sorted(nodes))
    which = hashlib.blake2b(repr(again).encode(), digest_size=8).hexdigest()
    return Batch(
        id=f"later-{int((now + pause) // pause):x}-{which}",
        endpoint=batch.endpoint,
        lane=batch.lane,
        again=again,
        rule=batch.rule,
        opened=now,
        put_off=now + pause,
    )
