"""Which histories there are: of what kind of storage, or of what else people and providers do."""

from tests.simulation.cloud import CloudHistory
from tests.simulation.history import History
from tests.simulation.ignoring import IgnoringCloudHistory, IgnoringHistory
from tests.simulation.quirky import KINDS, QuirkyHistory
from tests.simulation.rooted import RootedCloudHistory, RootedHistory
from tests.simulation.uploading import UploadingCloudHistory, UploadingHistory

ON_ONE_MACHINE: dict[str, type[QuirkyHistory]] = {
    "ignore-files": IgnoringHistory,
    "roots": RootedHistory,
    "uploads": UploadingHistory,
}
"""Histories on one machine in which something happens that does not in others, by their kind."""

IN_THE_CLOUD: dict[str, type[CloudHistory]] = {
    "ignore-files": IgnoringCloudHistory,
    "roots": RootedCloudHistory,
    "uploads": UploadingCloudHistory,
}
"""The same of the deployed system."""

ALL = ["plain", *KINDS, *dict.fromkeys([*ON_ONE_MACHINE, *IN_THE_CLOUD])]


def there_are(kind: str, *, cloud: bool) -> bool:
    """Say whether there are histories of a kind, on one machine or of the deployed system."""
    return kind in {"plain", *KINDS, *(IN_THE_CLOUD if cloud else ON_ONE_MACHINE)}


def history(seed: int, kind: str, *, cloud: bool) -> History:
    """Return the history of a seed, of a kind that there is."""
    if cloud:
        return IN_THE_CLOUD.get(kind, CloudHistory)(seed, kind=kind)
    if kind == "plain":
        return History(seed)
    return ON_ONE_MACHINE.get(kind, QuirkyHistory)(seed, kind=kind)
