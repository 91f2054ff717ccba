"""Only what a channel's clientState proves is a push; a handshake is echoed and tells nothing."""

import hmac
import json
import secrets as generator
from collections.abc import Iterator

import pytest

from syncoxiders.adapters.providers.onedrive.push import client_state, verify
from syncoxiders.ports.errors import Refused
from syncoxiders.ports.push import Channel, Forged, Push, Pushes, Verifier
from tests.adapters.onedrive_support import Cloud, served
from tests.emulators.onedrive.pushes import LONGEST
from tests.emulators.serving import Emulator, Request, Response, Server

SECRET = "the channel's secret"  # noqa: S105 -- an example
CHANNELS = {"one": SECRET, "two": "another secret"}


def secrets(channel: str) -> str | None:
    return CHANNELS.get(channel)


def note(channel: str = "one", state: str = SECRET, **more: object) -> dict[str, object]:
    return {
        "subscriptionId": "7f105c7d-2dc5-4530-97cd-4e7ae6534c07",
        "clientState": f"{channel}:{state}",
        "changeType": "updated",
        "resource": "me/drive/root",
        **more,
    }


def body(*notes: object) -> bytes:
    return json.dumps({"value": notes}).encode()


def told(content: bytes, query: dict[str, str] | None = None) -> Push:
    return verify(query or {}, {}, content, secrets)


class TestVerifying:
    def test_it_is_a_verifier(self) -> None:
        """The function has the port's form."""
        verifier: Verifier = verify
        assert verifier({"validationToken": "a b+&"}, {}, b"", secrets) == Push(reply="a b+&")

    def test_genuine(self) -> None:
        """Notes tell which channels have news, each once."""
        assert told(body(note())) == Push(channels=("one",))
        many = body(note(), note("two", "another secret"), note())
        assert told(many).channels == ("one", "two")
        assert told(body()) == Push()

    @pytest.mark.parametrize(
        ("event", "expected"),
        [
            ("reauthorizationRequired", Push(renew=("one",))),
            ("subscriptionRemoved", Push(renew=("one",))),
            ("missed", Push(channels=("one",))),
            ("something new", Push()),
        ],
    )
    def test_lifecycle(self, event: str, expected: Push) -> None:
        """What happens to a channel itself has it renewed, or looked at."""
        assert told(body(note(lifecycleEvent=event))) == expected

    @pytest.mark.parametrize(
        "notes",
        [
            [note(state="another secret")],
            [note(state="")],
            [note(state=f"{SECRET} ")],
            [note("two")],
            [note("three")],
            [note(), note("two")],
            [note(state="\u00e9")],
        ],
        ids=["other", "none", "longer", "another's", "unknown", "one of two", "not ascii"],
    )
    def test_forged(self, notes: list[dict[str, object]]) -> None:
        """Without each channel's own secret it is no push, and no secret is told."""
        with pytest.raises(Forged) as caught:
            told(body(*notes))
        assert SECRET not in str(caught.value)

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"null",
            b"{}",
            b"[]",
            b"\xff",
            body(1),
            body({}),
            body(note() | {"clientState": None}),
        ],
    )
    def test_malformed(self, content: bytes) -> None:
        """What has not the form of a notification is no push."""
        with pytest.raises(Forged):
            told(content)

    @pytest.mark.parametrize("token", ["", "x" * 10_000])
    def test_handshake_that_is_none(self, token: str) -> None:
        """A token that is empty or too long is not echoed."""
        with pytest.raises(Forged):
            told(b"", {"validationToken": token})

    def test_a_handshake_does_not_excuse_a_body(self) -> None:
        """What has a body is proved, whatever its query says."""
        with pytest.raises(Forged):
            told(body(note(state="no")), {"validationToken": "x"})

    def test_compared_in_constant_time(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """How far a guess is right does not show in the time that it takes."""
        compared: list[tuple[bytes, bytes]] = []
        genuine = hmac.compare_digest

        def compare(left: bytes, right: bytes) -> bool:
            compared.append((left, right))
            return genuine(left, right)

        monkeypatch.setattr(hmac, "compare_digest", compare)
        told(body(note()))
        assert compared == [(f"one:{SECRET}".encode(),) * 2]

    @pytest.mark.parametrize(("channel", "secret"), [("a:b", "c"), ("a", "s" * 128)])
    def test_what_cannot_be_a_state(self, channel: str, secret: str) -> None:
        """A channel's id and secret have to fit in what Graph keeps."""
        with pytest.raises(ValueError, match="channel"):
            client_state(channel, secret)


class Webhook(Emulator):
    """An address that hears of changes, as a deployment's does; ``mute`` answers nothing useful."""

    def __init__(self) -> None:
        super().__init__()
        self.routes.add("POST", "/hook", self._hear)
        self.secrets: dict[str, str] = {}
        self.heard: list[Push] = []
        self.mute = False

    def _secret(self, channel: str) -> str | None:
        return self.secrets.get(channel)

    def _hear(self, request: Request) -> Response:
        found = verify(request.query, request.headers, request.body, self._secret)
        if found.reply is not None:
            return Response(200, b"" if self.mute else found.reply.encode(), _TEXT)
        self.heard.append(found)
        return Response(202)


_TEXT = {"Content-Type": "text/plain"}


class TestChannels:
    @pytest.fixture(params=["personal", "business"])
    def cloud(self, request: pytest.FixtureRequest) -> Iterator[Cloud]:
        with served(request.param) as cloud:
            yield cloud

    @pytest.fixture
    def hook(self) -> Iterator[tuple[Webhook, str]]:
        hook = Webhook()
        with Server(hook) as server:
            yield hook, f"{server.url}/hook"

    def opened(self, cloud: Cloud, hook: Webhook, address: str) -> Channel:
        assert isinstance(cloud.provider, Pushes)
        secret = generator.token_urlsafe(24)
        hook.secrets["channel"] = secret
        return cloud.provider.open_channel(address, "channel", secret, cloud.emulator.now() + 86400)

    def test_news(self, cloud: Cloud, hook: tuple[Webhook, str]) -> None:
        """An open channel proves its address and tells of news; it is closed once for all."""
        channel = self.opened(cloud, *hook)
        assert channel.id == "channel"
        assert channel.expires == pytest.approx(cloud.emulator.now() + 86400, abs=5)
        cloud.people.write("folder/file", b"content")
        cloud.emulator.pushes.wait()
        assert set(hook[0].heard) == {Push(channels=("channel",))}
        cloud.provider.close_channel(channel)
        cloud.provider.close_channel(channel)
        hook[0].heard.clear()
        cloud.people.write("folder/file", b"edited")
        cloud.emulator.pushes.wait()
        assert hook[0].heard == []

    def test_outside_the_root(self, cloud: Cloud, hook: tuple[Webhook, str]) -> None:
        """On a personal drive only the root is watched."""
        self.opened(cloud, *hook)
        emulator = cloud.emulator
        with emulator.at_work():
            emulator.drive.add("file", emulator.drive.root, "outside", b"content")
        emulator.pushes.wait()
        assert bool(hook[0].heard) is (emulator.drive.type != "personal")

    def test_renewed(self, cloud: Cloud, hook: tuple[Webhook, str]) -> None:
        """A channel is renewed when it has to be, and opened again when it has ended."""
        channel = self.opened(cloud, *hook)
        cloud.emulator.pushes.require_reauthorization(channel.token)
        cloud.emulator.pushes.wait()
        assert hook[0].heard == [Push(renew=("channel",))]
        later = cloud.emulator.now() + 2 * 86400
        renewed = cloud.provider.renew_channel(channel, hook[1], later)
        assert (renewed.id, renewed.token) == (channel.id, channel.token)
        assert renewed.expires == pytest.approx(later, abs=5)
        cloud.provider.close_channel(renewed)
        again = cloud.provider.renew_channel(renewed, hook[1], later)
        assert (again.id, again.secret) == (channel.id, channel.secret)
        assert again.token != channel.token
        cloud.people.write("file", b"content")
        cloud.emulator.pushes.wait()
        assert Push(channels=("channel",)) in hook[0].heard

    def test_as_long_as_there_is(self, cloud: Cloud, hook: tuple[Webhook, str]) -> None:
        """Who asks for longer than Graph allows gets what there is."""
        channel = self.opened(cloud, *hook)
        renewed = cloud.provider.renew_channel(channel, hook[1], cloud.emulator.now() + 10**8)
        assert renewed.expires == pytest.approx(cloud.emulator.now() + LONGEST, abs=120)

    def test_address_that_does_not_answer(self, cloud: Cloud, hook: tuple[Webhook, str]) -> None:
        """An address that does not echo gets no channel, and the error does not tell the secret."""
        hook[0].mute = True
        with pytest.raises(Refused) as caught:
            self.opened(cloud, *hook)
        assert hook[0].secrets["channel"] not in str(caught.value)
