"""Only what Dropbox signed is a push; a challenge is echoed and tells nothing."""

import hashlib
import hmac
import json

import pytest

from syncoxiders.adapters.providers.dropbox.push import verify
from syncoxiders.ports.push import Forged, Push, Verifier
from tests.emulators.dropbox.webhook import Webhook

SECRET = "the app's secret"  # noqa: S105 -- an example
ACCOUNT = "dbid:AAH4f99T0taONIb-OurWxbNQ6ywGRopQngc"
BODY = json.dumps({"list_folder": {"accounts": [ACCOUNT]}, "delta": {"users": [12345]}}).encode()


def secrets(channel: str) -> str | None:
    return SECRET if channel == "" else None


def signed(body: bytes, secret: str = SECRET) -> dict[str, str]:
    return {"x-dropbox-signature": hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}


def test_it_is_a_verifier() -> None:
    """The function has the port's form."""
    verifier: Verifier = verify
    assert verifier({"challenge": "abc"}, {}, b"", secrets) == Push(reply="abc")


def test_genuine() -> None:
    """A signed note tells which accounts have news, each once."""
    assert verify({}, signed(BODY), BODY, secrets) == Push(accounts=(ACCOUNT,))
    twice = json.dumps({"list_folder": {"accounts": ["a", "b", "a"]}}).encode()
    assert verify({}, signed(twice), twice, secrets).accounts == ("a", "b")


def test_what_the_emulator_sends() -> None:
    """The emulator's own webhook signs as this verifies."""
    hook = Webhook(SECRET, ACCOUNT, 12345)
    body = json.dumps(hook._message).encode()
    assert verify({}, signed(body), body, secrets).accounts == (ACCOUNT,)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-dropbox-signature": ""},
        {"x-dropbox-signature": "0" * 64},
        {"x-dropbox-signature": "\u00e9" * 64},
        signed(BODY, "another secret"),
        signed(BODY + b" "),
        {"X-Dropbox-Signature": signed(BODY)["x-dropbox-signature"]},  # names are lower-case
    ],
    ids=["none", "empty", "wrong", "not ascii", "other secret", "other body", "other name"],
)
def test_forged(headers: dict[str, str]) -> None:
    """Without the right signature over the raw body it is no push."""
    with pytest.raises(Forged):
        verify({}, headers, BODY, secrets)


def test_a_challenge_does_not_excuse_a_signature() -> None:
    """What has a body is signed, whatever its query says."""
    with pytest.raises(Forged):
        verify({"challenge": "abc"}, {}, BODY, secrets)


@pytest.mark.parametrize("secret", [None, ""])
def test_secret_that_is_not_known(secret: str | None) -> None:
    """Without the app's secret nothing is genuine, not even what is signed with none."""
    with pytest.raises(Forged):
        verify({}, signed(BODY, ""), BODY, lambda _channel: secret)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"{}",
        b"[]",
        b"\xff",
        b'{"list_folder": {}}',
        b'{"list_folder":{"accounts":[1]}}',
    ],
)
def test_malformed(body: bytes) -> None:
    """What is signed but tells no accounts is no push; its content is not repeated."""
    with pytest.raises(Forged) as caught:
        verify({}, signed(body), body, secrets)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("challenge", ["", "x" * 10_000])
def test_challenge_that_is_none(challenge: str) -> None:
    """An empty challenge, or one that is too long, is not echoed."""
    with pytest.raises(Forged):
        verify({"challenge": challenge}, {}, b"", secrets)
