"""What stops an action from outside: the worker's time is over, or it has an error of its own."""

from syncoxiders.core.model import Action
from syncoxiders.ports.errors import ProviderError


class OutOfTime(ProviderError):  # noqa: N818 -- named after what it says, as all that it derives from
    """The worker has to end: what is not done is put off, and goes on where it was."""


class Unexpected(ProviderError):  # noqa: N818 -- named after what it says, as all that it derives from
    """An error of ours stopped one action; its text tells the kind alone, which holds no secret."""

    def __init__(self, action: Action, error: Exception) -> None:
        super().__init__(
            f"{action.kind.value} failed for a reason of our own ({type(error).__name__}); "
            "please report it"
        )
