"""A cipher as KMS's: a text is readable by its key for just what it was hidden for."""

import json
from collections.abc import Mapping

from cryptography.fernet import Fernet

from syncoxiders.ports.errors import AccountError


class MemoryCipher:
    def __init__(self) -> None:
        self._key = Fernet(Fernet.generate_key())

    def encrypt(self, text: str, context: Mapping[str, str]) -> bytes:
        return self._key.encrypt(json.dumps([sorted(context.items()), text]).encode())

    def decrypt(self, data: bytes, context: Mapping[str, str]) -> str:
        known, text = json.loads(self._key.decrypt(data))
        if known != [list(each) for each in sorted(context.items())]:
            raise AccountError("a token cannot be read")
        return str(text)
