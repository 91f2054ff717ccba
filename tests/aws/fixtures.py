"""The fixture of all tests that need AWS; ``tests/conftest.py`` makes it known to them."""

from collections.abc import Iterator

import pytest

from tests.aws.ministack import Ministack


@pytest.fixture(scope="session")
def ministack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ministack]:
    """Each worker has one of its own: it starts in half a second, and nobody waits for another."""
    with Ministack(tmp_path_factory.mktemp("ministack")) as running:
        yield running
