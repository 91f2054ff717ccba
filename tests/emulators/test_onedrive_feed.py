"""The OneDrive emulator's change feed is the one of Microsoft's documentation."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.emulators import onedrive
from tests.emulators.onedrive import facets
from tests.emulators.onedrive.client import JSON, Client, serving


@pytest.fixture(params=["personal", "business"])
def c(request: pytest.FixtureRequest) -> Iterator[Client]:
    with serving(onedrive.create(request.param)) as client:
        yield client


@pytest.fixture
def personal() -> Iterator[Client]:
    with serving(onedrive.create("personal")) as client:
        yield client


@pytest.fixture
def business() -> Iterator[Client]:
    with serving(onedrive.create("business")) as client:
        yield client


def names(items: list[JSON]) -> list[str]:
    return [each["name"] for each in items]


def latest(c: Client, path: str = "/root/delta") -> str:
    link: str = c.get(f"{path}?token=latest")["@odata.deltaLink"]
    return link


def test_enumeration_then_changes(c: Client) -> None:
    """Without a token everything is told, folders first; the link then brings what changed."""
    people = c.emulator.people
    people.write("a/b/file", b"data")
    items, link = c.round("/root/delta")
    assert names(items) == ["root", "Root", "a", "b", "file"]
    assert c.round(link)[0] == []
    people.write("a/b/file", b"other")
    items, link = c.round(link)
    assert names(items) == ["root", "Root", "a", "b", "file"]
    assert items[-1]["size"] == 5
    assert c.round(link)[0] == []


def test_latest(c: Client) -> None:
    """token=latest gives no items, and a link to what changes from now on."""
    people = c.emulator.people
    people.write("old", b"")
    page = c.get("/root/delta?token=latest")
    assert page["value"] == []
    people.write("new", b"")
    items, _ = c.round(page["@odata.deltaLink"])
    assert names(items) == ["root", "Root", "new"]


def test_token_in_both_forms(c: Client) -> None:
    """A token may be given in the query, or as the function's argument."""
    link = latest(c)
    c.emulator.people.write("new", b"")
    (token,) = parse_qs(urlsplit(link).query)["token"]
    assert "new" in names(c.get("/root/delta", params={"token": token})["value"])
    assert "new" in names(c.get(f"/root/delta(token='{token}')")["value"])
    c.refused("GET", "/root/delta?token=nonsense", 400, "invalidRequest")


def test_a_link_can_be_read_again(c: Client) -> None:
    """An answer that was lost is not lost: the same link tells the same, and more."""
    link = latest(c)
    c.emulator.people.write("one", b"")
    assert names(c.round(link)[0]) == ["root", "Root", "one"]
    c.emulator.people.write("two", b"")
    assert names(c.round(link)[0]) == ["root", "Root", "one", "two"]


def test_latest_state_only(c: Client) -> None:
    """Several changes of an item are told once, as it is by now."""
    people = c.emulator.people
    link = latest(c)
    people.write("file", b"1")
    people.write("file", b"22")
    people.rename("file", "renamed")
    items, _ = c.round(link)
    assert [(each["name"], each["size"]) for each in items if "file" in each] == [("renamed", 2)]


def test_no_path(c: Client) -> None:
    """A parent is told by id and drive, without a path."""
    c.emulator.people.write("folder/file", b"")
    items, _ = c.round("/root/delta")
    for each in items:
        assert "path" not in each["parentReference"]
        assert each["parentReference"]["driveId"] == c.emulator.drive.id
    assert items[-1]["parentReference"]["id"] == items[-2]["id"]


def test_a_folders_rename_omits_what_is_in_it(c: Client) -> None:
    """A folder that was renamed or moved is told alone, its content is not."""
    people = c.emulator.people
    people.write("folder/inner/file", b"")
    people.mkdir("there")
    link = latest(c)
    people.rename("folder", "there/renamed")
    assert names(c.round(link)[0]) == ["root", "Root", "there", "renamed"]


def test_parents_can_be_left_out(c: Client) -> None:
    """With deltaExcludeParent only what changed is told."""
    link = latest(c)
    c.emulator.people.write("folder/file", b"")
    page = c.get(link, headers={"deltaExcludeParent": "true"})
    assert names(page["value"]) == ["folder", "file"]


def test_pages(c: Client) -> None:
    """A round comes in pages as large as was asked for."""
    for number in range(5):
        c.emulator.people.write(str(number), b"")
    sizes = []
    link = "/root/delta?$top=3"
    while link:
        page = c.get(link)
        sizes.append(len(page["value"]))
        assert ("@odata.nextLink" in page) != ("@odata.deltaLink" in page)
        link = page.get("@odata.nextLink", "")
    assert sizes == [3, 3, 1]


def test_repeats_within_a_round(c: Client) -> None:
    """Items may come again on the next page."""
    c.emulator.quirks.repeats = 1
    for number in range(4):
        c.emulator.people.write(str(number), b"")
    items, _ = c.round("/root/delta?$top=3")
    assert names(items) == ["root", "Root", "0", "0", "1", "2", "2", "3"]


def test_the_last_occurrence_wins(c: Client) -> None:
    """What changes while pages are read is told again, as it is by then."""
    people = c.emulator.people
    for number in range(3):
        people.write(str(number), b"old")
    page = c.get("/root/delta?$top=3")
    assert names(page["value"]) == ["root", "Root", "0"]
    people.write("0", b"newer")
    people.delete("1")
    items, link = c.round(page["@odata.nextLink"])
    last = {each["id"]: each for each in (*page["value"], *items)}
    found = {each.get("name", "?"): each for each in last.values() if "file" in each}
    assert found["0"]["size"] == 5
    assert sum("deleted" in each for each in last.values()) == 1
    assert c.round(link)[0] == []


def test_an_enumeration_may_hide_deletions(c: Client) -> None:
    """What is deleted while everything is being enumerated may never be told to be gone."""
    c.emulator.quirks.enumeration_hides_deletes = True
    people = c.emulator.people
    for number in range(3):
        people.write(str(number), b"old")
    page = c.get("/root/delta?$top=3")
    first = page["value"][-1]["id"]
    people.replace("0", b"new")
    items, link = c.round(page["@odata.nextLink"])
    assert not any("deleted" in each for each in items)
    assert [each["id"] == first for each in items if each["name"] == "0"] == [False]
    people.delete("0")
    assert any("deleted" in each for each in c.round(link)[0])


def test_properties_left_out_by_personal_drives(personal: Client) -> None:
    """Personal drives tell the name of what is gone, neither its cTag nor its size."""
    people = personal.emulator.people
    people.write("file", b"data")
    items, link = personal.round("/root/delta")
    assert "cTag" in items[-1]
    people.delete("file")
    items, _ = personal.round(link)
    gone = items[-1]
    assert gone["name"] == "file"
    assert gone["deleted"] == {}
    assert not {"cTag", "size"} & set(gone)


def test_properties_left_out_by_business_drives(business: Client) -> None:
    """Business drives tell no cTag at all, and of what is gone not even the name."""
    people = business.emulator.people
    people.write("file", b"data")
    items, link = business.round("/root/delta")
    assert all("cTag" not in each for each in items)
    file = items[-1]["id"]
    people.delete("file")
    items, _ = business.round(link)
    gone = items[-1]
    assert gone["id"] == file
    assert "deleted" in gone
    assert not {"cTag", "name"} & set(gone)
    assert gone["size"] == 0


@pytest.mark.parametrize("way", ["delete", "remove"])
def test_deleted_folder(c: Client, way: str) -> None:
    """Everything in a deleted folder is told to be gone, or, on demand, the folder alone."""
    people = c.emulator.people
    people.write("folder/inner/file", b"")
    items, link = c.round("/root/delta")
    ids = [each["id"] for each in items[2:]]
    getattr(people, way)("folder")
    assert [each["id"] for each in c.round(link)[0] if "deleted" in each] == ids
    c.emulator.quirks.deletes = "top"
    assert [each["id"] for each in c.round(link)[0] if "deleted" in each] == ids[:1]
    c.emulator.quirks.deletes = "none"
    assert not any("deleted" in each for each in c.round(link)[0])


def test_restored(c: Client) -> None:
    """What comes back out of the recycle bin is told with its old id."""
    people = c.emulator.people
    people.write("folder/file", b"")
    before = people.entry("folder/file").id
    people.delete("folder")
    link = latest(c)
    people.restore("folder")
    items, _ = c.round(link)
    assert items[-1]["id"] == before
    assert not any("deleted" in each for each in items)


def test_a_folder_of_a_personal_drive(personal: Client) -> None:
    """A personal drive's folder has a feed of its own; what leaves it is told to be gone."""
    people = personal.emulator.people
    people.write("watched/inner/file", b"")
    people.write("watched/other", b"")
    people.write("outside", b"")
    items, link = personal.round("/root:/Root/watched:/delta")
    assert names(items) == ["watched", "inner", "file", "other"]
    people.write("outside", b"changed")
    assert personal.round(link)[0] == []
    people.rename("watched/inner", "inner")
    people.rename("outside", "watched/outside")
    items, _ = personal.round(link)
    assert [(each["name"], "deleted" in each) for each in items] == [
        ("inner", True),
        ("watched", False),
        ("outside", False),
    ]


def test_a_folder_of_a_business_drive(business: Client) -> None:
    """A business drive has a feed of its root only."""
    business.emulator.people.mkdir("folder")
    business.refused("GET", "/root:/Root/folder:/delta", 501, "notSupported")


def test_from_a_time(business: Client, personal: Client) -> None:
    """Business drives take a time for a token; personal drives do not."""
    business.emulator.people.write("old", b"")
    moment = facets.stamp(business.emulator.now() + 50)
    business.emulator.ahead += 100
    business.emulator.people.write("new", b"")
    page = business.get("/root/delta", params={"token": moment})
    assert names(page["value"]) == ["root", "Root", "new"]
    personal.refused("GET", "/root/delta?token=2020-01-01T00:00:00Z", 400, "invalidRequest")


@pytest.mark.parametrize(
    "code", ["resyncChangesApplyDifferences", "resyncChangesUploadDifferences"]
)
def test_resync(c: Client, code: str) -> None:
    """An old token is 410 with one of two codes, and a Location that begins anew."""
    people = c.emulator.people
    people.write("file", b"")
    link = latest(c)
    c.emulator.feed.expire(code)
    answer = c("GET", link, 410)
    assert answer.json()["error"]["code"] == code
    items, link = c.round(answer.headers["location"])
    assert names(items) == ["root", "Root", "file"]
    people.write("file", b"changed")
    assert names(c.round(link)[0]) == ["root", "Root", "file"]


def test_resync_amid_pages(c: Client) -> None:
    """The next page may be refused as well."""
    for number in range(4):
        c.emulator.people.write(str(number), b"")
    page = c.get("/root/delta?$top=2")
    c.emulator.feed.expire()
    answer = c("GET", page["@odata.nextLink"], 410)
    assert len(c.round(answer.headers["location"])[0]) == 6


def test_select_keeps_what_is_deleted(c: Client) -> None:
    """$select narrows the items of the feed, but what is gone stays marked."""
    people = c.emulator.people
    people.write("file", b"")
    _, link = c.round("/root/delta?$select=id,parentReference")
    people.delete("file")
    items, _ = c.round(link)
    assert "deleted" in items[-1]
    assert not {"name", "size"} & set(items[-1])


def test_own_writes_come_back(c: Client) -> None:
    """What a client does itself is in the feed like everything else, with the same eTag."""
    link = latest(c)
    made = c.put("file", b"data")
    items, _ = c.round(link)
    assert (items[-1]["id"], items[-1]["eTag"]) == (made["id"], made["eTag"])


def test_notebook(c: Client) -> None:
    """A notebook shows as a package, and so do its sections, below it."""
    link = latest(c)
    c.emulator.people.add_notebook("Notes")
    items, _ = c.round(link)
    notebook = next(each for each in items if "package" in each)
    inside = [each for each in items if each["parentReference"].get("id") == notebook["id"]]
    assert {each["name"] for each in inside} == {"Open Notebook.onetoc2", "New Section.one"}
