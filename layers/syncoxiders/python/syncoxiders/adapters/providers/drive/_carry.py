"""Many small files at once: whether their places are free is asked for all of a folder together.

Drive takes no preconditions, so that each file's place is looked at before and after. For files
that go to one folder two listings do, whatever their number: one request a file is left.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import msgspec

from syncoxiders.adapters.providers.carrying import reading
from syncoxiders.adapters.providers.drive._api import quoted
from syncoxiders.adapters.providers.drive._effects import Effects
from syncoxiders.adapters.providers.drive._files import File
from syncoxiders.adapters.providers.drive._places import Places
from syncoxiders.adapters.providers.drive._upload import SMALL, Target, Uploading
from syncoxiders.core.model import Entry
from syncoxiders.ports.errors import Occupied, ProviderError
from syncoxiders.ports.provider import Carry, Provider

AT_ONCE = 4
"""So many files of one batch are sent at the same time."""

_QUERY = 4_000
"""So many characters of names are asked for in one request; Google documents no limit."""

Result = Entry | ProviderError


class Sent(msgspec.Struct, frozen=True):
    """A file that was made, not known yet to be alone at its place; the hashes of its bytes."""

    target: Target
    file: File
    given: str


class Carrier:
    """Carries files from another provider into one root."""

    def __init__(
        self, places: Places, effects: Effects, uploading: Uploading, *, verify: bool
    ) -> None:
        self._places = places
        self._effects = effects
        self._uploading = uploading
        self._verify = verify

    def carry(self, source: Provider, items: Sequence[Carry]) -> list[Result]:
        """Carry every item; see the port's ``carry``."""
        results: dict[int, Result] = {}
        folders: dict[str, dict[int, Target]] = {}
        for index, item in enumerate(items):
            try:
                target = self._uploading.aim(item.parent, item.name, item.attributes, None)
            except ProviderError as error:
                results[index] = error
            else:
                folders.setdefault(target.parent, {})[index] = target
        for folder, targets in folders.items():
            try:
                self._fill(source, items, folder, targets, results)
            except ProviderError as error:
                for index in targets:
                    results.setdefault(index, error)
        return [results[index] for index in range(len(items))]

    def _fill(
        self,
        source: Provider,
        items: Sequence[Carry],
        folder: str,
        targets: dict[int, Target],
        results: dict[int, Result],
    ) -> None:
        """Bring files to one folder."""
        names = [target.name for target in targets.values()]
        before = self._occupants(folder, names)

        def send(index: int) -> Sent | Result:
            target = targets[index]
            try:
                if before[target.name]:
                    raise Occupied(f"{target.path}: something stands there already")
                return self._send(source, items[index], target)
            except ProviderError as error:
                return error

        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="drive-carry") as pool:
            sent = dict(zip(targets, pool.map(send, targets), strict=True))
        made = {index: each for index, each in sent.items() if isinstance(each, Sent)}
        results.update((i, each) for i, each in sent.items() if not isinstance(each, Sent))
        after = self._occupants(folder, [each.target.name for each in made.values()])
        for index, each in made.items():
            results[index] = self._settled(each, after[each.target.name])

    def _send(self, source: Provider, item: Carry, target: Target) -> Sent | Result:
        with reading(source, item) as chunks:
            data = bytearray()
            for chunk in chunks:
                data += chunk
                if len(data) > SMALL:
                    rest = _joined(bytes(data), chunks)
                    return self._uploading.write(target, rest, verify=self._verify)
        file, given = self._uploading.send_small(target, bytes(data))
        return Sent(target, file, given)

    def _settled(self, sent: Sent, occupants: list[File]) -> Result:
        """Return what was made; what may not stay is taken back."""
        try:
            return self._uploading.settled(
                sent.target, sent.file, sent.given, verify=self._verify, others=occupants
            )
        except ProviderError as error:
            return error

    def _occupants(self, folder: str, names: Sequence[str]) -> dict[str, list[File]]:
        found: dict[str, list[File]] = {}
        for group in _grouped(names):
            found.update(self._places.occupants_of(folder, group))
        return found


def _grouped(names: Sequence[str]) -> Iterator[list[str]]:
    """Yield names in groups that one query can hold."""
    group: list[str] = []
    length = 0
    for name in names:
        size = 3 * len(quoted(name).encode())  # as it is written in an address, at the worst
        if group and length + size > _QUERY:
            yield group
            group, length = [], 0
        group.append(name)
        length += size
    if group:
        yield group


def _joined(start: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield start
    yield from rest
