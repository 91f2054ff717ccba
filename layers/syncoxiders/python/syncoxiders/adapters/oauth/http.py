"""Requests to OAuth servers and to the few API calls that say who somebody is.

Here vendor errors become ours. No text of an error holds a secret: of what a server says only its
error code and the first line of its description are told, with all secrets struck out.
"""

import ssl
from collections.abc import Iterable, Mapping
from typing import Any

import httpx

from syncoxiders.ports.accounts import Account
from syncoxiders.ports.errors import AccountError, Unreachable

_TIMEOUT = httpx.Timeout(30.0, connect=15.0)
_FEW = 200
_SECRET = ("client_secret", "code", "code_verifier", "refresh_token", "token")
"""The fields of a form that are secret."""
_TEMPORARY = frozenset({"temporarily_unavailable", "server_error", "slow_down"})
_TOO_MANY = 429


class Rejected(Exception):  # noqa: N818 -- an answer by RFC 6749, for the caller to give a meaning
    """A server's "no": its error code and a description that holds no secret."""

    def __init__(self, error: str, description: str = "") -> None:
        super().__init__(f"{error}: {description}" if description else error)
        self.error = error
        self.description = description


class Expired(Exception):  # noqa: N818 -- an answer by RFC 6749, for the caller to give a meaning
    """An API took an access token for no longer valid."""


class Http:
    """Opens a client for each request: they are too rare for a connection to be worth keeping.

    ``ca`` of an account's settings is a file of certificate authorities to trust.
    """

    def __init__(self, account: Account) -> None:
        self._account = account

    def open(self) -> httpx.Client:
        """Return a client, to be used in a ``with``. Raises AccountError."""
        return httpx.Client(
            timeout=_TIMEOUT, verify=self._verify(), headers={"User-Agent": "syncoxiders"}
        )

    def _verify(self) -> ssl.SSLContext | bool:
        authority = self._account.settings.get("ca")
        if not authority:
            return True
        try:
            return ssl.create_default_context(cafile=authority)
        except OSError as error:  # SSLError is one
            raise AccountError(
                f"the CA file {authority} of the account {self._account.name} cannot be read: "
                f"{error.strerror or error}"
            ) from error


def told(text: object, secrets: Iterable[str] = ()) -> str:
    """Return what a server said, fit for a message: one line, short, no secret in it."""
    line = str(text or "").strip().partition("\n")[0]
    for secret in secrets:
        if secret:
            line = line.replace(secret, "…")
    line = "".join(char if char.isprintable() else " " for char in line).strip().rstrip(".")
    return line if len(line) <= _FEW else f"{line[:_FEW]}…"


def post(http: Http, who: str, url: str, form: Mapping[str, str]) -> dict[str, Any]:
    """Post a form to an OAuth endpoint and return its JSON answer, ``{}`` if it has none.

    Raises Rejected, Unreachable.
    """
    response = _reached(http, who, "POST", url, data=dict(form))
    content = _json(response)
    if response.is_success:
        return content
    raise refusal(
        who, response.status_code, content, [form[each] for each in _SECRET if each in form]
    )


def call(http: Http, who: str, method: str, url: str, access: str, **more: Any) -> dict[str, Any]:
    """Call an API with an access token and return its JSON answer.

    Raises Expired, Rejected (the error is the status), Unreachable.
    """
    headers = {"Authorization": f"Bearer {access}"}
    response = _reached(http, who, method, url, headers=headers, **more)
    if response.status_code == httpx.codes.UNAUTHORIZED:
        raise Expired(f"{who} does not take the access token")
    if response.is_server_error or response.status_code == _TOO_MANY:
        raise Unreachable(f"{who} answers with status {response.status_code}; try again later")
    if not response.is_success:
        raise Rejected(str(response.status_code), told(_message(_json(response)), [access]))
    return _json(response)


def _reached(http: Http, who: str, method: str, url: str, **more: Any) -> httpx.Response:
    try:
        with http.open() as client:
            return client.request(method, url, **more)
    except httpx.TimeoutException as error:
        raise Unreachable(f"{who} did not answer in time") from error
    except httpx.HTTPError as error:
        raise Unreachable(f"{who} cannot be reached: {told(error)}") from error
    except httpx.InvalidURL as error:
        raise AccountError(f"the address of {who} is not right: {told(error)}") from error


def refusal(
    who: str, status: int, content: Mapping[str, Any], secrets: Iterable[str]
) -> Rejected | Unreachable:
    """Return what an OAuth endpoint's answer other than success means (RFC 6749, 5.2)."""
    error = content.get("error")
    if not isinstance(error, str) or error in _TEMPORARY or status >= 500 or status == _TOO_MANY:  # noqa: PLR2004 -- HTTP's server errors
        return Unreachable(f"{who} answers with status {status}; try again later")
    return Rejected(told(error, secrets), told(content.get("error_description"), secrets))


def _json(response: httpx.Response) -> dict[str, Any]:
    try:
        content = response.json()
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def _message(content: Mapping[str, Any]) -> object:
    """Return what an API's error says: Google and Graph nest it, Dropbox has a summary."""
    error = content.get("error")
    if isinstance(error, dict):
        return error.get("message") or error.get("code")
    return content.get("error_summary") or error
