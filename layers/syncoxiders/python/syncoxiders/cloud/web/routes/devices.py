"""Programs that ask to act for a person (RFC 8628)."""

from collections.abc import Callable
from http import HTTPStatus
from typing import TypeVar

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router

from syncoxiders.api.shapes.people import (
    Decision,
    Device,
    DeviceRequest,
    NewDevice,
    NewToken,
    Token,
)
from syncoxiders.cloud.web.problems import Refusal
from syncoxiders.cloud.web.service import Web, new_router, nothing
from syncoxiders.cloud.web.times import moment
from syncoxiders.engine.desk.declined import Absent
from syncoxiders.engine.desk.devices import INTERVAL, WAITS, Devices
from syncoxiders.engine.desk.sessions import ends
from syncoxiders.engine.desk.words import HOUR, Guesses

T = TypeVar("T")

_CODES = 20
"""So many wrong codes a person may type in an hour: of 2.5e10 one is found in 70,000 years."""
_ASKS = 60
"""So many programs of one address may begin to ask in an hour, or ask with what is no word."""


def devices(web: Web) -> Router:
    """Return the routes."""
    router = new_router()
    app = web.app
    found = Devices(app.words, app.people, app.sessions, app.clock)
    codes = Guesses(app.words, "code", _CODES)
    asks = Guesses(app.words, "device", _ASKS)
    tokens = Guesses(app.words, "token", _ASKS)

    @router.post("/devices", operation_id="ask_for_device", tags=["people"], status_code=201)
    def ask_for_device(device: NewDevice) -> Device:
        """Begin to ask whether a program may act for a person; no login is needed."""
        _check(asks, web.request.source)
        asks.count(web.request.source, app.clock.now())
        word, asked = found.ask(device.name)
        page = f"{app.settings.site}/#/device"
        return Device(
            device_code=word,
            user_code=asked.code,
            verification_uri=page,
            verification_uri_complete=f"{page}?code={asked.code}",
            expires_in=int(WAITS),
            interval=INTERVAL,
        )

    @router.get("/devices/<user_code>", operation_id="get_device", tags=["people"])
    def get_device(user_code: str) -> DeviceRequest:
        """Say which program waits with a code."""
        asked = _typed(lambda: found.waiting(user_code))
        return DeviceRequest(
            user_code=asked.code, name=asked.name, expires_at=moment(asked.expires)
        )

    @router.post(
        "/devices/<user_code>/decision",
        operation_id="decide_on_device",
        tags=["people"],
        status_code=204,
    )
    def decide_on_device(user_code: str, decision: Decision) -> Response[None]:
        """Say whether a program may act for who asks; a program cannot say that of another."""
        if web.caller.device:
            raise Refusal(
                HTTPStatus.FORBIDDEN,
                "not-for-programs",
                "only a person in a browser may say that",
            )
        _typed(lambda: found.decide(user_code, web.owner, allow=decision.allow))
        return nothing()

    @router.post("/tokens", operation_id="get_token", tags=["people"], status_code=201)
    def get_token(asked: NewToken) -> Token:
        """Ask whether a program may act for a person by now; no login is needed."""
        source, now = web.request.source, app.clock.now()
        _check(tokens, source)
        told = found.told(asked.device_code)
        if told is None:
            tokens.count(source, now)
            raise _not_yet("expired-token", "nobody waits with this code any more", "ask anew")
        if told.refused:
            raise _not_yet("access-denied", "the person said no")
        if not told.user:
            if told.asked and now - told.asked < INTERVAL - 1:
                raise _not_yet(
                    "slow-down",
                    "this was asked just before",
                    f"wait for {INTERVAL} seconds between two questions",
                )
            raise _not_yet("authorization-pending", "the person has not said anything yet")
        made = found.redeem(asked.device_code)
        if made is None:
            raise _not_yet("expired-token", "the token was given already", "ask anew")
        word, session = made
        return Token(token=word, expires_at=moment(ends(session)))

    def _typed(do: Callable[[], T]) -> T:
        """Do something by a code that a person has typed, if they do not guess."""
        _check(codes, web.owner)
        try:
            return do()
        except Absent:
            codes.count(web.owner, app.clock.now())
            raise

    def _check(guesses: Guesses, who: str) -> None:
        if not guesses.left(who, app.clock.now()):
            raise Refusal(
                HTTPStatus.TOO_MANY_REQUESTS,
                "too-many",
                "this was tried too often",
                mend="try again in an hour",
                headers={"Retry-After": str(int(HOUR))},
            )

    return router


def _not_yet(code: str, detail: str, mend: str = "") -> Refusal:
    return Refusal(HTTPStatus.BAD_REQUEST, code, detail, mend=mend)
