"""Secrets in the Parameter Store of AWS Systems Manager, under one KMS key.

Standard parameters cost nothing, neither to keep nor to read at the standard rate of 40 requests a
second (https://aws.amazon.com/systems-manager/pricing/#Parameter_Store); a secret in Secrets
Manager is $0.40 a month, for rotation by a schedule, which OAuth does not need. The key is $1 a
month, and $0.03 for 10,000 uses (https://aws.amazon.com/kms/pricing/).

A parameter holds 4 KB (https://docs.aws.amazon.com/general/latest/gr/ssm.html). A longer secret is
in several, written before the one that names them, so that it changes as a whole.
"""

import secrets
from typing import Any

from syncoxiders.adapters.aws.clients import ERRORS, code, failed
from syncoxiders.ports.errors import AccountError

_MOST = 4000
"""Bytes in a parameter, with room for what leads it."""

_WHOLE, _PARTS = "=", "+"
"""How a parameter begins that holds a secret, or says ``+mark number`` of what holds its parts."""

_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-")


class ParameterVault:
    """A :class:`~syncoxiders.ports.accounts.Vault` below a path, ``/syncoxiders/vault``, say.

    ``client`` is botocore's of SSM. Errors are AccountError and hold no secret.
    """

    def __init__(self, client: Any, path: str, key: str) -> None:
        self._client = client
        self._path = path.rstrip("/")
        self._key = key

    def get(self, name: str) -> str | None:
        """Return a secret, None where there is none."""
        for _ in range(3):
            head = self._read(self._place(name))
            if head is None:
                return None
            if head.startswith(_WHOLE):
                return head[1:]
            parts = [self._read(place) for place in self._parts(name, head)]
            found = [part for part in parts if part is not None]
            if len(found) == len(parts):
                return "".join(part[1:] for part in found)
        # Whoever changes it takes the old parts away: to fall between thrice is no chance.
        raise AccountError("a secret is damaged: connect its account again")

    def put(self, name: str, secret: str) -> None:
        """Keep a secret in place of the one of this name."""
        before = self._read(self._place(name))
        head = _WHOLE + secret
        if len(head.encode()) > _MOST:
            parts = _cut(secret)
            head = f"{_PARTS}{secrets.token_hex(8)} {len(parts)}"
            for place, part in zip(self._parts(name, head), parts, strict=True):
                self._write(place, _WHOLE + part)
        self._write(self._place(name), head)
        self._forget(name, before)

    def delete(self, name: str) -> None:
        """Forget a secret; it need not be there."""
        before = self._read(self._place(name))
        self._delete(self._place(name))
        self._forget(name, before)

    def _forget(self, name: str, head: str | None) -> None:
        """Delete the parts of a secret, if it had some."""
        if head is not None and head.startswith(_PARTS):
            for place in self._parts(name, head):
                self._delete(place)

    def _place(self, name: str) -> str:
        """Return the name of a secret's parameter: what it may not hold is written as _XX."""
        encoded = "".join(
            char if char in _PLAIN else "".join(f"_{byte:02x}" for byte in char.encode())
            for char in name
        )
        return f"{self._path}/{encoded}"

    def _parts(self, name: str, head: str) -> list[str]:
        mark, _, number = head[1:].partition(" ")
        return [f"{self._place(name)}.{mark}.{index}" for index in range(int(number))]

    def _read(self, place: str) -> str | None:
        try:
            told = self._client.get_parameter(Name=place, WithDecryption=True)
        except ERRORS as error:
            if code(error) == "ParameterNotFound":
                return None
            raise failed("the vault cannot be read", error, AccountError) from error
        return str(told["Parameter"]["Value"])

    def _write(self, place: str, text: str) -> None:
        try:
            self._client.put_parameter(
                Name=place, Value=text, Type="SecureString", KeyId=self._key, Overwrite=True
            )
        except ERRORS as error:
            raise failed("the vault cannot be written", error, AccountError) from error

    def _delete(self, place: str) -> None:
        try:
            self._client.delete_parameter(Name=place)
        except ERRORS as error:
            if code(error) != "ParameterNotFound":
                raise failed("the vault cannot be changed", error, AccountError) from error


def _cut(secret: str) -> list[str]:
    """Return the parts of a text, cut between characters."""
    data = secret.encode()
    parts = []
    start = 0
    while start < len(data):
        end = min(start + _MOST - 1, len(data))
        while end < len(data) and data[end] & 0xC0 == 0x80:  # noqa: PLR2004 -- UTF-8's mark
            end -= 1
        parts.append(data[start:end].decode())
        start = end
    return parts
