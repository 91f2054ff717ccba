"""The hands of people on the OneDrive emulator are those that the contract suite expects."""

import inspect
from collections.abc import Iterator

import pytest

from tests.contracts.provider_harness import Harness
from tests.emulators import onedrive
from tests.emulators.onedrive import OneDrive
from tests.emulators.onedrive.client import Client, serving
from tests.emulators.onedrive.people import People


@pytest.fixture(params=["Root", "in/two/levels", ""])
def emulator(request: pytest.FixtureRequest) -> OneDrive:
    return onedrive.create("personal", root=request.param)


@pytest.fixture
def people(emulator: OneDrive) -> People:
    return emulator.people


@pytest.fixture
def c(emulator: OneDrive) -> Iterator[Client]:
    with serving(emulator) as client:
        yield client


def test_has_what_the_suite_expects(people: People) -> None:
    """Every method of the contract suite's harness is there, with its parameters, but for open."""
    for name, method in vars(Harness).items():
        if inspect.isfunction(method) and not name.startswith("_") and name != "open":
            ours = inspect.signature(getattr(People, name))
            assert list(ours.parameters) == list(inspect.signature(method).parameters), name
    assert people.mtime_step_ns == 1_000_000_000


def test_tree(people: People) -> None:
    """Files and folders are shown by path, below the root folder."""
    people.write("folder/file", b"data")
    people.mkdir("empty")
    people.add_notebook("Notes")
    assert people.tree() == {"folder": None, "folder/file": b"data", "empty": None}


def test_write_keeps_and_replace_changes_the_id(people: People) -> None:
    """Writing in place keeps the id, replacing gives another; times are kept to the second."""
    people.write("file", b"1", mtime_ns=1_600_000_000_999_999_999)
    before = people.entry("file")
    assert before.fs_modified == 1_600_000_000
    people.write("file", b"2")
    assert people.entry("file").id == before.id
    people.replace("file", b"3", mtime_ns=1_500_000_000_000_000_000)
    assert people.entry("file").id != before.id
    assert people.entry("file").fs_modified == 1_500_000_000


def test_removed_for_good(people: People) -> None:
    """What is removed is not in the recycle bin; what is not there is not missed."""
    people.write("folder/file", b"data")
    people.remove("folder")
    people.remove("folder")
    assert (people.tree(), people.kept()) == ({}, [])


def test_kept(people: People) -> None:
    """The recycle bin and past versions are kept apart from what stands."""
    people.write("file", b"1")
    people.write("file", b"2")
    people.write("other", b"3")
    people.delete("other")
    assert sorted(people.kept()) == [b"1", b"3"]


def test_touch(people: People) -> None:
    """Another time alone leaves content and versions."""
    people.write("file", b"1")
    contents = people.entry("file").contents
    people.touch("file", 1_600_000_000_000_000_000)
    assert people.entry("file").fs_modified == 1_600_000_000
    assert people.entry("file").contents == contents
    assert people.kept() == []


def test_what_there_is_not(people: People) -> None:
    """There are neither links nor unreadable files, and nothing was done."""
    assert not people.link("link", "target")
    assert not people.deny("file")
    assert people.tree() == {}
    with pytest.raises(KeyError):
        people.entry("nothing")


@pytest.mark.parametrize("root", ["Root", "in/two/levels"])
def test_root_lost_and_exchanged(root: str) -> None:
    """The root folder can be lost, to the recycle bin, or be another one."""
    emulator = onedrive.create("business", root=root)
    people = emulator.people
    people.write("file", b"data")
    first = people.root_id()
    assert people.exchange_root()
    second = people.root_id()
    assert second != first
    assert people.tree() == {}
    assert people.kept() == [b"data"]
    assert people.lose_root()
    with serving(emulator) as c:
        for each in (first, second):
            c.refused("GET", f"/items/{each}", 404, "itemNotFound")


def test_a_drives_own_root_stays() -> None:
    """The root of a drive can be neither lost nor exchanged."""
    people = onedrive.create(root="").people
    assert not people.lose_root()
    assert not people.exchange_root()


def test_show_to_clients(c: Client, people: People) -> None:
    """What people do is what clients see, at once."""
    people.write("folder/file", b"data")
    item = people.entry("folder/file").id
    assert c.get(f"/items/{item}")["size"] == 4
    people.rename("folder/file", "there/other")
    assert c.get(f"/items/{item}")["name"] == "other"
    people.catch_up()
