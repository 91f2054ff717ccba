"""The memory provider passes the contract whatever its quirks, and its own rules."""

import pytest

from syncoxiders.adapters.memory.provider import MemoryProvider
from syncoxiders.adapters.memory.provider_cloud import MemoryCloudProvider
from syncoxiders.adapters.memory.quirks import FeedQuirks, Quirks
from syncoxiders.core.model import Traits
from syncoxiders.ports.provider import Provider
from tests.contracts.provider_contract import *  # noqa: F403 -- the suite is its names

PLAIN = Traits(keeps_executable=True, keeps_links=True, sets_meta=True, accepts_any_bytes=True)
WINDOWS = Traits(
    case_insensitive=True,
    normalizing=True,
    forbidden='\\:*?"<>|' + "".join(map(chr, range(32))),
    reserved=("CON", "NUL", "AUX"),
    trims=True,
    bmp_only=True,
    max_name=200,
)

CONFIGURATIONS: dict[str, Quirks] = {
    "plain": Quirks(traits=PLAIN),
    "paths for ids": Quirks(
        traits=Traits(stable_ids=False, keeps_mtime=False, keeps_links=True), listed_hash="md5"
    ),
    "case and form insensitive": Quirks(traits=WINDOWS, mtime_step_ns=1_000_000_000),
    "decomposing": Quirks(
        traits=Traits(case_insensitive=True, normalizing=True), stored_form="NFD", listed_hash=""
    ),
    "new id at each replacement": Quirks(replace_keeps_id=False, listed_hash=""),
    "without preconditions": Quirks(preconditions=False, duplicates=True),
    "telling twins apart": Quirks(twins=True),
    "without trash": Quirks(traits=Traits(keeps_replaced=False, sets_meta=True)),
    "late": Quirks(lag=50),
    "cloud": Quirks(feed=FeedQuirks(page_size=7, repeats=3)),
}


class MemoryHarness:
    """People's hands on a memory provider's storage."""

    touching_is_a_change = True

    def __init__(self, quirks: Quirks, *, cloud: bool) -> None:
        self.memory = (MemoryCloudProvider if cloud else MemoryProvider)(quirks)
        self.mtime_step_ns = quirks.mtime_step_ns

    def open(self) -> Provider:
        return self.memory

    def write(
        self, path: str, data: bytes, *, mtime_ns: int | None = None, executable: bool | None = None
    ) -> None:
        self.memory.write(path, data, mtime_ns=mtime_ns, executable=executable)

    def replace(self, path: str, data: bytes, *, mtime_ns: int | None = None) -> None:
        self.memory.replace(path, data, mtime_ns=mtime_ns)

    def remove(self, path: str) -> None:
        self.memory.remove(path)

    def rename(self, path: str, to: str) -> None:
        self.memory.rename(path, to)

    def mkdir(self, path: str) -> None:
        self.memory.mkdir(path)

    def link(self, path: str, target: str) -> bool:
        self.memory.link(path, target)
        return True

    def deny(self, path: str) -> bool:
        self.memory.deny(path)
        return True

    def lose_root(self) -> bool:
        self.memory.lose_root()
        return True

    def exchange_root(self) -> bool:
        self.memory.exchange_root()
        return True

    def tree(self) -> dict[str, bytes | None]:
        return self.memory.tree()

    def kept(self) -> list[bytes]:
        return self.memory.trash() + self.memory.versions()

    def catch_up(self) -> None:
        self.memory.catch_up()


@pytest.fixture(params=CONFIGURATIONS)
def harness(request: pytest.FixtureRequest) -> MemoryHarness:
    return MemoryHarness(CONFIGURATIONS[request.param], cloud=request.param == "cloud")
