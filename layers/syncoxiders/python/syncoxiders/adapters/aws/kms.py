"""Texts under a KMS key, readable by whoever may use the key and knows what they are for."""

from collections.abc import Mapping
from typing import Any

import msgspec

from syncoxiders.adapters.aws.clients import ERRORS, failed
from syncoxiders.ports.errors import AccountError

_MOST = 4096
"""Bytes that KMS encrypts at once; a token with many claims is longer.

https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html
"""


class Cipher:
    """Encrypts and decrypts; ``client`` is botocore's of KMS. Errors are AccountError.

    The ``context`` says what a text is for, and is needed to read it
    (https://docs.aws.amazon.com/kms/latest/developerguide/encrypt_context.html).
    """

    def __init__(self, client: Any, key: str) -> None:
        self._client = client
        self._key = key

    def encrypt(self, text: str, context: Mapping[str, str]) -> bytes:
        """Return a text that only the key reads."""
        data = text.encode()
        blobs = []
        for start in range(0, len(data), _MOST):
            try:
                told = self._client.encrypt(
                    KeyId=self._key,
                    Plaintext=data[start : start + _MOST],
                    EncryptionContext=dict(context),
                )
            except ERRORS as error:
                raise failed("the key cannot be used", error, AccountError) from error
            blobs.append(bytes(told["CiphertextBlob"]))
        return msgspec.msgpack.encode(blobs)

    def decrypt(self, data: bytes, context: Mapping[str, str]) -> str:
        """Return the text."""
        try:
            blobs = msgspec.msgpack.decode(data, type=list[bytes])
            parts = [
                self._client.decrypt(
                    KeyId=self._key, CiphertextBlob=blob, EncryptionContext=dict(context)
                )["Plaintext"]
                for blob in blobs
            ]
        except ERRORS as error:
            raise failed("a token cannot be read", error, AccountError) from error
        except msgspec.MsgspecError:
            raise AccountError("a token is damaged") from None
        return b"".join(parts).decode()
