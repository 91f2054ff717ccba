"""Looking into the folders of an account, for a person who chooses one."""

import importlib

from syncoxiders.adapters.providers import kinds
from syncoxiders.cloud.app import App
from syncoxiders.cloud.desks import desk_of
from syncoxiders.core.model import ROOT_ENTRY, Entry, EntryId, Kind, Ref
from syncoxiders.engine.desk.accounts import find
from syncoxiders.engine.desk.declined import Absent, Conflicting
from syncoxiders.ports.errors import (
    AccountError,
    Denied,
    ProviderError,
    Revoked,
    RootLost,
    Vanished,
)
from syncoxiders.ports.provider import Rescans


class _Nothing:
    """Knows nothing, so that all is told."""

    def children(self, folder: EntryId) -> list[Entry]:
        del folder
        return []


def folders(app: App, owner: str, name: str, path: str) -> list[str]:
    """Return the names of the folders in a folder of an account, in order.

    Only that folder is listed. One that a path cannot name is left out. Raises Absent,
    Conflicting.
    """
    connected = find(desk_of(app, owner), name)
    try:
        kind = kinds.kind_of(connected.account)
        if kind.called == "root" and not path:
            credentials = app.credentials(owner, connected.account, kind)
            found = importlib.import_module(kind.module).tops(connected.account, credentials)
        else:
            found = _in(app, owner, name, path)
    except (RootLost, Vanished) as error:
        raise Absent("folder", path) from error
    except Denied as error:
        raise Conflicting("denied", str(error)) from error
    except (AccountError, Revoked) as error:
        raise Conflicting(
            "account-broken", str(error), "connect the account again, then look again"
        ) from error
    except ProviderError as error:
        raise Conflicting("unreachable", str(error), "try again later") from error
    return sorted(each for each in found if "/" not in each)


def _in(app: App, owner: str, name: str, path: str) -> list[str]:
    provider = app.connections.provider(owner, name, path)
    provider.root()
    if not isinstance(provider, Rescans):
        return []
    # What is told first is the folder itself; the rest, its folders', is not waited for.
    looking = provider.rescan(_Nothing(), [Ref(ROOT_ENTRY, "")])
    delta = next(iter(looking), None)
    if delta is None or delta.folder != ROOT_ENTRY:
        return []
    return [entry.name for entry in delta.changed if entry.kind is Kind.FOLDER]
