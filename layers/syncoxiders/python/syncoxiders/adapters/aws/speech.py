"""Speaking on the connections of a WebSocket API.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html
"""

import os
import urllib.parse
from typing import Any

from botocore.config import Config  # type: ignore[import-untyped]  # it has none

from syncoxiders.adapters.aws.clients import ERRORS, code, failed, session
from syncoxiders.ports.errors import StateUnavailable

_CONNECT, _READ = 1.0, 2.0
"""Seconds: a hint that takes longer is not worth it."""

_GONE = ("GoneException", "410")


class ApiSpeech:
    """:class:`~syncoxiders.ports.live.Speech` by API Gateway; ``client`` is botocore's of it."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def say(self, connection: str, text: str) -> bool:
        """Send a text; False if there is no such connection (yet, or any more).

        Raises StateUnavailable if it is not known whether it was sent.
        """
        try:
            self._client.post_to_connection(ConnectionId=connection, Data=text.encode())
        except ERRORS as error:
            if code(error) in _GONE:
                return False
            raise failed("nothing can be said on connections", error, StateUnavailable) from error
        return True


def management(url: str) -> Any:
    """Return a client for the connections of the API whose WebSocket address is given."""
    scheme, rest = urllib.parse.urlsplit(url).scheme, url.partition("://")[2]
    return session().create_client(
        "apigatewaymanagementapi",
        endpoint_url=f"{scheme.replace('ws', 'http', 1)}://{rest}",
        region_name=os.environ.get("AWS_REGION") or None,
        config=Config(
            connect_timeout=_CONNECT, read_timeout=_READ, retries={"total_max_attempts": 1}
        ),
    )
