"""moto's S3 on 127.0.0.1, with what S3 checks and moto does not.

Requests are answered one after the other, as S3 orders those to one key. Before moto sees one, it
is checked here for

- conditions on copies (of both ends) and on finishing an upload in parts,
- the SHA-256 that a request is signed over, Content-MD5 and checksums of bodies,
- the checksum of the whole of an upload in parts,
- access that a test denies,

and :class:`~tests.emulators.faults.Faults` are brought about. ``before`` lets a test act as people
do, between a connector's requests.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-requests.html
"""

import base64
import hashlib
import io
import re
import socket
import threading
import time
import urllib.parse
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import TracebackType
from typing import Any, Self

import boto3  # type: ignore[import-untyped]  # it ships no types
from botocore.config import Config  # type: ignore[import-untyped]  # it ships no types
from botocore.exceptions import ClientError  # type: ignore[import-untyped]  # it ships no types
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.core.request import Request
from moto.s3.models import FakeBucket, FakeKey, S3Backend, s3_backends
from moto.s3.responses import S3Response
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server
from werkzeug.wrappers import Response

from tests.emulators.faults import Fault, Faults

ACCESS_KEY = "AKIAIOSFODNN7EXAMPLE"
SECRET_KEY = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"  # noqa: S105 -- the vendor's own example

Environ = dict[str, Any]
StartResponse = Callable[..., Any]

# moto warns of objects that were not disposed of; here they end with the process.
FakeKey.__del__ = FakeKey.dispose  # type: ignore[method-assign]  # moto has no switch for it


class Refusal(Exception):  # noqa: N818 -- an answer, not an error
    """An answer in S3's form instead of moto's."""

    def __init__(self, status: int, code: str, **more: str) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.more = more

    def body(self) -> bytes:
        fields = {"Code": self.code, "Message": self.code, **self.more}
        inner = "".join(f"<{name}>{text}</{name}>" for name, text in fields.items())
        return f'<?xml version="1.0" encoding="UTF-8"?><Error>{inner}</Error>'.encode()


class S3:
    """The application: checks, faults, moto.

    ``before`` is called with method and path of each request before it is answered, ``calls``
    remembers them, ``received`` counts the bytes that they brought. Keys in ``denied``
    (``bucket/key``) may not be read. What ``unknown`` says of a request's WSGI environment is
    answered by 501.
    """

    def __init__(self) -> None:
        self.faults = Faults()
        self.before: Callable[[str, str], None] | None = None
        self.calls: list[str] = []
        self.received = 0
        self.denied: set[str] = set()
        self.unknown: Callable[[Environ], bool] | None = None
        self.turn = threading.RLock()

    def __call__(self, environ: Environ, start: StartResponse) -> Iterable[bytes]:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        path = path.encode("latin-1").decode()
        if environ.get("QUERY_STRING"):
            path += f"?{environ['QUERY_STRING']}"
        if self.before is not None:
            self.before(method, path)
        fault = self.faults.take(method, path)
        self.calls.append(f"{method} {path}")
        if fault is not None and fault.kind == "drop-before":
            return _dropped(environ)
        if fault is not None and fault.kind == "status":
            return _answered(start, fault)
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        self.received += len(body)
        environ["wsgi.input"] = io.BytesIO(body)
        if fault is not None and fault.kind == "slow":
            time.sleep(fault.seconds)
        with self.turn:
            try:
                self._check(environ, method, body)
            except Refusal as refusal:
                text = refusal.body()
                start(
                    f"{refusal.status} {refusal.code}",
                    [("Content-Type", "application/xml"), ("Content-Length", str(len(text)))],
                )
                return [b"" if method == "HEAD" else text]
            answer = list(_by_moto(environ)(environ, start))
        if fault is not None and fault.kind == "drop-after":
            return _dropped(environ)
        if fault is not None and fault.kind == "cut":
            return _cut(environ, answer)
        return answer

    # What moto does not check

    def _check(self, environ: Environ, method: str, body: bytes) -> None:
        if self.unknown is not None and self.unknown(environ):
            raise Refusal(501, "NotImplemented")
        headers = {
            name[5:].lower().replace("_", "-"): value
            for name, value in environ.items()
            if name.startswith("HTTP_")
        }
        path = environ["PATH_INFO"].encode("latin-1").decode()
        bucket, _, key = path.lstrip("/").partition("/")
        query = dict(
            urllib.parse.parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True)
        )
        if method in {"GET", "HEAD"} and f"{bucket}/{key}" in self.denied:
            raise Refusal(403, "AccessDenied")
        _check_body(headers, body)
        found = _bucket(bucket)
        if found is None:
            return
        upload = query.get("uploadId")
        if upload is not None and upload not in found.multiparts and method != "POST":
            raise Refusal(404, "NoSuchUpload")
        if method == "PUT" and "x-amz-copy-source" in headers:
            self._check_copy(found, key, headers, query)
        if method == "POST" and "uploadId" in query:
            self._check_whole(found, key, headers, query)

    def _check_copy(
        self, bucket: FakeBucket, key: str, headers: Mapping[str, str], query: Mapping[str, str]
    ) -> None:
        source, _, _ = urllib.parse.unquote(headers["x-amz-copy-source"]).partition("?versionId=")
        name, _, source_key = source.lstrip("/").partition("/")
        origin = _bucket(name)
        there = None if origin is None else _standing(origin, source_key)
        if there is None:
            raise Refusal(404, "NoSuchKey")
        wanted = headers.get("x-amz-copy-source-if-match")
        if wanted and wanted.strip('"') != there.etag.strip('"'):
            raise Refusal(412, "PreconditionFailed", Condition="x-amz-copy-source-If-Match")
        if there.size > 5 * 10**9 and "uploadId" not in query:
            raise Refusal(400, "InvalidRequest")
        if "uploadId" not in query:
            _check_condition(bucket, key, headers)

    def _check_whole(
        self, bucket: FakeBucket, key: str, headers: Mapping[str, str], query: Mapping[str, str]
    ) -> None:
        upload = bucket.multiparts.get(query["uploadId"])
        if upload is None:
            raise Refusal(404, "NoSuchUpload")
        _check_condition(bucket, key, headers)
        told = headers.get("x-amz-checksum-crc32")
        crc32 = 0
        for number in sorted(upload.parts):
            crc32 = zlib.crc32(upload.parts[number].value, crc32)
        if told and base64.b64decode(told) != crc32.to_bytes(4, "big"):
            raise Refusal(400, "BadDigest")
        size = headers.get("x-amz-mp-object-size")
        if size and int(size) != sum(part.size for part in upload.parts.values()):
            raise Refusal(400, "InvalidRequest")


def _by_moto(environ: Environ) -> Response:
    """Let moto answer: its own application takes no newline in a key, and half the time."""
    request = Request(environ)
    key = environ["PATH_INFO"].lstrip("/").partition("/")[2]
    dispatch = S3Response.key_dispatch if key else S3Response.bucket_dispatch
    try:
        status, headers, content = dispatch(request, request.raw_url, dict(request.headers))
    except ClientError as error:
        status, headers, content = 400, {}, error.response["Error"]["Message"]
    response = Response(content, status, headers)
    if environ["REQUEST_METHOD"] == "HEAD" and "content-length" in headers:
        response.headers["Content-Length"] = headers["content-length"]
    return response


def _check_body(headers: Mapping[str, str], body: bytes) -> None:
    signed = headers.get("x-amz-content-sha256", "")
    if re.fullmatch("[0-9a-f]{64}", signed) and hashlib.sha256(body).hexdigest() != signed:
        raise Refusal(400, "XAmzContentSHA256Mismatch")
    proofs: dict[str, Callable[[bytes], bytes]] = {
        "content-md5": lambda data: hashlib.md5(data, usedforsecurity=False).digest(),
        "x-amz-checksum-sha256": lambda data: hashlib.sha256(data).digest(),
        "x-amz-checksum-crc32": lambda data: zlib.crc32(data).to_bytes(4, "big"),
    }
    whole = headers.get("x-amz-checksum-type") == "FULL_OBJECT"
    for name, compute in proofs.items():
        told = headers.get(name)
        if told and not whole and base64.b64decode(told) != compute(body):
            raise Refusal(400, "BadDigest")


def _check_condition(bucket: FakeBucket, key: str, headers: Mapping[str, str]) -> None:
    there = _standing(bucket, key)
    if headers.get("if-none-match") == "*" and there is not None:
        raise Refusal(412, "PreconditionFailed", Condition="If-None-Match")
    wanted = headers.get("if-match")
    if wanted and there is None:
        raise Refusal(404, "NoSuchKey")
    if wanted and there is not None and wanted.strip('"') != there.etag.strip('"'):
        raise Refusal(412, "PreconditionFailed", Condition="If-Match")


def _backend() -> S3Backend:
    return s3_backends[DEFAULT_ACCOUNT_ID]["aws"]


def _bucket(name: str) -> FakeBucket | None:
    return _backend().buckets.get(name)


def _standing(bucket: FakeBucket, key: str) -> FakeKey | None:
    found = bucket.keys.get(key)
    return found if isinstance(found, FakeKey) else None


def standing(bucket: str) -> list[FakeKey]:
    """Return the objects that stand in a bucket, in the order of their keys."""
    found = _bucket(bucket)
    keys = (_standing(found, key) for key in sorted(found.keys)) if found is not None else ()
    return [key for key in keys if key is not None]


# Faults


def _answered(start: StartResponse, fault: Fault) -> Iterable[bytes]:
    body = fault.body if isinstance(fault.body, bytes) else str(fault.body).encode()
    start(f"{fault.status} Fault", [*fault.headers.items(), ("Content-Length", str(len(body)))])
    return [body]


def _connection(environ: Environ) -> socket.socket:
    connection: socket.socket = environ["werkzeug.socket"]
    return connection


def _dropped(environ: Environ) -> Iterable[bytes]:
    _connection(environ).shutdown(socket.SHUT_RDWR)
    raise ConnectionAbortedError("a fault on demand")


def _cut(environ: Environ, answer: list[bytes]) -> Iterator[bytes]:
    whole = b"".join(answer)
    yield whole[: len(whole) // 2]
    _connection(environ).shutdown(socket.SHUT_RDWR)


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 -- the base's name
        """Keep quiet."""

    def handle_one_request(self) -> None:
        """Answer; a connection that went away is nobody's business."""
        try:
            super().handle_one_request()
        except OSError:
            self.close_connection = True


class S3Server:
    """S3 that is being served on 127.0.0.1 until the ``with`` block ends."""

    def __init__(self) -> None:
        self.app = S3()
        self._server: BaseWSGIServer = make_server(
            "127.0.0.1", 0, self.app, threaded=True, request_handler=_Quiet
        )
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        self._buckets = 0

    def client(self) -> Any:
        """Return people's hands: a client of botocore's own making, with its own retries."""
        return boto3.session.Session().client(
            "s3",
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
            config=Config(s3={"addressing_style": "path"}, max_pool_connections=32),
        )

    def put(self, bucket: str, key: str, data: bytes) -> None:
        """Put an object without a request, where a test needs many."""
        with self.app.turn:
            _backend().put_object(bucket, key, data)

    def standing(self, bucket: str, key: str) -> FakeKey:
        """Return what moto has of an object, to be tampered with; raises LookupError."""
        found = _standing(_backend().buckets[bucket], key)
        if found is None:
            raise LookupError(key)
        return found

    def reset(self) -> None:
        """Forget everything, and all faults."""
        self.app.faults.clear()
        self.app.denied.clear()
        self.app.before = None
        self.app.unknown = None
        self.app.calls.clear()
        with self.app.turn:
            _backend().reset()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
