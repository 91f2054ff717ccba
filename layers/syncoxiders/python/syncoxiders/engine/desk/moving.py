"""What a sync is doing right now, and what it will do next."""

from collections.abc import Mapping

from syncoxiders.api.shapes.syncs import Moving, Movings
from syncoxiders.core.model import Action, EndpointId
from syncoxiders.engine.desk.context import Desk, clock_time
from syncoxiders.engine.pipeline.health import MANY
from syncoxiders.engine.pipeline.times import DEAD
from syncoxiders.engine.places import Places
from syncoxiders.engine.stopped import printable
from syncoxiders.ports.errors import Vanished
from syncoxiders.ports.pipeline import Batch
from syncoxiders.ports.registry import Connected, SyncSettings

MOST = 50
"""So many actions are told one by one."""


def moving(desk: Desk, settings: SyncSettings) -> Movings:
    """Return what is handed out and not done, what is being done first."""
    store = desk.store(settings)
    accounts = {each.id: each.account for each in settings.endpoints}
    known = {each.account.name: each for each in desk.pipeline.registry.accounts(desk.owner)}
    batches = [each for each in store.batches(limit=MANY) if each.actions]
    total = sum(len(each.actions) for each in batches)
    chosen: list[tuple[Batch, int, str]] = []
    for batch in sorted(batches, key=lambda each: _order(each, desk.now())):
        chosen.extend((batch, node, action) for node, action in batch.actions)
        if len(chosen) >= MOST:
            break
    del chosen[MOST:]
    opened = store.open_of(dict.fromkeys(node for _, node, _ in chosen))
    actions = {action.id: action for several in opened.values() for action in several}
    places = Places(store)
    items: list[Moving] = []
    for batch, _, id_ in chosen:
        action = actions.get(id_)
        if action is None:
            continue  # it was done meanwhile, or its batch is about to be let go of
        origin = _origin(action)
        items.append(
            Moving(
                verb=action.kind.value,
                path=printable(_path(places, action)),
                to_account=accounts.get(action.endpoint, ""),
                to_endpoint=action.endpoint,
                from_account=accounts.get(origin, ""),
                from_endpoint=origin,
                size=action.size,
                waits=_waits(desk, batch, accounts, known),
            )
        )
    return Movings(total=total, items=items)


def _order(batch: Batch, now: float) -> tuple[int, float, str]:
    """Return what puts first what is done first: by how soon it can be."""
    if _is_at_work(batch, now):
        return 0, batch.begun, batch.id
    if batch.waits:
        return 3, batch.opened, batch.id
    return (2, batch.put_off, batch.id) if batch.put_off > now else (1, batch.opened, batch.id)


def _is_at_work(batch: Batch, now: float) -> bool:
    return bool(batch.begun) and not batch.put_off and batch.begun + DEAD > now


def _waits(
    desk: Desk,
    batch: Batch,
    accounts: Mapping[EndpointId, str],
    known: Mapping[str, Connected],
) -> str:
    """Return why a batch is not being done, ``""`` if it is, or will be at once."""
    now = desk.now()
    if _is_at_work(batch, now):
        return ""
    if batch.waits:
        return "others have to be done before"
    for endpoint in sorted(batch.needs):
        name = accounts.get(endpoint, "")
        connected = known.get(name)
        if connected is None:
            return f"{name} is not connected"
        if connected.trouble:
            return f"{name}: {connected.trouble}"
        if connected.not_before > now:
            until = clock_time(connected.not_before)
            return f"{name}'s provider wants to be left alone until {until}"
    if batch.put_off > now:
        return f"it is tried again at {clock_time(batch.put_off)}"
    return ""


def _origin(action: Action) -> EndpointId:
    """Return where what is done comes from."""
    reason = action.source or action.because
    return reason.endpoint if reason is not None else ""


def _path(places: Places, action: Action) -> str:
    """Return where an action's entry stands, or will."""
    node = places.node(action.node)
    for endpoint, replica in node.replicas.items() if node is not None else ():
        try:
            return places.ref(endpoint, replica.entry).path
        except Vanished:
            continue
    return action.name
