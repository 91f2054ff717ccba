"""Asking a person for access: what is sent to the browser, and what comes back from it.

The authorization code grant (RFC 6749, 4.1) with PKCE (RFC 7636), as RFC 8252 has it for programs
on a person's own machine.
"""

import base64
import hashlib
import re
import secrets
import urllib.parse
from collections.abc import Mapping

import msgspec

from syncoxiders.adapters.oauth.http import told
from syncoxiders.ports.errors import AccountError

_CODE = re.compile(r"[\x21-\x7e]{4,4096}")


class Attempt(msgspec.Struct, frozen=True):
    """A sign-in that waits for a person: the address to open, and what finishing it takes.

    ``kept`` is a secret, for :meth:`~.vendors.Vendor.finish` of the same vendor; another process
    may do that, to which it has to be handed over encrypted.
    """

    url: str
    state: str
    kept: str

    def __repr__(self) -> str:
        """Return nothing that is secret."""
        return "Attempt(…)"


def new_state() -> str:
    """Return a word that only the browser that was sent there brings back."""
    return secrets.token_urlsafe(24)


def new_verifier() -> tuple[str, str]:
    """Return a code verifier and its S256 challenge (RFC 7636, 4.1 and 4.2)."""
    verifier = secrets.token_urlsafe(48)
    digest = hashlib.sha256(verifier.encode()).digest()
    return verifier, base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def read_answer(query: Mapping[str, str], state: str) -> str:
    """Return the code of what the browser brings back. Raises AccountError."""
    if not secrets.compare_digest(query.get("state", "").encode(), state.encode()):
        raise AccountError(
            "the answer belongs to another sign-in (its state is not the one that was sent), "
            "so it was not used; start again"
        )
    error = query.get("error", "")
    if error == "access_denied":
        raise AccountError("access was not allowed in the browser; nothing was changed")
    if error:
        said = told(query.get("error_description"))
        more = f" ({said})" if said else ""
        raise AccountError(f"the sign-in was refused: {told(error)}{more}")
    if not query.get("code"):
        raise AccountError("the answer from the browser has no code in it; start again")
    return query["code"]


def read_pasted(text: str, state: str) -> str:
    """Return the code of what a person pasted: it alone, or the whole address.

    A code without its state is as good: it is worth nothing without the verifier, which only
    this sign-in has. Raises AccountError.
    """
    pasted = text.strip().strip("'\"<>")
    if "code=" in pasted or "error=" in pasted or "://" in pasted:
        query = urllib.parse.urlsplit(pasted).query or pasted.partition("?")[2] or pasted
        return read_answer(dict(urllib.parse.parse_qsl(query)), state)
    if not _CODE.fullmatch(pasted):
        raise AccountError("what was pasted is neither a code nor the address that has it")
    return urllib.parse.unquote(pasted)  # as an address has it
