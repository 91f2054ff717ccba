"""Accounts: how they are, those that need no sign-in here, asking, browsing and removing them."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from syncoxiders.adapters.accounts.secret import Secret
from syncoxiders.cloud.secrets import of_app, secret_of
from syncoxiders.ports.accounts import Account
from syncoxiders.ports.people import Person
from syncoxiders.ports.push import Channel
from syncoxiders.ports.registry import EndpointSettings, OpenChannel, SyncSettings
from tests.accounts.cloud import Cloud
from tests.emulators.s3 import ACCESS_KEY, SECRET_KEY, S3Server
from tests.emulators.serving import Server
from tests.functions.stage import Stage
from tests.web.conftest import Answer, Browser
from tests.web.hiding import MemoryCipher


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    found = tmp_path / "disk"
    found.mkdir()
    return found


@pytest.fixture
def stage(disk: Path) -> Stage:
    """A deployment on a machine of one's own."""
    found = Stage()
    found.settle(console="http://localhost:4566", folders=str(disk))
    vars(found.app)["cipher"] = MemoryCipher()
    return found


@pytest.fixture
def browser(stage: Stage) -> Browser:
    found = Browser(stage)
    found.log_in()
    return found


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    emulator = Cloud()
    with Server(emulator) as server:
        emulator.url = server.url  # type: ignore[attr-defined]  # for tests to find
        yield emulator


def _make(browser: Browser, **asked: Any) -> Answer:
    return browser.ask("POST", "/api/v1/accounts", asked)


def _folder(browser: Browser, disk: Path, name: str = "disk") -> Answer:
    return _make(browser, name=name, kind="folder", settings={"path": str(disk)})


class TestFolders:
    """Folders of a disk, which only an emulator has."""

    def test_a_folder_is_an_account(self, browser: Browser, stage: Stage, disk: Path) -> None:
        """It is there at once, and is looked at."""
        (disk / "mine").mkdir()
        made = _folder(browser, disk / "mine")
        assert (made.status, made.json["identity"]) == (201, str(disk / "mine"))
        assert made.json["health"] == "new"
        assert made.json["title"] == "Folder"
        assert [each.account for each in stage.messages()] == ["disk"]
        assert browser.ask("GET", "/api/v1/accounts/disk").json == made.json
        assert browser.ask("GET", "/api/v1/accounts").json["items"] == [made.json]

    def test_nothing_outside_of_what_is_allowed(self, browser: Browser, disk: Path) -> None:
        """Neither another folder, nor a way out, nor a link that leads out."""
        (disk / "out").symlink_to("/etc")
        (disk / "file").write_text("x")
        paths = ("/etc", f"{disk}/../..", f"{disk}/out", f"{disk}/file", f"{disk}/no", "x", "")
        for path in paths:
            answer = _make(browser, name="d", kind="folder", settings={"path": path})
            assert (answer.status, list(answer.json["fields"])) == (422, ["body.settings.path"])

    def test_a_deployment_has_none(self, browser: Browser, stage: Stage, disk: Path) -> None:
        """Where no folder is named in the settings there are no such accounts."""
        stage.settle(folders="")
        assert _folder(browser, disk).status == 422
        kinds = [each["kind"] for each in browser.ask("GET", "/api/v1/providers").json["items"]]
        assert kinds == ["drive", "dropbox", "onedrive", "s3"]


@pytest.mark.parametrize("name", ["", "a b", "a#b", "a/b", "-a", "x" * 65, "é", "../x", "a\n"])
def test_a_name_is_plain(browser: Browser, disk: Path, name: str) -> None:
    """A name stands in keys and addresses, so that it is of few characters."""
    answer = _folder(browser, disk, name)
    assert (answer.status, list(answer.json["fields"])) == (422, ["body.name"])


def test_how_an_account_is(browser: Browser, stage: Stage, disk: Path) -> None:
    """What is worst is told, with what to do; and which syncs use it."""
    _folder(browser, disk)
    registry, now = stage.registry, stage.clock.now()

    def told() -> dict[str, Any]:
        return dict(browser.ask("GET", "/api/v1/accounts/disk").json)

    assert told()["health"] == "new"
    registry.polled("me", "disk", 1, now)
    assert (told()["health"], told()["reason"]) == ("good", "")
    assert told()["looked_at"].startswith("20")
    registry.deaf("me", "disk", "it cannot be")
    assert (told()["health"], told()["pushes"]) == ("deaf", False)
    assert "it cannot be" in told()["reason"]
    registry.pause("me", "disk", now + 60)
    assert told()["health"] == "throttled"
    assert told()["paused_until"] is not None
    registry.trouble("me", "disk", "connect it again")
    assert (told()["health"], told()["reason"]) == ("broken", "connect it again")
    endpoints = (EndpointSettings("a", "disk", "x"), EndpointSettings("b", "disk", "y"))
    registry.put_sync("me", SyncSettings("both", endpoints))
    assert told()["syncs"] == ["both"]


def test_whether_the_provider_tells_us(browser: Browser, stage: Stage, disk: Path) -> None:
    """An account has pushes by a channel that is open, or by what the vendor calls it."""
    _folder(browser, disk)
    path = "/api/v1/accounts/disk"
    assert browser.ask("GET", path).json["pushes"] is False
    channel = OpenChannel(Channel("c", "secret", token="t"), "me", "disk", "s", "a")  # noqa: S106 -- nobody's
    stage.registry.put_channel(channel)
    assert browser.ask("GET", path).json["pushes"] is True


class TestKeys:
    """Accounts at S3."""

    @pytest.fixture
    def s3(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Server]:
        for name in [each for each in os.environ if each.startswith("AWS_")]:
            monkeypatch.delenv(name)
        with S3Server() as server:
            yield server
            server.reset()

    def _keys(self, url: str) -> dict[str, Any]:
        return {
            "kind": "s3",
            "access_key_id": ACCESS_KEY,
            "secret_access_key": SECRET_KEY,
            "settings": {"url": url, "region": "us-east-1", "style": "path"},
        }

    def test_by_keys(self, browser: Browser, stage: Stage, s3: S3Server) -> None:
        """Keys that are good are in the vault, and nowhere else; an account tells of itself."""
        made = _make(browser, name="backup", **self._keys(s3.url))
        assert (made.status, made.json["kind"]) == (201, "s3")
        secret = secret_of(stage.vault, "me", "backup").get()
        assert secret is not None
        assert secret.keys["secret_access_key"] == SECRET_KEY
        assert SECRET_KEY not in str(stage.items.everything())
        assert SECRET_KEY not in made.body

    def test_that_are_lost(self, browser: Browser, stage: Stage, s3: S3Server) -> None:
        """An account whose keys are lost is not opened by the functions' own role instead."""
        _make(browser, name="backup", **self._keys(s3.url))
        secret_of(stage.app.lasting, "me", "backup").delete()
        told = browser.ask("POST", "/api/v1/accounts/backup/check").json
        assert not told["working"]
        assert "give them again" in told["reason"]

    def test_both_halves(self, browser: Browser) -> None:
        """Half a key is none, and nothing is asked."""
        answer = _make(browser, name="backup", kind="s3", access_key_id="AKID")
        assert (answer.status, list(answer.json["fields"])) == (422, ["body.secret_access_key"])

    def test_without_keys(self, browser: Browser, stage: Stage, s3: S3Server) -> None:
        """An administrator may use the buckets that the functions' role has leave for."""
        _make(browser, name="backup", **self._keys(s3.url))
        made = _make(browser, name="backup", kind="s3", settings={"region": "eu-central-1"})
        assert (made.status, made.json["settings"]) == (201, {"region": "eu-central-1"})
        assert secret_of(stage.vault, "me", "backup").get() is None
        answer = _make(browser, name="other", kind="s3", settings={"url": s3.url})
        assert (answer.status, list(answer.json["fields"])) == (422, ["body.settings.url"])

    def test_without_keys_nor_right(self, stage: Stage) -> None:
        """Nobody else may, for all of these buckets are one administrator's to give."""
        stage.app.admissions.invite("eve@example.org", admin=False)
        person = Person("https://issuer.example", "eve", "eve@example.org", verified=True)
        made = stage.app.sessions.begin(stage.app.admissions.admit(person))
        assert made is not None
        browser = Browser(stage)
        headers = {"authorization": f"Bearer {made[0]}"}
        asked = {"name": "backup", "kind": "s3"}
        answer = browser.ask("POST", "/api/v1/accounts", asked, headers=headers)
        assert (answer.status, list(answer.json["fields"])) == (422, ["body.access_key_id"])
        assert stage.registry.accounts(stage.app.people.users()[-1].id) == []

    def test_nobody_there(self, browser: Browser, stage: Stage) -> None:
        """A service that does not answer is told, and nothing is kept."""
        answer = _make(browser, name="backup", **self._keys("http://127.0.0.1:9"))
        assert (answer.status, answer.json["code"]) == (409, "unreachable")
        assert stage.registry.accounts("me") == []
        assert stage.vault.get("me/backup") is None

    def test_buckets_are_what_is_at_the_top(self, browser: Browser, s3: S3Server) -> None:
        """One looks into an account's buckets, and into folders in them."""
        _make(browser, name="backup", **self._keys(s3.url))
        at = "/api/v1/accounts/backup/folders"
        for bucket in ("photos", "docs"):
            s3.client().create_bucket(Bucket=bucket)
        for number in range(3):
            s3.put("docs", f"work/{number}/x/y.txt", b"x")
        s3.put("docs", "note.txt", b"x")

        def names(path: str) -> list[str]:
            return [each["path"] for each in browser.ask("GET", f"{at}?path={path}").json["items"]]

        assert names("") == ["docs", "photos"]
        assert names("docs") == ["docs/work"]
        assert names("docs/work") == ["docs/work/0", "docs/work/1", "docs/work/2"]
        assert names("photos") == []
        none = browser.ask("GET", f"{at}?path=no-such-bucket")
        assert (none.status, none.json["code"]) == (404, "no-such-folder")

    @pytest.mark.parametrize(
        "url",
        [
            "http://s3.example.com",
            "https://localhost",
            "https://127.0.0.1",
            "https://[::1]",
            "https://169.254.169.254",
            "https://10.0.0.1",
            "https://a@s3.example.com",
            "https://x.localhost",
            "https://vault.internal",
            "https://[",
            "file:///etc/passwd",
            "s3.example.com",
        ],
    )
    def test_what_our_functions_are_not_sent_to(
        self, browser: Browser, stage: Stage, url: str
    ) -> None:
        """In the cloud nobody has us ask what only we can reach."""
        stage.settle(console="https://console.example")
        browser = Browser(stage)
        browser.log_in()
        answer = _make(browser, name="backup", **self._keys(url))
        assert (answer.status, list(answer.json["fields"])) == (422, ["body.settings.url"])


class TestElsewhere:
    """Accounts that were signed in to elsewhere."""

    def _asked(self, cloud: Any, kind: str, refresh: str) -> dict[str, Any]:
        return {
            "name": "mine",
            "kind": kind,
            "client_id": "client",
            "client_secret": "client-secret-value",
            "refresh_token": refresh,
            "settings": {"url": cloud.url},
        }

    def test_it_goes_on_here(self, browser: Browser, stage: Stage, cloud: Any) -> None:
        """A token that is good makes an account, under the name that its pushes have."""
        tokens = cloud.issue()
        made = _make(browser, **self._asked(cloud, "dropbox", tokens["refresh_token"]))
        assert (made.status, made.json["identity"]) == (201, "ann@example.org")
        assert stage.registry.called("dropbox", "dbid:1") == [("me", "mine")]
        assert stage.vault.get(of_app("dropbox")) == "client-secret-value"
        secret = secret_of(stage.vault, "me", "mine").get()
        assert secret is not None
        assert (secret.refresh, secret.access) == (tokens["refresh_token"], "")
        for each in (tokens["refresh_token"], "client-secret-value"):
            assert each not in str(stage.items.everything())
            assert each not in made.body

    def test_its_access_goes_on_there(self, browser: Browser, stage: Stage, cloud: Any) -> None:
        """When it is removed here, who else has the same grant keeps it."""
        tokens = cloud.issue()
        _make(browser, **self._asked(cloud, "drive", tokens["refresh_token"]))
        assert browser.ask("DELETE", "/api/v1/accounts/mine").status == 204
        assert "POST /revoke" not in cloud.calls
        assert stage.vault.get("me/mine") is None

    def test_a_token_that_is_none(self, browser: Browser, stage: Stage, cloud: Any) -> None:
        """It is said to be none; neither it nor anything is kept, and it is in no log."""
        answer = _make(browser, **self._asked(cloud, "drive", "no-such-token"))
        assert (answer.status, list(answer.json["fields"])) == (422, ["body.refresh_token"])
        assert stage.registry.accounts("me") == []
        assert "no-such-token" not in stage.log.getvalue() + answer.body

    def test_of_another_person(self, browser: Browser, stage: Stage, cloud: Any) -> None:
        """A name goes on to be of who it was of."""
        _make(browser, **self._asked(cloud, "drive", cloud.issue()["refresh_token"]))
        cloud.identity = "eve@example.org"
        again = _make(browser, **self._asked(cloud, "drive", cloud.issue()["refresh_token"]))
        assert (again.status, again.json["code"]) == (409, "another-person")
        assert stage.account("mine").account.identity == "ann@example.org"

    def test_without_what_it_takes(self, browser: Browser) -> None:
        """Without a token one is told to sign in here."""
        answer = _make(browser, name="mine", kind="drive", client_id="client")
        assert (answer.status, list(answer.json["fields"])) == (422, ["body.refresh_token"])
        assert "connection" in answer.json["mend"]


def test_a_name_is_of_one_kind(browser: Browser, stage: Stage, disk: Path) -> None:
    """A name that is another kind's is taken."""
    stage.registry.put_account("me", Account("disk", "drive"))
    answer = _folder(browser, disk)
    assert (answer.status, answer.json["code"]) == (409, "name-taken")


@pytest.mark.parametrize(
    ("kind", "settings", "field"),
    [
        ("folder", {"path": "/x", "ca": "/x"}, "body.settings.ca"),
        ("s3", {"profile": "x"}, "body.settings.profile"),
        ("drive", {"documents": "all"}, "body.settings.documents"),
        ("s3", {"region": "a\nb"}, "body.settings.region"),
        ("s3", {"region": "a" * 513}, "body.settings.region"),
    ],
)
def test_settings_are_the_kinds_own(
    browser: Browser, kind: str, settings: dict[str, str], field: str
) -> None:
    """What is no setting of a kind, or no value of one, is refused with its place."""
    answer = _make(browser, name="x", kind=kind, settings=settings)
    assert (answer.status, list(answer.json["fields"])) == (422, [field])


class TestChecking:
    """Asking the provider."""

    def test_a_folder(self, browser: Browser, stage: Stage, disk: Path) -> None:
        """It is there, and has as much room as its disk; what was wrong is forgotten."""
        _folder(browser, disk)
        stage.registry.trouble("me", "disk", "it was gone")
        told = browser.ask("POST", "/api/v1/accounts/disk/check").json
        assert told["working"] is True
        assert told["quota"]["total"] > told["quota"]["used"] > 0
        assert stage.account("disk").trouble == ""
        disk.rename(disk.with_name("away"))
        gone = browser.ask("POST", "/api/v1/accounts/disk/check").json
        assert (gone["working"], gone["quota"]) == (False, None)
        assert "cannot be reached" in gone["reason"]

    def test_by_tokens(self, browser: Browser, stage: Stage, cloud: Any) -> None:
        """It says whose it is and how full; one that was revoked says what to do."""
        tokens = cloud.issue()
        account = Account("mine", "drive", "client", settings={"url": cloud.url})
        stage.registry.put_account("me", account)
        secret = Secret(client_secret="client-secret-value", refresh=tokens["refresh_token"])  # noqa: S106 -- nobody's
        secret_of(stage.vault, "me", "mine").put(secret)
        told = browser.ask("POST", "/api/v1/accounts/mine/check").json
        assert (told["identity"], told["quota"]["used"]) == ("ann@example.org", 4096)
        cloud.oauth.revoke_all()
        gone = browser.ask("POST", "/api/v1/accounts/mine/check").json
        assert gone["working"] is False
        assert "connect it again" in gone["reason"]


class TestBrowsing:
    """Looking into folders."""

    def test_folders_in_a_folder(self, browser: Browser, stage: Stage, disk: Path) -> None:
        """Folders only, by name, with the sync that has them already."""
        for each in ("b/deep/er", "a", "c/x"):
            (disk / each).mkdir(parents=True)
        (disk / "file").write_text("x")
        _folder(browser, disk)
        endpoints = (EndpointSettings("a", "disk", "b"), EndpointSettings("b", "disk", "c/x"))
        stage.registry.put_sync("me", SyncSettings("both", endpoints))
        top = browser.ask("GET", "/api/v1/accounts/disk/folders").json
        assert [(each["name"], each["taken_by"]) for each in top["items"]] == [
            ("a", ""),
            ("b", "both"),
            ("c", ""),
        ]
        assert top["next"] is None
        below = browser.ask("GET", "/api/v1/accounts/disk/folders?path=b/").json
        assert [(each["path"], each["taken_by"]) for each in below["items"]] == [("b/deep", "both")]
        assert browser.ask("GET", "/api/v1/accounts/disk/folders?path=a").json["items"] == []

    def test_page_by_page(self, browser: Browser, disk: Path) -> None:
        """Many come in pages; what is made meanwhile disturbs nothing."""
        for number in range(450):
            (disk / f"f{number:03}").mkdir()
        _folder(browser, disk)
        at = "/api/v1/accounts/disk/folders"
        page = browser.ask("GET", at).json
        names = [each["name"] for each in page["items"]]
        (disk / "f0000").mkdir()
        while page["next"]:
            page = browser.ask("GET", f"{at}?cursor={page['next']}").json
            names += [each["name"] for each in page["items"]]
        assert names == [f"f{number:03}" for number in range(450)]
        wrong = browser.ask("GET", f"{at}?cursor=x")
        assert (wrong.status, list(wrong.json["fields"])) == (422, ["query.cursor"])

    @pytest.mark.parametrize("path", ["..", "a/../..", "%00", "."])
    def test_ways_out(self, browser: Browser, disk: Path, path: str) -> None:
        """A path leads down only."""
        _folder(browser, disk)
        answer = browser.ask("GET", f"/api/v1/accounts/disk/folders?path={path}")
        assert (answer.status, list(answer.json["fields"])) == (422, ["query.path"])

    def test_what_is_not_there(self, browser: Browser, disk: Path) -> None:
        """A folder that is not there is 404, as an account that is not."""
        _folder(browser, disk)
        answer = browser.ask("GET", "/api/v1/accounts/disk/folders?path=no")
        assert (answer.status, answer.json["code"]) == (404, "no-such-folder")
        answer = browser.ask("GET", "/api/v1/accounts/other/folders")
        assert (answer.status, answer.json["code"]) == (404, "no-such-account")

    def test_who_does_not_let_us_in(self, browser: Browser, stage: Stage, cloud: Any) -> None:
        """An account without tokens says what to do."""
        account = Account("mine", "dropbox", "client", settings={"url": cloud.url})
        stage.registry.put_account("me", account)
        answer = browser.ask("GET", "/api/v1/accounts/mine/folders")
        assert (answer.status, answer.json["code"]) == (409, "account-broken")


def test_an_account_that_is_used_stays(browser: Browser, stage: Stage, disk: Path) -> None:
    """It goes once no sync uses it, with all that is kept of it."""
    _folder(browser, disk)
    endpoints = (EndpointSettings("a", "disk", "x"), EndpointSettings("b", "disk", "y"))
    stage.registry.put_sync("me", SyncSettings("both", endpoints))
    answer = browser.ask("DELETE", "/api/v1/accounts/disk")
    assert (answer.status, answer.json["code"]) == (409, "in-use")
    stage.registry.remove_sync("me", "both")
    assert browser.ask("DELETE", "/api/v1/accounts/disk").status == 204
    assert browser.ask("DELETE", "/api/v1/accounts/disk").status == 404
    assert stage.registry.owners() == []


def test_channels_go_with_the_account(browser: Browser, stage: Stage, disk: Path) -> None:
    """Nobody pushes for an account that is gone; other owners' channels stay."""
    _folder(browser, disk)
    for owner in ("me", "m"):
        channel = Channel(f"c-{owner}", "secret", token="t")  # noqa: S106 -- nobody's
        stage.registry.put_channel(OpenChannel(channel, owner, "disk", "gone", "a"))
    assert browser.ask("DELETE", "/api/v1/accounts/disk").status == 204
    assert stage.registry.channels("me") == []
    assert len(stage.registry.channels("m")) == 1


class TestApps:
    """The OAuth apps of providers."""

    def test_an_app_makes_a_provider_ready(self, browser: Browser, stage: Stage) -> None:
        """Its id is in the tables, its secret in the vault; both are shown to nobody again."""
        before = browser.ask("GET", "/api/v1/providers").json["items"]
        assert {each["kind"] for each in before if not each["ready"]} == {
            "drive",
            "dropbox",
            "onedrive",
        }
        app = {"client_id": "id-1", "client_secret": "s3cr3t"}
        assert browser.ask("PUT", "/api/v1/providers/dropbox/app", app).status == 204
        after = browser.ask("GET", "/api/v1/providers")
        (told,) = [each for each in after.json["items"] if each["kind"] == "dropbox"]
        assert (told["ready"], told["client_id"]) == (True, "id-1")
        assert told["redirect"] == "http://localhost:4566/oauth/callback"
        assert told["push"] == "https://hooks.example/push/dropbox"
        assert stage.vault.get(of_app("dropbox")) == "s3cr3t"
        assert "s3cr3t" not in after.body + str(stage.items.everything())

        browser.ask("PUT", "/api/v1/providers/dropbox/app", {"client_id": "id-1"})
        assert stage.vault.get(of_app("dropbox")) == "s3cr3t", "it is the same app"
        browser.ask("PUT", "/api/v1/providers/dropbox/app", {"client_id": "id-2"})
        assert stage.vault.get(of_app("dropbox")) is None, "it was another app's"
        assert browser.ask("DELETE", "/api/v1/providers/dropbox/app").status == 204
        assert browser.ask("DELETE", "/api/v1/providers/dropbox/app").status == 404

    def test_not_of_others(self, browser: Browser) -> None:
        """What has no sign-in has no app."""
        for kind in ("s3", "folder", "other"):
            answer = browser.ask("PUT", f"/api/v1/providers/{kind}/app", {"client_id": "x"})
            assert (answer.status, answer.json["code"]) == (404, "no-such-provider")

    def test_a_vendor_is_asked_at_its_own_servers(self, stage: Stage) -> None:
        """In the cloud an app has no address of its own, on one's own machine one of the web."""
        app = {"client_id": "x", "url": "file:///etc"}
        browser = Browser(stage)
        browser.log_in()
        assert browser.ask("PUT", "/api/v1/providers/drive/app", app).status == 422
        stage.settle(console="https://console.example")
        browser = Browser(stage)
        browser.log_in()
        app["url"] = "https://evil.example"
        assert browser.ask("PUT", "/api/v1/providers/drive/app", app).status == 422
