"""The OneDrive emulator changes and hands out items as Microsoft's documentation says."""

from collections.abc import Iterator

import pytest

from tests.emulators import onedrive
from tests.emulators.onedrive import facets
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


BAD = {"lastModifiedDateTime": 5}


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
        assert c("POST", "/root/children", 201, json=body).json()["name"] == "folder 2"
        body["@microsoft.graph.conflictBehavior"] = "replace"
        assert c("POST", "/root/children", 200, json=body).json()["name"] == "folder"
        c.put("file", b"")
        body["name"] = "file"
        c.refused("POST", "/root/children", 409, "nameAlreadyExists", json=body)

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
        c.refused("PATCH", path, 409, "nameAlreadyExists", json={"name": "Root"})
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
        c.emulator.people.write("file", b"")
        file = c.emulator.people.entry("file").id
        for told, status, code in (
            ({"id": file}, 400, "invalidRequest"),
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
        c.emulator.quirks.move_resets_time = False
        c("PATCH", path, json={"fileSystemInfo": told})
        kept = c("PATCH", path, json={"name": "i"}).json()
        assert kept["fileSystemInfo"]["lastModifiedDateTime"] == "2020-01-02T03:04:05Z"

    def test_other_metadata(self, personal: Client, business: Client) -> None:
        """The created time can be set, a description on personal drives only."""
        told = {"createdDateTime": "2001-02-03T04:05:06"}
        for c, description in ((personal, "a holiday"), (business, None)):
            path = f"/items/{c.put('f', b'')['id']}"
            body = {"fileSystemInfo": told, "description": "a holiday"}
            after = c("PATCH", path, json=body).json()
            assert after["fileSystemInfo"]["createdDateTime"] == "2001-02-03T04:05:06Z"
            assert after.get("description") == description
            c.refused(
                "PATCH", path, 400, "invalidRequest", json={"fileSystemInfo": {**told, **BAD}}
            )

    def test_times_to_the_millisecond(self, personal: Client) -> None:
        """Some drives keep times to the millisecond."""
        personal.emulator.drive.step_ms = 1
        path = f"/items/{personal.put('f', b'')['id']}"
        told = {"lastModifiedDateTime": "2020-01-02T03:04:05.678Z"}
        after = personal("PATCH", path, json={"fileSystemInfo": told}).json()
        assert after["fileSystemInfo"]["lastModifiedDateTime"] == told["lastModifiedDateTime"]

    def test_times_and_versions(self, personal: Client, business: Client) -> None:
        """Business drives make a version when the time is set, personal drives do not."""
        told = {"fileSystemInfo": {"lastModifiedDateTime": "2020-01-02T03:04:05Z"}}
        for c, versions in ((personal, 1), (business, 2)):
            path = f"/items/{c.put('f', b'data')['id']}"
            c("PATCH", path, json=told)
            assert len(c.get(f"{path}/versions")["value"]) == versions


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
        tag = {"If-None-Match": c.get("/root:/f")["eTag"]}
        c("GET", f"/items/{made['id']}/content", 304, headers=tag)
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
        assert c.get(f"/items/{made['id']}/versions/2.0")["size"] == 4
        c.refused("GET", f"/items/{made['id']}/versions/9.0/content", 404, "itemNotFound")
        c.refused("GET", "/root/versions", 400, "invalidRequest")
        assert c.emulator.people.kept() == [b"one", b"two!"]

    def test_restored_version(self, c: Client) -> None:
        """A past version becomes the current one, and what stood there is a version then."""
        made = c.put("f", b"one")
        c.put("f", b"two!", 200)
        versions = f"/items/{made['id']}/versions"
        c("POST", f"{versions}/1.0/restoreVersion", 204)
        assert c.emulator.people.kept() == [b"one", b"two!"]
        assert c.get("/root:/f")["size"] == 3
        c.refused("POST", f"{versions}/9.0/restoreVersion", 404, "itemNotFound")


class TestCopies:
    def monitor(self, c: Client, url: str) -> JSON:
        for _ in range(100):
            status: JSON = c.bare("GET", url, 202).json()
            if status["status"] != "inProgress":
                return status
        raise AssertionError("a copy did not end")

    def copy(self, c: Client, path: str, name: str, expect: int = 202, conflict: str = "") -> str:
        to = c.get("/root")
        reference = {"driveId": to["parentReference"]["driveId"], "id": to["id"]}
        body = {"parentReference": reference, "name": name}
        option = {"@microsoft.graph.conflictBehavior": conflict} if conflict else {}
        answer = c("POST", f"/root:/{path}:/copy", expect, json=body, params=option)
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
            url = self.copy(c, "f", "g", expect, "replace")
            if url:
                assert self.monitor(c, url)["status"] == "completed"
                assert c.get("/root:/g")["size"] == 4
                assert b"other" in c.emulator.people.kept()

    def test_refused(self, c: Client) -> None:
        """Not into itself, and not what is gone; what went meanwhile fails the copy."""
        c.put("a/f", b"data")
        folder = {"parentReference": {"id": c.get("/root:/a")["id"]}, "name": "b"}
        c.refused("POST", "/root:/a:/copy", 400, "invalidRequest", json=folder)
        c.refused("POST", "/root:/b:/copy", 404, "itemNotFound", json={"name": "c"})
        c.emulator.quirks.copy_delay = 5
        url = c("POST", "/root:/a/f:/copy", 202, json={"name": "g"}).headers["location"]
        c("DELETE", "/root:/a/f", 204)
        c.emulator.ahead += 6
        assert self.monitor(c, url)["errorCode"] == "itemNotFound"
        c.bare("GET", "/_monitor/unknown", 404)

    def test_rename(self, business: Client) -> None:
        """A business drive finds another name for a copy, if it is told to."""
        business.put("f.txt", b"data")
        url = self.copy(business, "f.txt", "f.txt", 202, "rename")
        assert self.monitor(business, url)["status"] == "completed"
        assert business.get("/root:/f 1.txt")["size"] == 4


class TestLocks:
    def test_open_document(self, c: Client) -> None:
        """A document that somebody has open in Office is read, but not changed: 423."""
        made = c.put("Root/folder/doc.docx", b"data")
        path = f"/items/{made['id']}"
        c.emulator.people.open_document("folder/doc.docx")
        for method, where, options in (
            ("PUT", f"{path}/content", {"content": b"other"}),
            ("POST", f"{path}/createUploadSession", {"json": {}}),
            ("PATCH", path, {"json": {"name": "other.docx"}}),
            ("DELETE", path, {}),
            ("POST", f"{path}/permanentDelete", {}),
            ("DELETE", "/root:/Root/folder", {}),
        ):
            error = c.refused(method, where, 423, "notAllowed", **options)
            assert error["innerError"]["code"] == "resourceLocked"
        assert c.bare("GET", made["@microsoft.graph.downloadUrl"]).content == b"data"
        c.emulator.people.close_document("folder/doc.docx")
        c("DELETE", path, 204)


class TestLinks:
    def create(self, c: Client, expect: int, **body: str) -> JSON:
        found: JSON = c("POST", "/root:/f:/createLink", expect, json=body).json()
        return found

    def test_anonymous(self, c: Client) -> None:
        """A link brings anybody to the file until it is taken back; asked again it is the same."""
        c.put("f", b"data")
        made = self.create(c, 201, type="view", scope="anonymous")
        url = made["link"]["webUrl"]
        assert self.create(c, 200, type="view", scope="anonymous")["id"] == made["id"]
        download = c.bare("GET", url, 302).headers["location"]
        assert c.bare("GET", download).content == b"data"
        listed = c.get("/root:/f:/permissions")["value"]
        assert [(each["id"], each["roles"]) for each in listed] == [(made["id"], ["read"])]
        assert c.get(f"/root:/f:/permissions/{made['id']}") == made
        c("DELETE", f"/root:/f:/permissions/{made['id']}", 204)
        c("DELETE", f"/root:/f:/permissions/{made['id']}", 404)
        c.bare("GET", url, 404)

    def test_expires(self, c: Client) -> None:
        """A link may end at a time."""
        c.put("f", b"data")
        ends = facets.stamp(c.emulator.now() + 100)
        made = self.create(c, 201, expirationDateTime=ends)
        assert made["expirationDateTime"] == ends
        c.bare("GET", made["link"]["webUrl"], 302)
        c.emulator.ahead += 101
        c.bare("GET", made["link"]["webUrl"], 404)
        assert c.get("/root:/f:/permissions")["value"] == []

    def test_differences(self, personal: Client, business: Client) -> None:
        """Passwords and embedding are for personal drives, organisations for business drives."""
        for c in (personal, business):
            c.put("f", b"data")
        made = self.create(personal, 201, password="secret")  # noqa: S106 -- an example
        assert made["hasPassword"]
        assert b"password" in personal.bare("GET", made["link"]["webUrl"]).content
        self.create(business, 400, password="secret")  # noqa: S106 -- an example
        self.create(personal, 201, type="embed")
        self.create(business, 400, type="embed")
        self.create(business, 201, scope="organization", type="edit")
        self.create(personal, 400, scope="organization")
        self.create(personal, 400, type="other")

    def test_folder(self, c: Client) -> None:
        """A folder's link shows what is in it."""
        c.put("folder/f", b"data")
        made = c("POST", "/root:/folder:/createLink", 201, json={}).json()
        assert b"<li>f</li>" in c.bare("GET", made["link"]["webUrl"]).content


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
        for path in ("/root/nonsense", "/nonsense", f"{c.url}/v1.0/nonsense"):
            c.refused("GET", path, 404, "itemNotFound")
        c.refused("PUT", "/root", 404, "itemNotFound", json={"name": "f"})
        c.refused("POST", "/root/children", 400, "invalidRequest", json=[])
        option = "?@microsoft.graph.conflictBehavior=perhaps"
        c.refused("PUT", f"/root:/f:/content{option}", 400, "invalidRequest", content=b"")
        c.refused("PUT", "/root/content", 400, "invalidRequest", content=b"")

    def test_person(self, c: Client) -> None:
        """The signed-in person has an id and a name."""
        found = c.get(f"{c.url}/v1.0/me")
        assert {"id", "displayName", "userPrincipalName"} <= set(found)


class TestControl:
    def steer(self, c: Client, what: str, expect: int = 204, /, **values: object) -> None:
        c.bare("POST", f"/_control/{what}", expect, json=values)

    def test_quirks(self, c: Client) -> None:
        """Another process can set every quirk, and is told of one that is not there."""
        for name, value in vars(c.emulator.quirks).items():
            told = list(value) if isinstance(value, frozenset) else value
            c.bare("POST", "/_control/quirks", 204, json={name: told})
            assert getattr(c.emulator.quirks, name) == value
        self.steer(c, "quirks", page_size=1, hashes=[])
        assert (c.emulator.quirks.page_size, c.emulator.quirks.hashes) == (1, frozenset())
        self.steer(c, "quirks", 400, nonsense=1)
        self.steer(c, "quota", 400, nonsense=1)

    def test_the_rest(self, c: Client) -> None:
        """So can quota, pushes, throttling, what is shown, and what ends be."""
        self.steer(c, "quota", total=7)
        assert c.get("")["quota"]["total"] == 7
        self.steer(c, "pushes", lost=2, repeats=3)
        assert (c.emulator.pushes.lost, c.emulator.pushes.repeats) == (2, 3)
        self.steer(c, "throttle", times=1, seconds=3)
        assert c("GET", "", 429).headers["retry-after"] == "3"
        self.steer(c, "freeze")
        c.emulator.people.write("file", b"1")
        assert c.get("/root:/Root:/children")["value"] == []
        self.steer(c, "catch-up")
        assert len(c.get("/root:/Root:/children")["value"]) == 1
        link = c.get("/root/delta?token=latest")["@odata.deltaLink"]
        url = c("POST", "/root:/new:/createUploadSession", json={}).json()["uploadUrl"]
        self.steer(c, "expire", cursors="resyncChangesUploadDifferences", sessions=True)
        c.refused("GET", link, 410, "resyncChangesUploadDifferences")
        c.bare("GET", url, 404)
        self.steer(c, "expire", tokens=True)
        c("GET", "", 401)
        c.sign_in()
        self.steer(c, "expire", grants=True)
        c("GET", "", 401)


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
