"""Content hashes as one compact text: ``"sha256:<hex>"``, several joined by a space, sorted.

``sha256`` is the hash that SyncOxiders itself computes of every byte it carries. A link's hash
is that of its target's bytes.
"""

from collections.abc import Mapping

OWN = "sha256"

EMPTY = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
"""The hashes of no bytes at all, which need not be computed."""


def encode(digests: Mapping[str, str]) -> str:
    """Return the text form of ``{algorithm: hex digest}``."""
    return " ".join(f"{algorithm}:{digests[algorithm]}" for algorithm in sorted(digests))


def decode(hashes: str) -> dict[str, str]:
    """Return ``{algorithm: hex digest}`` of a text form."""
    return dict(item.split(":", 1) for item in hashes.split(" ")) if hashes else {}


_PLAIN = f"{OWN}:"
_PLAIN_LENGTH = len(_PLAIN) + 64


def compact(hashes: str) -> str | bytes:
    """Return a lone hash of our own as its 32 bytes, anything else as it is."""
    if len(hashes) == _PLAIN_LENGTH and hashes.startswith(_PLAIN):
        digits = hashes[len(_PLAIN) :]
        try:
            digest = bytes.fromhex(digits)
        except ValueError:
            return hashes
        if digest.hex() == digits:
            return digest
    return hashes


def expand(hashes: str | bytes) -> str:
    """Return the text form of what :func:`compact` returned."""
    return hashes if isinstance(hashes, str) else _PLAIN + hashes.hex()


def equal(left: str, right: str) -> bool | None:
    """Say whether two contents are equal; None where they share no algorithm.

    Where they share several, all must agree.
    """
    if not left or not right:
        return None
    if left == right:
        return True
    ours, theirs = decode(left), decode(right)
    shared = ours.keys() & theirs.keys()
    if not shared:
        return None
    return all(ours[algorithm] == theirs[algorithm] for algorithm in shared)


def merged(left: str, right: str) -> str:
    """Return the union of two texts about the same content."""
    if not left or left == right:
        return right
    if not right:
        return left
    return encode(decode(left) | decode(right))
