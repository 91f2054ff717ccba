"""Reading what is carried from another provider, for connectors that take many small files."""

from collections.abc import Iterator
from contextlib import contextmanager

from syncoxiders.ports.errors import ProviderError
from syncoxiders.ports.provider import Carry, Provider


@contextmanager
def reading(source: Provider, item: Carry) -> Iterator[Iterator[bytes]]:
    """Yield an item's bytes; whatever the source says is marked as its failure."""
    try:
        reader = source.read(item.source, item.version)
    except ProviderError as error:
        error.reading = True
        raise

    def chunks() -> Iterator[bytes]:
        try:
            for chunk in reader.chunks():
                yield bytes(chunk)
        except ProviderError as error:
            error.reading = True
            raise

    try:
        yield chunks()
    finally:
        reader.close()
