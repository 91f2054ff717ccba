"""Handing on: batches go to apply, and what had to wait for others goes into the change logs."""

from collections.abc import Iterable, Sequence

from syncoxiders.core.model import ROOT_ENTRY, EndpointId, EntryId, NodeId
from syncoxiders.engine.pipeline.context import Pipeline
from syncoxiders.engine.pipeline.messages import Apply, Merge
from syncoxiders.ports.pipeline import Batch, SharedStore
from syncoxiders.ports.registry import SyncSettings


def send(
    pipeline: Pipeline, message: Merge | Apply, settings: SyncSettings, batches: Sequence[Batch]
) -> None:
    """Send those batches to apply that wait for no other."""
    accounts = {each.id: each.account for each in settings.endpoints}
    ready = [
        Apply(message.owner, message.sync, batch.id).message(
            accounts[batch.endpoint], batch.lane, f"{pipeline.clock.now():.6f}"
        )
        for batch in batches
        if not batch.waits and batch.endpoint in accounts
    ]
    if ready:
        pipeline.applies.send(ready)


def release(store: SharedStore, endpoints: Sequence[EndpointId], nodes: Iterable[NodeId]) -> None:
    """Put into the log what had to wait for nodes: themselves, and what is new in them."""
    touched: dict[tuple[EndpointId, EntryId], None] = {}
    base = store.base()
    for node in base.get(nodes).values():
        for endpoint, replica in node.replicas.items():
            if endpoint not in endpoints:
                continue
            touched[endpoint, replica.entry] = None
            if node.content is None and not replica.gone and replica.entry != ROOT_ENTRY:
                inside = [each.id for each in store.observed(endpoint).children(replica.entry)]
                owned = base.of(endpoint, inside)
                touched.update(((endpoint, each), None) for each in inside if each not in owned)
    if touched:
        store.touch(touched)
