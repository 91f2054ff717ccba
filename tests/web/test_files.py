"""The view over all files, and statistics, over the API."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from syncoxiders.adapters.index.store import ObjectIndex
from syncoxiders.adapters.items.indexed import ItemsSource
from syncoxiders.adapters.memory.objects import MemoryObjects
from syncoxiders.cloud.web import pages
from syncoxiders.cloud.web.routes.files import files
from syncoxiders.engine.indexing import COMPARED, Indexing, tend
from syncoxiders.engine.pipeline.removing import forget_sync
from syncoxiders.ports.accounts import Account
from tests.web.office import Office

FOREVER = 1e12
BEGINNING = (0, 0, "", "", "", "", 0)
BEYOND = (1 << 63, *BEGINNING[1:])


class Library(Office):
    """An office with an index, which is seen to when told."""

    def __init__(self, folder: Path) -> None:
        super().__init__((files,))
        world = self.world
        self.objects = MemoryObjects(world.clock)
        self.index = ObjectIndex(self.objects, world.clock.now, folder=folder)
        world.pipeline = replace(world.pipeline, index=lambda: self.index)
        vars(self.api.stage.app).update(index=self.index, pipeline=world.pipeline)
        self.indexing = Indexing(
            self.index,
            ItemsSource(world.tree),
            world.pipeline.states,
            world.registry,
            world.pipeline.leases,
            world.clock,
        )
        world.put()
        for path in ("Holiday/IMG_1.jpg", "Holiday/IMG_2.jpg", "Work/Plan.pdf"):
            world.a.write(path, path.encode() * 10)
        world.a.write("Copy of plan.pdf", b"Work/Plan.pdf" * 10)
        world.look()

    def tend(self) -> None:
        self.world.clock.advance(COMPARED + 1.0)
        tend(self.indexing, FOREVER)

    def paths(self, query: str = "", **more: Any) -> list[str]:
        found = self.get("/files", query=query, **more)["items"]
        return [f"{each['account']}:{each['path']}" for each in found]


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path)


def test_pending(library: Library) -> None:
    """Until there is an index of a sync it is named, and nothing is read from its tables."""
    assert library.get("/files", query="q=plan") == {
        "items": [],
        "next": None,
        "as_of": None,
        "pending": ["photos"],
    }
    assert library.get("/files/in", query="sync=photos&endpoint=a")["pending"] == ["photos"]
    assert library.get("/statistics")["pending"] == ["photos"]


def test_search(library: Library) -> None:
    """Files are found wherever they are, once for each place."""
    library.tend()
    found = library.get("/files", query="q=PLAN&account=a")
    assert found["pending"] == []
    assert found["as_of"]
    first = found["items"][0]
    assert first["modified_at"].endswith("Z")
    del first["modified_at"]
    assert first == {
        "name": "Plan.pdf",
        "path": "Work/Plan.pdf",
        "account": "a",
        "kind": "memory",
        "sync": "photos",
        "endpoint": "a",
        "type": "document",
        "size": 130,
    }
    assert library.paths("q=plan") == [
        "a:Work/Plan.pdf",
        "b:Work/Plan.pdf",
        "a:Copy%20of%20plan.pdf".replace("%20", " "),
        "b:Copy of plan.pdf",
    ]


@pytest.mark.parametrize(
    ("query", "paths"),
    [
        ("type=image&sort=name", ["Holiday/IMG_1.jpg", "Holiday/IMG_2.jpg"]),
        ("type=folder&sort=name", ["Holiday", "Work"]),
        ("q=holi", ["Holiday"]),
        ("min_size=160&sort=name", ["Holiday/IMG_1.jpg", "Holiday/IMG_2.jpg"]),
        ("max_size=130&type=document&q=work", []),
        ("max_size=130&sort=name", ["Copy of plan.pdf", "Work/Plan.pdf"]),
        ("q=img%20jpg&sort=size&endpoint=a", ["Holiday/IMG_1.jpg", "Holiday/IMG_2.jpg"]),
        ("after=2200-01-01", []),
        ("before=1980-01-01T00:00:00Z", []),
        ("q=plan&after=1980-01-01&sort=name", ["Copy of plan.pdf", "Work/Plan.pdf"]),
    ],
)
def test_filters(library: Library, query: str, paths: list[str]) -> None:
    """What is found fits all that is asked for."""
    library.tend()
    assert library.paths(f"{query}&account=a") == [f"a:{path}" for path in paths]


def test_pages(library: Library) -> None:
    """Pages follow each other without a gap or a repetition, over all accounts."""
    library.tend()
    whole = library.paths("sort=modified")
    paths: list[str] = []
    cursor = ""
    while True:
        page = library.get("/files", query=f"sort=modified&limit=3&cursor={cursor}")
        paths += [f"{each['account']}:{each['path']}" for each in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert paths == whole
    assert len(whole) == 12


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("cursor=nonsense", "query.cursor"),
        (f"cursor={pages.cursor('files-relevance', BEYOND)}", "query.cursor"),
        (f"cursor={pages.cursor('files-name', BEGINNING)}", "query.cursor"),
        ("type=poem", "query.type"),
        ("sort=beauty", "query.sort"),
        ("min_size=-1", "query.min_size"),
        ("after=soon", "query.after"),
        ("limit=0", "query.limit"),
        (f"q={'x' * 201}", "query.q"),
    ],
)
def test_wrong(library: Library, query: str, field: str) -> None:
    """What is wrong with a search is said by its field."""
    answer = library.ask("GET", "/files", query=query)
    assert (answer.status, list(answer.json["fields"])) == (422, [field])


def test_unknown(library: Library) -> None:
    """What is not there, or another's, is not found."""
    for path, query, who in (
        ("/files", "sync=nothing", "me"),
        ("/files", "account=nobody", "me"),
        ("/files", "sync=photos", "you"),
        ("/files/in", "sync=photos&endpoint=a", "you"),
        ("/files/in", "sync=photos&endpoint=z", "me"),
    ):
        assert library.ask("GET", path, query=query, who=who).status == 404
    library.tend()
    answer = library.ask("GET", "/files/in", query="sync=photos&endpoint=a&path=No")
    assert (answer.status, answer.json["code"]) == (404, "no-such-folder")
    assert library.get("/files", who="you")["items"] == []
    assert library.get("/statistics", who="you")["by_account"] == []


def test_folders(library: Library) -> None:
    """A folder is walked through page by page: folders first, with how much is in them."""
    library.tend()
    page = library.get("/files/in", query="sync=photos&endpoint=b&limit=2")
    assert [(each["name"], each["type"], each["size"]) for each in page["items"]] == [
        ("Holiday", "folder", 340),
        ("Work", "folder", 130),
    ]
    rest = library.get("/files/in", query=f"sync=photos&endpoint=b&cursor={page['next']}")
    assert [each["path"] for each in rest["items"]] == ["Copy of plan.pdf"]
    inside = library.get("/files/in", query="sync=photos&endpoint=b&path=Holiday/")
    assert [each["path"] for each in inside["items"]] == ["Holiday/IMG_1.jpg", "Holiday/IMG_2.jpg"]


def test_statistics(library: Library) -> None:
    """Figures tell of files, not of folders; what is kept in step is no duplicate of itself."""
    library.tend()
    told = library.get("/statistics")
    assert told["by_account"] == [
        {"key": name, "account": name, "files": 4, "bytes": 600} for name in "ab"
    ]
    assert {(each["key"], each["account"], each["files"]) for each in told["by_type"]} == {
        ("image", "a", 2),
        ("image", "b", 2),
        ("document", "a", 2),
        ("document", "b", 2),
    }
    assert [each["path"] for each in told["largest"][:2]] == ["Holiday/IMG_1.jpg"] * 1 + [
        "Holiday/IMG_2.jpg"
    ]
    (duplicate,) = told["duplicates"]
    assert (duplicate["size"], duplicate["wasted"]) == (130, 260)
    assert sorted(f"{each['account']}:{each['path']}" for each in duplicate["files"]) == [
        "a:Copy of plan.pdf",
        "a:Work/Plan.pdf",
        "b:Copy of plan.pdf",
        "b:Work/Plan.pdf",
    ]
    (day,) = told["days"]
    assert day["counts"]["create"] == 4
    assert told["pending"] == []


def test_days_are_counted_once(library: Library) -> None:
    """However often runs are looked through, what they did counts once, and for thirty days."""
    library.tend()
    before = library.get("/statistics")["days"]
    library.tend()
    assert library.get("/statistics")["days"] == before
    library.world.clock.advance(31 * 86_400.0)
    library.tend()
    assert library.get("/statistics")["days"] == []


def test_removed(library: Library) -> None:
    """With a sync goes what it is searched by."""
    library.tend()
    assert library.objects.names("")
    forget_sync(library.world.pipeline, "me", library.world.settings)
    assert library.objects.names("") == []
    assert library.get("/files")["items"] == []


def test_accounts_of_no_kind(library: Library) -> None:
    """An account that was forgotten meanwhile still has its name."""
    library.tend()
    library.world.registry.remove_account("me", "b")
    library.world.registry.put_account("me", Account("c", "memory"))
    assert {each["kind"] for each in library.get("/files")["items"]} == {"memory", ""}


def test_no_index(library: Library) -> None:
    """Where a deployment has no index, that is said."""
    vars(library.api.stage.app)["index"] = None
    answer = library.ask("GET", "/statistics")
    assert (answer.status, answer.json["code"]) == (404, "no-index")
