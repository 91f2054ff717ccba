"""The Dropbox emulator as the official SDK sees it: upload sessions, batches and their jobs."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from dropbox import async_, files  # type: ignore[import-untyped]  # the SDK has no types
from dropbox.exceptions import ApiError  # type: ignore[import-untyped]  # the SDK has no types

from tests.emulators.dropbox import DropboxEmulator, create
from tests.emulators.dropbox.client import connected, refused, tags
from tests.emulators.dropbox.uploading import PIECE

WHEN = datetime(2020, 2, 29, 12, 30, 15, tzinfo=UTC).replace(tzinfo=None)


@pytest.fixture
def emulator() -> DropboxEmulator:
    emulator = create()
    emulator.strict = True
    return emulator


@pytest.fixture
def box(emulator: DropboxEmulator) -> Iterator[Any]:
    with connected(emulator) as box:
        yield box


class Session:
    """An upload session and the SDK's words for it."""

    def __init__(self, box: Any, data: bytes = b"", **options: Any) -> None:
        self.box = box
        self.id = box.files_upload_session_start(data, **options).session_id

    def at(self, offset: int) -> Any:
        return files.UploadSessionCursor(self.id, offset)

    def append(self, data: bytes, offset: int, *, close: bool = False) -> None:
        self.box.files_upload_session_append_v2(data, self.at(offset), close)

    def finish(self, data: bytes, offset: int, path: str = "/Root/file", **options: Any) -> Any:
        commit = files.CommitInfo(path, **options)
        return self.box.files_upload_session_finish(data, self.at(offset), commit)

    def entry(self, offset: int, path: str, **options: Any) -> Any:
        return files.UploadSessionFinishArg(self.at(offset), files.CommitInfo(path, **options))


def offset_of(call: Callable[[], Any]) -> int:
    """Return the right offset that the refusal of a wrong one names."""
    with pytest.raises(ApiError) as raised:
        call()
    error = raised.value.error
    if error._tag == "lookup_failed":
        error = error.get_lookup_failed()
    assert error.is_incorrect_offset()
    offset: int = error.get_incorrect_offset().correct_offset
    return offset


class TestSession:
    def test_whole(self, emulator: DropboxEmulator, box: Any) -> None:
        """Content comes in with start, append and finish; only then anything stands there."""
        session = Session(box, b"one")
        session.append(b"two", 3)
        assert emulator.people.tree() == {}
        answer = session.finish(b"three", 6, client_modified=WHEN)
        assert emulator.people.tree() == {"file": b"onetwothree"}
        assert answer == box.files_get_metadata("/Root/file")

    def test_wrong_offset(self, box: Any) -> None:
        """A wrong offset is refused with the right one, also after a lost answer."""
        session = Session(box, b"one")
        session.append(b"two", 3)
        assert offset_of(lambda: session.append(b"two", 3)) == 6
        assert offset_of(lambda: session.append(b"two", 9)) == 6
        assert offset_of(lambda: session.finish(b"", 3)) == 6

    def test_closed(self, emulator: DropboxEmulator, box: Any) -> None:
        """A closed session takes nothing more, and can be finished."""
        session = Session(box, b"one")
        session.append(b"two", 3, close=True)
        assert refused(lambda: session.append(b"", 6)) == ["closed"]
        assert refused(lambda: session.finish(b"three", 6)) == ["lookup_failed", "closed"]
        session.finish(b"", 6)
        assert emulator.people.tree() == {"file": b"onetwo"}

    def test_refused_commit(self, emulator: DropboxEmulator, box: Any) -> None:
        """Where the commit is refused the data stays, for another try without it."""
        emulator.people.write("file", b"in the way")
        session = Session(box, b"one")
        assert refused(lambda: session.finish(b"two", 3)) == ["path", "conflict", "file"]
        assert offset_of(lambda: session.finish(b"two", 3)) == 6
        session.finish(b"", 6, path="/Root/other")
        assert emulator.people.tree()["other"] == b"onetwo"

    def test_unknown(self, box: Any) -> None:
        """A session that was finished, or never was, is not found."""
        session = Session(box, b"one")
        session.finish(b"", 3)
        assert refused(lambda: session.append(b"", 3)) == ["not_found"]
        assert refused(lambda: session.finish(b"", 3)) == ["lookup_failed", "not_found"]

    def test_expired(self, emulator: DropboxEmulator, box: Any) -> None:
        """A session lasts seven days."""
        session = Session(box, b"one")
        emulator.ahead += 7 * 86400 - 10
        emulator.token = box._oauth2_access_token = str(emulator.oauth.issue()["access_token"])
        session.append(b"two", 3)
        emulator.ahead += 10
        assert refused(lambda: session.append(b"three", 6)) == ["not_found"]

    def test_content_hash(self, box: Any) -> None:
        """A piece that arrived damaged is not taken."""
        session = Session(box)
        append = partial(box.files_upload_session_append_v2, b"one", session.at(0))
        assert refused(partial(append, content_hash="0" * 64)) == ["content_hash_mismatch"]
        assert offset_of(lambda: session.append(b"", 3)) == 0


class TestConcurrentSession:
    @pytest.fixture
    def session(self, box: Any) -> Session:
        return Session(box, session_type=files.UploadSessionType.concurrent)

    def test_any_order(self, emulator: DropboxEmulator, session: Session) -> None:
        """Pieces come in any order, the closing one last; repeated ones do no harm."""
        session.append(b"b" * PIECE, PIECE)
        session.append(b"a" * PIECE, 0)
        session.append(b"a" * PIECE, 0)
        session.append(b"end", 2 * PIECE, close=True)
        session.finish(b"", 2 * PIECE + 3)
        assert emulator.people.tree() == {"file": b"a" * PIECE + b"b" * PIECE + b"end"}

    def test_pieces(self, session: Session) -> None:
        """Offsets, and sizes but the last one's, are multiples of 4 MiB."""
        odd = lambda: session.append(b"a" * PIECE, 1)  # noqa: E731 -- it is called once
        assert refused(odd) == ["concurrent_session_invalid_offset"]
        short = lambda: session.append(b"a", 0)  # noqa: E731 -- it is called once
        assert refused(short) == ["concurrent_session_invalid_data_size"]

    def test_starting(self, box: Any) -> None:
        """It begins without data, and open."""
        start = partial(
            box.files_upload_session_start, session_type=files.UploadSessionType.concurrent
        )
        assert refused(lambda: start(b"data")) == ["concurrent_session_data_not_allowed"]
        assert refused(lambda: start(b"", close=True)) == ["concurrent_session_close_not_allowed"]

    def test_finishing(self, session: Session) -> None:
        """It is finished closed, whole, and without data."""
        session.append(b"b" * PIECE, PIECE)
        assert refused(lambda: session.finish(b"", 0)) == ["concurrent_session_not_closed"]
        session.append(b"end", 2 * PIECE, close=True)
        whole = 2 * PIECE + 3
        assert refused(lambda: session.finish(b"", whole)) == ["concurrent_session_missing_data"]
        assert refused(lambda: session.finish(b"x", 0)) == ["concurrent_session_data_not_allowed"]


class TestBatches:
    def test_commits(self, emulator: DropboxEmulator, box: Any) -> None:
        """Many sessions are finished at once; each entry has its own result, in order."""
        emulator.people.write("taken", b"in the way")
        good = Session(box, b"good", close=True)
        late = Session(box, b"late")
        taken = Session(box, b"taken", close=True)
        wrong = Session(box, b"wrong", close=True)
        result = box.files_upload_session_finish_batch_v2(
            [
                good.entry(4, "/Root/good"),
                late.entry(4, "/Root/late"),
                taken.entry(5, "/Root/taken"),
                wrong.entry(3, "/Root/wrong"),
            ]
        )
        first, *failures = result.entries
        assert first.get_success() == box.files_get_metadata("/Root/good")
        assert [tags(each.get_failure()) for each in failures] == [
            ["lookup_failed", "not_closed"],
            ["path", "conflict", "file"],
            ["lookup_failed", "incorrect_offset"],
        ]
        assert emulator.people.tree() == {"taken": b"in the way", "good": b"good"}

    def test_started_together(self, emulator: DropboxEmulator, box: Any) -> None:
        """Sessions can be started many at once, and committed by a job."""
        started = box.files_upload_session_start_batch(3).session_ids
        entries = []
        for number, session in enumerate(started):
            cursor = files.UploadSessionCursor(session, 0)
            box.files_upload_session_append_v2(b"content", cursor, close=True)
            entries.append(
                files.UploadSessionFinishArg(
                    files.UploadSessionCursor(session, 7), files.CommitInfo(f"/Root/{number}")
                )
            )
        with pytest.deprecated_call():
            job = box.files_upload_session_finish_batch(entries).get_async_job_id()
        check = box.files_upload_session_finish_batch_check
        assert check(job).is_in_progress()
        result = check(job).get_complete()
        assert [each.get_success().name for each in result.entries] == ["0", "1", "2"]
        assert emulator.people.tree() == dict.fromkeys("012", b"content")

    def test_pieces_together(self, emulator: DropboxEmulator, box: Any) -> None:
        """One request brings pieces of many sessions; each is taken or refused by itself."""
        contents = [b"one", b"", b"three"]
        started = box.files_upload_session_start_batch(3).session_ids
        cursors = [files.UploadSessionCursor(session, 0) for session in started]
        pieces = [
            files.UploadSessionAppendBatchArgEntry(cursor, len(content), close=True)
            for cursor, content in zip(cursors, contents, strict=True)
        ]
        append = box.files_upload_session_append_batch
        assert refused(partial(append, b"onethre", pieces)) == ["length_mismatch"]
        for outcome in append(b"".join(contents), pieces).entries:
            assert outcome.is_success()
        for outcome in append(b"".join(contents), pieces).entries:
            assert tags(outcome.get_failure()) == ["closed"]
        entries = [
            files.UploadSessionFinishArg(
                files.UploadSessionCursor(session, len(content)),
                files.CommitInfo(f"/Root/{number}"),
            )
            for number, (session, content) in enumerate(zip(started, contents, strict=True))
        ]
        box.files_upload_session_finish_batch_v2(entries)
        assert list(emulator.people.tree().values()) == contents

    def test_folders(self, emulator: DropboxEmulator, box: Any) -> None:
        """Many folders are made at once, or by a job; each has its own result."""
        emulator.people.mkdir("taken")
        paths = ["/Root/a", "/Root/taken", "/Root/a", "/Root/b/c"]
        result = box.files_create_folder_batch(paths).get_complete()
        first, second, again, last = result.entries
        assert (first.get_success().metadata.name, last.is_success()) == ("a", True)
        assert again == first
        assert tags(second.get_failure()) == ["path", "conflict", "folder"]
        job = box.files_create_folder_batch(["/Root/d"], force_async=True).get_async_job_id()
        assert box.files_create_folder_batch_check(job).is_in_progress()
        assert box.files_create_folder_batch_check(job).is_complete()
        assert sorted(emulator.people.tree()) == ["a", "b", "b/c", "d", "taken"]

    def test_write_lock(self, emulator: DropboxEmulator, box: Any) -> None:
        """An entry for which the lock cannot be had fails by itself, and can be tried again."""
        sessions = [Session(box, b"content", close=True) for _ in range(2)]
        entries = [each.entry(7, f"/Root/{index}") for index, each in enumerate(sessions)]
        emulator.write_lock.refuse(1, "409")
        result = box.files_upload_session_finish_batch_v2(entries)
        assert tags(result.entries[0].get_failure()) == ["too_many_write_operations"]
        assert result.entries[1].is_success()
        again = box.files_upload_session_finish_batch_v2(entries[:1])
        assert again.entries[0].is_success()

    def test_moves(self, emulator: DropboxEmulator, box: Any) -> None:
        """Many are moved by one job, and each has its own result."""
        emulator.people.write("a", b"a")
        emulator.people.write("b", b"b")
        paths = [("a", "moved"), ("none", "x"), ("b", "moved")]
        entries = [files.RelocationPath(f"/Root/{old}", f"/Root/{new}") for old, new in paths]
        job = box.files_move_batch_v2(entries).get_async_job_id()
        assert box.files_move_batch_check_v2(job).is_in_progress()
        first, second, third = box.files_move_batch_check_v2(job).get_complete().entries
        assert first.get_success().name == "moved"
        assert tags(second.get_failure()) == ["relocation_error", "from_lookup", "not_found"]
        assert tags(third.get_failure()) == ["relocation_error", "to", "conflict", "file"]
        assert emulator.people.tree() == {"moved": b"a", "b": b"b"}

    def test_copies(self, emulator: DropboxEmulator, box: Any) -> None:
        """Many are copied by one job."""
        emulator.people.write("a", b"a")
        entries = [files.RelocationPath("/Root/a", f"/Root/{new}") for new in "bc"]
        job = box.files_copy_batch_v2(entries).get_async_job_id()
        box.files_copy_batch_check_v2(job)
        assert box.files_copy_batch_check_v2(job).is_complete()
        assert emulator.people.tree() == dict.fromkeys("abc", b"a")

    def test_deletions(self, emulator: DropboxEmulator, box: Any) -> None:
        """Many are deleted by one job, each only if it is the expected revision."""
        emulator.people.write("a", b"a")
        emulator.people.write("b", b"b")
        entries = [
            files.DeleteArg("/Root/a"),
            files.DeleteArg("/Root/b", parent_rev="123456789"),
            files.DeleteArg("/Root/none"),
        ]
        job = box.files_delete_batch(entries).get_async_job_id()
        assert box.files_delete_batch_check(job).is_in_progress()
        first, second, third = box.files_delete_batch_check(job).get_complete().entries
        assert first.get_success().metadata.name == "a"
        assert tags(second.get_failure()) == ["path_write", "conflict", "file"]
        assert tags(third.get_failure()) == ["path_lookup", "not_found"]
        assert emulator.people.tree() == {"b": b"b"}

    def test_unknown_job(self, box: Any) -> None:
        """A job that never was is refused."""
        with pytest.raises(ApiError) as raised:
            box.files_delete_batch_check("never")
        assert raised.value.error == async_.PollError.invalid_async_job_id
