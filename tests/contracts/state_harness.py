"""What the rules of the state port share: a store that can be reopened, and short values."""

from collections.abc import Iterable
from typing import Any, Protocol

import pytest

from syncoxiders.core.model import (
    ROOT_ENTRY,
    Action,
    ActionKind,
    EndpointId,
    Entry,
    Kind,
    Node,
    NodeId,
    Replica,
)
from syncoxiders.ports.state import Commit, Observation, StateStore, SyncStore


class Harness(Protocol):
    """A fresh store for each test."""

    @property
    def store(self) -> StateStore: ...

    def reopen(self) -> StateStore:
        """Close the store and return one that holds what was committed."""


class Rules:
    """Base of the suite's classes."""

    @pytest.fixture
    def sync(self, harness: Harness) -> SyncStore:
        return harness.store.sync("owner", "work")


def entry(ident: str, parent: str = ROOT_ENTRY, name: str = "", **fields: Any) -> Entry:
    return Entry(ident, parent, name or f"name of {ident}", fields.pop("kind", Kind.FILE), **fields)


def node(ident: NodeId, parent: NodeId = 0, name: str = "", **fields: Any) -> Node:
    return Node(ident, parent, name or f"name {ident}", fields.pop("kind", Kind.FILE), **fields)


def replica(of: Entry, **fields: Any) -> Replica:
    given = {"content_gen": 1, "place_gen": 1} | fields
    return Replica(of.id, of.version, of.parent, of.name, **given)


def action(ident: str, **fields: Any) -> Action:
    return Action(
        ident, fields.pop("kind", ActionKind.CREATE), "a", fields.pop("node", 1), **fields
    )


def observe(
    sync: SyncStore, *put: Entry, at: EndpointId = "a", gone: Iterable[str] = (), log: bool = True
) -> None:
    sync.commit(Commit(observed=[Observation(at, put, tuple(gone), log)]))


def keep(sync: SyncStore, *nodes: Node) -> None:
    sync.commit(Commit(nodes=nodes))


def agree(sync: SyncStore, *idents: NodeId, **fields: Any) -> None:
    """Commit nodes whose entries stand at the endpoints ``a`` and ``b`` as agreed."""
    nodes = []
    for ident in idents:
        ours = entry(f"e{ident}", version="1")
        replicas = {"a": replica(ours), "b": replica(ours)}
        nodes.append(node(ident, name=ours.name, replicas=replicas, **fields))
        observe(sync, ours, at="a")
        observe(sync, ours, at="b")
    keep(sync, *nodes)
