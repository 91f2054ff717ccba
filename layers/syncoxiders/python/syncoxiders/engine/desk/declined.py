"""What cannot be done for who asks, said so that they can mend it.

Declined
├── Absent        there is no such thing, or it is somebody else's
├── Unfit         a field of what was asked is not right
├── Conflicting   what is there forbids it
├── TooLarge      it is more than can be given
└── Withheld      a provider does not do it now
"""


class Declined(Exception):  # noqa: N818 -- nothing went wrong
    """A request is declined. ``code`` is a stable word; ``mend`` says what to do about it.

    ``field`` is the place of what is not right in the request, as ``endpoints.0.path``.
    """

    def __init__(self, code: str, detail: str, mend: str = "", *, field: str = "") -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.mend = mend
        self.field = field


class Absent(Declined):
    """There is no such thing. What is another owner's is not there either."""

    def __init__(self, what: str, name: str, mend: str = "") -> None:
        super().__init__(f"no-such-{what}", f"there is no {what} {name!r}", mend)


class Unfit(Declined):
    """A field is not right."""

    def __init__(self, field: str, detail: str, mend: str = "") -> None:
        super().__init__("invalid", detail, mend, field=field)


class Conflicting(Declined):
    """What is there forbids it."""


class TooLarge(Declined):
    """It is more than can be given at once."""


class Withheld(Declined):
    """A provider does not do it now."""
