"""How many requests a run makes of a cloud: in proportion to what changed, not to the tree."""

import re
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from syncoxiders.adapters import vault
from syncoxiders.engine import pacing
from tests.cli.conftest import Shell
from tests.cli.test_clouds import local
from tests.emulators.clouds import CONNECTED, Cloud, connected

SMALL, LARGE, MANY = 20, 300, 1000
"""So many files trees have."""

ID = re.compile(r"(?<=/files/)[\w-]{20,}|(?<=/items/)[\w!]+|(?<=token=)\w+|(?<=/_\w{8}/)\S+")
LISTS = re.compile(r"POST /2/files/list_folder|GET .*/children|GET /bucket\?")
MOVES = ("PATCH /drive/v3/files/", "POST /2/files/move_v2", "PATCH /v1.0/")


class Tree:
    """A tree of files in folders, in step with a cloud since long."""

    def __init__(self, shell: Shell, cloud: Cloud) -> None:
        self.shell = shell
        self.cloud = cloud
        self.left = shell.left
        self.people = cloud.people

    def grow(self, count: int, folders: int = 10) -> None:
        """Let there be so many files on both sides, of which none has to be carried."""
        files = {
            f"folder{number % folders}/file{number}": f"content {number}".encode()
            for number in range(count)
        }
        there = self.cloud.tree()
        files = {path: data for path, data in files.items() if path not in there}
        if self.cloud.kind.kind == "s3":
            self.people.fill(files)
        else:
            for path, data in files.items():
                self.people.write(path, data)
        for path, data in files.items():
            self.shell.write(f"left/{path}", data.decode())
        self.requests()
        self.requests()
        assert self.cloud.uploads() == 0

    def requests(self) -> Counter[str]:
        """Run, and return how many requests of each kind were made; both sides are equal then."""
        if self.cloud.kind.kind == "s3":
            self.people.age()
        self.cloud.emulator.calls.clear()
        said = self.shell("sync", "left", self.cloud.place)
        assert said.code == 0, said
        made = Counter(ID.sub("ID", call) for call in self.cloud.emulator.calls)
        assert local(self.left) == self.cloud.tree()
        return made


@pytest.fixture(params=[*CONNECTED, "s3"])
def tree(
    request: pytest.FixtureRequest, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Tree]:
    monkeypatch.setenv(vault.CHOICE, "file")
    monkeypatch.setattr(pacing, "FIRST_PAUSE", 0.01)
    with connected(request.param) as cloud:
        yield Tree(shell, cloud)


CHANGES: dict[str, Callable[[Tree, int], object]] = {
    "nothing": lambda *_: None,
    "an edit in the cloud": lambda tree, run: tree.people.write(
        "folder3/file3", b"edited in run %d" % run
    ),
    "a new file in the cloud": lambda tree, run: tree.people.write(f"folder3/{run}", b"new"),
    "a renamed file in the cloud": lambda tree, run: tree.people.rename(
        f"folder4/file{4 + run}", f"folder4/renamed {run}"
    ),
    "a deletion in the cloud": lambda tree, run: tree.people.remove(f"folder5/file{5 + run}"),
    "an edit here": lambda tree, run: tree.shell.edit("left/folder6/file6", f"edit {run}", 60),
    "a new file here": lambda tree, run: tree.shell.write(f"left/folder6/{run}", "new"),
    "a deletion here": lambda tree, run: (tree.left / f"folder8/file{8 + run}").unlink(),
}


def test_one_change(tree: Tree) -> None:
    """One change takes the same few requests in a small tree and in a large one, no listing.

    Storage without a feed is listed, a thousand files with each request.
    """
    made: list[dict[str, Counter[str]]] = []
    for run, count in ((0, SMALL), (10, LARGE)):
        tree.grow(count)
        of_run = {}
        for name, change in CHANGES.items():
            change(tree, run)
            of_run[name] = tree.requests()
        made.append(of_run)
    feeds = tree.cloud.kind.kind != "s3"
    for name in CHANGES:
        small, large = made[0][name], made[1][name]
        assert small.total() == large.total() <= 10, (name, small, large)
        lists = [call for call in large if LISTS.match(call) and "/continue" not in call]
        assert not (feeds and lists), (name, large)


def test_a_folder_is_renamed(tree: Tree) -> None:
    """A folder with a thousand files is renamed by one request where there are ids."""
    if tree.cloud.kind.kind == "s3":
        pytest.skip("S3 has neither folders nor ids")
    tree.grow(MANY, folders=1)
    (tree.left / "folder0").rename(tree.left / "renamed here")
    here = tree.requests()
    assert here.total() <= 10, here
    assert sum(count for call, count in here.items() if call.startswith(MOVES)) == 1, here
    tree.people.rename("renamed here", "renamed there")
    there = tree.requests()
    assert there.total() <= 6, there
    assert not any(call.startswith(MOVES) for call in there), there
    assert tree.cloud.uploads() == 0
