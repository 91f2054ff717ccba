"""The requests that are made of a bucket: each through the account's pace, with our errors."""

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import boto3  # type: ignore[import-untyped]  # it ships no types
import botocore.loaders  # type: ignore[import-untyped]  # it ships no types
import botocore.session  # type: ignore[import-untyped]  # it ships no types
import msgspec
from botocore.config import Config  # type: ignore[import-untyped]  # it ships no types

from syncoxiders.adapters.providers.s3 import _errors as errors
from syncoxiders.adapters.providers.s3._keys import quoted
from syncoxiders.adapters.providers.s3._objects import Listed, Object, described, plain, seconds
from syncoxiders.ports.accounts import Account
from syncoxiders.ports.errors import Denied, ProviderError, Refused, Unreachable, Vanished
from syncoxiders.ports.pace import Pace

T = TypeVar("T")

CONNECTIONS = 32
"""How many requests may be under way at once."""


class Page(msgspec.Struct, frozen=True):
    """One page of a listing: objects, prefixes that stand for more, and where it goes on."""

    objects: tuple[Listed, ...]
    prefixes: tuple[str, ...]
    next: str


class Part(msgspec.Struct, frozen=True):
    """A part of an upload under way."""

    number: int
    etag: str
    size: int
    crc32: str = ""


class Bucket:
    """A bucket of an account. Raises the port's errors, and nothing of botocore's."""

    def __init__(self, client: Any, account: str, name: str, pace: Pace) -> None:
        self._client = client
        self.account = account
        self.name = name
        self._pace = pace

    def call(self, operation: str, about: str, *, repeatable: bool = True, **values: Any) -> Any:
        """Make a request; ``about`` names in errors what it is about."""
        method = getattr(self._client, operation)

        def request() -> Any:
            try:
                return method(Bucket=self.name, **values)
            except errors.ERRORS as exc:
                raise errors.translated(exc, self.account, quoted(about), operation) from exc

        return self._pace(request, repeatable=repeatable)

    def close(self) -> None:
        """Close what connections are held; the next request opens one again."""
        self._client.close()

    # Looking

    def head(self, key: str, *, sure: bool = True) -> Object | None:
        """Return the object of a key, None where there is none.

        A HEAD cannot say that it is the bucket that is missing, or why access is denied. With
        ``sure`` an absence is confirmed by a listing, which can.
        """
        try:
            answer = self.call("head_object", key, Key=key, ChecksumMode="ENABLED")
        except Vanished:
            if sure and self.first(key) == key:
                return self.head(key, sure=False)  # it has just come
            return None
        except ProviderError as error:
            if errors.is_mute(error.__cause__):
                self.first(key)  # raises what is wrong with the account, if that is it
            if isinstance(error, Refused):
                raise Denied(
                    f"{quoted(key)} cannot be read, perhaps because of a key of its own"
                ) from error
            raise
        return described(key, answer)

    def first(self, prefix: str, *, besides: str = "") -> str:
        """Return the first key that begins so, other than ``besides``; ``""`` for none."""
        answer = self.call(
            "list_objects_v2", prefix or self.name, Prefix=prefix, MaxKeys=2 if besides else 1
        )
        keys = (each["Key"] for each in answer.get("Contents", ()))
        return next((key for key in keys if key != besides), "")

    def pages(self, prefix: str, *, delimiter: str = "", skip: str = "") -> Iterator[Page]:
        """List what begins so, in the order of keys; keys that begin with ``skip`` are passed."""
        start, token = "", ""
        while True:
            values: dict[str, Any] = {"Prefix": prefix}
            if delimiter:
                values["Delimiter"] = delimiter
            if token:
                values["ContinuationToken"] = token
            elif start:
                values["StartAfter"] = start
            answer = self.call("list_objects_v2", prefix or self.name, **values)
            page = _page(answer)
            token = page.next
            yield page
            last = page.objects[-1].key if page.objects else ""
            if not token:
                return
            if skip and last.startswith(skip):
                # "0" comes after "/": all that is left of what is to be skipped is before it.
                start, token = skip[:-1] + "0", ""

    # Reading and writing

    def get(self, key: str, **values: Any) -> Any:
        """Begin to read; the answer's ``Body`` is still to come."""
        return self.call("get_object", key, Key=key, **values)

    def put(self, key: str, body: bytes, **values: Any) -> Mapping[str, Any]:
        """Write an object in one request."""
        answer: Mapping[str, Any] = self.call("put_object", key, Key=key, Body=body, **values)
        return answer

    def delete(self, key: str, etag: str) -> None:
        """Delete an object if it still has this ETag. Raises Stale; Vanished if it is gone.

        Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-deletes.html
        """
        self.call("delete_object", key, Key=key, IfMatch=f'"{etag}"')

    def remove(self, key: str) -> None:
        """Delete an object of our own, whatever it is; it need not be there."""
        self.call("delete_object", key, Key=key)

    # Uploads in parts

    def begin(self, key: str, **values: Any) -> Mapping[str, Any]:
        """Begin an upload in parts."""
        answer: Mapping[str, Any] = self.call(
            "create_multipart_upload", key, repeatable=False, Key=key, **values
        )
        return answer

    def parts(self, key: str, upload: str) -> Iterator[tuple[Part, Mapping[str, Any]]]:
        """Yield the parts that are there, in order, with the answer that tells of each."""
        marker = 0
        while True:
            answer = self.call("list_parts", key, Key=key, UploadId=upload, PartNumberMarker=marker)
            for part in answer.get("Parts", ()):
                told = part.get("ChecksumCRC32", "")
                yield Part(part["PartNumber"], plain(part["ETag"]), part["Size"], told), answer
            if not answer.get("IsTruncated"):
                return
            marker = int(answer["NextPartNumberMarker"])

    def abort(self, key: str, upload: str) -> None:
        """Give up an upload in parts. Raises Stale if there is none."""
        self.call("abort_multipart_upload", key, Key=key, UploadId=upload)

    def complete(
        self, key: str, upload: str, parts: Sequence[Part], **values: Any
    ) -> Mapping[str, Any]:
        """Put an upload's content in its place."""
        listed = [
            {"PartNumber": part.number, "ETag": f'"{part.etag}"'}
            | ({"ChecksumCRC32": part.crc32} if part.crc32 else {})
            for part in parts
        ]
        answer: Mapping[str, Any] = self.call(
            "complete_multipart_upload",
            key,
            Key=key,
            UploadId=upload,
            MultipartUpload={"Parts": listed},
            **values,
        )
        return answer

    def is_versioned(self) -> bool:
        """Say whether what is replaced or deleted stays as a version; no if that is a secret."""
        try:
            answer = self.call("get_bucket_versioning", self.name)
        except (Denied, Refused):
            return False
        return bool(answer.get("Status") == "Enabled")

    def wrapped(self, read: Callable[[], T], about: str) -> T:
        """Take bytes of an answer; what goes wrong there has our errors, too."""
        try:
            return read()
        except errors.ERRORS as exc:
            raise errors.translated(exc, self.account, quoted(about)) from exc


def code(error: ProviderError) -> str:
    """Return what S3 called an error that came from a :class:`Bucket`."""
    return errors.code_of(error.__cause__)


def is_unknown(error: Refused) -> bool:
    """Say whether the service knows no such request, or not with what was asked along with it."""
    return code(error) in {"NotImplemented", "501"}


def _page(answer: Mapping[str, Any]) -> Page:
    return Page(
        objects=tuple(
            Listed(
                each["Key"],
                plain(each["ETag"]),
                each["Size"],
                seconds(each["LastModified"]),
                each.get("StorageClass", "STANDARD"),
            )
            for each in answer.get("Contents", ())
        ),
        prefixes=tuple(each["Prefix"] for each in answer.get("CommonPrefixes", ())),
        next=answer.get("NextContinuationToken", "") if answer.get("IsTruncated") else "",
    )


@functools.cache
def _loader() -> Any:
    """Return what reads botocore's service models: a tenth of a second for each new one."""
    return botocore.loaders.create_loader()


def client(account: Account, keys: Mapping[str, str]) -> Any:
    """Return botocore's client for an account.

    Settings: ``region``, ``url``, ``profile``, ``ca`` (a file with the certificates to trust),
    and ``style`` (``path`` or ``virtual``: where in the address the bucket's name stands; path
    for any service but AWS). Without keys botocore looks for credentials where the AWS command
    line would.

    Of botocore's own conveniences nothing is left on: it neither repeats requests nor adds
    checksums that not every service knows. Bodies are signed by their SHA-256, so that the
    service refuses what was damaged on its way.
    """
    settings = account.settings
    url = settings.get("url") or None
    if url and "://" not in url:
        url = f"https://{url}"
    style = settings.get("style") or ("path" if url else "auto")
    inner = botocore.session.Session(profile=settings.get("profile") or None)
    inner.register_component("data_loader", _loader())
    about = f"s3 for {account.name}"
    try:
        session = boto3.session.Session(
            aws_access_key_id=keys.get("access_key_id") or None,
            aws_secret_access_key=keys.get("secret_access_key") or None,
            aws_session_token=keys.get("session_token") or None,
            region_name=settings.get("region") or None,
            botocore_session=inner,
        )
        region = session.region_name or "us-east-1"
        return session.client(
            "s3",
            endpoint_url=url,
            verify=settings.get("ca") or None,
            region_name=region,
            config=Config(
                signature_version="s3v4",
                retries={"total_max_attempts": 1, "mode": "standard"},
                connect_timeout=15,
                read_timeout=60,
                max_pool_connections=CONNECTIONS,
                tcp_keepalive=True,
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
                s3={"addressing_style": style, "payload_signing_enabled": True},
                user_agent_extra="syncoxiders",
            ),
        )
    except errors.ERRORS as exc:
        raise errors.translated(exc, account.name, about) from exc
    except ValueError as exc:  # what botocore says of an address that is none
        raise Unreachable(f"the account {account.name!r}: {exc}") from exc
