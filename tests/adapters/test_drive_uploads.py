"""Uploads to Google Drive: sizes, chunks, sessions, and the proof of what arrived."""

import dataclasses
import threading
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from syncoxiders.adapters.providers.drive._resumable import CHUNK, GRANULE
from syncoxiders.adapters.providers.drive._upload import SMALL
from syncoxiders.core import hashes
from syncoxiders.core.digests import digests_of
from syncoxiders.core.model import UNKNOWN_SIZE, Entry, Kind, Ref
from syncoxiders.ports.errors import Refused, Stale, Throttled, Unreachable, Vanished
from syncoxiders.ports.provider import Attributes
from tests.adapters.drive_support import PLAIN, Stage, serving, staged
from tests.contracts.provider_harness import ROOT_REF, pattern, slices
from tests.emulators.serving import Request, Server


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


@pytest.fixture
def s(server: Server) -> Iterator[Stage]:
    with staged(server) as stage:
        yield stage


def spoiled(request: Request) -> Request:
    """Return a request whose last content byte was changed on its way."""
    at = request.body.rfind(b"!")
    return dataclasses.replace(request, body=request.body[:at] + b"?" + request.body[at + 1 :])


class TestSizes:
    @pytest.mark.parametrize("size", [SMALL, SMALL + 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 7])
    @pytest.mark.parametrize("hint", [0, -1, None])
    def test_whatever_was_said(self, s: Stage, size: int, hint: int | None) -> None:
        """What arrives is what was given, at any size, and whatever it was said to be."""
        data = pattern(size)
        entry = s.provider.upload(
            ROOT_REF,
            "file",
            slices(data, 700_001),
            size=size if hint is None else hint,
            attributes=PLAIN,
        )
        assert s.people.tree() == {"file": data}
        assert entry.size == size
        assert hashes.equal(entry.hashes, digests_of([data]).text()) is True

    def test_small_is_one_request(self, s: Stage) -> None:
        """Up to 5 MiB goes with one request, more in chunks of whole 256 KiB."""
        assert SMALL == 5 << 20
        assert CHUNK % GRANULE == 0
        small = s.requests(lambda: s.upload("small", pattern(SMALL)))
        large = s.requests(lambda: s.upload("large", pattern(SMALL + 1)))
        assert sum("/upload/" in each for each in small) == 1
        assert [each.partition(" ")[0] for each in large if "/upload/" in each] == ["POST", "PUT"]

    def test_chunk_that_is_kept_in_part(self, s: Stage) -> None:
        """What Google did not keep of a chunk is sent again."""
        s.emulator.uploads.short = 2
        data = pattern(2 * CHUNK + 7)
        s.upload("file", data)
        assert s.people.tree() == {"file": data}

    def test_type(self, s: Stage) -> None:
        """A file has the type that its name tells, and is never turned into a document."""
        s.upload("photo.jpg", b"jpeg")
        s.upload("report.docx", b"zip")
        s.upload("what", b"ever")
        s.upload("page.html.gz", b"packed")
        types = {each.name: each.mime for each in s.emulator.drive.children(s.people.root)}
        assert types["photo.jpg"] == "image/jpeg"
        assert types["report.docx"].startswith("application/vnd.openxmlformats")
        assert types["what"] == types["page.html.gz"] == "application/octet-stream"

    def test_time_that_cannot_be(self, s: Stage) -> None:
        """A time that Drive cannot keep is refused before anything is sent."""
        asked = s.requests(lambda: self.at_the_end_of_time(s))
        assert not [each for each in asked if not each.startswith("GET")]
        assert s.people.tree() == {}

    @staticmethod
    def at_the_end_of_time(s: Stage) -> None:
        attributes = Attributes(mtime_ns=10**21)
        with pytest.raises(Refused, match="time"):
            s.provider.upload(ROOT_REF, "file", [b""], size=0, attributes=attributes)

    def test_link(self, s: Stage) -> None:
        """A symbolic link is refused by a session, too."""
        with pytest.raises(Refused):
            s.provider.begin(ROOT_REF, "link", size=4, attributes=Attributes(kind=Kind.LINK))


class TestFailing:
    def test_source_that_fails_late(self, s: Stage) -> None:
        """A large upload whose source fails is given up at Google, too."""

        def chunks() -> Iterator[bytes]:
            yield pattern(SMALL + CHUNK)
            raise OSError("the source failed")

        asked = s.requests(lambda: self.upload(s, chunks()))
        assert asked[-1].startswith("DELETE /upload/")
        assert s.people.tree() == {}

    @staticmethod
    def upload(s: Stage, chunks: Iterator[bytes]) -> None:
        with pytest.raises(OSError, match="the source failed"):
            s.provider.upload(ROOT_REF, "file", chunks, size=0, attributes=PLAIN)

    def test_place_is_known_to_be_taken(self, s: Stage) -> None:
        """Where something stands a large upload does not begin."""
        s.people.write("file", b"person's")
        asked = s.requests(lambda: self.refused(s))
        assert not [each for each in asked if "/upload/" in each]

    @staticmethod
    def refused(s: Stage) -> None:
        with pytest.raises(Stale):
            s.upload("file", pattern(SMALL + 1))

    def test_throttled(self, s: Stage) -> None:
        """A pause that is too long for the pace comes through, and leaves nothing."""
        s.emulator.throttle(method="PUT", path="^/upload/")
        with pytest.raises(Throttled):
            s.upload("file", pattern(SMALL + 1))
        assert s.people.tree() == {}


class TestProof:
    @pytest.mark.parametrize("size", [100, SMALL + 1])
    def test_new_file(self, s: Stage, size: int) -> None:
        """A new file that arrived otherwise than it was sent is withdrawn."""
        s.tamper("POST" if size < SMALL else "PUT", "^/upload/", spoiled)
        with pytest.raises(Unreachable, match="does not hold"):
            s.upload("file", pattern(size - 1) + b"!")
        assert s.people.tree() == {}

    @pytest.mark.parametrize("size", [100, SMALL + 1])
    def test_replaced(self, s: Stage, size: int) -> None:
        """Where it replaced something, that stands there again."""
        s.people.write("file", b"precious", mtime_ns=1_500_000_000_000_000_000)
        old = s.entry("file")
        s.tamper("PATCH" if size < SMALL else "PUT", "^/upload/", spoiled)
        with pytest.raises(Unreachable, match="does not hold"):
            s.upload("file", pattern(size - 1) + b"!", replaces=old)
        assert s.people.tree() == {"file": b"precious"}
        assert s.entry("file").mtime_ns == old.mtime_ns

    def test_not_asked_for(self, s: Stage) -> None:
        """Without verifying nobody looks."""
        s.tamper("POST", "^/upload/", spoiled)
        s.upload("file", b"content!", verify=False)
        assert s.people.tree() == {"file": b"content?"}

    @pytest.mark.parametrize("right", [True, False])
    def test_without_checksums(self, s: Stage, right: bool) -> None:
        """Where Google tells no checksum the bytes are read."""

        def forget(body: dict[str, str]) -> None:
            for each in ("md5Checksum", "sha1Checksum", "sha256Checksum"):
                body.pop(each, "")

        s.colour("POST", "^/upload/", forget)
        if right:
            s.upload("file", b"content!")
            assert s.people.tree() == {"file": b"content!"}
            return
        s.tamper("POST", "^/upload/", spoiled)
        with pytest.raises(Unreachable, match="does not hold"):
            s.upload("file", b"content!")
        assert s.people.tree() == {}

    @pytest.mark.parametrize("right", [True, False])
    def test_with_the_oldest_checksum_only(self, s: Stage, right: bool) -> None:
        """Where Google tells only the checksum that every file has, that proves it unread."""

        def forget(body: dict[str, str]) -> None:
            for each in ("sha1Checksum", "sha256Checksum"):
                body.pop(each, "")

        s.colour("POST", "^/upload/", forget)
        if right:
            s.provider.root()
            asked = s.requests(lambda: s.upload("file", b"content!"))
            assert not [each for each in asked if "/files/" in each and "generateIds" not in each]
            return
        s.tamper("POST", "^/upload/", spoiled)
        with pytest.raises(Unreachable, match="does not hold"):
            s.upload("file", b"content!")
        assert s.people.tree() == {}


class TestSessions:
    DATA = pattern(2 * CHUNK + 7)

    def test_another_process(self, s: Stage) -> None:
        """An upload is continued by who knows nothing but what was kept, under another token."""
        attributes = Attributes(mtime_ns=1_500_000_000_000_000_000)
        session = s.provider.begin(ROOT_REF, "file", size=len(self.DATA), attributes=attributes)
        session = s.provider.append(session, self.DATA[:CHUNK], last=False)
        s.emulator.oauth.expire()
        s.tokens.tokens = [str(s.emulator.oauth.issue()["access_token"])]
        other = s.open()
        resumed = other.resume(session)
        assert resumed is not None
        resumed = other.append(resumed, self.DATA[CHUNK : 2 * CHUNK], last=False)
        resumed = other.append(resumed, self.DATA[2 * CHUNK :], last=True)
        entry = other.finish(resumed, digests_of([self.DATA]).text())
        assert entry == s.entry("file")
        assert entry.mtime_ns == 1_500_000_000_000_000_000
        assert s.people.tree() == {"file": self.DATA}

    def test_last_answer_is_lost(self, s: Stage) -> None:
        """Whoever dies before the last answer finds the upload complete, and finishes it."""
        session = s.provider.begin(ROOT_REF, "file", size=7, attributes=PLAIN)
        s.provider.append(session, b"content", last=True)
        resumed = s.open().resume(session)
        assert resumed is not None
        assert resumed.offset == 7
        entry = s.open().finish(resumed, digests_of([b"content"]).text())
        assert entry == s.entry("file")

    def test_expiry(self, s: Stage) -> None:
        """A session says for how long it is good; when it has run out it cannot be continued."""
        session = s.provider.begin(ROOT_REF, "file", size=7, attributes=PLAIN)
        assert 6 * 86_400 < session.expires - time.time() < 7 * 86_400
        s.emulator.uploads.expire()
        assert s.provider.resume(session) is None
        with pytest.raises(Vanished):
            s.provider.append(session, b"content", last=True)

    def test_size_that_was_not_said(self, s: Stage) -> None:
        """Content of another size than was said is Stale, and nothing stands there."""
        session = s.provider.begin(ROOT_REF, "file", size=7, attributes=PLAIN)
        with pytest.raises(Stale):
            s.provider.append(session, b"content and more", last=True)
        assert s.people.tree() == {}

    def test_size_that_nobody_knows(self, s: Stage) -> None:
        """Content of unknown size can be sent so, too."""
        session = s.provider.begin(ROOT_REF, "file", size=UNKNOWN_SIZE, attributes=PLAIN)
        session = s.provider.append(session, self.DATA[:CHUNK], last=False)
        session = s.provider.append(session, self.DATA[CHUNK:], last=True)
        resumed = s.provider.resume(session)
        assert resumed is not None
        assert resumed.offset == len(self.DATA)
        s.provider.finish(resumed, digests_of([self.DATA]).text())
        assert s.people.tree() == {"file": self.DATA}

    def test_nothing_at_all(self, s: Stage) -> None:
        """An empty file can be sent so, too."""
        session = s.provider.begin(ROOT_REF, "file", size=0, attributes=PLAIN)
        session = s.provider.append(session, b"", last=True)
        assert s.provider.finish(session, hashes.EMPTY).size == 0
        assert s.people.tree() == {"file": b""}

    def test_not_complete(self, s: Stage) -> None:
        """What was not sent to its end cannot be finished, and replaces nothing."""
        s.people.write("file", b"old")
        old = s.entry("file")
        replaces = (Ref(old.id, "file"), old.version)
        for each in (None, replaces):
            session = s.provider.begin(
                ROOT_REF, "file" if each else "new", size=7, attributes=PLAIN, replaces=each
            )
            with pytest.raises(Stale):
                s.provider.finish(session, digests_of([b"content"]).text())
        assert s.people.tree() == {"file": b"old"}

    def test_proof(self, s: Stage) -> None:
        """Where it replaced something, and did not arrive as it was sent, that is back."""
        s.people.write("file", b"precious")
        old = s.entry("file")
        replaces = (Ref(old.id, "file"), old.version)
        session = s.provider.begin(ROOT_REF, "file", size=4, attributes=PLAIN, replaces=replaces)
        s.tamper("PUT", "^/upload/", spoiled)
        session = s.provider.append(session, b"our!", last=True)
        with pytest.raises(Unreachable):
            s.provider.finish(session, digests_of([b"our!"]).text())
        assert s.people.tree() == {"file": b"precious"}


class TestThreads:
    def test_many_at_once(self, s: Stage) -> None:
        """Threads share one client; ids that were fetched in advance are used once each."""
        results: list[Entry] = []

        def work(number: int) -> None:
            data = pattern(1000 + number)
            entry = s.provider.upload(ROOT_REF, str(number), [data], size=0, attributes=PLAIN)
            with closing(s.provider.read(Ref(entry.id, entry.name), entry.version)) as reader:
                assert b"".join(bytes(chunk) for chunk in reader.chunks()) == data
            results.append(entry)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(24)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len({entry.id for entry in results}) == 24
        assert len(s.people.tree()) == 24

    def test_turns_are_given_up(self, s: Stage) -> None:
        """Nothing is remembered of places that nobody writes to any more."""
        s.upload("file", b"content")
        with pytest.raises(Stale):
            s.upload("file", b"again")
        assert s.provider._places._turns == {}
