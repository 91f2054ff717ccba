"""What each vendor's module offers, and what it makes use of."""

import time
import urllib.parse
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

import msgspec

from syncoxiders.adapters.accounts.secret import Secret
from syncoxiders.adapters.oauth import consent
from syncoxiders.adapters.oauth.http import Http, Rejected, post
from syncoxiders.ports.errors import AccountError

Clock = Callable[[], float]


class CodeOver(AccountError):  # noqa: N818 -- named after what it says
    """The code of a sign-in is over, or was used already: a person has to begin anew."""


class Identity(msgspec.Struct, frozen=True):
    """Whose account it is, for a person, and its bytes ``used`` of a ``total`` if that is known.

    ``id`` is what the vendor's pushes call the account, where they do.
    """

    name: str
    used: int | None = None
    total: int | None = None
    id: str = ""


class Traits(msgspec.Struct, frozen=True):
    """What a person has to do with a vendor's OAuth apps.

    ``redirect`` is the address that is registered, for any ``port`` where that is 0.
    ``shows_code`` if without a redirect the code is shown to be copied; ``needs_secret`` if an app
    of the kind that is needed has a secret that must be sent. ``mend`` says how to allow what
    :meth:`Vendor.lacking` names.
    """

    title: str
    redirect: str = "http://127.0.0.1:{port}/"
    port: int = 0
    shows_code: bool = False
    needs_secret: bool = False
    mend: str = ""


class Refresher(Protocol):
    """Who gives new access tokens. No text of an error holds a secret."""

    @property
    def traits(self) -> Traits:
        """Return what is the same for all its apps."""

    def refresh(self, secret: Secret) -> Secret:
        """Return the secret with a new access token, and a new refresh token if there is one.

        Raises Rejected where it is refused, Unreachable.
        """


class Vendor(Refresher, Protocol):
    """Who lets a person in, and gives tokens."""

    def begin(self, redirect: str, client_secret: str) -> consent.Attempt:
        """Return a sign-in; ``redirect`` is ``""`` where the code is to be shown.

        Raises AccountError, Unreachable.
        """

    def finish(self, kept: str, code: str, client_secret: str) -> Secret:
        """Return the secret of a sign-in, by the code that came back; a code is good once.

        Raises CodeOver, AccountError, Unreachable.
        """

    def revoke(self, secret: Secret) -> str:
        """End the access; return ``""``, or what the person has to do instead.

        Raises Expired, Rejected, Unreachable.
        """

    def whoami(self, access: str) -> Identity:
        """Return whose account it is. Raises Expired, Rejected, Unreachable."""

    def lacking(self, scopes: str) -> list[str]:
        """Return which scopes are lacking in those that were granted."""


class AuthServer(msgspec.Struct, frozen=True):
    """An authorization server that does as the RFCs say, and one app at it."""

    http: Http
    who: str
    client_id: str
    authorize: str
    token: str
    extra: Mapping[str, str]
    now: Clock = time.time

    def begin(self, redirect: str) -> consent.Attempt:
        """Return a sign-in."""
        state = consent.new_state()
        verifier, challenge = consent.new_verifier()
        query = {
            "client_id": self.client_id,
            "response_type": "code",
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            "state": state,
            **self.extra,
        }
        form = {"grant_type": "authorization_code", "code_verifier": verifier}
        if redirect:
            query["redirect_uri"] = form["redirect_uri"] = redirect
        url = f"{self.authorize}?{urllib.parse.urlencode(query)}"
        return consent.Attempt(url, state, msgspec.json.encode(form).decode())

    def finish(self, kept: str, code: str, client_secret: str) -> Secret:
        """Return the secret of a sign-in."""
        form = {**msgspec.json.decode(kept, type=dict[str, str]), "code": code}
        try:
            answer = post(self.http, self.who, self.token, self._signed(form, client_secret))
        except Rejected as error:
            raise not_finished(self.who, error) from error
        return finished(self.who, Secret(client_secret=client_secret), answer, self.now())

    def refresh(self, secret: Secret) -> Secret:
        """Return the secret with new tokens. Raises Rejected, Unreachable."""
        form = {"grant_type": "refresh_token", "refresh_token": secret.refresh}
        answer = post(self.http, self.who, self.token, self._signed(form, secret.client_secret))
        return renewed(secret, answer, self.now())

    def _signed(self, form: Mapping[str, str], client_secret: str) -> dict[str, str]:
        signed = {**form, "client_id": self.client_id}
        return {**signed, "client_secret": client_secret} if client_secret else signed


def renewed(secret: Secret, answer: Mapping[str, Any], now: float) -> Secret:
    """Return a secret with what a token endpoint answered; what it does not mention stays.

    Raises Rejected for an answer that is none.
    """
    access = answer.get("access_token")
    if not isinstance(access, str) or not access:
        raise Rejected("no token", "the answer has no access token in it")
    ends = _seconds(answer.get("refresh_token_expires_in"))
    return msgspec.structs.replace(
        secret,
        access=access,
        expires=now + (_seconds(answer.get("expires_in")) or 3600.0),
        refresh=str(answer.get("refresh_token") or secret.refresh),
        scopes=str(answer.get("scope") or secret.scopes),
        ends=now + ends if ends else secret.ends,
    )


def finished(who: str, secret: Secret, answer: Mapping[str, Any], now: float) -> Secret:
    """Return the secret of a sign-in's answer. Raises AccountError if it will not last."""
    try:
        result = renewed(secret, answer, now)
    except Rejected as error:
        raise not_finished(who, error) from error
    if not result.refresh:
        raise AccountError(
            f"{who} gave access for a few hours only, without a refresh token; take the app out of "
            "your account's connected apps, and sign in again"
        )
    return result


def not_finished(who: str, error: Rejected) -> AccountError:
    """Return what to tell of a code that was refused."""
    if error.error == "invalid_grant":
        return CodeOver(
            f"{who} does not take the code: it has expired, or was used already ({error}); "
            "start again"
        )
    if error.error in {"invalid_client", "unauthorized_client"}:
        return AccountError(
            f"{who} does not know this app: check its client id and secret ({error})"
        )
    return AccountError(f"{who} refused the sign-in: {error}")


def lacking(scopes: str, needed: Iterable[str]) -> list[str]:
    """Return which of the needed scopes are not granted; case does not count.

    Where nothing is known of what was granted, nothing is known to be lacking.
    """
    if not scopes:
        return []
    granted = {each.rpartition("/")[2].casefold() for each in scopes.split()}
    return [each for each in needed if each.rpartition("/")[2].casefold() not in granted]


def base(settings: Mapping[str, str], usual: str) -> str:
    """Return the address below which an API is: ``url`` of the settings, or the usual one."""
    return (settings.get("url") or usual).rstrip("/")


def _seconds(value: object) -> float:
    """Return a duration as servers write it, as a number or as text; 0 if it is none."""
    try:
        return max(float(value), 0.0) if isinstance(value, int | float | str) else 0.0
    except ValueError:
        return 0.0
