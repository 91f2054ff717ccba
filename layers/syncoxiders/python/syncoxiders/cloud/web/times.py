"""Times as the API tells them."""

from datetime import UTC, datetime


def moment(seconds: float) -> datetime:
    """Return a time in seconds since the epoch as the API has it."""
    return datetime.fromtimestamp(seconds, UTC)


def known(seconds: float) -> datetime | None:
    """Return the same, None for 0, which is never."""
    return moment(seconds) if seconds else None
