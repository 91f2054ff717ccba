"""What a person hears when an account cannot be used as it was: which one, and what to do."""

import time
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from syncoxiders.adapters import vault
from syncoxiders.adapters.accounts import Accounts
from syncoxiders.adapters.accounts.secret import Secret
from syncoxiders.engine import pacing
from tests.cli.conftest import Said, Shell
from tests.cli.test_clouds import local
from tests.emulators.clouds import CONNECTED, Cloud, connected

NAME = "mine"
READS = {
    "drive": "https://www.googleapis.com/auth/drive.readonly",
    "dropbox": "account_info.read files.metadata.read files.content.read",
    "onedrive": "Files.Read User.Read",
}
"""Scopes that do not suffice."""

Tree = dict[str, bytes | None]


class Account:
    """An account called ``mine``, in which something stands, and a folder here with something."""

    def __init__(self, shell: Shell, cloud: Cloud) -> None:
        self.shell = shell
        self.cloud = cloud
        self.kind = cloud.kind.kind
        self.people = cloud.people
        self.faults = cloud.emulator.faults
        self.people.write("theirs", b"theirs")
        shell.write("left/ours", "ours")
        self.heard = ""

    def sync(self, *args: str) -> Said:
        """Run; nothing secret is told."""
        said = self.shell("sync", "left", *(args or [self.cloud.place]))
        self.heard += said.out + said.err
        assert self.cloud.emulator.token not in self.heard
        return said

    def fails(self, *words: str, code: int = 4) -> Said:
        """Run, which has to fail with these words and the account's name, and no traceback."""
        said = self.sync()
        assert said.code == code, said
        for word in (NAME, *words):
            assert word in said.err, said
        assert "unexpected" not in said.err
        return said

    def agrees(self) -> Tree:
        """Run to the end; return what stands on both sides."""
        said = self.sync()
        assert said.code == 0, said
        assert local(self.shell.left) == self.cloud.tree()
        return self.cloud.tree()

    def has(self, secret: Secret) -> None:
        """Let the account have another secret."""
        Accounts().add(Accounts().record(NAME).account, secret, again=True)

    def answer(self, code: str, status: int, **which: Any) -> None:
        """Let S3 answer requests so."""
        body = f"<Error><Code>{code}</Code><Message>No.</Message></Error>".encode()
        self.faults.add("status", status=status, body=body, times=1000, **which)


@pytest.fixture(params=[*CONNECTED, "s3"])
def account(
    request: pytest.FixtureRequest, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Account]:
    monkeypatch.setenv(vault.CHOICE, "file")
    monkeypatch.setattr(pacing, "FIRST_PAUSE", 0.01)
    with connected(request.param, NAME) as cloud:
        yield Account(shell, cloud)


def kinds(*names: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("account", names, indirect=True)


clouds = kinds(*CONNECTED)
s3 = kinds("s3")


class TestAccess:
    @clouds
    def test_wrong_token(self, account: Account) -> None:
        """A token that the provider does not know: the command that connects anew is named."""
        wrong = "a-token-that-nobody-has-issued"
        account.has(Secret(access=wrong, expires=time.time() + 3600))
        said = account.fails(f"account add {account.kind} {NAME} --reconnect")
        assert wrong not in said.out + said.err
        assert local(account.shell.left) == {"ours": b"ours"}
        assert account.cloud.tree() == {"theirs": b"theirs"}

    @clouds
    def test_missing_scope(self, account: Account) -> None:
        """A permission that is lacking is named; what needs none is brought into step."""
        tokens = account.cloud.emulator.oauth.issue(READS[account.kind])
        account.has(Secret(access=str(tokens["access_token"]), expires=time.time() + 3600))
        account.fails("ours", "permission", "connect the account again")
        assert local(account.shell.left) == {"ours": b"ours", "theirs": b"theirs"}
        account.has(account.cloud.kind.secret(account.cloud.emulator))
        assert account.agrees() == {"ours": b"ours", "theirs": b"theirs"}

    @s3
    @pytest.mark.parametrize(
        ("code", "status", "word"),
        [
            ("InvalidAccessKeyId", 403, "its access key is not known"),
            ("SignatureDoesNotMatch", 403, "does not belong to its access key"),
            ("ExpiredToken", 400, "its session has expired"),
            ("RequestTimeTooSkewed", 403, "this machine's clock is wrong"),
        ],
    )
    def test_keys_and_clock(self, account: Account, code: str, status: int, word: str) -> None:
        """Keys that are wrong, and a clock that is, are told apart, and what mends each."""
        account.answer(code, status)
        account.fails(word, "set it right" if "Skew" in code else "account add s3 mine --reconnect")
        account.faults.clear()
        assert account.agrees() == {"ours": b"ours", "theirs": b"theirs"}

    @s3
    def test_no_right_to_write(self, account: Account) -> None:
        """A right that the keys lack is named; what needs it not is brought into step."""
        account.answer("AccessDenied", 403, method="PUT")
        account.fails("ours", "it needs s3:PutObject")
        assert local(account.shell.left) == {"ours": b"ours", "theirs": b"theirs"}

    def test_unknown_account(self, account: Account) -> None:
        """An account that is not there is named, with those that are, and nothing is touched."""
        said = account.sync("other:Folder")
        assert said.code == 2
        assert "no account called 'other' (there are: mine)" in said.err
        assert "account add" in said.err

    def test_one_of_three(self, account: Account) -> None:
        """While one account does not let us in the others are kept in step."""
        args = ("right", account.cloud.place)
        assert account.sync(*args).code == 0
        account.shell.edit("left/ours", "edited", 60)
        if account.kind == "s3":
            account.answer("InvalidAccessKeyId", 403)
        else:
            account.cloud.emulator.oauth.revoke_all()
        said = account.sync(*args)
        assert (said.code, NAME in said.err) == (4, True)
        assert local(account.shell.right)["ours"] == b"edited"
        assert account.cloud.tree()["ours"] == b"ours"


class TestRoot:
    def test_missing(self, account: Account) -> None:
        """A folder that never was there is asked to be created first, and nothing is."""
        place = f"{account.cloud.place}/none"
        said = account.sync(place)
        assert said.code == 3
        assert f"{NAME}: " in said.err
        assert "none" in said.err
        assert "create it first, if it is meant" in said.err
        assert account.cloud.tree() == {"theirs": b"theirs"}

    @s3
    def test_missing_bucket(self, account: Account) -> None:
        """A bucket that is not there is told, and so is that one has to be named."""
        assert "nowhere: there is no such bucket" in account.sync(f"{NAME}:nowhere").err
        assert "name a bucket" in account.sync(f"{NAME}:").err

    @clouds
    def test_lost(self, account: Account) -> None:
        """A root that was taken away stops the sync, and nothing is deleted here."""
        account.agrees()
        account.people.lose_root()
        for _ in range(2):
            account.fails(f"{NAME}: ", "there is no folder", code=3)
        assert local(account.shell.left) == {"ours": b"ours", "theirs": b"theirs"}


class TestRoom:
    def limit(self, account: Account, size: int) -> None:
        if account.kind == "drive":
            account.cloud.emulator.drive.limit = size
        elif account.kind == "dropbox":
            account.cloud.emulator.allot(size)
        elif size < 1000:
            account.answer("QuotaExceeded", 403, method="PUT", path="large")

    @kinds("drive", "dropbox", "s3")
    def test_quota(self, account: Account) -> None:
        """What does not fit stays here and is told; all else goes on, and the rest follows later.

        A deletion is done: it may be what makes room.
        """
        account.shell.write("left/deleted", "deleted")
        account.agrees()
        self.limit(account, 100)
        account.shell.write("left/large", "x" * 1000)
        (account.shell.left / "deleted").unlink()
        account.people.write("new", b"new")
        for _ in range(2):
            account.fails("large", "full" if account.kind != "s3" else "no room is left")
            assert account.cloud.tree() == {"ours": b"ours", "theirs": b"theirs", "new": b"new"}
            assert local(account.shell.left)["new"] == b"new"
        account.faults.clear()
        self.limit(account, 100_000)
        assert account.agrees()["large"] == b"x" * 1000


class TestFiles:
    @s3
    def test_too_large(self, account: Account) -> None:
        """A file that the provider will never hold is told, and the others are brought."""
        account.answer("EntityTooLarge", 400, method="PUT", path="large")
        account.shell.write("left/large", "x")
        account.fails("large", "EntityTooLarge")
        assert account.cloud.tree() == {"ours": b"ours", "theirs": b"theirs"}

    @kinds("drive", "dropbox")
    def test_names(self, account: Account) -> None:
        """Names that the provider does not hold are written otherwise there, and stay as here."""
        names = ("a:b?*", "con", "back\\slash", "trailing.", ".hidden", "x" * 250, "Ünï  cödé")
        for name in names:
            account.shell.write(f"left/{name}", name)
        for _ in range(2):
            assert account.sync().code == 0
        assert {*names, "ours", "theirs"} == local(account.shell.left).keys()
        there = account.cloud.tree()
        assert sorted(filter(None, there.values())) == sorted(
            filter(None, local(account.shell.left).values())
        )
        for path in there:
            account.people.write(path, b"edited " + path.encode())
        assert account.sync().code == 0
        assert {*names, "ours", "theirs"} == local(account.shell.left).keys()
        assert local(account.shell.left)["back\\slash"] != b"back\\slash"

    @clouds
    def test_case_only_siblings(self, account: Account) -> None:
        """Names that differ only in case both arrive, come back unchanged, and go on to be kept."""
        for name in ("Case", "case", "CASE/inner"):
            account.shell.write(f"left/{name}", name)
        account.people.write("other/Folder", b"a folder that differs")
        assert account.sync().code == 0
        kept = local(account.shell.left)
        assert {"Case", "case", "CASE", "CASE/inner"} <= kept.keys()
        assert len(account.cloud.tree()) == len(kept)
        assert "nothing to do" in account.sync().out
        assert local(account.shell.left) == kept
        for path, data in account.cloud.tree().items():
            if data == b"case":
                account.people.write(path, b"edited")
        assert account.sync().code == 0
        assert local(account.shell.left) == {**kept, "case": b"edited"}


class TestNetwork:
    def test_down(self, account: Account) -> None:
        """Without a network it is told that the provider cannot be reached, and nothing is lost."""
        found = Accounts().record(NAME).account
        nowhere = {**found.settings, "url": "http://127.0.0.1:9"}
        Accounts().update(msgspec.structs.replace(found, settings=nowhere))
        account.fails()
        Accounts().update(found)
        assert account.agrees() == {"ours": b"ours", "theirs": b"theirs"}

    def test_goes_away(self, account: Account) -> None:
        """A network that goes away in the middle is told; the next run brings all to an end."""
        for number in range(20):
            account.shell.write(f"left/{number}", str(number))
        account.faults.add("drop-before", times=100_000, skip=6)
        account.fails()
        account.faults.clear()
        assert len(account.agrees()) == 22


class TestWithdrawn:
    @kinds("drive", "dropbox")
    def test_shared_with_us(self, account: Account) -> None:
        """What its owner withdraws is kept here, and this is told."""
        if account.kind == "drive":
            shared = account.people.share_in("shared/file", b"shared")
        else:
            account.people.write("shared/file", b"shared")
            account.people.share("shared")
        account.agrees()
        if account.kind == "drive":
            account.people.unshare(shared)
        else:
            account.people.leave("shared")
        for _ in range(2):
            said = account.sync()
            assert said.code == 0
            assert local(account.shell.left)["shared/file"] == b"shared"
        assert "its owner deleted or withdrew it" in account.heard


@kinds("drive")
class TestDrive:
    def test_documents(self, account: Account) -> None:
        """A Google document is a companion elsewhere; an edit of that is refused with a reason."""
        account.people.add_document("doc", b"text")
        assert account.sync().code == 0
        companion = account.shell.left / "doc.docx"
        assert b"text" in companion.read_bytes()
        companion.write_bytes(b"edited")
        account.shell.write("left/other", "other")
        account.fails("doc.docx", "edit it in Google Docs")
        assert companion.read_bytes() == b"edited"
        assert account.cloud.tree()["doc"] == b"text"
        assert account.cloud.tree()["other"] == b"other"

    def test_duplicates(self, account: Account) -> None:
        """Files of one name arrive under names of their own, which stay and lead back to each."""
        contents = {b"one", b"two", b"three"}
        account.people.write("dup.txt", b"one")
        second = account.people.add_duplicate("dup.txt", b"two")
        account.people.add_duplicate("dup.txt", b"three")
        assert account.sync().code == 0
        kept = local(account.shell.left)
        twins = {path: data for path, data in kept.items() if path.startswith("dup")}
        assert set(twins.values()) == contents
        assert "nothing to do" in account.sync().out
        (path,) = (path for path, data in twins.items() if data == b"two")
        account.shell.edit(f"left/{path}", "edited", 60)
        assert account.sync().code == 0
        assert account.cloud.emulator.drive.need(second).data == b"edited"
        assert local(account.shell.left).keys() == kept.keys()
