"""Coming by a token: a person allows it in a browser, anywhere (RFC 8628).

::

    with Client(url) as client:
        device = client.devices.begin("my program")
        print(device.verification_uri_complete)
        token = wait(client, device).token
"""

import time
from collections.abc import Callable

from syncoxiders.api.client import Client
from syncoxiders.api.errors import ApiError
from syncoxiders.api.shapes.people import Device, Token
from syncoxiders.ports.errors import Unreachable

PENDING, SLOWER = "authorization-pending", "slow-down"
"""The codes of problems by which a deployment says: not yet; and not so often."""

EXPIRED = "expired-token"
_MORE = 5.0
"""Seconds that are added to each pause when the deployment asks for it (RFC 8628, 3.5)."""


def wait(
    client: Client,
    device: Device,
    *,
    sleep: Callable[[float], None] = time.sleep,
    now: Callable[[], float] = time.monotonic,
) -> Token:
    """Return the token, once the person has said yes.

    Raises ApiError if they said no (``access-denied``), or nothing for too long
    (``expired-token``). While the deployment cannot be reached it is asked again.
    """
    pause = float(max(device.interval, 1))
    end = now() + device.expires_in
    while now() + pause < end:
        sleep(pause)
        try:
            return client.devices.token(device.device_code)
        except Unreachable:
            pause *= 2.0
        except ApiError as error:
            if error.code == SLOWER:
                pause += _MORE
            elif error.code != PENDING:
                raise
    raise ApiError(
        400, EXPIRED, "nobody has allowed it in time", mend="begin anew, and be a little quicker"
    )
