"""The emulated Drive behaves as Google documents, seen by Google's own client: files and lists."""

from collections.abc import Iterator
from typing import Any

import pytest
from googleapiclient.errors import HttpError  # type: ignore[import-untyped]  # it has no types

from tests.emulators.drive.model import DOCUMENT, FOLDER, SHORTCUT
from tests.emulators.drive.world import World, reason, served, upload


@pytest.fixture
def w() -> Iterator[World]:
    with served() as world:
        yield world


class TestIds:
    def test_generated_id_is_used_once(self, w: World) -> None:
        """A create that is repeated under one generated id is a 409, and makes nothing."""
        (new,) = w.files.generateIds(count=1).execute()["ids"]
        first = w.create("file", b"one", id=new)
        assert first["id"] == new
        with pytest.raises(HttpError) as error:
            w.create("file", b"two", id=new)
        assert reason(error.value) == (409, "fileIdInUse")
        assert w.people.tree() == {"file": b"one"}

    def test_invented_id_is_refused(self, w: World) -> None:
        """An id that was not generated cannot be given to a file."""
        with pytest.raises(HttpError) as error:
            w.create("file", b"one", id="1invented")
        assert reason(error.value) == (400, "invalid")

    def test_types_that_take_an_id(self, w: World) -> None:
        """Folders take a generated id too; documents none, shortcuts one made for shortcuts."""
        w.people.write("file", b"")
        target = {"shortcutDetails": {"targetId": w.people.id("file")}}

        def made(mime: str, kind: str = "files") -> tuple[int, str]:
            (new,) = w.files.generateIds(count=1, type=kind).execute()["ids"]
            body = {
                "name": "new",
                "mimeType": mime,
                "id": new,
                **(target if mime == SHORTCUT else {}),
            }
            try:
                w.files.create(body=body).execute()
            except HttpError as error:
                return reason(error)
            return 200, w.get(new)["mimeType"]

        assert made(FOLDER) == (200, FOLDER)
        assert made(DOCUMENT) == (403, "insufficientFilePermissions")
        assert made(SHORTCUT) == (400, "invalid")
        assert made(SHORTCUT, "shortcuts") == (200, SHORTCUT)

    def test_count_of_generated_ids(self, w: World) -> None:
        """Ten ids unless asked for, at most 1000."""
        assert len(set(w.files.generateIds().execute()["ids"])) == 10
        assert len(set(w.files.generateIds(count=1000).execute()["ids"])) == 1000
        with pytest.raises(HttpError) as error:
            w.files.generateIds(count=1001).execute()
        assert reason(error.value) == (400, "invalid")

    def test_root_alias(self, w: World) -> None:
        """``root`` names My Drive, in an id, as a parent, and in a query."""
        root = w.get("root")
        assert (root["name"], root["mimeType"]) == ("My Drive", FOLDER)
        assert "parents" not in root
        made = w.files.create(body={"name": "top", "parents": ["root"]}, fields="parents").execute()
        assert made["parents"] == [root["id"]]
        assert w.names("'root' in parents") == ["Root", "top"]

    def test_no_such_file(self, w: World) -> None:
        """An unknown id is a 404 that names it, in Google's form."""
        answer = w.http.get("/drive/v3/files/nothing")
        assert answer.status_code == 404
        assert answer.json() == {
            "error": {
                "code": 404,
                "message": "File not found: nothing.",
                "errors": [
                    {
                        "message": "File not found: nothing.",
                        "domain": "global",
                        "reason": "notFound",
                        "location": "fileId",
                        "locationType": "parameter",
                    }
                ],
            }
        }


class TestFields:
    def test_defaults(self, w: World) -> None:
        """What is not asked for is not told: a file shows little unless ``fields`` says so."""
        made = w.create("file", b"data")
        told = w.files.get(fileId=made["id"]).execute()
        assert told.keys() == {"kind", "id", "name", "mimeType"}
        (listed,) = w.files.list(q="name = 'file'").execute()["files"]
        assert listed.keys() == told.keys()

    def test_masks(self, w: World) -> None:
        """A mask picks at every depth, in lists too."""
        made = w.create("file", b"data")
        told = w.get(made["id"], "size,capabilities(canEdit,canTrash),owners/emailAddress")
        assert told == {
            "size": "4",
            "capabilities": {"canEdit": True, "canTrash": True},
            "owners": [{"emailAddress": "me@example.com"}],
        }
        page = w.files.list(q="name = 'file'", fields="files(id,parents)").execute()
        assert page == {"files": [{"id": made["id"], "parents": [w.people.root]}]}

    @pytest.mark.parametrize("mask", ["etag", "files(id)", "id,", "id(", "owners(mail)"])
    def test_unknown_fields_are_refused(self, w: World, mask: str) -> None:
        """A field that Drive does not have is a 400."""
        with pytest.raises(HttpError) as error:
            w.get("root", mask)
        assert reason(error.value) == (400, "invalidParameter")

    def test_refused_before_anything_is_done(self, w: World) -> None:
        """A request with a wrong mask does nothing."""
        for call in (
            w.files.create(body={"name": "new"}, fields="etag"),
            w.files.update(fileId=w.people.root, body={"name": "renamed"}, fields="etag"),
        ):
            with pytest.raises(HttpError) as error:
                call.execute()
            assert reason(error.value) == (400, "invalidParameter")
        assert w.names() == ["Root"]

    def test_about_wants_fields(self, w: World) -> None:
        """``about.get`` answers nothing without a mask."""
        with pytest.raises(HttpError) as error:
            w.api.about().get().execute()
        assert reason(error.value) == (400, "required")

    def test_about(self, w: World) -> None:
        """It tells the user, the quota, and what can be exported to what."""
        w.create("file", b"12345")
        w.people.write("gone", b"123")
        w.people.trash("gone")
        told = w.api.about().get(fields="user,storageQuota,exportFormats").execute()
        assert told["user"]["emailAddress"] == "me@example.com"
        quota = told["storageQuota"]
        assert (quota["usage"], quota["usageInDriveTrash"]) == ("8", "3")
        assert any("wordprocessingml" in each for each in told["exportFormats"][DOCUMENT])


class TestQueries:
    @pytest.fixture(autouse=True)
    def tree(self, w: World) -> None:
        w.people.write("HelloWorld", b"1", mtime_ns=1_000_000_000_000_000_000)
        w.people.write("it's", b"2", mtime_ns=1_500_000_000_123_000_000)
        w.people.write("back\\slash and more", b"3")
        w.people.write("folder/inner.txt", b"4")
        w.people.write("gone/below", b"5")
        w.people.trash("gone")
        w.people.star("it's")

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("name = 'it\\'s'", ["it's"]),
            ("name = 'back\\\\slash and more'", ["back\\slash and more"]),
            ("name='helloworld'", ["HelloWorld"]),
            ("name contains 'Hello'", ["HelloWorld"]),
            ("name contains 'World'", []),
            ("name contains 'and'", ["back\\slash and more"]),
            ("trashed = true", ["below", "gone"]),
            ("trashed != false and name = 'below'", ["below"]),
            ("mimeType = 'text/plain' and trashed=false", ["inner.txt"]),
            ("mimeType contains 'text/'", ["inner.txt"]),
            ("not mimeType = 'text/plain' and starred = true", ["it's"]),
            ("modifiedTime < '2010-01-01T00:00:00'", ["HelloWorld"]),
            ("modifiedTime = '2017-07-14T02:40:00.123Z'", ["it's"]),
            ("modifiedTime >= '2017-07-14T04:40:00.123+02:00' and starred = true", ["it's"]),
            ("name = 'it\\'s' or name = 'inner.txt' and trashed = true", ["it's"]),
            ("(name = 'it\\'s' or name = 'below') and trashed = true", ["below"]),
            ("not (name = 'it\\'s' or not starred = true)", []),
            ("sharedWithMe = true", []),
            ("'me' in owners and name = 'below'", ["below"]),
        ],
    )
    def test_terms(self, w: World, query: str, found: list[str]) -> None:
        """Terms, their operators, ``and``, ``or``, ``not`` and parentheses find what they say."""
        assert w.names(query) == found

    def test_parents(self, w: World) -> None:
        """Parents can be asked for several at once."""
        ids = [w.people.root, w.people.id("folder")]
        either = " or ".join(f"'{each}' in parents" for each in ids)
        assert w.names(f"({either}) and trashed = false") == sorted(
            ["HelloWorld", "back\\slash and more", "folder", "inner.txt", "it's"]
        )

    def test_long_queries(self, w: World) -> None:
        """A query that is too long for an address is sent in a body instead."""
        for number in range(60):
            w.people.write(f"many/{number}/file{number}", b"")
        ids = [w.people.id(f"many/{number}") for number in range(60)]
        either = " or ".join(f"'{each}' in parents" for each in ids)
        found = w.names(f"({either}) and trashed = false")
        assert len(found) == 60
        assert "GET /drive/v3/files" in w.emulator.calls

    def test_folder_that_is_not_there(self, w: World) -> None:
        """What stands in an unknown folder is not nothing, but a 404 that names no id."""
        gone = w.people.id("folder")
        w.people.remove("folder")
        for query in (f"'{gone}' in parents", f"'root' in parents or '{gone}' in parents"):
            with pytest.raises(HttpError) as error:
                w.names(query)
            assert reason(error.value) == (404, "notFound")
            assert error.value.reason == "File not found: ."

    def test_several_folders_may_find_nothing(self, w: World) -> None:
        """A query for several folders may find nothing for once, where one for each finds all."""
        folder, root = w.people.id("folder"), w.people.root
        w.emulator.files.empty_groups = 1
        either = f"('{folder}' in parents or '{root}' in parents) and name = 'inner.txt'"
        assert w.names(f"'{folder}' in parents") == ["inner.txt"]
        assert w.names(either) == []
        assert w.names(either) == ["inner.txt"]

    @pytest.mark.parametrize(
        "query", ["name", "name = x", "'x' in nowhere", "trashed = 'true'", "name = 'a' and", "("]
    )
    def test_malformed(self, w: World, query: str) -> None:
        """What is no query is a 400 that points at it."""
        with pytest.raises(HttpError) as error:
            w.names(query)
        assert reason(error.value) == (400, "invalid")
        assert error.value.error_details[0]["location"] == "q"

    def test_without_a_query(self, w: World) -> None:
        """All files are listed, trashed ones too; My Drive itself is not."""
        assert "below" in w.names()
        assert "My Drive" not in w.names()


class TestPages:
    def test_pages(self, w: World) -> None:
        """Pages hold what was asked for, and together everything once."""
        for number in range(7):
            w.people.write(f"f{number}", b"")
        query = f"'{w.people.root}' in parents"
        found, token, sizes = [], None, []
        while True:
            page = w.files.list(q=query, pageSize=3, pageToken=token).execute()
            sizes.append(len(page["files"]))
            found += [each["name"] for each in page["files"]]
            token = page.get("nextPageToken")
            if token is None:
                break
        assert sizes == [3, 3, 1]
        assert sorted(found) == [f"f{number}" for number in range(7)]

    def test_hundred_unless_asked_for(self, w: World) -> None:
        """A page has 100 files, or up to 1000 if more are asked for."""
        for number in range(110):
            w.people.write(f"f{number}", b"")
        query = f"'{w.people.root}' in parents"
        assert len(w.files.list(q=query).execute()["files"]) == 100
        assert len(w.files.list(q=query, pageSize=1000).execute()["files"]) == 110

    def test_token_belongs_to_its_query(self, w: World) -> None:
        """A page token of another query, or one that ended, is refused: begin again."""
        for name in "abc":
            w.people.write(name, b"")
        query = f"'{w.people.root}' in parents"
        token = w.files.list(q=query, pageSize=1).execute()["nextPageToken"]
        with pytest.raises(HttpError) as error:
            w.files.list(q="trashed = false", pageSize=1, pageToken=token).execute()
        assert reason(error.value) == (400, "invalid")
        w.emulator.files.expire_pages()
        with pytest.raises(HttpError) as error:
            w.files.list(q=query, pageSize=1, pageToken=token).execute()
        assert error.value.error_details[0]["location"] == "pageToken"

    def test_order(self, w: World) -> None:
        """Results are sorted by several keys, folders first if asked for."""
        w.people.write("b", b"", mtime_ns=10**18)
        w.people.write("a", b"", mtime_ns=2 * 10**18)
        w.people.mkdir("c")
        query = f"'{w.people.root}' in parents"
        assert w.names(query, orderBy="name") == ["a", "b", "c"]
        assert w.names(query, orderBy="folder,name desc") == ["c", "b", "a"]
        assert w.names(query, orderBy="modifiedTime")[0] == "b"
        with pytest.raises(HttpError) as error:
            w.names(query, orderBy="colour")
        assert error.value.error_details[0]["location"] == "orderBy"


class TestMetadata:
    def test_duplicate_names(self, w: World) -> None:
        """One folder can hold several files of one name; they differ by id."""
        w.create("same", b"one")
        w.people.add_duplicate("same", b"two")
        assert w.children() == ["same", "same"]
        assert sorted(w.people.tree().values(), key=str) == [b"one", b"two"]

    def test_slash_in_a_name(self, w: World) -> None:
        """A slash is a character like any other."""
        made = w.create("a/b", b"")
        assert w.get(made["id"], "name")["name"] == "a/b"

    def test_modified_time(self, w: World) -> None:
        """It is set to the millisecond, finer digits are cut off."""
        made = w.create("file", b"", modifiedTime="2020-02-02T02:02:02.123999Z")
        assert made["modifiedTime"] == "2020-02-02T02:02:02.123Z"
        body = {"modifiedTime": "2021-01-01T00:00:00+01:00"}
        told = w.files.update(fileId=made["id"], body=body, fields="modifiedTime,headRevisionId")
        changed = told.execute()
        assert changed["modifiedTime"] == "2020-12-31T23:00:00.000Z"
        assert changed["headRevisionId"] == made["headRevisionId"]

    def test_what_changes_the_modified_time(self, w: World) -> None:
        """New bytes and a rename do so, unless a time is given; a move and the trash do not."""
        old = "2020-02-02T02:02:02.000Z"
        file = w.create("file", b"", modifiedTime=old)["id"]
        w.people.mkdir("folder")

        def after(body: dict[str, Any], **options: Any) -> str:
            call = w.files.update(fileId=file, body=body, fields="modifiedTime", **options)
            told: str = call.execute()["modifiedTime"]
            return told

        place = {"addParents": w.people.id("folder"), "removeParents": w.people.root}
        assert after({}, **place) == old
        assert after({"trashed": True}) == old
        assert after({"name": "renamed", "modifiedTime": old}) == old
        assert after({}, media_body=upload(b"new")) > old
        assert after({"modifiedTime": old}) == old
        assert after({"name": "again"}) > old

    def test_checksums_of_binary_files_only(self, w: World) -> None:
        """Bytes have three checksums and a head revision; folders and documents have none."""
        told = w.create("file", b"hello")
        assert told["md5Checksum"] == "5d41402abc4b2a76b9719d911017c592"
        assert told["sha1Checksum"] == "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d"
        assert told["sha256Checksum"].startswith("2cf24dba5fb0a30e26e83b2ac5b9e29e")
        document = w.get(w.people.add_document("doc", b"text"))
        w.people.mkdir("folder")
        for other in (document, w.get(w.people.id("folder"))):
            assert not {"md5Checksum", "sha256Checksum", "headRevisionId"} & other.keys()

    def test_version_grows(self, w: World) -> None:
        """Every change makes ``version`` greater, one that nobody sees too."""
        made = w.create("file", b"one")
        w.people.star("file")
        starred = w.get(made["id"])
        assert int(starred["version"]) > int(made["version"])
        assert starred["headRevisionId"] == made["headRevisionId"]
        w.people.disturb("file")
        disturbed = w.get(made["id"])
        assert int(disturbed.pop("version")) > int(starred.pop("version"))
        assert disturbed == starred

    def test_last_writer_wins(self, w: World) -> None:
        """There is no precondition: conditions in headers are not looked at."""
        made = w.create("file", b"one")
        w.people.write("file", b"person's")
        answer = w.http.patch(
            f"/upload/drive/v3/files/{made['id']}?uploadType=media",
            content=b"ours",
            headers={"If-Match": '"nothing"'},
        )
        assert answer.status_code == 200
        assert w.people.tree() == {"file": b"ours"}
        assert b"person's" in w.people.kept()

    @pytest.mark.parametrize("field", ["parents", "id", "md5Checksum", "ownedByMe", "size"])
    def test_not_writable(self, w: World, field: str) -> None:
        """What cannot be set is refused, ``parents`` of a file that is there too."""
        made = w.create("file", b"one")
        with pytest.raises(HttpError) as error:
            w.files.update(fileId=made["id"], body={field: made[field]}).execute()
        assert reason(error.value) == (403, "fieldNotWritable")

    def test_properties(self, w: World) -> None:
        """Properties are merged, and cleared by null."""
        made = w.create("file", b"", appProperties={"a": "1", "b": "2"})
        body = {"appProperties": {"a": None, "c": "3"}}
        told = w.files.update(fileId=made["id"], body=body, fields="appProperties").execute()
        assert told == {"appProperties": {"b": "2", "c": "3"}}
        assert w.names("appProperties has { key='c' and value='3' }") == ["file"]

    def test_body_that_is_no_json(self, w: World) -> None:
        """It is a parse error."""
        answer = w.http.post("/drive/v3/files", content=b"{")
        assert answer.status_code == 400
        assert answer.json()["error"]["errors"][0]["reason"] == "parseError"


class TestMoving:
    def move(self, w: World, file: str, **parents: str) -> dict[str, Any]:
        told: dict[str, Any] = w.files.update(fileId=file, fields="parents", **parents).execute()
        return told

    def test_move(self, w: World) -> None:
        """A move takes one parent and gives another in one request; the id stays."""
        w.people.write("from/file", b"data")
        w.people.mkdir("to")
        file = w.people.id("from/file")
        there = w.people.id("to")
        told = self.move(w, file, addParents=there, removeParents=w.people.id("from"))
        assert told == {"parents": [there]}
        assert w.people.tree() == {"from": None, "to": None, "to/file": b"data"}

    def test_one_parent(self, w: World) -> None:
        """A second parent is refused, also where the wrong one is taken away."""
        w.people.write("file", b"data")
        w.people.mkdir("to")
        file, there = w.people.id("file"), w.people.id("to")
        for options in ({}, {"removeParents": there}, {"removeParents": "nothing"}):
            if options.get("removeParents") != there:
                with pytest.raises(HttpError) as error:
                    self.move(w, file, addParents=there, **options)
                assert reason(error.value) == (403, "cannotAddParent")
        with pytest.raises(HttpError) as error:
            w.create("two", b"", parents=[w.people.root, there])
        assert reason(error.value) == (403, "cannotAddParent")

    def test_without_a_parent(self, w: World) -> None:
        """What is only taken away stands in My Drive then."""
        w.people.write("file", b"data")
        told = self.move(w, w.people.id("file"), removeParents=w.people.root)
        assert told == {"parents": [w.get("root", "id")["id"]]}

    @pytest.mark.parametrize(
        ("to", "expected"),
        [
            ("folder/inner", (400, "badRequest")),
            ("folder", (400, "badRequest")),
            ("file", (403, "parentNotAFolder")),
            ("", (404, "notFound")),
        ],
    )
    def test_places_that_cannot_be(self, w: World, to: str, expected: tuple[int, str]) -> None:
        """Not into itself, not into a file, not into what is not there."""
        w.people.mkdir("folder/inner")
        w.people.write("file", b"data")
        there = w.people.id(to) if to else "nothing"
        with pytest.raises(HttpError) as error:
            self.move(w, w.people.id("folder"), addParents=there, removeParents=w.people.root)
        assert reason(error.value) == expected

    def test_copy(self, w: World) -> None:
        """A copy is a new file with the same bytes, beside the old one unless told otherwise."""
        made = w.create("file", b"data", modifiedTime="2020-02-02T02:02:02.000Z")
        copied = w.files.copy(fileId=made["id"], fields="*").execute()
        assert copied["name"] == "Copy of file"
        assert (copied["parents"], copied["md5Checksum"]) == (
            made["parents"],
            made["md5Checksum"],
        )
        assert copied["modifiedTime"] > made["modifiedTime"]
        assert copied["headRevisionId"] != made["headRevisionId"]

    def test_folders_are_not_copied(self, w: World) -> None:
        """A folder cannot be copied by the API."""
        with pytest.raises(HttpError) as error:
            w.files.copy(fileId=w.people.root, body={}).execute()
        assert reason(error.value) == (403, "cannotCopyFile")
