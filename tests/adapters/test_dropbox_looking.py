"""Looking at a Dropbox: listings, the feed and its order, case, the root, documents."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from syncoxiders.core import hashes
from syncoxiders.core.digests import DROPBOX, digests_of
from syncoxiders.core.model import ROOT_ENTRY, Ref
from syncoxiders.ports.accounts import Account
from syncoxiders.ports.errors import (
    CursorExpired,
    ProviderError,
    RootLost,
    Unreachable,
    Vanished,
)
from syncoxiders.ports.provider import Change, FolderDelta, Problem
from tests.adapters.dropbox_support import ROOT, Box, looked, served, shown, told
from tests.contracts.provider_harness import KnownTree, is_same
from tests.emulators.dropbox.tree import NAMESPACE
from tests.emulators.serving import Request, Response


@pytest.fixture
def box() -> Iterator[Box]:
    with served() as box:
        yield box


def patched(box: Box, **values: object) -> None:
    """Let every metadata of a folder or file that a look brings have these values as well."""
    genuine = box.emulator.storage.metadata

    def metadata(node: Any) -> dict[str, Any]:
        return genuine(node) | values

    box.emulator.storage.metadata = metadata  # type: ignore[method-assign]  # what is rare


class TestListing:
    def test_whole_tree_at_once(self, box: Box) -> None:
        """A look at everything costs by the page, not by the folder."""
        for number in range(30):
            box.people.write(f"{number}/inner/file", b"content")
        box.provider.root()
        with box.requests() as made:
            assert len(looked(box.provider)) == 90
        assert made == ["list_folder"]

    def test_pages(self, box: Box) -> None:
        """A listing goes on until its end."""
        box.emulator.listing.page_size = 7
        for number in range(30):
            box.people.write(f"folder {number % 4}/{number}", b"content")
        assert looked(box.provider).keys() == box.people.tree().keys()

    def test_changes_between_pages(self, box: Box) -> None:
        """What changes while a listing goes on is told by its later pages, and believed."""
        box.emulator.listing.page_size = 4
        for name in ("a", "b", "c", "d"):
            box.people.write(f"{name}/file", b"content")
            box.people.write(f"{name}/inner/deep", b"content")

        def meanwhile() -> None:
            box.people.remove("a")  # a folder that was listed goes, with what is in it
            box.people.remove("b/inner/deep")
            box.people.rename("c", "moved")
            box.people.remove("d")
            box.people.write("d", b"a file in a folder's place")
            box.people.write("e/inner/file", b"new")

        box.when("list_folder/continue", meanwhile)
        assert looked(box.provider).keys() == box.people.tree().keys()

    def test_file_in_a_folders_place_between_pages(self, box: Box) -> None:
        """A file replaces a folder that stood at its path, with everything in it."""
        box.emulator.listing.page_size = 3
        for name in ("a/file", "a/inner/file", "b/file"):
            box.people.write(name, b"content")
        box.people.add_paper("a/Notes.paper", b"")

        def meanwhile() -> None:
            box.people.remove("a")
            box.people.write("a", b"content")

        box.when("list_folder/continue", meanwhile)
        deltas = list(box.provider.rescan(KnownTree()))
        names = {entry.name for delta in deltas for entry in delta.changed}
        assert names == {"a", "b", "file"}
        assert [problem for delta in deltas for problem in delta.problems] == []

    def test_folder_made_anew_between_pages(self, box: Box) -> None:
        """What was in a folder that was deleted is not in the one that is made in its place."""
        box.emulator.listing.page_size = 2
        box.people.write("a/file", b"content")

        def delete() -> None:
            box.people.remove("a")
            for name in "xyz":
                box.people.write(name, b"content")

        box.when("list_folder/continue", delete)
        box.when("list_folder/continue", lambda: box.people.mkdir("a"), skip=2)
        assert looked(box.provider).keys() == {"a", "x", "y", "z"}

    def test_folder_is_told_again_between_pages(self, box: Box) -> None:
        """A folder that is told of again keeps what is in it."""
        box.emulator.listing.page_size = 2
        box.people.write("a/file", b"content")
        box.people.write("b", b"content")

        def note() -> None:
            with box.emulator.acting():
                box.emulator.tree._note("/Root/a")

        box.when("list_folder/continue", note)
        assert looked(box.provider).keys() == {"a", "a/file", "b"}

    def test_cursor_is_lost_between_pages(self, box: Box) -> None:
        """A listing whose cursor ends tells nothing: Unreachable, so that it is made again."""
        box.emulator.listing.page_size = 3
        for number in range(9):
            box.people.write(f"{number}", b"content")
        box.when("list_folder/continue", box.emulator.listing.reset)
        with pytest.raises(Unreachable):
            looked(box.provider)

    def test_case_of_folders_in_paths(self, box: Box) -> None:
        """Entries find their folders though Dropbox shows the folders' names in another case."""
        box.people.write("Folder/Inner/File", b"content")
        box.emulator.storage.odd_casing = True
        assert looked(box.provider).keys() == {"Folder", "Folder/Inner", "Folder/Inner/File"}
        assert box.entry("Folder/Inner/File").name == "File"
        assert is_same(
            box.provider.get(box.ref("Folder/Inner/File")), box.entry("Folder/Inner/File")
        )

    def test_shared_folder_may_be_withdrawn(self, box: Box) -> None:
        """A shared folder's mount point is somebody else's; what is in it goes with it."""
        box.people.write("shared/inner/file", b"content")
        box.people.write("own/file", b"content")
        box.people.share("shared")
        known = KnownTree()
        looked(box.provider, known)
        foreign = {path for path, entry in known.paths().items() if entry.foreign}
        assert foreign == {"shared"}

    @pytest.mark.parametrize("everything", [True, False])
    def test_folder_without_access(self, box: Box, everything: bool) -> None:
        """A folder that may not be read is a problem, and nothing known in it is missing."""
        box.people.mkdir("team")
        known = KnownTree()
        looked(box.provider, known)
        patched(box, sharing_info={"read_only": True, "no_access": True})
        deltas = list(box.provider.rescan(known, None if everything else [ROOT]))
        problem = Problem("team", "may not be read by this account", unreadable=True)
        assert deltas == [FolderDelta(ROOT_ENTRY, problems=(problem,))]

    def test_symbolic_link(self, box: Box) -> None:
        """A link that a desktop brought is left out, and that is said."""
        box.people.add_symlink("folder/link", "elsewhere")
        folder = box.ref("folder")
        (delta,) = box.provider.rescan(KnownTree(), [folder])
        assert delta.changed == ()
        assert delta.problems == (Problem("folder/link", "is a symbolic link", unreadable=False),)

    def test_empty_account(self) -> None:
        """A whole Dropbox, which has no folder of its own to be told of, is looked at likewise."""
        with served("") as box:
            assert looked(box.provider) == {}
            box.people.write("folder/file", b"content")
            assert looked(box.provider).keys() == {"folder", "folder/file"}
            assert box.provider.root() == box.emulator.account.id


class TestRoots:
    @pytest.mark.parametrize("root", ["/Root", "Root", "/root/", "/ROOT"])
    def test_how_it_is_written(self, box: Box, root: str) -> None:
        """The root's path may be in any case, with or without slashes around it."""
        box.people.write("folder/file", b"content")
        provider = box.open(root=root)
        assert provider.root() == box.provider.root()
        assert looked(provider) == looked(box.provider)
        cursor = provider.start_cursor()
        box.people.write("folder/new", b"new")
        assert shown(told(provider, cursor)) == ["folder/new"]

    def test_deep_root(self) -> None:
        """A root may be anywhere; paths are told below it."""
        with served("/A/b/C") as box:
            cursor = box.provider.start_cursor()
            box.people.write("folder/file", b"content")
            assert shown(told(box.provider, cursor)) == ["folder", "folder/file"]
            assert looked(box.provider).keys() == {"folder", "folder/file"}

    def test_file_in_its_place(self, box: Box) -> None:
        """A file is no root: RootLost."""
        box.people.write("file", b"content")
        with pytest.raises(RootLost):
            box.open(root="/Root/file").root()

    @pytest.mark.parametrize("how", ["deleted", "renamed", "exchanged"])
    def test_it_goes_under_a_provider(self, box: Box, how: str) -> None:
        """Once the root is not what it was nothing is told to be gone: RootLost from each look."""
        box.people.write("folder/file", b"content")
        file = box.ref("folder/file")
        cursor = box.provider.start_cursor()
        known = KnownTree()
        looked(box.provider, known)
        with box.emulator.acting():
            tree = box.emulator.tree
            root = tree.find("/Root")
            assert root is not None
            if how == "renamed":
                tree.move(root, "/Elsewhere")
            else:
                tree.delete(root)
            if how == "exchanged":
                tree.make_folder("/Root")
        with pytest.raises(RootLost):
            box.provider.get(file)
        with pytest.raises(RootLost):
            told(box.provider, cursor)
        with pytest.raises(RootLost):
            list(box.provider.rescan(known))
        if how != "exchanged":
            with pytest.raises(RootLost):
                box.provider.start_cursor()
            with pytest.raises(RootLost):
                box.provider.make_folder(ROOT, "new")
        if how == "deleted":
            with pytest.raises(RootLost):
                list(box.provider.rescan(known, [ROOT]))

    @pytest.mark.parametrize(("namespace", "found"), [(str(NAMESPACE), True), ("1", False)])
    def test_in_a_namespace(self, box: Box, namespace: str, found: bool) -> None:
        """Paths may begin in another namespace than the member's; one that is not there is lost."""
        mark = box.provider.root()
        settings = {**box.account.settings, "namespace": namespace}
        box.account = Account("d", "dropbox", settings=settings)
        provider = box.open()
        headers: list[str] = []
        inner = box.emulator.handle

        def handle(request: Request) -> Response:
            headers.append(request.headers.get("dropbox-api-path-root", ""))
            return inner(request)

        box.emulator.handle = handle  # type: ignore[method-assign]  # to see what is asked for
        if found:
            assert provider.root() == mark
        else:
            with pytest.raises(RootLost):
                provider.root()
        assert namespace in headers[0]

    def test_known_by_its_id(self, box: Box) -> None:
        """The root's mark is the folder's id, so that the folder is recognised."""
        mark = box.provider.root()
        assert mark.startswith("id:")
        box.people.exchange_root()
        assert box.provider.root() != mark


class TestFeed:
    def test_in_order(self, box: Box) -> None:
        """What happened is told in its order, so that the last word on a place is the true one."""
        box.people.write("a", b"A")
        cursor = box.provider.start_cursor()
        box.people.rename("a", "b")
        box.people.write("a", b"new")
        changes = told(box.provider, cursor)
        assert shown(changes) == ["b", "a"]
        assert changes[0].entry is not None
        assert changes[0].entry.id == box.entry("b").id

    def test_deletion_names_a_path(self, box: Box) -> None:
        """A deletion has a path and no id; of a folder it is told once."""
        box.people.write("folder/inner/file", b"content")
        box.people.write("file", b"content")
        cursor = box.provider.start_cursor()
        box.people.remove("folder")
        box.people.remove("file")
        changes = told(box.provider, cursor)
        assert changes == [Change(path="folder", lost=True), Change(path="file", lost=True)]

    def test_parents_are_left_to_the_path(self, box: Box) -> None:
        """An entry of the feed has no parent but a path, in which its own name is."""
        cursor = box.provider.start_cursor()
        box.people.write("Folder/File", b"content")
        box.emulator.storage.odd_casing = True
        changes = told(box.provider, cursor)
        assert [(each.entry.parent, each.entry.name) for each in changes if each.entry] == [
            ("", "Folder"),
            ("", "File"),
        ]
        assert shown(changes) == ["Folder", "folder/File"]
        assert box.provider.traits.case_insensitive, "whoever follows the path has to know"

    def test_the_root_itself_is_not_told(self, box: Box) -> None:
        """The root's own event is none of its content's."""
        cursor = box.provider.start_cursor()
        with box.emulator.acting():
            root = box.emulator.tree.find("/Root")
            assert root is not None
            box.people.share("")
        assert told(box.provider, cursor) == []

    @pytest.mark.parametrize("first", [True, False])
    def test_move_in_either_order(self, box: Box, first: bool) -> None:
        """A moved file is told of at its new place with its id, and its old place is empty."""
        box.emulator.tree.moves_add_first = first
        box.people.write("a/file", b"content")
        box.people.mkdir("b")
        before = box.entry("a/file")
        cursor = box.provider.start_cursor()
        box.people.rename("a/file", "b/moved")
        changes = told(box.provider, cursor)
        assert sorted(shown(changes)) == ["-a/file", "b/moved"]
        (entry,) = (each.entry for each in changes if each.entry)
        assert (entry.id, entry.version) == (before.id, before.version)

    def test_out_and_in(self, box: Box) -> None:
        """What leaves the root is gone from it; what comes into it is there with its content."""
        box.people.write("out/file", b"content")
        ref = box.ref("out/file")
        cursor = box.provider.start_cursor()
        box.people.move_out("out", "/Elsewhere")
        assert box.provider.get(ref) is None
        assert shown(told(box.provider, cursor)) == ["-out"]
        cursor = box.provider.start_cursor()
        box.people.move_in("/Elsewhere", "in")
        assert shown(told(box.provider, cursor)) == ["in", "in/file"]
        assert box.entry("in/file").id == ref.id

    def test_outside_is_silent(self, box: Box) -> None:
        """What happens beside the root is not told."""
        cursor = box.provider.start_cursor()
        with box.emulator.acting():
            box.emulator.tree.write("/Rooted/file", b"content")
            box.emulator.tree.write("/file", b"content")
        assert told(box.provider, cursor) == []

    def test_access_that_is_lost(self, box: Box) -> None:
        """A folder that may not be read any more is told as lost, not as gone."""
        box.people.mkdir("team")
        folder = box.ref("team")
        cursor = box.provider.start_cursor()
        box.people.share("team")
        patched(box, sharing_info={"read_only": True, "no_access": True})
        assert told(box.provider, cursor)[-1] == Change(id=folder.id, lost=True)

    def test_restored(self, box: Box) -> None:
        """A file that a person brings back from the deleted ones is told of."""
        box.people.write("file", b"content")
        box.people.remove("file")
        cursor = box.provider.start_cursor()
        box.people.restore("file")
        assert shown(told(box.provider, cursor)) == ["file"]

    def test_case_alone_is_seen_by_a_whole_look(self, box: Box) -> None:
        """Another case of a name is not told by the feed; a look at everything tells it."""
        box.people.write("folder/name", b"content")
        known = KnownTree()
        looked(box.provider, known)
        cursor = box.provider.start_cursor()
        box.people.rename("folder/name", "folder/NAME")
        box.people.rename("folder", "FOLDER")
        assert told(box.provider, cursor) == []
        deltas = list(box.provider.rescan(known))
        assert {entry.name for delta in deltas for entry in delta.changed} == {"NAME", "FOLDER"}

    def test_reset(self, box: Box) -> None:
        """A cursor that Dropbox gave up raises CursorExpired; a new one goes on."""
        cursor = box.provider.start_cursor()
        box.emulator.listing.reset()
        with pytest.raises(CursorExpired):
            box.provider.changes(cursor)
        assert told(box.provider, box.provider.start_cursor()) == []

    def test_pages(self, box: Box) -> None:
        """A page says whether there is more; the cursor is the next page's."""
        box.emulator.listing.page_size = 2
        cursor = box.provider.start_cursor()
        for name in "abcde":
            box.people.write(name, b"content")
        first = box.provider.changes(cursor)
        assert (shown(list(first.changes)), first.more) == (["a", "b"], True)
        assert shown(told(box.provider, first.cursor)) == ["c", "d", "e"]


class TestPointReads:
    def test_folder_moves_while_it_is_asked_for(self, box: Box) -> None:
        """An entry whose folder moves between two questions is found, not taken for gone."""
        box.people.write("folder/file", b"content")
        ref = box.ref("folder/file")
        box.provider.root()
        box.when("get_metadata", lambda: box.people.rename("folder", "moved"), skip=1)
        found = box.provider.get(ref)
        assert found is not None
        assert found.parent == box.entry("moved").id

    def test_folder_that_never_rests(self, box: Box) -> None:
        """An entry that escapes every question is Unreachable, not gone."""
        box.people.write("folder/file", b"content")
        ref = box.ref("folder/file")
        box.provider.root()
        genuine = box.provider._places._metadata

        def never(where: str, about: str, **options: Any) -> Any:
            return None if where.startswith("/") else genuine(where, about, **options)

        box.provider._places._metadata = never  # type: ignore[method-assign]  # a bad day
        with pytest.raises(Unreachable):
            box.provider.get(ref)

    def test_hash_without_reading(self, box: Box) -> None:
        """Dropbox's own hash is told without reading a byte, any other is computed."""
        data = bytes(range(256)) * 20_000
        box.people.write("file", data)
        entry = box.entry("file")
        ref = Ref(entry.id, "file")
        with box.requests() as made:
            own = box.provider.hash(ref, entry.version, (DROPBOX,))
        assert made == ["get_metadata"]
        assert (
            own
            == entry.hashes
            == hashes.encode({DROPBOX: digests_of([data], [DROPBOX]).of(DROPBOX)})
        )
        with box.requests() as made:
            box.provider.hash(ref, entry.version)
        assert made == ["download", "get_metadata"]

    def test_content_hash_may_be_lacking(self, box: Box) -> None:
        """Where metadata have no hash the revision is the version, and the bytes are read."""
        box.people.write("file", b"content")
        genuine = box.emulator.storage.past

        def past(revision: Any) -> dict[str, Any]:
            return {k: v for k, v in genuine(revision).items() if k != "content_hash"}

        box.emulator.storage.past = past  # type: ignore[method-assign]  # it is declared optional
        entry = box.entry("file")
        assert entry.hashes == ""
        told = box.provider.hash(Ref(entry.id, "file"), entry.version, (DROPBOX,))
        assert hashes.equal(told, digests_of([b"content"], [DROPBOX]).text())
        box.people.write("file", b"CONTENT", mtime_ns=entry.mtime_ns)
        assert box.entry("file").version != entry.version

    @pytest.mark.parametrize("name", ["", "a/b", "x" * 256, "\udcff", ".", "..", "a\\b"], ids=ascii)
    def test_what_is_no_name_stands_nowhere(self, box: Box, name: str) -> None:
        """Nothing stands under what is no name; nothing else is taken for that."""
        box.people.write("a/b", b"content")
        assert box.provider.at(ROOT, name) is None

    @pytest.mark.parametrize("status", [400, 403])
    def test_no_is_not_nothing(self, box: Box, status: int) -> None:
        """A request that Dropbox does not take says nothing of what stands there."""
        box.people.write("file", b"content")
        ref = box.ref("file")
        body = {"error_summary": "..", "error": {".tag": "paper_access_denied"}}
        acts: list[Callable[[], object]] = [
            lambda: box.provider.get(ref),
            lambda: box.provider.at(ROOT, "file"),
        ]
        for act in acts:
            box.emulator.faults.add(
                "status",
                path="get_metadata",
                status=status,
                body=b"This app is disabled." if status == 400 else body,
                headers={} if status == 400 else {"Content-Type": "application/json"},
            )
            with pytest.raises(ProviderError) as caught:
                act()
            assert not isinstance(caught.value, Vanished)
