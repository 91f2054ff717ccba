"""How the OneDrive connector writes: sessions, preconditions, times, proofs and what heals."""

from collections.abc import Iterator

import msgspec
import pytest

from syncoxiders.adapters.providers.onedrive import Limits
from syncoxiders.core import hashes
from syncoxiders.core.digests import QUICKXOR, digests_of
from syncoxiders.core.model import Kind, Ref
from syncoxiders.ports.errors import (
    Denied,
    Full,
    NotEmpty,
    Occupied,
    Refused,
    Stale,
    Unreachable,
)
from syncoxiders.ports.provider import Attributes, Session
from tests.adapters.onedrive_support import (
    CHUNK,
    LATER,
    MTIME,
    ROOT,
    SMALL,
    Cloud,
    damaged,
    served,
    shape,
)
from tests.contracts.provider_harness import pattern, sha256

UPLOAD = "/_upload/"


@pytest.fixture(params=["personal", "business"])
def cloud(request: pytest.FixtureRequest) -> Iterator[Cloud]:
    with served(request.param) as cloud:
        yield cloud


@pytest.fixture
def personal() -> Iterator[Cloud]:
    with served("personal") as cloud:
        yield cloud


@pytest.fixture
def business() -> Iterator[Cloud]:
    with served("business") as cloud:
        yield cloud


def begun(cloud: Cloud, data: bytes, name: str = "file") -> Session:
    return cloud.provider.begin(ROOT, name, size=len(data), attributes=Attributes(mtime_ns=MTIME))


class TestRequests:
    def test_time_goes_with_the_content(self, cloud: Cloud) -> None:
        """A file with a time is written by a session, however small: two requests, one version."""
        with cloud.requests() as made:
            entry = cloud.upload("file", b"content")
        sent = [shape(each) for each in made if each.method != "GET"]
        assert sent == ["POST createUploadSession", "PUT _upload"]
        assert entry.mtime_ns == MTIME
        assert cloud.people.entry("file").past == []

    def test_without_a_time(self, cloud: Cloud) -> None:
        """A small file without a time goes by one request."""
        with cloud.requests() as made:
            cloud.upload("file", b"content", mtime_ns=None)
        assert [shape(each) for each in made if each.method != "GET"] == ["PUT content"]

    @pytest.mark.parametrize("limit", [0, 6])
    def test_beyond_one_request(self, cloud: Cloud, limit: int) -> None:
        """What is larger than one request may be goes by a session."""
        provider = cloud.open(limits=Limits(single=limit, chunk=CHUNK))
        with cloud.requests() as made:
            cloud.upload("file", b"content", mtime_ns=None, provider=provider)
        assert "PUT _upload" in map(shape, made)

    def test_pieces(self, cloud: Cloud) -> None:
        """Pieces are multiples of 320 KiB, in order, and come without our token."""
        data = pattern(2 * CHUNK + 7)
        with cloud.requests() as made:
            cloud.upload("file", data)
        pieces = [each for each in made if each.path.startswith(UPLOAD)]
        assert [each.headers["content-range"] for each in pieces] == [
            f"bytes 0-{CHUNK - 1}/{len(data)}",
            f"bytes {CHUNK}-{2 * CHUNK - 1}/{len(data)}",
            f"bytes {2 * CHUNK}-{len(data) - 1}/{len(data)}",
        ]
        assert all("authorization" not in each.headers for each in pieces)
        assert cloud.people.tree() == {"file": data}

    def test_what_is_expected_is_named(self, cloud: Cloud) -> None:
        """Each change names the eTag of what it changes, and what is new replaces nothing."""
        old = cloud.upload("file", b"old")
        ref = Ref(old.id, "file")
        with cloud.requests() as made:
            new = cloud.upload("file", b"new", replaces=old)
            cloud.provider.set_meta(ref, new.version, Attributes(mtime_ns=LATER))
            moved = cloud.provider.move(ref, cloud.entry("file").version, ROOT, "moved")
            cloud.provider.delete(ref, moved.version)
        changing = [
            each for each in made if each.method != "GET" and not each.path.startswith(UPLOAD)
        ]
        assert [each.method for each in changing] == ["POST", "PATCH", "PATCH", "DELETE"]
        assert all(each.headers.get("if-match", "").strip('"') for each in changing)
        with cloud.requests() as made:
            cloud.upload("other", b"new")
            cloud.upload("empty", b"")
        (session,) = [each for each in made if "createUploadSession" in each.path]
        assert session.json()["item"]["@microsoft.graph.conflictBehavior"] == "fail"
        (put,) = [each for each in made if shape(each) == "PUT content"]
        assert put.query["@microsoft.graph.conflictBehavior"] == "fail"

    @pytest.mark.parametrize(
        "values",
        [
            {"single": 250_000_001},
            {"single": -1},
            {"chunk": 1 << 20},
            {"chunk": 60 << 20},
            {"chunk": 0},
        ],
    )
    def test_limits(self, values: dict[str, int]) -> None:
        """Limits that Microsoft would refuse are refused."""
        with pytest.raises(ValueError, match=r"250 MB|320 KiB"):
            Limits(**values)


class TestSessions:
    def test_late_conflict(self, cloud: Cloud) -> None:
        """Where something came to the place last, it stays, and no session is left: Occupied."""
        cloud.when(UPLOAD, lambda: cloud.people.write("file", b"person's"), method="PUT")
        with pytest.raises(Occupied):
            cloud.upload("file", b"ours")
        assert cloud.people.tree() == {"file": b"person's"}
        assert cloud.emulator.sessions.count == 0

    def test_edit_under_an_open_session(self, cloud: Cloud) -> None:
        """An edit made after the session was opened is not overwritten, whatever Microsoft checks.

        The reference says only that the first request honours If-Match.
        """
        cloud.emulator.quirks.session_checks_at_end = False
        old = cloud.upload("file", b"old")
        data = pattern(2 * CHUNK)
        session = cloud.provider.begin(
            ROOT,
            "file",
            size=len(data),
            attributes=Attributes(mtime_ns=MTIME),
            replaces=(Ref(old.id, "file"), old.version),
        )
        session = cloud.provider.append(session, data[:CHUNK], last=False)
        cloud.people.write("file", b"person's")
        with pytest.raises(Stale):
            cloud.provider.append(session, data[CHUNK:], last=True)
        assert cloud.people.tree() == {"file": b"person's"}

    def test_piece_whose_answer_is_lost(self, cloud: Cloud) -> None:
        """A piece that is sent again is answered with 416, and found to be there already."""
        provider = cloud.open(pace=cloud.pacer())
        data = pattern(3 * CHUNK)
        cloud.emulator.faults.add("drop-after", path=UPLOAD, method="PUT")
        cloud.upload("file", data, provider=provider)
        assert cloud.people.tree() == {"file": data}

    def test_last_piece_whose_answer_is_lost(self, cloud: Cloud) -> None:
        """What may or may not be done is told as that, and the file is there once."""
        provider = cloud.open(pace=cloud.pacer())
        cloud.emulator.faults.add("drop-after", path=UPLOAD, method="PUT")
        with pytest.raises(Unreachable):
            cloud.upload("file", b"content", provider=provider)
        assert cloud.people.tree() == {"file": b"content"}

    def test_expired(self, cloud: Cloud) -> None:
        """A session that has ended cannot be continued, and a piece for it is Stale."""
        data = pattern(2 * CHUNK)
        session = begun(cloud, data)
        assert session.expires > cloud.emulator.now()
        cloud.emulator.ahead += 30 * 86400
        assert cloud.provider.resume(session) is None
        with pytest.raises(Stale):
            cloud.provider.append(session, data[:CHUNK], last=False)

    def test_resume_asks_the_service(self, cloud: Cloud) -> None:
        """How much is there is what OneDrive says, not what was noted."""
        data = pattern(3 * CHUNK)
        before = begun(cloud, data)
        cloud.provider.append(before, data[:CHUNK], last=False)
        resumed = cloud.open().resume(before)
        assert resumed is not None
        assert resumed.offset == CHUNK

    def test_whole_but_not_in_its_place(self, cloud: Cloud) -> None:
        """A session that came to its end at a place that is taken is not continued."""
        data = pattern(2 * CHUNK)
        session = begun(cloud, data)
        session = cloud.provider.append(session, data[:CHUNK], last=False)
        cloud.people.write("file", b"person's")
        with pytest.raises(Occupied):
            cloud.provider.append(session, data[CHUNK:], last=True)
        assert cloud.provider.resume(session) is None

    def test_finished_after_an_edit(self, cloud: Cloud) -> None:
        """What a person wrote between the last piece and the end is an edit at the next look."""
        session = cloud.provider.append(begun(cloud, b"content"), b"content", last=True)
        cloud.people.write("file", b"person's")
        told = digests_of([b"content"], [QUICKXOR]).text()
        entry = cloud.provider.finish(session, told)
        assert (entry.version, entry.hashes) == ("", "")
        assert cloud.people.tree() == {"file": b"person's"}

    def test_finished_after_a_rename(self, cloud: Cloud) -> None:
        """A rename meanwhile makes nothing of it."""
        session = cloud.provider.append(begun(cloud, b"content"), b"content", last=True)
        cloud.people.rename("file", "renamed")
        told = digests_of([b"content"], [QUICKXOR]).text()
        assert cloud.provider.finish(session, told).version == cloud.entry("renamed").version

    @pytest.mark.parametrize("token", ["", "{}", "null", '{"url": 1}'])
    def test_token_of_somebody_else(self, cloud: Cloud, token: str) -> None:
        """What is no session of ours is Stale."""
        with pytest.raises(Stale):
            cloud.provider.resume(Session(token))

    def test_name_that_is_held(self, cloud: Cloud) -> None:
        """A name under a session that nobody ends is written by a plain request, if it is small.

        On business drives a crash may leave such a session behind.
        """
        cloud.emulator.quirks.session_is_exclusive = True
        begun(cloud, b"left behind")
        entry = cloud.upload("file", b"content")
        assert entry.mtime_ns == MTIME
        assert cloud.people.tree() == {"file": b"content"}
        begun(cloud, b"left behind", "large")
        with pytest.raises(Denied, match="large: an upload of it was broken off"):
            cloud.upload("large", pattern((1 << 20) + 1))

    def test_name_that_is_held_while_replacing(self, cloud: Cloud) -> None:
        """So is what replaces, under the eTag of what is replaced."""
        old = cloud.upload("file", b"old")
        cloud.emulator.quirks.session_is_exclusive = True
        args = {"size": 3, "attributes": Attributes(mtime_ns=MTIME)}
        cloud.provider.begin(
            ROOT,
            "file",
            replaces=(Ref(old.id, "file"), old.version),
            **args,  # type: ignore[arg-type]  # of two types
        )
        entry = cloud.upload("file", b"new", replaces=old)
        assert cloud.people.tree() == {"file": b"new"}
        assert cloud.entry("file").version == entry.version

    def test_unknown_size(self, cloud: Cloud) -> None:
        """Without a size there is no session."""
        with pytest.raises(Refused):
            cloud.provider.begin(ROOT, "file", size=-1, attributes=Attributes())


class TestTimes:
    def test_empty_file(self, cloud: Cloud) -> None:
        """An empty file, which no session holds, has its time set by a second request."""
        entry = cloud.upload("file", b"")
        assert (entry.size, entry.mtime_ns) == (0, MTIME)
        assert cloud.entry("file").version == entry.version
        assert cloud.entry("file").mtime_ns == MTIME

    def test_crash_before_the_time_is_set(self, cloud: Cloud) -> None:
        """A content without its time is no other content, and its time shows as an edit."""
        cloud.emulator.faults.add("drop-before", method="PATCH")
        with pytest.raises(Unreachable):
            cloud.upload("file", b"")
        found = cloud.entry("file")
        assert hashes.equal(found.hashes, digests_of([], [QUICKXOR]).text()) is True
        assert found.mtime_ns != MTIME
        fixed = cloud.provider.set_meta(
            Ref(found.id, "file"), found.version, Attributes(mtime_ns=MTIME)
        )
        assert fixed.mtime_ns == MTIME
        assert cloud.entry("file").version == fixed.version != found.version

    def test_edit_before_the_time_is_set(self, cloud: Cloud) -> None:
        """What a person writes in between is neither touched nor taken for ours."""
        cloud.when("/items/", lambda: cloud.people.write("file", b"person's"), method="PATCH")
        entry = cloud.upload("file", b"")
        assert cloud.people.tree() == {"file": b"person's"}
        assert cloud.entry("file").version != entry.version

    def test_a_move_keeps_it(self, cloud: Cloud) -> None:
        """The service would give a moved file a new time, which is no edit."""
        assert cloud.emulator.quirks.move_resets_time
        before = cloud.upload("file", b"content")
        after = cloud.provider.move(Ref(before.id, "file"), before.version, ROOT, "moved")
        assert (after.mtime_ns, after.version) == (MTIME, before.version)

    def test_time_that_cannot_be_said(self, cloud: Cloud) -> None:
        """A time beyond the calendar is left to the service."""
        entry = cloud.upload("file", b"content", mtime_ns=10**21)
        assert cloud.entry("file").version == entry.version


class TestProof:
    @pytest.mark.parametrize("mtime_ns", [MTIME, None], ids=["session", "at once"])
    def test_damage(self, cloud: Cloud, mtime_ns: int | None) -> None:
        """What did not arrive as it was sent is taken back: Stale."""
        cloud.meddle("upload/" if mtime_ns else "content", damaged, method="PUT")
        with pytest.raises(Stale, match="did not arrive"):
            cloud.upload("file", b"content", mtime_ns=mtime_ns)
        assert cloud.people.tree() == {}

    def test_damage_while_replacing(self, cloud: Cloud) -> None:
        """The content that was there comes back."""
        old = cloud.upload("file", b"content")
        cloud.meddle(UPLOAD, damaged, method="PUT")
        with pytest.raises(Stale):
            cloud.upload("file", b"another", replaces=old)
        assert cloud.people.tree() == {"file": b"content"}

    def test_damage_is_not_taken_back_from_a_person(self, cloud: Cloud) -> None:
        """Who wrote since keeps what was written."""
        cloud.meddle(UPLOAD, damaged, method="PUT")
        cloud.when("/items/", lambda: cloud.people.write("file", b"person's"), method="DELETE")
        with pytest.raises(Stale):
            cloud.upload("file", b"content")
        assert cloud.people.tree() == {"file": b"person's"}

    def test_without_a_hash(self, cloud: Cloud) -> None:
        """Where the service knows no hash, what was written is read back."""
        cloud.emulator.quirks.hashes = frozenset()
        with cloud.requests() as made:
            entry = cloud.upload("file", b"content")
        assert "GET _download" in map(shape, made)
        assert hashes.equal(entry.hashes, sha256(b"content")) is True
        cloud.meddle(UPLOAD, damaged, method="PUT")
        with pytest.raises(Stale):
            cloud.upload("other", b"content")
        assert cloud.people.tree() == {"file": b"content"}

    def test_hash_that_comes_late(self, cloud: Cloud) -> None:
        """A hash that the service computes later makes no other version of what was written."""
        cloud.emulator.quirks.hashes_late = True
        entry = cloud.upload("file", b"content")
        assert cloud.entry("file").version == entry.version
        cloud.look()
        assert cloud.look() == []

    def test_without_verifying(self, cloud: Cloud) -> None:
        """Nothing is read back where no proof is asked for."""
        cloud.emulator.quirks.hashes = frozenset()
        with cloud.requests() as made:
            cloud.upload("file", b"content", verify=False)
        assert "GET _download" not in map(shape, made)


class TestRewriting:
    @pytest.mark.parametrize("mtime_ns", [MTIME, None], ids=["session", "at once"])
    def test_at_once(self, business: Cloud, mtime_ns: int | None) -> None:
        """A document that SharePoint rewrites is neither damage nor what was given."""
        business.emulator.quirks.rewrites_office = "at once"
        entry = business.upload("report.docx", b"document", mtime_ns=mtime_ns)
        stands = business.entry("report.docx")
        assert (entry.version, entry.hashes) == ("", "")
        assert (entry.id, entry.size) == (stands.id, stands.size)
        assert stands.size > len(b"document")
        assert stands.version

    def test_other_files(self, business: Cloud) -> None:
        """A text of the same size in another content is damage, there too."""
        business.meddle(UPLOAD, damaged, method="PUT")
        with pytest.raises(Stale):
            business.upload("notes.txt", b"content")
        assert business.people.tree() == {}

    def test_personal_drives(self, personal: Cloud) -> None:
        """Personal drives rewrite nothing: what is not what was sent is damage."""
        personal.meddle(UPLOAD, damaged, method="PUT")
        with pytest.raises(Stale):
            personal.upload("report.docx", b"content")
        assert personal.people.tree() == {}

    def test_by_a_session_of_its_own(self, business: Cloud) -> None:
        """A large document that is rewritten is told of in the same way."""
        business.emulator.quirks.rewrites_office = "at once"
        session = begun(business, b"document", "report.docx")
        session = business.provider.append(session, b"document", last=True)
        told = digests_of([b"document"], [QUICKXOR]).text()
        assert business.provider.finish(session, told).version == ""
        assert len(business.people.tree()) == 1


class TestChanging:
    def test_folder_that_is_filled_meanwhile(self, personal: Cloud) -> None:
        """On a personal drive not even a moment's newcomer goes with its folder."""
        personal.people.mkdir("folder")
        ref = personal.ref("folder")
        personal.when(
            "/items/", lambda: personal.people.write("folder/new", b"person's"), method="DELETE"
        )
        with pytest.raises(Stale):
            personal.provider.delete(ref, "")
        assert personal.people.tree() == {"folder": None, "folder/new": b"person's"}

    def test_folder_with_what_is_left_out(self, cloud: Cloud) -> None:
        """A folder that holds but a notebook is not empty."""
        cloud.people.mkdir("folder")
        cloud.people.add_notebook("folder/Notes")
        with pytest.raises(NotEmpty):
            cloud.provider.delete(cloud.ref("folder"), "")

    def test_to_the_recycle_bin(self, cloud: Cloud) -> None:
        """What is deleted can be had back, under its id."""
        entry = cloud.upload("file", b"content")
        cloud.provider.delete(Ref(entry.id, "file"), entry.version)
        cloud.people.restore("file")
        assert cloud.entry("file") == cloud.provider.get(Ref(entry.id, "file"))

    def test_document_that_is_open(self, cloud: Cloud) -> None:
        """What somebody has open in Office is not touched, and the sentence says what to do."""
        entry = cloud.upload("report.docx", b"content")
        ref = Ref(entry.id, "report.docx")
        cloud.people.open_document("report.docx")
        for act in (
            lambda: cloud.upload("report.docx", b"new", replaces=entry),
            lambda: cloud.provider.move(ref, entry.version, ROOT, "moved.docx"),
            lambda: cloud.provider.delete(ref, entry.version),
        ):
            with pytest.raises(Denied, match=r"report\.docx: .*close it there"):
                act()
        assert cloud.people.tree() == {"report.docx": b"content"}

    def test_full(self, cloud: Cloud) -> None:
        """A drive without room is Full, at once and by a session."""
        cloud.emulator.drive.quota = 10
        for mtime_ns in (MTIME, None):
            with pytest.raises(Full):
                cloud.upload("file", bytes(11), mtime_ns=mtime_ns)
        assert cloud.people.tree() == {}
        assert cloud.emulator.sessions.count == 0

    def test_links(self, cloud: Cloud) -> None:
        """A symbolic link is refused before anything is asked."""
        with cloud.requests() as made, pytest.raises(Refused):
            cloud.provider.upload(
                ROOT, "link", [b"x"], size=1, attributes=Attributes(kind=Kind.LINK)
            )
        assert made == []

    def test_moved_while_its_content_came(self, cloud: Cloud) -> None:
        """A file that stands elsewhere by now is not replaced there."""
        old = cloud.upload("file", b"old")
        cloud.people.mkdir("folder")
        cloud.people.rename("file", "folder/file")
        with pytest.raises(Stale):
            cloud.upload("file", b"new", replaces=old)
        assert cloud.people.tree() == {"folder": None, "folder/file": b"old"}


class TestNames:
    @pytest.mark.parametrize(
        ("name", "reason"),
        [
            ("a:b", "character"),
            ("tab\t", "character"),
            (" a", "begins"),
            ("a.", "dot or space"),
            ("CON", "reserved"),
            ("com7.txt", "reserved"),
            (".lock", "reserved"),
            ("desktop.ini", "reserved"),
            ("a_vti_b", "_vti_"),
            ("~$report.docx", "begins"),
            ("n" * 256, "too long"),
            ("..", "none"),
        ],
    )
    def test_refused(self, cloud: Cloud, name: str, reason: str) -> None:
        """A name that OneDrive does not hold is refused with the reason, and not asked about."""
        with cloud.requests() as made:
            with pytest.raises(Refused, match=reason):
                cloud.provider.make_folder(ROOT, name)
            with pytest.raises(Refused, match=reason):
                cloud.upload(name, b"content")
        assert made == []

    def test_tilde(self, personal: Cloud, business: Cloud) -> None:
        """Only personal drives hold names that begin with a tilde."""
        personal.upload("~a", b"content")
        with pytest.raises(Refused, match="begins"):
            business.upload("~a", b"content")

    def test_long_path(self, business: Cloud) -> None:
        """A path of more than 400 characters is refused on business drives, with the reason."""
        folder = business.provider.make_folder(ROOT, "f" * 200)
        for name in ("n" * 250, "m" * 200):
            with pytest.raises(Refused, match="too long"):
                business.upload(f"{folder.name}/{name}", b"content")

    def test_what_only_the_service_refuses(self, business: Cloud) -> None:
        """A name that the service alone refuses is Refused, too."""
        body = {"error": {"code": "invalidRequest", "innerError": {"code": "invalidPath"}}}
        business.emulator.faults.add(
            "status", method="POST", status=400, body=body, headers={"Content-Type": "text/json"}
        )
        with pytest.raises(Refused, match="holds nothing of this name"):
            business.provider.make_folder(ROOT, "Forms")


def test_token_is_the_whole_session(cloud: Cloud) -> None:
    """What is kept of an upload is text that another process reads."""
    session = begun(cloud, pattern(2 * CHUNK))
    again = msgspec.json.decode(msgspec.json.encode(session), type=Session)
    assert again == session
    assert SMALL.chunk == cloud.provider.session_chunk(1 << 30)
