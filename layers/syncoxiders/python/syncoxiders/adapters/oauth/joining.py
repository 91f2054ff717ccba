"""Whether a sign-in is what an account needs: all scopes, and the same person as before."""

from syncoxiders.adapters.accounts.secret import Secret
from syncoxiders.adapters.oauth.http import Expired, Rejected
from syncoxiders.adapters.oauth.vendors import Identity, Vendor
from syncoxiders.ports.accounts import Account
from syncoxiders.ports.errors import AccountError


class ScopesLacking(AccountError):  # noqa: N818 -- named after what it says
    """The person, or the app, did not allow all that is needed."""


class AnotherPerson(AccountError):  # noqa: N818 -- named after what it says
    """The account is of somebody else."""


def joined(vendor: Vendor, account: Account, secret: Secret) -> Identity:
    """Return whose account it is by a sign-in; nothing is kept of it yet.

    Raises ScopesLacking, AnotherPerson, AccountError, Unreachable.
    """
    if lacking := vendor.lacking(secret.scopes):
        raise ScopesLacking(
            f"{vendor.traits.title} did not grant what is needed ({', '.join(lacking)}): "
            f"{vendor.traits.mend}; nothing was kept"
        )
    identity = whoami(vendor, secret.access)
    if is_another(account.identity, identity.name):
        raise AnotherPerson(
            f"this is {identity.name}, but {account.name} is of {account.identity}; nothing was "
            "changed. Add the other one under a name of its own"
        )
    return identity


def whoami(vendor: Vendor, access: str) -> Identity:
    """Return whose account it is. Raises AccountError, Unreachable."""
    try:
        return vendor.whoami(access)
    except Expired as error:
        raise AccountError(
            f"{error}, though it is new: check the clock of this machine, and try again"
        ) from error
    except Rejected as error:
        raise AccountError(f"{vendor.traits.title} lets us in, but not further: {error}") from error


def is_another(before: str, now: str) -> bool:
    """Say whether two words for whose account it is mean two people for sure.

    An account that was taken over may be known by another kind of name so far.
    """
    return "@" in before and "@" in now and before.casefold() != now.casefold()
