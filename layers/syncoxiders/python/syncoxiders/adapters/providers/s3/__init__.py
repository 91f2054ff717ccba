"""The ``s3`` provider: a bucket, or a prefix in one, at any service that speaks S3's protocol.

boto3 takes half a second to import, so that it is imported when an account is connected, not
before: what reads events (:mod:`.events`) does without.
"""

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from syncoxiders.adapters.providers.s3._keys import Keys
from syncoxiders.ports.accounts import Account
from syncoxiders.ports.errors import Refused, RootLost
from syncoxiders.ports.pace import Pace

if TYPE_CHECKING:
    from syncoxiders.adapters.providers.s3.provider import S3Provider

__all__ = ["connect", "tops"]

SINGLE = 8 << 20
PART = 5 << 20
MIN_PART = 5 << 20
SETTLING = 60.0


def connect(
    account: Account,
    keys: Mapping[str, str],
    root: str,
    *,
    pace: Pace,
    trash: bool = True,
    single: int = SINGLE,
    part_size: int = PART,
    storage_class: str | None = None,
    settling: float = SETTLING,
    clock: Callable[[], float] = time.time,
) -> "S3Provider":
    """Return the provider of a root, ``bucket`` or ``bucket/prefix``, as an account sees it.

    ``keys`` are ``access_key_id``, ``secret_access_key`` and perhaps ``session_token``; without
    them botocore looks for credentials itself. For the account's settings see
    :func:`._bucket.client`. Raises Revoked and Unreachable for an account that cannot be used,
    RootLost and Refused for a root that cannot be one. Nothing is asked of the service yet.

    ``trash`` keeps what is deleted or replaced in a bucket that does not keep versions itself.
    Content of more than ``single`` bytes is sent in parts, in a session of ``part_size`` bytes: as
    small as S3 takes them, since several are in memory at once. ``storage_class`` is for new
    objects, by default the account's setting of this name, else the bucket's.
    ``settling`` is for how many seconds after a write an object is asked for at each look, because
    a listing might not show the next change.
    """
    name, _, path = root.strip("/").partition("/")
    if not name:
        raise RootLost("name a bucket, or a bucket and a folder in it: bucket/folder")
    if name.endswith("--x-s3"):
        raise Refused(f"{name} is a directory bucket, whose listings have no order")
    if part_size < MIN_PART:
        raise ValueError(f"S3 takes parts of {MIN_PART} bytes and more")
    # boto3 comes only now.
    from syncoxiders.adapters.providers.s3._bucket import Bucket, client  # noqa: PLC0415 -- two folders need no SDK
    from syncoxiders.adapters.providers.s3.provider import S3Provider  # noqa: PLC0415 -- two folders need no SDK

    prefix = f"{path.strip('/')}/" if path.strip("/") else ""
    bucket = Bucket(client(account, keys), account.name, name, pace)
    return S3Provider(
        bucket,
        Keys(prefix),
        trash=trash,
        single=single,
        part_size=part_size,
        storage_class=storage_class or account.settings.get("storage_class", ""),
        settling=settling,
        clock=clock,
    )


def tops(account: Account, keys: Mapping[str, str]) -> list[str]:
    """Return the buckets that an account may list. Raises Revoked, Denied, Unreachable."""
    from syncoxiders.adapters.providers.s3._bucket import client  # noqa: PLC0415 -- see above
    from syncoxiders.adapters.providers.s3._errors import ERRORS, translated  # noqa: PLC0415 -- see above

    try:
        answer = client(account, keys).list_buckets()
    except ERRORS as exc:
        raise translated(exc, account.name, "the list of buckets", "list_buckets") from exc
    return [str(each["Name"]) for each in answer["Buckets"]]
