"""Errors that cross a port. Each is named after what the engine does next.

SyncError
├── ProviderError
│   ├── Stale            look again, plan again
│   ├── Vanished         what was asked for is not there; look again
│   ├── Occupied         something stands at the place; look again
│   ├── NotEmpty         a folder holds more than was known; look again
│   ├── Changing         the source changed while it was read; leave it for the next look
│   ├── Denied           report the entry, go on with the others
│   ├── Refused          the provider will not hold this (name, size, kind); report it
│   ├── Full             write no more content to this endpoint
│   ├── Throttled        park the account until `retry_after`
│   ├── Revoked          leave the account out until a person connects it again
│   ├── Unreachable      leave the endpoint out of this run
│   ├── RootLost         the root is missing, exchanged or unmounted; stop and ask
│   └── CursorExpired    look at everything
├── StateError
│   ├── StateBusy        another run holds the state; exit
│   ├── StateUnavailable the store does not answer, or asks for a pause; come back later
│   ├── StateForeign     the file is not ours, or of another version; touch nothing
│   └── StateCorrupt     the file is damaged; touch nothing
└── AccountError         the record of an account or its secrets cannot be used; tell the person
"""


class SyncError(Exception):
    """Base of everything that SyncOxiders raises on purpose. Its text is for a person."""


class ProviderError(SyncError):
    """A provider could not do what was asked.

    ``reading`` marks a failure of the source of a transfer, seen from the destination. ``asked``
    is the endpoint that was asked whether there is a reason to act at another one, if it was that.
    """

    reading = False
    asked = ""


class Stale(ProviderError):  # noqa: N818 -- named after the engine's next move, as all here
    """What stands there is not what was expected: the precondition or the reason fails."""


class Vanished(Stale):
    """What was asked for is not there."""


class Occupied(Stale):
    """Something stands where nothing was expected."""


class NotEmpty(Stale):
    """A folder that was to be deleted holds something that is not known."""


class Changing(Stale):
    """The source changed while it was read."""


class Denied(ProviderError):  # noqa: N818 -- named after the next move
    """The provider does not let us read or write this entry."""


class Refused(ProviderError):  # noqa: N818 -- named after the next move
    """The provider will never hold this: its name, size or kind is not allowed there."""


class Full(ProviderError):  # noqa: N818 -- named after the next move
    """No room is left at the endpoint."""


class Throttled(ProviderError):  # noqa: N818 -- named after the next move
    """The provider asks for a pause of ``retry_after`` seconds."""

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Revoked(ProviderError):  # noqa: N818 -- named after the next move
    """The account does not let us in any more: it has to be connected again."""


class Unreachable(ProviderError):  # noqa: N818 -- named after the next move
    """The provider did not answer; whether the work was done is unknown."""


class RootLost(ProviderError):  # noqa: N818 -- named after the next move
    """The endpoint's root is missing, was exchanged, or is not mounted."""


class CursorExpired(ProviderError):  # noqa: N818 -- named after the next move
    """The feed cannot be continued from this cursor: everything must be looked at."""


class StateError(SyncError):
    """The state store cannot be used."""


class StateBusy(StateError):  # noqa: N818 -- named after the next move
    """Another run holds the state."""


class StateUnavailable(StateError):  # noqa: N818 -- named after the next move
    """The store does not answer, or takes no more for now; what was asked may have been done."""


class StateForeign(StateError):  # noqa: N818 -- named after the next move
    """The state belongs to something else, or to another version of SyncOxiders."""


class StateCorrupt(StateError):  # noqa: N818 -- named after the next move
    """The state is damaged."""


class AccountError(SyncError):
    """An account cannot be added or used: its record, its secrets or a sign-in is not right."""
