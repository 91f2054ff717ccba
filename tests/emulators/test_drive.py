"""The emulated Drive behaves as Google documents, seen by Google's own client: files and lists."""

import dataclasses
import threading
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

    def test_documents_take_no_generated_id(self, w: World) -> None:
        """A native document cannot be made under a generated id."""
        (new,) = w.files.generateIds(count=1).execute()["ids"]
        with pytest.raises(HttpError) as error:
            w.files.create(body={"name": "doc", "mimeType": DOCUMENT, "id": new}).execute()
        assert reason(error.value) == (400, "invalid")

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


class TestTrash:
    def test_content_of_a_trashed_folder(self, w: World) -> None:
        """Trashing a folder trashes what is in it, but not explicitly; it comes back with it."""
        w.people.write("folder/inner/file", b"data")
        folder, file = w.people.id("folder"), w.people.id("folder/inner/file")
        w.files.update(fileId=folder, body={"trashed": True}).execute()
        state = "trashed,explicitlyTrashed"
        assert w.get(folder, state) == {"trashed": True, "explicitlyTrashed": True}
        assert w.get(file, state) == {"trashed": True, "explicitlyTrashed": False}
        assert w.names("trashed = true") == ["file", "folder", "inner"]
        assert w.people.tree() == {}
        assert w.people.kept() == [b"data"]
        w.files.update(fileId=folder, body={"trashed": False}).execute()
        assert w.get(file, state) == {"trashed": False, "explicitlyTrashed": False}

    def test_trashed_file_can_be_read(self, w: World) -> None:
        """Trash is not deletion: the file is there, and has its bytes."""
        made = w.create("file", b"data")
        w.people.trash("file")
        assert w.read(made["id"]) == b"data"

    def test_empty_trash(self, w: World) -> None:
        """Emptying the trash deletes what is in it, and nothing else."""
        w.people.write("folder/file", b"data")
        w.people.write("stays", b"data")
        file = w.people.id("folder/file")
        w.people.trash("folder")
        w.files.emptyTrash().execute()
        with pytest.raises(HttpError) as error:
            w.get(file)
        assert reason(error.value) == (404, "notFound")
        assert w.people.tree() == {"stays": b"data"}
        assert w.people.kept() == []

    def test_delete(self, w: World) -> None:
        """Deleting is for good, and takes all content of a folder along."""
        w.people.write("folder/file", b"data")
        file = w.people.id("folder/file")
        w.files.delete(fileId=w.people.id("folder")).execute()
        for call in (w.files.get(fileId=file), w.files.delete(fileId=file)):
            with pytest.raises(HttpError) as error:
                call.execute()
            assert reason(error.value) == (404, "notFound")
        assert w.people.kept() == []

    def test_my_drive_stays(self, w: World) -> None:
        """My Drive itself is neither trashed nor deleted nor moved."""
        for call in (
            w.files.delete(fileId="root"),
            w.files.update(fileId="root", body={"trashed": True}),
            w.files.update(fileId="root", addParents=w.people.root),
        ):
            with pytest.raises(HttpError) as error:
                call.execute()
            assert reason(error.value) == (403, "insufficientFilePermissions")


class TestSharing:
    def test_file_of_another_in_our_folder(self, w: World) -> None:
        """It can be edited, moved and taken out, but neither trashed nor deleted by us."""
        file = w.people.share_in("file", b"theirs")
        told = w.get(file)
        assert (told["ownedByMe"], told["shared"]) == (False, True)
        able = told["capabilities"]
        assert (able["canEdit"], able["canTrash"], able["canDelete"]) == (True, False, False)
        for call in (
            w.files.delete(fileId=file),
            w.files.update(fileId=file, body={"trashed": True}),
        ):
            with pytest.raises(HttpError) as error:
                call.execute()
            assert reason(error.value) == (403, "insufficientFilePermissions")
        w.files.update(fileId=file, media_body=upload(b"edited")).execute()
        assert w.people.tree() == {"file": b"edited"}
        w.files.update(fileId=file, removeParents=w.people.root).execute()
        assert w.people.tree() == {}
        assert w.names("sharedWithMe = true") == ["file"]

    def test_reader(self, w: World) -> None:
        """Who may only read cannot change anything."""
        file = w.people.share_in("file", b"theirs", access="reader")
        assert w.read(file) == b"theirs"
        with pytest.raises(HttpError) as error:
            w.files.update(fileId=file, body={"name": "mine"}).execute()
        assert reason(error.value) == (403, "insufficientFilePermissions")

    def test_shared_with_me(self, w: World) -> None:
        """What others share is found by query, has no parent, and takes none of our storage."""
        file = w.people.share_with_me("theirs", b"data")
        told = w.get(file)
        assert "parents" not in told
        assert told["sharedWithMeTime"]
        assert w.names("sharedWithMe = true") == ["theirs"]
        assert w.children() == []
        quota = w.api.about().get(fields="storageQuota").execute()["storageQuota"]
        assert quota["usage"] == "0"
        with pytest.raises(HttpError) as error:
            w.files.update(fileId=file, addParents=w.people.root).execute()
        assert error.value.status_code == 403

    def test_lost_access(self, w: World) -> None:
        """Without access a file is as if it were not there."""
        file = w.people.share_in("file", b"theirs")
        w.people.unshare(file)
        with pytest.raises(HttpError) as error:
            w.get(file)
        assert reason(error.value) == (404, "notFound")
        assert w.children() == []
        assert w.people.tree() == {}

    def test_restricted_download(self, w: World) -> None:
        """A reader may be kept from downloading."""
        file = w.people.share_in("file", b"theirs", access="reader")
        with w.emulator.lock:
            kept = dataclasses.replace(w.people.file("file"), restricted=True)
            w.emulator.drive.save(kept)
        assert w.get(file)["capabilities"]["canDownload"] is False
        with pytest.raises(HttpError) as error:
            w.read(file)
        assert error.value.error_details[0]["reason"] == "cannotDownloadFile"


class TestDocuments:
    DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

    def test_no_bytes(self, w: World) -> None:
        """A native document cannot be downloaded, only exported."""
        doc = w.people.add_document("doc", b"text")
        with pytest.raises(HttpError) as error:
            w.read(doc)
        assert error.value.status_code == 403
        assert b"fileNotDownloadable" in error.value.content
        told = w.get(doc)
        assert self.DOCX in told["exportLinks"]
        assert w.files.export(fileId=doc, mimeType="text/plain").execute() == b"text"
        exported = w.files.export(fileId=doc, mimeType=self.DOCX).execute()
        assert b"text" in exported
        assert exported != b"text"

    def test_export_limit(self, w: World) -> None:
        """More than 10 MB are not exported, but are to be had by ``exportLinks``."""
        doc = w.people.add_document("doc", b"x" * (10 << 20))
        with pytest.raises(HttpError) as error:
            w.files.export(fileId=doc, mimeType=self.DOCX).execute()
        assert error.value.status_code == 403
        assert b"exportSizeLimitExceeded" in error.value.content
        link = w.get(doc, "exportLinks")["exportLinks"][self.DOCX]
        assert link.startswith(w.url)
        assert len(w.http.get(link).content) > 10 << 20

    def test_exports_vary(self, w: World) -> None:
        """Two exports of one document may differ in bytes."""
        doc = w.people.add_document("doc", b"words")
        call = w.files.export(fileId=doc, mimeType=self.DOCX)
        assert call.execute() == call.execute()
        w.emulator.files.vary = True
        assert call.execute() != call.execute()
        assert w.files.export(fileId=doc, mimeType="text/plain").execute() == b"words"

    def test_formats(self, w: World) -> None:
        """A format that a document does not have is a 400; bytes are not exported at all."""
        doc = w.people.add_document("doc")
        with pytest.raises(HttpError) as error:
            w.files.export(fileId=doc, mimeType="image/png").execute()
        assert error.value.status_code == 400
        made = w.create("file", b"data")
        with pytest.raises(HttpError) as error:
            w.files.export(fileId=made["id"], mimeType="text/plain").execute()
        assert error.value.status_code == 403

    def test_made_by_upload(self, w: World) -> None:
        """An upload whose metadata ask for a document becomes one."""
        made = w.create("doc", b"words", mimeType=DOCUMENT)
        assert "md5Checksum" not in made
        assert w.files.export(fileId=made["id"], mimeType="text/plain").execute() == b"words"

    def test_shortcut(self, w: World) -> None:
        """A shortcut tells what it points at, and has no bytes of its own."""
        w.people.write("file.txt", b"data")
        file = w.people.id("file.txt")
        body = {
            "name": "short",
            "mimeType": SHORTCUT,
            "parents": [w.people.root],
            "shortcutDetails": {"targetId": file},
        }
        made = w.files.create(body=body, fields="*").execute()
        assert made["shortcutDetails"] == {"targetId": file, "targetMimeType": "text/plain"}
        assert "size" not in made
        with pytest.raises(HttpError):
            w.read(made["id"])
        w.people.remove("file.txt")
        assert w.get(made["id"], "shortcutDetails")["shortcutDetails"] == {"targetId": file}
        with pytest.raises(HttpError) as error:
            w.files.create(body={**body, "shortcutDetails": {"targetId": "nothing"}}).execute()
        assert reason(error.value) == (404, "notFound")

    def test_shortcut_of_people(self, w: World) -> None:
        """A person's shortcut may point at the folder that it is in."""
        w.people.mkdir("folder")
        short = w.people.add_shortcut("folder/loop", "folder")
        details = w.get(short, "shortcutDetails")["shortcutDetails"]
        assert details == {"targetId": w.people.id("folder"), "targetMimeType": FOLDER}


class TestReading:
    @pytest.mark.parametrize(
        ("wanted", "status", "data", "told"),
        [
            ("bytes=0-3", 206, b"0123", "bytes 0-3/10"),
            ("bytes=4-", 206, b"456789", "bytes 4-9/10"),
            ("bytes=-2", 206, b"89", "bytes 8-9/10"),
            ("bytes=8-99", 206, b"89", "bytes 8-9/10"),
            ("lines=1-2", 200, b"0123456789", None),
        ],
    )
    def test_ranges(
        self, w: World, wanted: str, status: int, data: bytes, told: str | None
    ) -> None:
        """A range of bytes can be had, also to the end and from the end."""
        made = w.create("file", b"0123456789")
        address = f"/drive/v3/files/{made['id']}?alt=media"
        answer = w.http.get(address, headers={"Range": wanted})
        assert (answer.status_code, answer.content) == (status, data)
        assert answer.headers.get("content-range") == told

    @pytest.mark.parametrize("data", [b"", b"0123456789"])
    def test_range_behind_the_end(self, w: World, data: bytes) -> None:
        """What begins behind the last byte is a 416."""
        made = w.create("file", data)
        address = f"/drive/v3/files/{made['id']}?alt=media"
        answer = w.http.get(address, headers={"Range": f"bytes={len(data)}-"})
        assert answer.status_code == 416
        assert answer.headers["content-range"] == f"bytes */{len(data)}"

    def test_abusive_file(self, w: World) -> None:
        """What Google takes for malware has to be asked for with the risk acknowledged."""
        made = w.create("file", b"data")
        w.people.flag_abusive("file")
        with pytest.raises(HttpError) as error:
            w.read(made["id"])
        assert b"cannotDownloadAbusiveFile" in error.value.content
        call = w.files.get_media(fileId=made["id"], acknowledgeAbuse=True)
        assert call.execute() == b"data"


class TestRevisions:
    def all(self, w: World, file: str) -> list[dict[str, Any]]:
        found = w.api.revisions().list(fileId=file, fields="revisions").execute()
        revisions: list[dict[str, Any]] = found["revisions"]
        return revisions

    def test_old_content(self, w: World) -> None:
        """New bytes are a new head; what was before can be read by its revision."""
        made = w.create("file", b"one")
        w.people.write("file", b"two")
        old, new = self.all(w, made["id"])
        assert (old["id"], new["id"]) == (
            made["headRevisionId"],
            w.get(made["id"], "headRevisionId")["headRevisionId"],
        )
        call = w.api.revisions().get_media(fileId=made["id"], revisionId=old["id"])
        assert call.execute() == b"one"
        assert old["md5Checksum"] == made["md5Checksum"]
        assert w.people.kept() == [b"one"]

    def test_same_content_is_a_new_revision(self, w: World) -> None:
        """Uploading the same bytes again makes another revision."""
        made = w.create("file", b"one")
        w.files.update(fileId=made["id"], media_body=upload(b"one")).execute()
        assert len(self.all(w, made["id"])) == 2

    def test_purge(self, w: World) -> None:
        """Thirty days after newer content a revision is gone, unless it is kept forever."""
        file = w.create("file", b"one")["id"]
        w.people.write("file", b"two")
        w.people.write("file", b"three")
        first = self.all(w, file)[0]["id"]
        body = {"keepForever": True}
        w.api.revisions().update(fileId=file, revisionId=first, body=body).execute()
        assert w.get(file, "quotaBytesUsed") == {"quotaBytesUsed": "8"}
        w.emulator.ahead += 31 * 86_400
        w.emulator.oauth.lifetime = 10**9
        tokens = w.emulator.oauth.issue()
        answer = w.http.get(
            f"/drive/v3/files/{file}/revisions?fields=revisions(size,keepForever)",
            headers={"Authorization": f"Bearer {tokens['access_token']}"},
        )
        assert answer.json()["revisions"] == [
            {"size": "3", "keepForever": True},
            {"size": "5", "keepForever": False},
        ]

    def test_purged_early(self, w: World) -> None:
        """Drive may forget what a file has been, but not what is kept forever."""
        made = w.create("file", b"one")
        w.files.update(
            fileId=made["id"], media_body=upload(b"two"), keepRevisionForever=True
        ).execute()
        w.people.write("file", b"three")
        w.people.purge_revisions("file")
        assert [each["size"] for each in self.all(w, made["id"])] == ["3", "5"]
        assert w.people.kept() == [b"two"]

    def test_keep_with_an_upload(self, w: World) -> None:
        """An upload can ask that its revision be kept."""
        made = w.create("file", b"one")
        call = w.files.update(
            fileId=made["id"], media_body=upload(b"two"), keepRevisionForever=True
        )
        call.execute()
        assert [each["keepForever"] for each in self.all(w, made["id"])] == [False, True]

    def test_delete(self, w: World) -> None:
        """A revision can be deleted, but not the last one there is."""
        made = w.create("file", b"one")
        w.people.write("file", b"two")
        revisions = w.api.revisions()
        revisions.delete(fileId=made["id"], revisionId=made["headRevisionId"]).execute()
        (left,) = self.all(w, made["id"])
        assert w.people.kept() == []
        with pytest.raises(HttpError) as error:
            revisions.delete(fileId=made["id"], revisionId=left["id"]).execute()
        assert error.value.status_code == 400
        with pytest.raises(HttpError) as error:
            revisions.get(fileId=made["id"], revisionId=made["headRevisionId"]).execute()
        assert reason(error.value) == (404, "notFound")


class TestAtOnce:
    def test_updates_do_not_tear(self, w: World) -> None:
        """Of many uploads to one file each is a revision, whole."""
        made = w.create("file", b"0" * 1000)
        address = f"/upload/drive/v3/files/{made['id']}?uploadType=media"
        threads = [
            threading.Thread(
                target=w.http.patch, args=(address,), kwargs={"content": b"%d" % n * 1000}
            )
            for n in range(1, 9)
        ]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        found = {*w.people.kept(), *w.people.tree().values()}
        assert found == {b"%d" % n * 1000 for n in range(9)}
