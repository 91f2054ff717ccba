"""A client for a deployment's API.

::

    with Client("https://sync.example.org", token) as client:
        for run in client.syncs.runs("photos"):
            print(run.number, run.outcome)

Answers are the shapes of :mod:`syncoxiders.api.shapes`. Where the deployment refuses, ApiError is
raised; where it does not answer, Unreachable. How a token is come by says
:mod:`syncoxiders.api.login`, how one hears of what is new :mod:`syncoxiders.api.live`.
"""

import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

import httpx

from syncoxiders.api.http import TIMEOUT, Http
from syncoxiders.api.resources.accounts import AccountList, ProviderList
from syncoxiders.api.resources.files import FileList
from syncoxiders.api.resources.people import (
    Devices,
    InvitationList,
    ProgramList,
    Sessions,
    UserList,
)
from syncoxiders.api.resources.syncs import Activity, ConflictList, PlanList, SyncList


class Client:
    """Speaks to one deployment, as the person or program that ``token`` is of.

    It may be used by several threads, and has to be closed. ``transport`` takes requests elsewhere
    than to the network, ``sleep`` waits between two attempts: both are for tests. Raises
    AddressError for an address that cannot be one.
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
        self._http = Http(url, token, timeout=timeout, transport=transport, sleep=sleep)
        self.sessions = Sessions(self._http)
        self.devices = Devices(self._http)
        self.programs = ProgramList(self._http)
        self.users = UserList(self._http)
        self.invitations = InvitationList(self._http)
        self.providers = ProviderList(self._http)
        self.accounts = AccountList(self._http)
        self.syncs = SyncList(self._http)
        self.plans = PlanList(self._http)
        self.activity = Activity(self._http)
        self.conflicts = ConflictList(self._http)
        self.files = FileList(self._http)

    @property
    def url(self) -> str:
        """The deployment's address."""
        return self._http.url

    def __repr__(self) -> str:
        """Return the address alone."""
        return f"Client({self.url!r})"

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
        self._http.close()
