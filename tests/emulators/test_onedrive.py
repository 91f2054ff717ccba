"""The OneDrive emulator does with items what Microsoft's documentation says."""

import base64
import hashlib
from collections.abc import Iterator

import pytest

from syncoxiders.core.digests import QUICKXOR, digests_of
from tests.emulators import onedrive
from tests.emulators.onedrive import DriveType
from tests.emulators.onedrive.client import JSON, Client, serving


@pytest.fixture(params=["personal", "business"])
def c(request: pytest.FixtureRequest) -> Iterator[Client]:
    """A client of each type of drive."""
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


class TestAddressing:
    @pytest.mark.parametrize("drive_type", ["personal", "business", "documentLibrary"])
    def test_types_of_drives(self, drive_type: DriveType) -> None:
        """A drive says of which type it is, and so do the parents of its items."""
        with serving(onedrive.create(drive_type)) as c:
            assert c.get("")["driveType"] == drive_type
            assert c.get("/root")["parentReference"]["driveType"] == drive_type

    def test_drives_of_a_person_and_of_a_site(self) -> None:
        """A person's drives are listed, and the libraries of a SharePoint site."""
        with serving(onedrive.create("documentLibrary")) as c:
            drive = c.get("")["id"]
            sites = f"{c.url}/v1.0/sites"
            site = c.get(f"{sites}/contoso.example:/sites/Team")
            assert site["name"] == "Team"
            assert c.get(f"{sites}/{site['id']}")["id"] == site["id"]
            for url in (f"{sites}/{site['id']}/drives", f"{c.url}/v1.0/me/drives"):
                assert [each["id"] for each in c.get(url)["value"]] == [drive]
        with serving(onedrive.create("personal")) as c:
            for path in ("", ":/sites/Team", "/drives"):
                url = f"{c.url}/v1.0/sites/contoso.example{path}"
                c.refused("GET", url, 404, "itemNotFound")

    def test_by_id_and_by_path(self, c: Client) -> None:
        """An item is found by id, by path, by a path below an item, in any case of letters."""
        c.emulator.people.write("Folder/an item.txt", b"data")
        root = c.get("/root")
        folder = c.get("/root:/Root/Folder")
        drive = c.get("")["id"]
        ways = [
            "/root:/Root/Folder/an%20item.txt",
            "/root:/root/FOLDER/An%20Item.TXT:",
            f"/items/{folder['id']}:/an%20item.txt:",
            f"/items/{root['id']}:/Root/Folder/an%20item.txt",
            f"{c.url}/v1.0/drives/{drive}/root:/Root/Folder/an%20item.txt",
        ]
        found = {c.get(way)["id"] for way in ways}
        assert found == {c.emulator.people.entry("Folder/an item.txt").id}
        assert c.get(f"/items/{found.pop()}")["name"] == "an item.txt"
        assert c.get("/root:/")["id"] == root["id"]

    def test_nothing_there(self, c: Client) -> None:
        """What is not there is 404 itemNotFound, by id, by path and as a drive."""
        c.emulator.people.write("file", b"")
        c.refused("GET", "/items/nothing", 404, "itemNotFound")
        c.refused("GET", "/root:/Root/nothing", 404, "itemNotFound")
        c.refused("GET", "/root:/Root/file/below", 404, "itemNotFound")
        c.refused("GET", f"{c.url}/v1.0/drives/other/root", 404, "itemNotFound")

    def test_ids_survive_moves_and_edits(self, c: Client) -> None:
        """An id persists when the item is renamed, moved or edited; another file has another."""
        people = c.emulator.people
        people.write("a/file", b"1")
        before = people.entry("a/file").id
        people.rename("a/file", "b/other")
        people.write("b/other", b"2")
        assert people.entry("b/other").id == before
        people.replace("b/other", b"3")
        assert people.entry("b/other").id != before


class TestFacets:
    def test_file(self, c: Client) -> None:
        """A file has size, times, hashes and a parent with path, id and drive."""
        c.emulator.people.write("folder/file.txt", b"data", mtime_ns=1_600_000_000_123_000_000)
        found = c.get("/root:/Root/folder/file.txt")
        folder = c.get("/root:/Root/folder")
        drive = c.get("")
        assert (found["name"], found["size"]) == ("file.txt", 4)
        assert found["file"]["mimeType"] == "text/plain"
        assert found["fileSystemInfo"]["lastModifiedDateTime"] == "2020-09-13T12:26:40Z"
        assert found["lastModifiedDateTime"] > "2026"
        assert found["parentReference"] == {
            "driveType": drive["driveType"],
            "driveId": drive["id"],
            "id": folder["id"],
            "name": "folder",
            "path": f"/drives/{drive['id']}/root:/Root/folder",
        }

    def test_hashes_personal(self, personal: Client) -> None:
        """Personal drives tell quickXorHash in base64, SHA-1 and SHA-256 in upper-case hex."""
        hashes = personal.put("f", b"data")["file"]["hashes"]
        quick = bytes.fromhex(digests_of([b"data"], [QUICKXOR]).of(QUICKXOR))
        assert hashes == {
            "quickXorHash": base64.b64encode(quick).decode(),
            "sha1Hash": hashlib.sha1(b"data", usedforsecurity=False).hexdigest().upper(),
            "sha256Hash": hashlib.sha256(b"data").hexdigest().upper(),
        }

    def test_hashes_business(self, business: Client) -> None:
        """Business drives tell quickXorHash alone."""
        assert set(business.put("f", b"data")["file"]["hashes"]) == {"quickXorHash"}

    def test_hashes_absent(self, c: Client) -> None:
        """Where no hash is offered, the file facet has none."""
        c.emulator.quirks.hashes = frozenset()
        assert "hashes" not in c.put("f", b"data")["file"]

    def test_hashes_late(self, c: Client) -> None:
        """Hashes that are not available come once the file was downloaded."""
        c.emulator.quirks.hashes_late = True
        made = c.put("f", b"data")
        assert "hashes" not in c.get(f"/items/{made['id']}")["file"]
        c.bare("GET", made["@microsoft.graph.downloadUrl"])
        assert "quickXorHash" in c.get(f"/items/{made['id']}")["file"]["hashes"]

    def test_folder(self, c: Client) -> None:
        """A folder counts its children; the root has a root facet and no parent."""
        c.emulator.people.mkdir("folder/one")
        c.emulator.people.mkdir("folder/two")
        assert c.get("/root:/Root/folder")["folder"] == {"childCount": 2}
        root = c.get("/root")
        assert root["root"] == {}
        assert "id" not in root["parentReference"]

    def test_notebook(self, c: Client) -> None:
        """A notebook is a package, neither file nor folder, and has no content."""
        c.emulator.people.add_notebook("Notes")
        found = c.get("/root:/Root/Notes")
        assert found["package"] == {"type": "oneNote"}
        assert not {"file", "folder"} & set(found)
        c.refused("GET", "/root:/Root/Notes:/content", 400, "invalidRequest")
        below = c.get(f"/items/{found['id']}/children")["value"]
        assert {each["name"] for each in below} == {"Open Notebook.onetoc2", "New Section.one"}

    def test_shared_folder(self, personal: Client) -> None:
        """A shared folder is a remoteItem: what is in it is reached through its own drive."""
        theirs = personal.emulator.people.add_shared_folder("Shared", {"file": b"theirs"})
        found = personal.get("/root:/Root/Shared")
        assert found["remoteItem"]["parentReference"]["driveId"] == theirs
        there = f"{personal.url}/v1.0/drives/{theirs}/items/{found['remoteItem']['id']}"
        below = personal.get(f"{there}/children")["value"]
        assert [each["name"] for each in below] == ["file"]
        personal("GET", f"{there}:/file:/content", 302)
        personal.refused("GET", "/root:/Root/Shared/file", 404, "itemNotFound")
        items, _ = personal.round("/root/delta")
        assert "file" not in {each["name"] for each in items}

    def test_shared_folder_lost(self, personal: Client) -> None:
        """Where access was taken away the shortcut stays, and its target is 404."""
        people = personal.emulator.people
        theirs = people.add_shared_folder("Shared", {"file": b"theirs"})
        people.stop_sharing("Shared")
        found = personal.get("/root:/Root/Shared")["remoteItem"]
        there = f"{personal.url}/v1.0/drives/{theirs}/items/{found['id']}"
        personal.refused("GET", there, 404, "itemNotFound")

    def test_select_and_expand(self, c: Client) -> None:
        """$select leaves out what was not asked for; $expand adds the children."""
        c.emulator.people.write("folder/file", b"data")
        chosen = c.get("/root:/Root/folder?$select=id,name")
        assert set(chosen) - {"@odata.etag"} == {"id", "name"}
        page = c.get("/root:/Root/folder:/children", params={"$select": "id,size"})
        assert set(page["value"][0]) - {"@odata.etag"} == {"id", "size"}
        whole = c.get("/root:/Root/folder?$expand=children")
        assert [each["name"] for each in whole["children"]] == ["file"]

    def test_quota(self, c: Client) -> None:
        """The drive tells its quota; what is in the recycle bin is told apart."""
        c.emulator.drive.quota = 100
        c.put("f", b"12345")
        c.put("g", bytes(90))
        quota = c.get("")["quota"]
        assert quota == {"total": 100, "used": 95, "remaining": 5, "deleted": 0, "state": "nearing"}
        c("DELETE", "/root:/f", 204)
        quota = c.get("")["quota"]
        assert (quota["used"], quota["deleted"], quota["state"]) == (90, 5, "normal")
        for total, state in ((90, "exceeded"), (10_000, "normal")):
            c.emulator.drive.quota = total
            assert c.get("")["quota"]["state"] == state
        c.emulator.drive.quota = 1000
        c.put("g", bytes(995), 200)
        assert c.get("")["quota"]["state"] == "critical"


class TestTags:
    def test_ctag_changes_with_content_only(self, c: Client) -> None:
        """The eTag changes with content and metadata, the cTag with content alone."""
        made = c.put("f", b"1")
        renamed = c("PATCH", f"/items/{made['id']}", json={"name": "g"}).json()
        assert renamed["cTag"] == made["cTag"]
        assert renamed["eTag"] != made["eTag"]
        edited = c.put("g", b"2", 200)
        assert edited["id"] == made["id"]
        assert edited["cTag"] != made["cTag"]
        assert edited["eTag"] not in {made["eTag"], renamed["eTag"]}

    def test_folder_personal(self, personal: Client) -> None:
        """A folder's cTag changes with anything below it, its eTag with itself alone."""
        people = personal.emulator.people
        people.write("folder/inner/file", b"1")
        before = personal.get("/root:/Root/folder")
        people.write("folder/inner/file", b"2")
        after = personal.get("/root:/Root/folder")
        assert after["cTag"] != before["cTag"]
        assert after["eTag"] == before["eTag"]
        people.rename("folder", "renamed")
        assert personal.get("/root:/Root/renamed")["eTag"] != before["eTag"]

    def test_folder_business(self, business: Client) -> None:
        """Business drives give folders no cTag."""
        business.emulator.people.mkdir("folder")
        assert "cTag" not in business.get("/root:/Root/folder")

    @pytest.mark.parametrize("tag", ["eTag", "cTag"])
    @pytest.mark.parametrize("method", ["PATCH", "DELETE", "PUT"])
    def test_if_match(self, c: Client, method: str, tag: str) -> None:
        """If-Match takes an eTag or a cTag; another one is 412, and nothing happens."""
        old = c.put("f", b"1")
        new = c.put("f", b"2", 200)
        path = f"/items/{new['id']}" + ("/content" if method == "PUT" else "")
        every: dict[str, JSON] = {"PATCH": {"json": {"name": "g"}}, "PUT": {"content": b"3"}}
        options = every.get(method, {})
        c.refused(method, path, 412, "resourceModified", headers={"If-Match": old[tag]}, **options)
        assert c.get("/root:/f")["eTag"] == new["eTag"]
        done = 204 if method == "DELETE" else 200
        c(method, path, done, headers={"If-Match": new[tag]}, **options)

    def test_if_none_match(self, c: Client) -> None:
        """With If-None-Match: * a file is made only where none stands."""
        star = {"If-None-Match": "*"}
        c.put("f", b"1", headers=star)
        assert c.put("f", b"2", 412, headers=star)["error"]["code"] == "resourceModified"
        found = c.get("/root:/f")
        c("GET", "/root:/f", 304, headers={"If-None-Match": found["eTag"]})


class TestChildren:
    def test_pages(self, c: Client) -> None:
        """A folder is listed in pages that link to each other, each as large as was asked for."""
        for number in range(7):
            c.emulator.people.write(f"folder/{number}", b"")
        path = "/root:/Root/folder:/children?$top=3"
        names: list[str] = []
        sizes: list[int] = []
        while path:
            page = c.get(path)
            names += [each["name"] for each in page["value"]]
            sizes.append(len(page["value"]))
            path = page.get("@odata.nextLink", "")
        assert names == [str(number) for number in range(7)]
        assert sizes == [3, 3, 1]

    def test_a_write_between_pages_hides_something(self, c: Client) -> None:
        """Pages are no snapshot: what is removed meanwhile makes another be missed."""
        for number in range(4):
            c.emulator.people.write(f"folder/{number}", b"")
        page = c.get("/root:/Root/folder:/children?$top=2")
        c.emulator.people.remove("folder/0")
        rest = c.get(page["@odata.nextLink"])
        assert [each["name"] for each in rest["value"]] == ["3"]

    def test_stale(self, c: Client) -> None:
        """Listings and feed may lag behind, while reading an item does not."""
        people = c.emulator.people
        people.write("file", b"1")
        _, link = c.round("/root/delta")
        c.emulator.service.freeze()
        people.write("file", b"22")
        people.write("new", b"")
        listed = c.get("/root:/Root:/children")["value"]
        assert [(each["name"], each["size"]) for each in listed] == [("file", 1)]
        items, link = c.round(link)
        assert items == []
        assert c.get("/root:/Root/file")["size"] == 2
        people.catch_up()
        assert len(c.get("/root:/Root:/children")["value"]) == 2
        items, _ = c.round(link)
        assert {each["name"] for each in items} == {"root", "Root", "file", "new"}

    def test_lag(self, c: Client) -> None:
        """With a lag, what people do shows in listings that many requests later."""
        people = c.emulator.people
        people.write("before", b"")
        c.emulator.quirks.lag = 3
        people.write("after", b"")
        people.mkdir("folder")
        seen = [len(c.get("/root:/Root:/children")["value"]) for _ in range(4)]
        assert seen == [1, 1, 1, 3]
        made = c("POST", "/root/children", 201, json={"name": "own", "folder": {}}).json()
        assert c.get(f"/items/{made['id']}/children")["value"] == []

    def test_order(self, c: Client) -> None:
        """A listing may be had from the other end."""
        for name in ("a", "B", "c"):
            c.emulator.people.write(f"folder/{name}", b"")
        page = c.get("/root:/Root/folder:/children?$orderby=name desc")
        assert [each["name"] for each in page["value"]] == ["c", "B", "a"]


class TestNames:
    def test_refused(self, c: Client) -> None:
        """Names that neither service takes are 400, for folders and in renames."""
        path = f"/items/{c.put('f', b'')['id']}"
        signs = [f"a{sign}b" for sign in '"*:<>?/\\|\x01']
        reserved = ["CON", "nul", "com1", "LPT0", ".lock", "desktop.ini", "a_vti_b", "~$a.docx"]
        for name in [*signs, " a", "a ", "a.", "", ".", *reserved, "x" * 256]:
            folder = {"name": name, "folder": {}}
            c.refused("POST", "/root/children", 400, "invalidRequest", json=folder)
            c.refused("PATCH", path, 400, "invalidRequest", json={"name": name})
        assert {each["name"] for each in c.get("/root/children")["value"]} == {"f", "Root"}

    @pytest.mark.parametrize("name", ["~a", "forms"])
    def test_refused_in_business_only(self, personal: Client, business: Client, name: str) -> None:
        """Business drives refuse a tilde in front, and "forms" in the root."""
        folder = {"name": name, "folder": {}}
        personal("POST", "/root/children", 201, json=folder)
        business.refused("POST", "/root/children", 400, "invalidRequest", json=folder)

    def test_accepted(self, c: Client) -> None:
        """Other names are kept as they are."""
        for name in ("a#b%c", "'quoted' & (more)", "caf\u00e9", "console", "x" * 255):
            made = c("POST", "/root/children", 201, json={"name": name, "folder": {}}).json()
            assert made["name"] == name

    def test_path_length(self, personal: Client, business: Client) -> None:
        """Business drives take paths of up to 400 characters."""
        long = "/".join(["x" * 200] * 2)
        personal.put(long, b"")
        error = business.put(long, b"", 400)["error"]
        assert error["innerError"]["code"] == "pathIsTooLong"

    def test_case_insensitive(self, c: Client) -> None:
        """Siblings differ in more than case; forms of Unicode are different names."""
        c.put("Name", b"1")
        c.refused(
            "POST", "/root/children", 409, "nameAlreadyExists", json={"name": "nAME", "folder": {}}
        )
        assert c.put("NAME", b"2", 200)["name"] == "Name"
        c.put("caf\u00e9", b"1")
        c.put("cafe\u0301", b"2")
        renamed = c("PATCH", "/root:/name", json={"name": "NAME"}).json()
        assert renamed["name"] == "NAME"
