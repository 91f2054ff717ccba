"""What is said over the WebSocket of the live updates."""

from syncoxiders.api.shapes.base import shape


@shape
class Hint:
    """Something is new, and may be asked for."""

    type: str
    """``sync``, ``account``, ``conflict``, ``plan``; others may come."""
    name: str = ""
    """Of which sync or account it is."""
