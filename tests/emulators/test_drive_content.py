"""The emulated Drive's content: trash, sharing, documents, ranges and revisions."""

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
