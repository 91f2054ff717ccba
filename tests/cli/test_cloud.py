"""``syncoxiders cloud``: accounts and syncs of a deployment, seen and configured from here."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from syncoxiders.adapters.accounts import Accounts
from syncoxiders.adapters.accounts.secret import Secret
from syncoxiders.adapters.aws import clients
from syncoxiders.adapters.vault import CHOICE
from syncoxiders.cli import deployed
from syncoxiders.cloud.app import App
from syncoxiders.cloud.secrets import of_account, of_app, secret_of
from syncoxiders.engine.pipeline.messages import Merge, Poll, read
from syncoxiders.engine.pipeline.times import DEAD
from syncoxiders.ports.accounts import Account
from syncoxiders.ports.items import Item, Put
from syncoxiders.ports.registry import EndpointSettings, SyncSettings
from tests.cli.conftest import Said, Shell
from tests.emulators.clouds import KINDS
from tests.functions.stage import Stage

REFRESH, APP, KEY = "r3fresh", "k3y-of-the-app", "s3-key"


class Cloud:
    """The commands, and a deployment in memory."""

    def __init__(self, shell: Shell, stage: Stage) -> None:
        self.stage = stage
        self._shell = shell
        self.accounts = Accounts(shell.config.parent)

    def __call__(self, *args: str | Path, code: int = 0) -> Said:
        said = self._shell("cloud", *args)
        assert said.code == code, said
        for secret in (REFRESH, APP, KEY):
            assert secret not in said.out + said.err
        return said

    def local(self, name: str, kind: str, secret: Secret | None, **settings: str) -> None:
        """Have an account on this machine."""
        self.accounts.add(Account(name, kind, "client", "ann@example.org", settings), secret)

    def there(self, *names: str) -> None:
        """Have folders connected there."""
        for name in names:
            account = Account(name, "folder", settings={"path": f"/mnt/{name}"})
            self.stage.registry.put_account("me", account)

    def messages(self) -> tuple[list[Poll], list[Merge]]:
        """Take what was sent to poll and merge."""
        merges = []
        for each in self.stage.merges.receive():
            merges.append(read(each.message.body, Merge))
            self.stage.merges.delete(each.receipt)
        return sorted(self.stage.messages(), key=lambda each: each.account), merges


@pytest.fixture
def cloud(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    monkeypatch.setenv(CHOICE, "file")
    stage = Stage()
    monkeypatch.setattr(deployed, "connected", lambda _: stage.app)
    yield Cloud(shell, stage)
    stage.app.connections.close()


class TestAccounts:
    def test_none(self, cloud: Cloud) -> None:
        """Where nothing is connected it says how to."""
        assert "accounts add" in cloud("accounts").out
        assert cloud("accounts", "list", "--json").out == ""

    def test_added(self, cloud: Cloud) -> None:
        """An account of this machine is copied there: its record, and what lasts of its secrets."""
        secret = Secret(client_secret=APP, refresh=REFRESH, access="access", expires=9e9, ends=5.0)
        cloud.local("work", "drive", secret, documents="skip")
        cloud("accounts", "add", "work")
        found = cloud.stage.account("work").account
        assert found == cloud.accounts.record("work").account
        text = cloud.stage.vault.get(of_account("me", "work")) or ""
        kept = msgspec.json.decode(text, type=Secret)
        assert kept == Secret(client_secret=APP, refresh=REFRESH, ends=5.0)
        assert cloud.accounts.secret("work") == secret
        said = cloud("accounts", "list")
        assert "work" in said.out
        assert "ann@example.org" in said.out
        (shown,) = cloud("accounts", "list", "--json").of("cloud-account")
        assert (shown["name"], shown["kind"], shown["settings"]) == (
            "work",
            "drive",
            {"documents": "skip"},
        )

    def test_secret_first(self, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
        """No function finds an account whose secrets are not there."""
        cloud.local("work", "drive", Secret(refresh=REFRESH))

        def put(*_: object) -> None:
            assert cloud.stage.vault.get(of_account("me", "work")) is not None

        monkeypatch.setattr(cloud.stage.registry, "put_account", put)
        cloud("accounts", "add", "work")

    def test_keys(self, cloud: Cloud) -> None:
        """Keys of S3 go there, too."""
        cloud.local("aws", "s3", Secret(keys={"access_key_id": "1", "secret_access_key": KEY}))
        cloud("accounts", "add", "aws")
        assert KEY in (cloud.stage.vault.get(of_account("me", "aws")) or "")

    def test_role(self, cloud: Cloud) -> None:
        """An S3 account without keys uses the functions' own role there."""
        cloud.local("aws", "s3", None, region="eu-central-1")
        cloud("accounts", "add", "aws")
        assert cloud.stage.account("aws").account.settings == {"region": "eu-central-1"}
        assert cloud.stage.vault.get(of_account("me", "aws")) is None

    def test_folder(self, cloud: Cloud) -> None:
        """A folder that the functions can reach is an account by its absolute path."""
        cloud("accounts", "add", "disk", "--folder", "left")
        path = cloud.stage.account("disk").account.settings["path"]
        assert path == str(cloud._shell.left.resolve())
        assert path in cloud("accounts").out

    @pytest.mark.parametrize("given", ["--app-secret", "account", "nothing"])
    def test_dropbox(self, cloud: Cloud, given: str) -> None:
        """Of Dropbox its id is found out, for pushes name it, and its app's secret goes there."""
        with KINDS["dropbox"].serve() as (emulator, url):
            secret = Secret(
                client_secret=APP if given == "account" else "",
                refresh=REFRESH,
                access=emulator.token,
                expires=9e9,
            )
            cloud.local("box", "dropbox", secret, url=url)
            more = ["--app-secret", APP] if given == "--app-secret" else []
            said = cloud("accounts", "add", "box", *more)
            expected = [("me", "box")]
            assert cloud.stage.registry.called("dropbox", emulator.account.id) == expected
        if given == "nothing":
            assert "--app-secret" in said.err
            assert cloud.stage.vault.get(of_app("dropbox")) is None
        else:
            assert cloud.stage.vault.get(of_app("dropbox")) == APP
            assert "https://hooks.example/push/dropbox" in said.out

    @pytest.mark.parametrize(
        ("args", "words"),
        [
            (["nobody"], "nobody"),
            (["work"], "not connected on this machine"),
            (["profiled"], "profile"),
            (["-bad", "--folder", "left"], "option"),
            (["a:b", "--folder", "left"], "name"),
        ],
    )
    def test_cannot(self, cloud: Cloud, args: list[str], words: str) -> None:
        """What cannot be copied is told before anything is asked of the deployment."""
        cloud.local("work", "drive", None)
        cloud.local("profiled", "s3", None, profile="mine")
        said = cloud("accounts", "add", *args, code=2)
        assert words in said.err
        assert cloud.stage.registry.accounts("me") == []

    def test_again(self, cloud: Cloud) -> None:
        """An account that is added again keeps its counters, and its trouble is over."""
        cloud.local("work", "drive", Secret(refresh=REFRESH))
        cloud("accounts", "add", "work")
        cloud.stage.registry.hint("me", "work")
        cloud.stage.registry.trouble("me", "work", "connect it again")
        assert "connect it again" in cloud("accounts").out
        cloud("accounts", "add", "work")
        assert cloud.stage.account("work").trouble == ""
        assert cloud.stage.account("work").hints == 3
        assert cloud.messages()[0] == [Poll("me", "work")]

    def test_removed(self, cloud: Cloud) -> None:
        """An account that is removed is forgotten there with its secrets, and stays here."""
        cloud.local("work", "drive", Secret(refresh=REFRESH))
        cloud("accounts", "add", "work")
        cloud("accounts", "remove", "work")
        assert cloud.stage.registry.accounts("me") == []
        assert cloud.stage.vault.get(of_account("me", "work")) is None
        assert "work" in cloud.accounts.all()
        assert "no account" in cloud("accounts", "remove", "work", code=2).err

    @pytest.mark.parametrize("shared", [True, False])
    def test_removed_at_the_vendor(
        self, cloud: Cloud, monkeypatch: pytest.MonkeyPatch, shared: bool
    ) -> None:
        """The access is ended at the vendor, unless this machine has the same and goes on."""
        revoked: list[str] = []

        class Vendor:
            def refresh(self, secret: Secret) -> Secret:
                return msgspec.structs.replace(secret, access="fresh")

            def revoke(self, secret: Secret) -> str:
                revoked.append(secret.access)
                return ""

        monkeypatch.setattr("syncoxiders.adapters.oauth.vendor", lambda _: Vendor())
        cloud.local("work", "drive", Secret(refresh=REFRESH))
        cloud("accounts", "add", "work")
        if not shared:
            secret_of(cloud.stage.vault, "me", "work").put(Secret(refresh="another"))
        cloud.stage.items.write([Put(Item(("me#access", "work"), {"access": b"hidden"}))])
        said = cloud("accounts", "remove", "work")
        assert revoked == ([] if shared else ["fresh"])
        assert ("goes on" in said.err) is shared
        assert cloud.stage.vault.get(of_account("me", "work")) is None
        assert cloud.stage.items.get([("me#access", "work")]) == {}

    def test_used(self, cloud: Cloud) -> None:
        """An account that a sync needs is not removed."""
        cloud.there("left", "right")
        cloud("syncs", "add", "photos", "left:", "right:")
        assert "photos" in cloud("accounts", "remove", "left", code=2).err
        assert len(cloud.stage.registry.accounts("me")) == 2


class TestSyncs:
    def test_none(self, cloud: Cloud) -> None:
        """Where there is none it says how to add one."""
        assert "syncs add" in cloud("syncs").out
        assert cloud("syncs", "list", "--json").out == ""

    def test_added(self, cloud: Cloud) -> None:
        """A sync is kept as it was asked for, looked at and planned at once."""
        cloud.there("left", "right")
        said = cloud("syncs", "add", "photos", "left:A/./b/", "right:")
        now = cloud.stage.clock.now()
        assert cloud.stage.registry.sync("me", "photos") == SyncSettings(
            "photos",
            (EndpointSettings("a", "left", "A/b"), EndpointSettings("b", "right")),
            changed_at=now,
        )
        assert said.out == "photos: left:A/b and right: (two-way, keeps newer)\n"
        assert cloud("syncs").out == said.out
        assert cloud.messages() == (
            [Poll("me", "left"), Poll("me", "right")],
            [Merge("me", "photos")],
        )

    def test_options(self, cloud: Cloud) -> None:
        """The options are those of sync, patterns in their order."""
        cloud.there("left", "right")
        lines = cloud._shell.write("rules", "*.bak\n# a comment\n!kept.bak\n")
        args = ["--exclude", "*.tmp", "--include", "kept.tmp", "--filter-from", str(lines)]
        args += ["--exclude", "\\#odd", "--mode", "one-way", "--keep", "path2"]
        cloud("syncs", "add", "photos", "left:", "right:", *args, "--max-delete", "20%")
        found = cloud.stage.registry.sync("me", "photos")
        assert found is not None
        assert found.patterns == (
            "*.tmp",
            "!kept.tmp",
            "*.bak",
            "# a comment",
            "!kept.bak",
            "\\#odd",
        )
        assert (found.mode, found.keep) == ("one-way", "path2")
        assert found.max_delete == "20%"
        (shown,) = cloud("syncs", "list", "--json").of("cloud-sync")
        assert (shown["name"], shown["mode"], shown["keep"]) == ("photos", "one-way", "path2")

    def test_merging_texts(self, cloud: Cloud) -> None:
        """A sync merges texts if that is asked for, and the deployment has a place to keep them."""
        cloud.there("left", "right")
        said = cloud("syncs", "add", "notes", "left:", "right:", "--auto-merge")
        assert "merges texts" in said.out
        found = cloud.stage.registry.sync("me", "notes")
        assert found is not None
        assert found.auto_merge
        (shown,) = cloud("syncs", "list", "--json").of("cloud-sync")
        assert shown["auto_merge"] is True
        cloud.stage.app.settings = msgspec.structs.replace(cloud.stage.app.settings, texts="")
        args = ["notes", "left:", "right:", "--auto-merge"]
        assert "deploy it anew" in cloud("syncs", "add", *args, code=2).err

    def test_bucket(self, cloud: Cloud) -> None:
        """Events of a bucket call the account from then on, also of a second one."""
        cloud.there("left")
        cloud.stage.registry.put_account("me", Account("aws", "s3"))
        cloud("syncs", "add", "one", "left:A", "aws:photos/2024")
        cloud("syncs", "add", "two", "left:B", "aws:notes")
        assert cloud.stage.registry.called("s3", "photos") == [("me", "aws")]
        assert cloud.stage.registry.called("s3", "notes") == [("me", "aws")]
        assert "bucket" in cloud("syncs", "add", "three", "left:C", "aws:", code=2).err

    @pytest.mark.parametrize(
        ("args", "words"),
        [
            (["-x", "left:", "right:"], "-x"),
            (["a b", "left:", "right:"], "cannot name"),
            (["photos", "left:"], "at least two"),
            (["photos", "left:", "right"], "no folder of an account"),
            (["photos", "left:", ":right"], "no folder of an account"),
            (["photos", "left:", "right:../x"], "no folder of an account"),
            (["photos", "left:", "other:"], "no account 'other'"),
            (["photos", "left:A", "left:A/b"], "lies inside"),
            (["photos", "left:", "left:"], "same folder"),
            (["photos", "left:", "right:", "--keep", "path3"], "only 2 folders"),
            (["photos", "left:", "right:", "--keep", "best"], "best"),
            (["photos", "left:", "right:", "--mode", "both"], "both"),
            (["photos", "left:", "right:", "--max-delete", "many"], "many"),
            (["photos", "left:", "right:", "--exclude", "[z-a"], "[z-a"),
            (["photos", "left:", "right:", "--filter-from", "none"], "none"),
        ],
    )
    def test_cannot(self, cloud: Cloud, args: list[str], words: str) -> None:
        """What is wrong is told, and nothing is changed."""
        cloud.there("left", "right")
        said = cloud("syncs", "add", *args, code=2)
        assert words in said.err
        assert cloud.stage.registry.syncs("me") == []
        assert cloud.messages() == ([], [])

    def test_changed(self, cloud: Cloud) -> None:
        """A sync that is there takes other options, and stays paused; but not other folders."""
        cloud.there("left", "right")
        cloud("syncs", "add", "photos", "left:", "right:")
        cloud("pause", "photos")
        cloud("syncs", "add", "photos", "left:", "right:", "--mode", "copy")
        found = cloud.stage.registry.sync("me", "photos")
        assert found is not None
        assert (found.mode, found.paused) == ("copy", True)
        assert "another name" in cloud("syncs", "add", "photos", "right:", "left:", code=2).err

    def test_removed(self, cloud: Cloud) -> None:
        """A sync that is removed is planned no more."""
        cloud.there("left", "right")
        cloud("syncs", "add", "photos", "left:", "right:")
        cloud("syncs", "remove", "photos")
        assert cloud.stage.registry.syncs("me") == []
        assert "no sync" in cloud("syncs", "remove", "others", code=2).err

    def test_removed_with_its_state(self, cloud: Cloud) -> None:
        """What was held of it goes as well; a new one of the name has to wait for late workers."""
        cloud.there("left", "right")
        cloud("syncs", "add", "photos", "left:", "right:")
        store = cloud.stage.app.states.sync("me", "photos")
        store.save_text("key", "text")
        cloud("syncs", "remove", "photos")
        assert store.text("key") == ""
        store.save_text("key", "by a worker that had begun")
        assert "only just" in cloud("syncs", "add", "photos", "left:", "right:", code=2).err
        cloud("syncs", "remove", "photos")
        assert store.text("key") == ""
        store.save_text("key", "by a worker that had begun")
        cloud.stage.clock.advance(DEAD)
        cloud("syncs", "add", "photos", "left:", "right:")
        assert store.text("key") == ""

    def test_paused(self, cloud: Cloud) -> None:
        """A sync is paused and goes on; then it is looked at."""
        cloud.there("left", "right")
        cloud("syncs", "add", "photos", "left:", "right:")
        cloud.messages()
        for each in ("left", "right"):
            cloud.stage.registry.polled("me", each, 1, cloud.stage.clock.now())
        assert "paused" in cloud("pause", "photos").out
        assert cloud.messages() == ([], [])
        assert "resume" in cloud("run", "photos", code=2).err
        cloud.stage.clock.advance(1.0)
        assert "paused" not in cloud("resume", "photos").out
        polls, merges = cloud.messages()
        assert len(polls) == 2
        assert merges == [Merge("me", "photos")]

    def test_run(self, cloud: Cloud) -> None:
        """A person may have a sync looked at as often as she likes."""
        cloud.there("left", "right")
        cloud("syncs", "add", "photos", "left:", "right:")
        for number in range(2, 5):
            for each in ("left", "right"):
                hints = cloud.stage.account(each).hints
                cloud.stage.registry.polled("me", each, hints, cloud.stage.clock.now())
            cloud.messages()
            cloud.stage.clock.advance(1.0)
            cloud("run", "photos")
            assert cloud.stage.account("left").hints == number
            polls, merges = cloud.messages()
            assert len(polls) == 2
            assert merges == [Merge("me", "photos")]

    @pytest.mark.parametrize("command", ["pause", "resume", "run"])
    def test_nobody(self, cloud: Cloud, command: str) -> None:
        """A sync that is not there is told of, with those that are."""
        cloud.there("left", "right")
        cloud("syncs", "add", "photos", "left:", "right:")
        assert "there are: photos" in cloud(command, "pictures", code=2).err

    def test_channels(self, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
        """Pushes are asked for at once; where they cannot be had is told, and all else done."""
        cloud.stage.clock.advance(time.time() - cloud.stage.clock.now())
        cloud.there("left")
        cloud.local("work", "drive", Secret(refresh=REFRESH))
        cloud("accounts", "add", "work")
        with KINDS["drive"].serve() as (emulator, url):
            account = Account("work", "drive", settings={"url": url})
            cloud.stage.registry.put_account("me", account)
            monkeypatch.setattr(cloud.stage.app, "_credentials", lambda *_: _Token(emulator.token))
            said = cloud("syncs", "add", "photos", "left:", "work:Nowhere", code=4)
            assert "no pushes come in" in said.err
            assert cloud.stage.registry.sync("me", "photos") is not None
            said = cloud("syncs", "add", "notes", "left:", f"work:{KINDS['drive'].root}", code=4)
            opened = [each for each in cloud.stage.registry.channels("me") if each.channel.token]
            assert [each.sync for each in opened] == ["notes"]
            cloud.stage.app.connections.close()


class _Token:
    def __init__(self, token: str) -> None:
        self._token = token

    def access(self) -> str:
        return self._token

    def refused(self, token: str) -> None:
        raise AssertionError(token)


OUTPUTS = {
    "TableTree": "tree",
    "TableJournal": "journal",
    "TableControl": "control",
    "QueuePoll": "poll-url",
    "QueueMerge": "merge-url",
    "QueueApply": "apply-url",
    "Key": "key",
    "Secrets": "/Stack/vault",
    "Url": "https://hooks.example",
    "FunctionPoll": "function",
}


class TestDeployed:
    @pytest.fixture
    def seen(self, monkeypatch: pytest.MonkeyPatch) -> list[App]:
        """Note the deployment that a command works with, which is empty."""
        seen: list[App] = []
        made = App

        def app(settings: Any) -> App:
            seen.append(made(settings))
            vars(seen[-1])["registry"] = Stage().registry
            return seen[-1]

        monkeypatch.setattr(deployed, "App", app)
        return seen

    @pytest.mark.parametrize("content", [OUTPUTS, {"SyncOxiders": OUTPUTS}])
    def test_outputs(self, shell: Shell, seen: list[App], content: dict[str, Any]) -> None:
        """A file of the stack's outputs tells where everything is, whichever way it is written."""
        file = shell.write("outputs.json", json.dumps(content))
        assert shell("cloud", "--outputs", file, "syncs").code == 0
        assert seen[0].settings.table_tree == "tree"
        assert seen[0].settings.secrets == "/Stack/vault"
        assert seen[0].settings.url == "https://hooks.example"

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            ("{", "not JSON"),
            ("[]", "outputs"),
            ("{}", "TableTree"),
            (json.dumps({**OUTPUTS, "QueueApply": ""}), "QueueApply"),
        ],
    )
    def test_wrong(self, shell: Shell, content: str, words: str) -> None:
        """A file that is something else is named, with what it lacks."""
        file = shell.write("outputs.json", content)
        said = shell("cloud", "--outputs", file, "syncs")
        assert said.code == 1
        assert words in said.err
        assert "outputs.json" in said.err

    def test_no_aws(self, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
        """Without credentials it says what is missing, in a line."""
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        clients.client.cache_clear()
        monkeypatch.delenv("AWS_REGION", raising=False)
        monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
        for variable, value in (("AWS_REGION", "us-east-1"), ("AWS_ACCESS_KEY_ID", "")):
            said = shell("cloud", "status")
            assert said.code == 1
            assert variable in said.err
            assert len(said.err.splitlines()) == 1
            monkeypatch.setenv(variable, value)

    @pytest.mark.parametrize("args", [[], ["accounts", "--help"], ["syncs", "add", "--help"]])
    def test_help(self, shell: Shell, args: list[str]) -> None:
        """Help needs no deployment."""
        said = shell("cloud", *args)
        assert said.code == (0 if args else 2)
        assert "Usage: syncoxiders cloud" in said.out
