"""The vault in the Parameter Store passes the contract, encrypted under the one key."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError  # type: ignore[import-untyped]  # it has none

from syncoxiders.adapters.aws.kms import Cipher
from syncoxiders.adapters.aws.vault import ParameterVault
from syncoxiders.ports.errors import AccountError
from tests.aws.clients import client
from tests.aws.ministack import Ministack
from tests.contracts.vault_contract import *  # noqa: F403 -- the suite is its names

LONG = "é" * 10_000


@pytest.fixture
def account(ministack: Ministack) -> str:
    return ministack.account()


@pytest.fixture
def kms(ministack: Ministack, account: str) -> Iterator[Any]:
    kms = client(ministack, account, "kms")
    yield kms
    kms.close()


@pytest.fixture
def key(kms: Any) -> str:
    return str(kms.create_key()["KeyMetadata"]["KeyId"])


@pytest.fixture
def ssm(ministack: Ministack, account: str) -> Iterator[Any]:
    ssm = client(ministack, account, "ssm")
    yield ssm
    ssm.close()


@pytest.fixture
def vault(ssm: Any, key: str) -> ParameterVault:
    return ParameterVault(ssm, "/syncoxiders/vault/", key)


def names(ssm: Any) -> list[str]:
    pages = ssm.get_paginator("get_parameters_by_path").paginate(Path="/syncoxiders/vault")
    return sorted(each["Name"] for page in pages for each in page["Parameters"])


def test_encrypted(vault: ParameterVault, ssm: Any, key: str) -> None:
    """Secrets are below the path, each of a kind that the key encrypts."""
    vault.put("me/work", "secret")
    vault.put("me/long", "x" * 4000)
    assert len(names(ssm)) == 4  # a short one; one that names two parts
    for each in ssm.describe_parameters()["Parameters"]:
        assert each["Name"].startswith("/syncoxiders/vault/me_2f")
        assert (each["Type"], each["KeyId"]) == ("SecureString", key)


def test_fits(vault: ParameterVault, ssm: Any) -> None:
    """No parameter is longer than a standard one may be, whatever the text is made of."""
    for secret in ("x" * 3999, "x" * 4000, LONG, "🔑" * 5000):
        vault.put("work", secret)
        assert vault.get("work") == secret
        for name in names(ssm):
            value = ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"]
            assert len(value.encode()) <= 4096


def test_nothing_left(vault: ParameterVault, ssm: Any) -> None:
    """Of a long secret that is replaced or deleted nothing is left."""
    vault.put("work", LONG)
    vault.put("work", LONG + "x")
    assert len(names(ssm)) == 1 + 6
    vault.put("work", "short")
    assert names(ssm) == ["/syncoxiders/vault/work"]
    vault.put("work", LONG)
    vault.delete("work")
    assert names(ssm) == []


def test_changes_as_a_whole(vault: ParameterVault, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is cut off while a long secret is replaced leaves the old one as it was."""
    vault.put("work", LONG)
    write = vault._write

    def cut_off(place: str, text: str) -> None:
        if place.endswith(".4"):
            raise KeyboardInterrupt
        write(place, text)

    monkeypatch.setattr(vault, "_write", cut_off)
    with pytest.raises(KeyboardInterrupt):
        vault.put("work", "x" * 20_000)
    assert vault.get("work") == LONG


def test_replaced_while_read(vault: ParameterVault, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who reads while a long secret is replaced gets the one or the other."""
    vault.put("work", LONG)
    read = vault._read
    places: list[str] = []

    def meanwhile(place: str) -> str | None:
        places.append(place)
        if len(places) == 4:
            monkeypatch.setattr(vault, "_read", read)
            vault.put("work", "x" * 20_000)
        return read(place)

    monkeypatch.setattr(vault, "_read", meanwhile)
    assert vault.get("work") == "x" * 20_000


def test_no_answer(vault: ParameterVault, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error says what cannot be done, and holds nothing of the secret."""

    class Denying:
        def __getattr__(self, name: str) -> Any:
            def deny(**request: object) -> None:
                error = {"Code": "AccessDeniedException", "Message": f"{name} {request}"}
                raise ClientError({"Error": error}, name)

            return deny

    monkeypatch.setattr(vault, "_client", Denying())
    attempts: list[Callable[[], object]] = [
        lambda: vault.get("work"),
        lambda: vault.put("work", "s3cr3t"),
        lambda: vault.delete("work"),
    ]
    for attempt in attempts:
        with pytest.raises(AccountError, match="AccessDeniedException") as caught:
            attempt()
        assert "s3cr3t" not in str(caught.value)


class TestCipher:
    @pytest.mark.parametrize("text", ["", "token", LONG])
    def test_kept(self, kms: Any, key: str, text: str) -> None:
        """What was encrypted is read again, however long, and does not show."""
        cipher = Cipher(kms, key)
        data = cipher.encrypt(text, {"owner": "me"})
        assert cipher.decrypt(data, {"owner": "me"}) == text
        assert b"token" not in data

    @pytest.mark.parametrize("data", [b"", b"\x91", b"\x91\xc4\x03abc"])
    def test_damaged(self, kms: Any, key: str, data: bytes) -> None:
        """What cannot be read is said to be so, without being quoted."""
        with pytest.raises(AccountError, match="token"):
            Cipher(kms, key).decrypt(data, {})

    def test_for_what(self, kms: Any, key: str) -> None:
        """Both directions are told what the text is for, so that AWS refuses any other use."""
        seen = []

        class Noting:
            def __getattr__(self, name: str) -> Any:
                def note(**request: Any) -> Any:
                    seen.append((name, request["KeyId"], request["EncryptionContext"]))
                    return getattr(kms, name)(**request)

                return note

        cipher = Cipher(Noting(), key)
        cipher.decrypt(cipher.encrypt("token", {"owner": "me"}), {"owner": "me"})
        assert seen == [("encrypt", key, {"owner": "me"}), ("decrypt", key, {"owner": "me"})]
