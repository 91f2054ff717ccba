"""One action at its provider: check the reason, act with the precondition, say what stands there.

Everything that is checked here was checked when planning, too. It is checked again because
people go on working: between plan and action a reason may have passed.
"""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import msgspec

from syncoxiders.core.model import (
    ROOT_ENTRY,
    Action,
    ActionKind,
    EndpointId,
    Entry,
    EntryId,
    Node,
    NodeId,
    Ref,
    Source,
)
from syncoxiders.engine.places import Places
from syncoxiders.engine.resumable import LARGE, Uploads
from syncoxiders.engine.room import PROCESS, Room
from syncoxiders.ports.errors import ProviderError, Refused, Stale, Vanished
from syncoxiders.ports.provider import (
    Attributes,
    Carries,
    Carry,
    Copies,
    Provider,
    Providers,
    Reader,
    Sessions,
    SetsMeta,
)


class Operations:
    """Runs single actions. Raises the port's errors; changes nothing but the provider.

    ``seen`` gathers entries that a check found where they had not been known to be. With
    ``wary`` the last look may be long ago: what is to be deleted has to stand where it is known
    to, and the folders that are deleted with it. What is carried takes its ``room``.
    """

    def __init__(
        self,
        providers: Providers,
        places: Places,
        *,
        verify: bool = True,
        carried: Callable[[int], None] = lambda _: None,
        uploads: Uploads | None = None,
        wary: bool = False,
        room: Room = PROCESS,
    ) -> None:
        self._providers = providers
        self._places = places
        self._carriers: dict[tuple[EndpointId, EndpointId], bool] = {}
        self._verify = verify
        self._carried = carried
        self._uploads = uploads
        self._absent: set[tuple[EndpointId, NodeId]] = set()
        self._wary = wary
        self._room = room
        self._in_place: set[tuple[EndpointId, NodeId]] = set()
        self.seen: list[tuple[EndpointId, Entry]] = []

    def run(self, action: Action) -> Entry | None:
        """Run an action; returns what stands there now, None after a deletion."""
        provider = self._providers[action.endpoint]
        self._check_part(action)
        match action.kind:
            case ActionKind.MAKE_FOLDER:
                return provider.make_folder(
                    self._places.parent(action.endpoint, action.parent), action.name
                )
            case ActionKind.CREATE | ActionKind.UPDATE:
                return self._transfer(action, provider)
            case ActionKind.META:
                return self._meta(action, provider)
            case ActionKind.MOVE:
                self._reason_to_move(action)
                return provider.move(
                    self._places.ref(action.endpoint, self.subject(action)),
                    action.expect,
                    self._places.parent(action.endpoint, action.parent),
                    action.name,
                )
            case ActionKind.DELETE:
                self._reason_to_delete(action)
                if self._wary:
                    self._check_place(action.endpoint, self._node(action))
                ref = self._places.ref(action.endpoint, self.subject(action))
                provider.delete(ref, action.expect)
                return None
        raise ValueError(f"{action.kind} is not an operation of a provider")

    def can_carry(self, action: Action) -> bool:
        """Say whether an action's destination takes small files of its source many at a time."""
        source = _source(action).endpoint
        route = (source, action.endpoint)
        if route not in self._carriers:
            provider, other = self._providers[action.endpoint], self._providers[source]
            copies = isinstance(provider, Copies) and provider.can_copy(other)
            self._carriers[route] = (
                not copies and isinstance(provider, Carries) and provider.can_carry(other)
            )
        return self._carriers[route]

    def carry(self, actions: list[Action]) -> list[Entry | ProviderError | None]:
        """Create small files that all go one way; what fails is returned, not raised."""
        results: list[Entry | ProviderError | None] = [None] * len(actions)
        items: list[Carry] = []
        places: list[int] = []
        parents: dict[NodeId, Ref] = {}
        for index, action in enumerate(actions):
            try:
                parent = parents.get(action.parent)
                if parent is None:
                    parent = self._places.parent(action.endpoint, action.parent)
                    parents[action.parent] = parent
                items.append(self._item(action, parent))
                places.append(index)
            except ProviderError as error:
                results[index] = error
        if not items:
            return results
        provider = self._providers[actions[0].endpoint]
        if not isinstance(provider, Carries):
            raise TypeError(f"endpoint {actions[0].endpoint} does not carry")
        source = self._providers[_source(actions[0]).endpoint]
        size = sum(item.size for item in items)
        with self._room.taken(size):
            done = provider.carry(source, items, verify=self._verify)
        self._carried(size)
        for index, result in zip(places, done, strict=True):
            results[index] = result
        return results

    def _item(self, action: Action, parent: Ref | None = None) -> Carry:
        source, node = _source(action), self._node(action)
        content = node.content
        return Carry(
            source=self._places.ref(source.endpoint, source.entry),
            version=source.version,
            parent=parent or self._places.parent(action.endpoint, action.parent),
            name=action.name,
            size=action.size,
            attributes=Attributes(
                kind=node.kind,
                mtime_ns=content.mtime_ns if content else None,
                executable=content.executable if content else None,
            ),
        )

    # -- content -------------------------------------------------------------------------------

    def _transfer(self, action: Action, provider: Provider) -> Entry:
        item = self._item(action)
        replaces: tuple[Ref, str] | None = None
        if action.kind is ActionKind.UPDATE:
            at = self._places.ref(action.endpoint, self.subject(action))
            above, _ = self._places.stands(action.endpoint, at.id)
            folder, _, name = at.path.rpartition("/")
            parent = Ref(above, folder)
            item = msgspec.structs.replace(item, parent=parent, name=name)
            replaces = (at, action.expect)
        source = self._providers[_source(action).endpoint]
        if replaces is None and isinstance(provider, Copies) and provider.can_copy(source):
            return self._copy(provider, item)
        with self._room.taken(item.size):
            return self._stream(action, provider, source, item, replaces)

    def _stream(
        self,
        action: Action,
        provider: Provider,
        source: Provider,
        item: Carry,
        replaces: tuple[Ref, str] | None,
    ) -> Entry:
        if self._uploads is not None:
            self._uploads.check_time()
        reader = _read(source, item)
        chunks = self._counted(reader.chunks())
        if item.size >= LARGE and isinstance(provider, Sessions) and self._uploads is not None:
            key = f"{action.endpoint}:{action.node}"
            return self._uploads.upload(
                key, provider, reader, chunks, item, replaces=replaces, keep=action.keep
            )
        with closing(reader):
            return provider.upload(
                item.parent,
                item.name,
                chunks,
                size=item.size,
                attributes=item.attributes,
                replaces=replaces,
                keep=action.keep,
                verify=self._verify,
            )

    def _copy(self, provider: Copies, item: Carry) -> Entry:
        """Let a provider copy within its own storage."""
        return provider.copy(item.source, item.version, item.parent, item.name, item.attributes)

    def _counted(self, chunks: Iterator[memoryview | bytes]) -> Iterator[memoryview | bytes]:
        while True:
            try:
                chunk = next(chunks)
            except StopIteration:
                return
            except ProviderError as error:
                error.reading = True
                raise
            self._carried(len(chunk))
            yield chunk

    def _meta(self, action: Action, provider: Provider) -> Entry:
        content = self._node(action).content
        if not isinstance(provider, SetsMeta) or content is None:
            raise Refused("modified time and executable bit cannot be set here")
        source = _source(action)
        with _asking(source.endpoint):
            ref = self._places.ref(source.endpoint, source.entry)
            found = self._providers[source.endpoint].get(ref)
            if found is None or found.version != source.version:
                raise Stale("it has changed since the plan was made")
        return provider.set_meta(
            self._places.ref(action.endpoint, self.subject(action)),
            action.expect,
            Attributes(mtime_ns=content.mtime_ns, executable=content.executable),
        )

    def subject(self, action: Action) -> EntryId:
        """Return the id of what an action acts upon, by now.

        Where ids are paths, an action before this one may have changed it, and what the plan
        calls by it may be something else.
        """
        node = self._places.node(action.node)
        replica = node.replicas.get(action.endpoint) if node is not None else None
        return replica.entry if replica is not None and not replica.gone else action.entry

    def _check_part(self, action: Action) -> None:
        """Make sure that an action acts upon what is its node's.

        Where ids are paths another node may have got the id, and the node have lost its part.
        """
        if action.entry:
            replica = self._node(action).replicas.get(action.endpoint)
            if replica is None or replica.gone:
                raise Stale("it is not there any more as what it was")

    # -- reasons -------------------------------------------------------------------------------

    def _reason_to_move(self, action: Action) -> None:
        """Make sure that the endpoint whose move is followed still has the entry there."""
        because = action.because
        if because is None:
            return
        replica = self._node(action).replicas.get(because.endpoint)
        if replica is None:
            raise Stale("the reason for moving it has passed")
        ref = self._places.child(because.endpoint, replica.parent, replica.name, because.entry)
        with _asking(because.endpoint):
            if self._providers[because.endpoint].get(ref) is None:
                raise Stale("it was moved on since the plan was made")

    def _reason_to_delete(self, action: Action) -> None:
        """Make sure that what made us delete still holds, at the provider itself."""
        because = action.because
        if because is None:
            return
        if because.version:
            self._confirm_copies(action.endpoint, self._node(action))
        else:
            with _asking(because.endpoint):
                if because.entry:
                    self._confirm_absent(because.endpoint, self._node(action))
                else:
                    self._confirm_nothing(because.endpoint, self._node(action))

    def _check_place(self, endpoint: EndpointId, node: Node) -> None:
        """Make sure that a node, and folders that are deleted with it, were not moved.

        A move at one endpoint outlives a deletion at another, also of a folder that lives though
        it was deleted, with what was in it.
        """
        above: Node | None = node
        checked: list[tuple[EndpointId, NodeId]] = []
        while above is not None and (endpoint, above.id) not in self._in_place:
            if not (above.gone or above.remade):
                break
            replica = above.replicas.get(endpoint)
            if replica is None or replica.gone:
                break
            found = self._providers[endpoint].get(self._places.ref(endpoint, replica.entry))
            if found is not None and (found.parent, found.name) != (replica.parent, replica.name):
                self._see(endpoint, found)
                raise Stale("it was moved since the plan was made")
            checked.append((endpoint, above.id))
            above = self._places.node(above.parent) if above.parent else None
        self._in_place.update(checked)  # all of it is where it was, up to what stays

    def _confirm_absent(self, endpoint: EndpointId, node: Node) -> None:
        """Confirm by point reads that a node is gone, with a folder above it or by itself.

        That is asked of the topmost folder that is gone, since it holds for all that was in it; of
        one that is there again it tells nothing.
        """
        chain = [node]
        while chain[-1].parent:
            above = self._places.node(chain[-1].parent)
            replica = above.replicas.get(endpoint) if above is not None else None
            if above is None or replica is None or not replica.gone:
                break
            chain.append(above)
        found: Entry | None = None
        for each in reversed(chain):
            if (endpoint, each.id) in self._absent:
                return
            found = self._found(endpoint, each)
            if found is None:
                if each is not node:
                    self._absent.add((endpoint, each.id))
                return
        if found is not None:
            self._see(endpoint, found)
        raise Stale("it is there again where it had been deleted")

    def _found(self, endpoint: EndpointId, node: Node) -> Entry | None:
        """Return what a provider has of a node that was deleted there, None if that is nothing."""
        replica = node.replicas.get(endpoint)
        if replica is None:
            raise Stale("the reason for deleting it has passed")
        try:
            ref = self._places.child(endpoint, replica.parent, replica.name, replica.entry)
        except Vanished:
            ref = Ref(replica.entry, replica.name)
        found = self._providers[endpoint].get(ref)
        if found is not None and self._places.owner(endpoint, found.id) in {node.id, None}:
            return found
        return None

    def _see(self, endpoint: EndpointId, found: Entry) -> None:
        """Gather an entry, with the folders above it that had not been known either."""
        chain = [found]
        while chain[-1].parent != ROOT_ENTRY:
            above = chain[-1].parent
            if self._places.entry(endpoint, above) is not None:
                break
            entry = self._providers[endpoint].get(Ref(above, ""))
            if entry is None or entry in chain:
                return  # it is moving on: the next look finds it
            chain.append(entry)
        self.seen.extend((endpoint, each) for each in chain)

    def _confirm_copies(self, endpoint: EndpointId, node: Node) -> None:
        """Confirm that every other endpoint has what is about to be deleted here."""
        for other, replica in node.replicas.items():
            if other == endpoint or replica.gone:
                continue
            with _asking(other):
                found = self._providers[other].get(self._places.ref(other, replica.entry))
                if found is None or found.version != replica.version:
                    raise Stale("a copy that allows deleting it has changed")

    def _confirm_nothing(self, endpoint: EndpointId, node: Node) -> None:
        """Confirm that the source has nothing at an extra's place."""
        try:
            parent = self._places.parent(endpoint, node.parent)
        except Vanished:
            return
        found = self._providers[endpoint].at(parent, node.name)
        if found is not None and self._places.owner(endpoint, found.id) in {node.id, None}:
            self._see(endpoint, found)
            raise Stale("the source has something at this place now")

    def _node(self, action: Action) -> Node:
        node = self._places.node(action.node)
        if node is None:
            raise Stale("it is not part of the sync any more")
        return node


@contextmanager
def _asking(endpoint: EndpointId) -> Iterator[None]:
    """Tell of an error that it is of the endpoint that is asked for a reason."""
    try:
        yield
    except ProviderError as error:
        error.asked = endpoint
        raise


def _read(provider: Provider, item: Carry) -> Reader:
    try:
        return provider.read(item.source, item.version)
    except ProviderError as error:
        error.reading = True
        raise


def _source(action: Action) -> Source:
    if action.source is None:
        raise Stale("nobody has its content at the moment")
    return action.source
