"""Requests to a deployment: proved, repeated where that is safe, and read into shapes.

What goes wrong becomes one of two errors here: ApiError where the deployment answered,
Unreachable where it did not. The token is in no text of an error, and in no log.
"""

import ssl
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote, urlsplit

import httpx
import msgspec
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt
from tenacity.wait import wait_exponential_jitter

from syncoxiders import __version__
from syncoxiders.api.addresses import checked, loopback
from syncoxiders.api.errors import ApiError
from syncoxiders.ports.errors import Unreachable

T = TypeVar("T")

Query = Mapping[str, str | int | None]

PREFIX = "/api/v1"
TIMEOUT = httpx.Timeout(35.0, connect=10.0)
"""API Gateway gives up after 30 seconds
(https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html)."""

ATTEMPTS = 4
_BACKOFF = wait_exponential_jitter(multiplier=0.25, max=8.0, jitter=0.25)
_PATIENCE = 30.0
"""A longer pause than this is for the person to decide about."""
_BUSY = frozenset({429, 502, 503, 504})
_FEW = 300


def segment(name: str) -> str:
    """Return a name as a part of a path."""
    return quote(name, safe="", errors="surrogatepass")


def sparse(value: Any) -> Any:
    """Return a shape as it is sent: without what is as it would be anyway.

    So a deployment that does not know a new field of a shape yet only refuses who uses it.
    """
    if is_dataclass(value) and not isinstance(value, type):
        return {
            each.name: sparse(found)
            for each in fields(value)
            if (found := getattr(value, each.name)) != each.default or each.default is MISSING
        }
    if isinstance(value, list | tuple):
        return [sparse(each) for each in value]
    return value


class _Problem(msgspec.Struct):
    """What is read of a problem. API Gateway's own errors have a ``message`` and nothing else."""

    code: str = ""
    title: str = ""
    detail: str = ""
    mend: str = ""
    message: str = ""
    fields: dict[str, str] | None = None


class Http:
    """Asks one deployment. May be used by several threads, and has to be closed.

    ``transport`` is for tests, ``sleep`` waits between two attempts.
    """

    def __init__(
        self,
        url: str,
        token: str = "",
        *,
        timeout: httpx.Timeout | float = TIMEOUT,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.url = checked(url)
        self._token = token
        headers = {"User-Agent": f"syncoxiders/{__version__}"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        self._client = httpx.Client(
            headers=headers,
            timeout=timeout,
            transport=transport,
            # An answer that leads elsewhere is no answer of a deployment: the token stays here.
            follow_redirects=False,
            # What is on this machine is not asked for by way of a proxy.
            trust_env=not loopback(urlsplit(self.url).hostname or ""),
        )
        self._sleep = sleep

    def __repr__(self) -> str:
        """Return the address alone."""
        return f"{type(self).__name__}({self.url!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let the connections go."""
        self._client.close()

    # --- what resources use -----------------------------------------------------------------

    def get(self, path: str, shape: type[T], query: Query | None = None) -> T:
        """Return what is at a path. Raises ApiError, Unreachable, as all of these do."""
        return self._read(self._sent("GET", path, query=query, again=True), shape)

    def seen(self, path: str, shape: type[T]) -> tuple[T, str]:
        """Return what is at a path with its ETag, ``""`` if it has none."""
        response = self._sent("GET", path, again=True)
        return self._read(response, shape), response.headers.get("etag", "").strip('"')

    def bytes(self, path: str, query: Query | None = None) -> bytes:
        """Return content as it is."""
        return self._sent("GET", path, query=query, again=True).content

    def create(self, path: str, shape: type[T], body: object, *, key: str = "") -> T:
        """Make something, once, however often the request has to be sent.

        ``key`` is an Idempotency-Key of the caller's, for who may have to repeat it later.
        """
        headers = {"Idempotency-Key": key or uuid.uuid4().hex}
        return self._read(self._sent("POST", path, body, headers=headers, again=True), shape)

    def post(self, path: str, shape: type[T], body: object = None, *, again: bool = False) -> T:
        """Have something done; ``again`` says that to do it twice does no harm."""
        return self._read(self._sent("POST", path, body, again=again), shape)

    def act(self, path: str, body: object = None, *, again: bool = False, match: str = "") -> None:
        """Have something done of which nothing is to be read; ``match`` as of :meth:`patch`."""
        self._sent("POST", path, body, headers=_match(match), again=again)

    def put(self, path: str, body: object) -> None:
        """Put something in the place of what is there."""
        self._sent("PUT", path, body, again=True)

    def patch(self, path: str, shape: type[T], body: object, *, match: str = "") -> T:
        """Change something; with ``match``, only if its ETag is that, else ApiError 412."""
        return self._read(self._sent("PATCH", path, body, headers=_match(match)), shape)

    def delete(self, path: str, *, match: str = "") -> None:
        """Remove something; ``match`` as of :meth:`patch`."""
        self._sent("DELETE", path, headers=_match(match), again=True)

    # --- sending ----------------------------------------------------------------------------

    def _sent(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        query: Query | None = None,
        headers: Mapping[str, str] | None = None,
        again: bool = False,
    ) -> httpx.Response:
        """Return the answer to a request, which is repeated where that can do no harm."""
        base = self.url if path.startswith("/auth/") else f"{self.url}{PREFIX}"
        request = self._client.build_request(
            method,
            f"{base}{path}",
            params={
                name: value for name, value in (query or {}).items() if value not in {None, ""}
            },
            headers={**(headers or {}), **({} if body is None else _JSON)},
            content=None if body is None else msgspec.json.encode(sparse(body)),
        )
        doubtful = False

        def once() -> httpx.Response:
            nonlocal doubtful
            try:
                return self._answered(request)
            except ApiError as error:
                if doubtful and method == "DELETE" and error.status == HTTPStatus.NOT_FOUND:
                    return httpx.Response(HTTPStatus.NO_CONTENT)  # it was us who removed it
                doubtful = doubtful or error.status in {502, 504}
                raise
            except Unreachable as error:
                doubtful = doubtful or _may_be_done(error)
                raise

        retrying = Retrying(
            retry=retry_if_exception(lambda error: _worth_another(error, again=again)),
            stop=stop_after_attempt(ATTEMPTS),
            wait=_pause,
            reraise=True,
            sleep=self._sleep,
        )
        return retrying(once)

    def _answered(self, request: httpx.Request) -> httpx.Response:
        """Return an answer that says yes. Raises ApiError, Unreachable."""
        try:
            response = self._client.send(request)
        except httpx.TimeoutException as error:
            raise Unreachable(f"{self.url} did not answer in time") from error
        except httpx.HTTPError as error:
            raise Unreachable(self._unreachable(error)) from error
        if response.is_success:
            return response
        raise self._refused(response)

    def _unreachable(self, error: httpx.HTTPError) -> str:
        if any(isinstance(each, ssl.SSLCertVerificationError) for each in _causes(error)):
            return (
                f"the certificate of {self.url} is not trusted, so that nothing was sent there; "
                "SSL_CERT_FILE names a file of authorities to trust instead of the usual ones"
            )
        return f"{self.url} cannot be reached: {self._told(str(error)) or type(error).__name__}"

    def _refused(self, response: httpx.Response) -> ApiError:
        status = response.status_code
        try:
            problem = msgspec.json.decode(response.content, type=_Problem)
        except msgspec.DecodeError:
            problem = _Problem()
        detail = problem.detail or problem.title or problem.message
        mend = problem.mend
        if not detail and (response.is_redirect or status == HTTPStatus.NOT_FOUND):
            detail, mend = self._nothing_here(), "check the address"
        return ApiError(
            status,
            problem.code,
            self._told(detail) or f"{self.url} answers with status {status}",
            mend=self._told(mend),
            fields=problem.fields,
            retry_after=_seconds(response.headers.get("retry-after", "")),
        )

    def _read(self, response: httpx.Response, shape: type[T]) -> T:
        """Return what an answer says. What it says beyond the shape is left out."""
        if shape is type(None):
            return shape()
        try:
            return msgspec.json.decode(response.content, type=shape)
        except msgspec.ValidationError as error:
            raise ApiError(
                response.status_code,
                "not-understood",
                f"{self.url} answers what is not understood here ({self._told(str(error))})",
                mend="bring SyncOxiders here and there to the same version",
            ) from error
        except msgspec.DecodeError as error:
            raise ApiError(
                response.status_code,
                "no-deployment",
                self._nothing_here(),
                mend="check the address",
            ) from error

    def _nothing_here(self) -> str:
        return f"there is no deployment of SyncOxiders at {self.url}"

    def _told(self, text: str) -> str:
        """Return what somebody else wrote, fit for a message."""
        if self._token:
            text = text.replace(self._token, "…")
        line = "".join(char if char.isprintable() else " " for char in text).strip()
        return line if len(line) <= _FEW else f"{line[:_FEW]}…"


_JSON = {"Content-Type": "application/json"}


def _match(revision: str) -> dict[str, str]:
    return {"If-Match": f'"{revision}"'} if revision else {}


def _worth_another(error: BaseException, *, again: bool) -> bool:
    """Say whether a request is to be sent once more; ``again`` if to do it twice does no harm."""
    if isinstance(error, Unreachable):
        causes = list(_causes(error))
        if any(isinstance(each, ssl.SSLCertVerificationError) for each in causes):
            return False
        return again or not _may_be_done(error)
    if not isinstance(error, ApiError):
        return False
    if error.code == "still-at-it":  # what was sent before, and its answer lost, is being done
        return again
    if error.status not in _BUSY:
        return False
    if error.retry_after > _PATIENCE:
        return False
    return again or error.status == HTTPStatus.TOO_MANY_REQUESTS


def _may_be_done(error: Unreachable) -> bool:
    """Say whether the deployment may have got the request."""
    return not isinstance(error.__cause__, httpx.ConnectError | httpx.ConnectTimeout)


def _pause(state: RetryCallState) -> float:
    """Return for how many seconds to wait before the next attempt."""
    error = state.outcome.exception() if state.outcome is not None else None
    told = error.retry_after if isinstance(error, ApiError) else 0.0
    return max(told, _BACKOFF(state))


def _seconds(text: str) -> float:
    """Return a Retry-After in seconds; one that is a date is left out."""
    return float(text) if text.isascii() and text.isdigit() else 0.0


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
