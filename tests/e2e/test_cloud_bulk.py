"""Much at once and large things, through the deployed system."""

import random

import pytest

from tests.aws.deployed import Cloud
from tests.e2e.clouds import in_step

pytestmark = pytest.mark.slow

MANY = 2000
LARGE = 200 << 20


def test_a_burst_and_a_large_file(deployed: Cloud) -> None:
    """Two thousand new files and one of 200 MB arrive, each as it is."""
    files = {f"many/{n % 20}/{n}.txt": f"file {n}".encode() for n in range(MANY)}
    large = random.Random(1).randbytes(LARGE)
    with in_step(deployed) as pair:
        for path, data in files.items():
            pair.people("drive").write(path, data)
        pair.people("dropbox").write("large.bin", large)
        tree = pair.await_all(
            lambda tree: files.keys() <= tree.keys() and "large.bin" in tree, "a burst"
        )
        assert {path: tree[path] for path in files} == files
        assert tree["large.bin"] == large
