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


class TestConflicts:
    def test_put(self, c: Client) -> None:
        """A PUT replaces unless told to fail or to rename; it makes the folders on the way."""
        first = c.put("a/b/f.txt", b"1")
        assert c.put("a/b/f.txt", b"2", 200)["id"] == first["id"]
        fail = {"@microsoft.graph.conflictBehavior": "fail"}
        assert c.put("a/b/f.txt", b"3", 409, params=fail)["error"]["code"] == "nameAlreadyExists"
        rename = {"@microsoft.graph.conflictBehavior": "rename"}
        assert c.put("a/b/f.txt", b"4", params=rename)["name"] == "f 1.txt"
        assert c.put("a/b", b"5", 409)["error"]["code"] == "nameAlreadyExists"

    def test_folder(self, c: Client) -> None:
        """A folder is not made where something stands, unless under another name."""
        body = {"name": "folder", "folder": {}}
        c("POST", "/root/children", 201, json=body)
        c.refused("POST", "/root/children", 409, "nameAlreadyExists", json=body)
        body["@microsoft.graph.conflictBehavior"] = "rename"
        assert c("POST", "/root/children", 201, json=body).json()["name"] == "folder 1"

    def test_rename(self, c: Client) -> None:
        """Nothing is moved to where something stands, unless told to replace or to rename."""
        made = c.put("f", b"moving")
        c.put("g", b"standing")
        path = f"/items/{made['id']}"
        c.refused("PATCH", path, 409, "nameAlreadyExists", json={"name": "G"})
        moved = c(
            "PATCH",
            path,
            json={"name": "g", "@microsoft.graph.conflictBehavior": "rename"},
        ).json()
        assert moved["name"] == "g 1"
        moved = c(
            "PATCH",
            path,
            json={"name": "g", "@microsoft.graph.conflictBehavior": "replace"},
        ).json()
        assert (moved["id"], moved["name"]) == (made["id"], "g")
        assert b"standing" in c.emulator.people.kept()

    def test_full(self, c: Client) -> None:
        """What does not fit any more is 507 quotaLimitReached, and leaves what was there."""
        c.emulator.drive.quota = 10
        c.put("f", b"12345")
        error = c.put("f", bytes(11), 507)["error"]
        assert (error["code"], error["innerError"]["code"]) == (
            "quotaLimitReached",
            "insufficientStorage",
        )
        assert c.get("/root:/f")["size"] == 5


class TestMoves:
    def test_move_and_rename_at_once(self, c: Client) -> None:
        """A PATCH with a parentReference and a name does both, and keeps id, content and cTag."""
        people = c.emulator.people
        people.write("file", b"data")
        people.mkdir("there")
        before = c.get("/root:/Root/file")
        to = c.get("/root:/Root/there")["id"]
        moved = c(
            "PATCH",
            f"/items/{before['id']}",
            json={"parentReference": {"id": to}, "name": "other"},
        ).json()
        assert (moved["id"], moved["cTag"]) == (before["id"], before["cTag"])
        assert people.tree() == {"there": None, "there/other": b"data"}

    def test_by_path(self, c: Client) -> None:
        """The new parent may be named by its path."""
        c.emulator.people.write("file", b"data")
        c.emulator.people.mkdir("there")
        body = {"parentReference": {"path": "/drive/root:/Root/there"}}
        c("PATCH", "/root:/Root/file", json=body)
        assert "there/file" in c.emulator.people.tree()

    def test_refused(self, c: Client) -> None:
        """Not into itself, not to "root", not to another drive, not into nothing; not the root."""
        c.emulator.people.write("folder/inner/file", b"")
        folder, inner = (c.get(f"/root:/Root/{path}") for path in ("folder", "folder/inner"))
        path = f"/items/{folder['id']}"
        for told, status, code in (
            ({"id": inner["id"]}, 400, "invalidRequest"),
            ({"id": "root"}, 400, "invalidRequest"),
            ({"id": inner["id"], "driveId": "other"}, 400, "notSupported"),
            ({"id": "nothing"}, 404, "itemNotFound"),
        ):
            c.refused("PATCH", path, status, code, json={"parentReference": told})
        c.refused("PATCH", "/root", 403, "accessDenied", json={"name": "x"})
        c.refused("DELETE", "/root", 403, "accessDenied")

    def test_times(self, c: Client) -> None:
        """fileSystemInfo is set by PATCH, to the second; a move without it resets it."""
        made = c.put("f", b"")
        told = {"lastModifiedDateTime": "2020-01-02T03:04:05.678Z"}
        path = f"/items/{made['id']}"
        after = c("PATCH", path, json={"fileSystemInfo": told}).json()
        assert after["fileSystemInfo"]["lastModifiedDateTime"] == "2020-01-02T03:04:05Z"
        assert (
            after["fileSystemInfo"]["createdDateTime"] == made["fileSystemInfo"]["createdDateTime"]
        )
        assert after["eTag"] != made["eTag"]
        kept = c("PATCH", path, json={"name": "g", "fileSystemInfo": told}).json()
        assert kept["fileSystemInfo"]["lastModifiedDateTime"] == "2020-01-02T03:04:05Z"
        reset = c("PATCH", path, json={"name": "h"}).json()
        assert reset["fileSystemInfo"]["lastModifiedDateTime"] > "2026"


class TestDeletion:
    def test_recycle_bin(self, c: Client) -> None:
        """A deleted folder goes to the recycle bin with everything in it, and can come back."""
        people = c.emulator.people
        people.write("folder/file", b"precious")
        before = c.get("/root:/Root/folder/file")["id"]
        c("DELETE", "/root:/Root/folder", 204)
        c.refused("GET", f"/items/{before}", 404, "itemNotFound")
        assert people.kept() == [b"precious"]
        people.restore("folder")
        assert c.get("/root:/Root/folder/file")["id"] == before

    def test_for_good(self, c: Client) -> None:
        """permanentDelete goes past the recycle bin."""
        c.emulator.people.write("file", b"data")
        c("POST", "/root:/Root/file:/permanentDelete", 204)
        assert (c.emulator.people.tree(), c.emulator.people.kept()) == ({}, [])


class TestDownloads:
    def test_redirect_and_ranges(self, c: Client) -> None:
        """Content is a redirect to a URL that needs no token and gives ranges."""
        made = c.put("f", b"0123456789")
        url = c("GET", f"/items/{made['id']}/content", 302).headers["location"]
        assert c.bare("GET", url).content == b"0123456789"
        for asked, part, told in (
            ("bytes=2-4", b"234", "bytes 2-4/10"),
            ("bytes=7-", b"789", "bytes 7-9/10"),
            ("bytes=-2", b"89", "bytes 8-9/10"),
            ("bytes=5-99", b"56789", "bytes 5-9/10"),
        ):
            answer = c.bare("GET", url, 206, headers={"Range": asked})
            assert (answer.content, answer.headers["content-range"]) == (part, told)
        c.bare("GET", url, 416, headers={"Range": "bytes=10-"})
        assert c.bare("GET", made["@microsoft.graph.downloadUrl"]).content == b"0123456789"

    def test_links_end(self, c: Client) -> None:
        """A download URL cannot be made up, ends after an hour, and with its file."""
        made = c.put("f", b"data")
        url = made["@microsoft.graph.downloadUrl"]
        c.bare("GET", url[:-1] + ("0" if url[-1] != "0" else "1"), 401)
        c.emulator.ahead += 3500
        c.bare("GET", url)
        c.emulator.ahead += 200
        c.bare("GET", url, 401)
        c.sign_in()
        url = c.get("/root:/f")["@microsoft.graph.downloadUrl"]
        c("DELETE", "/root:/f", 204)
        c.bare("GET", url, 404)

    def test_versions(self, c: Client) -> None:
        """Past contents are listed, the newest first, and can be read."""
        for data in (b"one", b"two!", b"three"):
            made = c.put("f", data, 201 if data == b"one" else 200)
        listed = c.get(f"/items/{made['id']}/versions")["value"]
        assert [(each["id"], each["size"]) for each in listed] == [
            ("3.0", 5),
            ("2.0", 4),
            ("1.0", 3),
        ]
        url = c("GET", f"/items/{made['id']}/versions/1.0/content", 302).headers["location"]
        assert c.bare("GET", url).content == b"one"
        c.refused("GET", f"/items/{made['id']}/versions/9.0/content", 404, "itemNotFound")
        assert c.emulator.people.kept() == [b"one", b"two!"]


class TestCopies:
    def monitor(self, c: Client, url: str) -> JSON:
        for _ in range(100):
            status: JSON = c.bare("GET", url, 202).json()
            if status["status"] != "inProgress":
                return status
        raise AssertionError("a copy did not end")

    def copy(self, c: Client, path: str, name: str, expect: int = 202, **options: str) -> str:
        to = c.get("/root")
        reference = {"driveId": to["parentReference"]["driveId"], "id": to["id"]}
        body = {"parentReference": reference, "name": name}
        answer = c("POST", f"/root:/{path}:/copy", expect, json=body, params=options)
        return str(answer.headers.get("location", ""))

    def test_file_and_folder(self, c: Client) -> None:
        """A copy is made after it was accepted; a monitor tells when, and which item it is."""
        c.emulator.quirks.copy_delay = 5
        c.put("a/b/f", b"data")
        url = self.copy(c, "a", "copy")
        assert c.bare("GET", url, 202).json()["status"] == "inProgress"
        c.refused("GET", "/root:/copy", 404, "itemNotFound")
        c.emulator.ahead += 6
        status = self.monitor(c, url)
        assert (status["status"], status["percentageComplete"]) == ("completed", 100.0)
        made = c.get("/root:/copy")
        assert status["resourceId"] == made["id"] != c.get("/root:/a")["id"]
        assert c.get("/root:/copy/b/f")["size"] == 4

    def test_conflict(self, c: Client) -> None:
        """A taken name is refused at once, or fails the copy when it was taken meanwhile."""
        c.put("f", b"data")
        c.put("g", b"other")
        self.copy(c, "f", "g", 409)
        c.emulator.quirks.copy_delay = 5
        url = self.copy(c, "f", "h")
        c.put("h", b"newcomer")
        c.emulator.ahead += 6
        status = self.monitor(c, url)
        assert (status["status"], status["errorCode"]) == ("failed", "nameAlreadyExists")
        assert c.get("/root:/h")["size"] == 8

    def test_behaviour_is_for_business(self, personal: Client, business: Client) -> None:
        """conflictBehavior is not supported for copies on personal drives."""
        for c, expect in ((personal, 409), (business, 202)):
            c.put("f", b"data")
            c.put("g", b"other")
            option = {"@microsoft.graph.conflictBehavior": "replace"}
            url = self.copy(c, "f", "g", expect, **option)
            if url:
                assert self.monitor(c, url)["status"] == "completed"
                assert c.get("/root:/g")["size"] == 4
                assert b"other" in c.emulator.people.kept()


class TestErrors:
    def test_token(self, c: Client) -> None:
        """Without a token, or with an old one, it is 401 InvalidAuthenticationToken."""
        answer = c.bare("GET", "/v1.0/me/drive", 401)
        assert answer.json()["error"]["code"] == "InvalidAuthenticationToken"
        assert answer.headers["www-authenticate"].startswith("Bearer")
        c.get("")
        c.emulator.ahead += 3601
        c.refused("GET", "", 401, "InvalidAuthenticationToken")

    @pytest.mark.parametrize("status", [429, 503])
    def test_throttled(self, c: Client, status: int) -> None:
        """A throttled request says for how long, in Graph's form, and was not done."""
        c.emulator.throttle(status=status, seconds=7)
        answer = c("POST", "/root/children", status, json={"name": "folder", "folder": {}})
        assert answer.headers["retry-after"] == "7"
        assert answer.json()["error"]["code"] in {"activityLimitReached", "serviceNotAvailable"}
        c.refused("GET", "/root:/folder", 404, "itemNotFound")

    def test_malformed(self, c: Client) -> None:
        """What cannot be understood is 400 invalidRequest; what is unknown is 404."""
        c.refused("POST", "/root/children", 400, "invalidRequest", content=b"{")
        c.refused("POST", "/root/children", 400, "invalidRequest", json={"name": "file"})
        body = {"name": "f", "folder": {}, "fileSystemInfo": {"lastModifiedDateTime": "soon"}}
        c.refused("POST", "/root/children", 400, "invalidRequest", json=body)
        c.refused("GET", "/root/children?$top=many", 400, "invalidRequest")
        c.refused("GET", "/root/nonsense", 404, "itemNotFound")

    def test_person(self, c: Client) -> None:
        """The signed-in person has an id and a name."""
        found = c.get(f"{c.url}/v1.0/me")
        assert {"id", "displayName", "userPrincipalName"} <= set(found)


class TestOffice:
    def test_rewritten_at_once(self, business: Client) -> None:
        """SharePoint may store an Office document otherwise than it was sent: the answer shows."""
        business.emulator.quirks.rewrites_office = "at once"
        made = business.put("doc.docx", b"document")
        assert made["size"] > len(b"document")
        assert business.put("doc.txt", b"document")["size"] == len(b"document")

    def test_rewritten_later(self, business: Client) -> None:
        """Or it is rewritten after the answer, which then tells of a version that is no more."""
        business.emulator.quirks.rewrites_office = "later"
        made = business.put("doc.docx", b"document")
        assert made["size"] == len(b"document")
        after = business.get("/root:/doc.docx")
        assert after["size"] > len(b"document")
        assert after["file"]["hashes"] != made["file"]["hashes"]
        assert after["eTag"] != made["eTag"]
        assert after["cTag"] != made["cTag"]
