"""OAuth 2.0 with each vendor's peculiarities: signing in, refreshing, revoking."""

from syncoxiders.adapters.oauth.vendors import Vendor
from syncoxiders.ports.accounts import Account
from syncoxiders.ports.errors import AccountError

KINDS = ("drive", "dropbox", "onedrive")
"""The kinds of accounts that are signed in to by OAuth."""


def vendor(account: Account) -> Vendor:
    """Return who gives an account's tokens. Raises AccountError."""
    if account.kind == "drive":
        from syncoxiders.adapters.oauth.google import Google  # noqa: PLC0415 -- only the one needed

        return Google(account)
    if account.kind == "dropbox":
        from syncoxiders.adapters.oauth.dropbox import Dropbox  # noqa: PLC0415 -- only the one needed

        return Dropbox(account)
    if account.kind == "onedrive":
        from syncoxiders.adapters.oauth.microsoft import Microsoft  # noqa: PLC0415 -- only the one needed

        return Microsoft(account)
    raise AccountError(f"the account {account.name} is not one that is signed in to by OAuth")
