"""What a deployment answers where it does not do what was asked."""

from collections.abc import Mapping

from syncoxiders.ports.errors import SyncError


class ApiError(SyncError):
    """A request was refused, or answered in a way that is not understood.

    ``status`` is that of HTTP; ``code`` a stable word for programs, as ``no-such-sync``, ``""``
    where whatever answered gave none; ``detail`` what it is this time; ``mend`` what to do about
    it, where that is known; ``fields`` what is wrong with which field of the request;
    ``retry_after`` after how many seconds to ask again, 0 where that was not said.
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        mend: str = "",
        fields: Mapping[str, str] | None = None,
        retry_after: float = 0.0,
    ) -> None:
        super().__init__(f"{detail}: {mend}" if mend else detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.mend = mend
        self.fields = dict(fields or {})
        self.retry_after = retry_after


class AddressError(SyncError):
    """What is to be the address of a deployment cannot be one; the text says why."""
