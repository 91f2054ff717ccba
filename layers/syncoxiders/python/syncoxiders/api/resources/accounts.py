"""Accounts at providers."""

from syncoxiders.api.http import Http, segment
from syncoxiders.api.pages import Pages
from syncoxiders.api.shapes.accounts import (
    Account,
    Accounts,
    App,
    Check,
    Connection,
    Folder,
    Folders,
    NewAccount,
    NewConnection,
    Provider,
    Providers,
)


class ProviderList:
    """What accounts can be at."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def list(self) -> list[Provider]:
        """Return all of them."""
        return self._http.get("/providers", Providers).items

    def put_app(self, kind: str, app: App) -> None:
        """Make the OAuth app of a provider known; for administrators."""
        self._http.put(f"/providers/{segment(kind)}/app", app)

    def remove_app(self, kind: str) -> None:
        """Forget it; for administrators."""
        self._http.delete(f"/providers/{segment(kind)}/app")


class AccountList:
    """The accounts of who asks."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def list(self) -> list[Account]:
        """Return all of them, by name."""
        return self._http.get("/accounts", Accounts).items

    def get(self, name: str) -> Account:
        """Return one."""
        return self._http.get(f"/accounts/{segment(name)}", Account)

    def create(self, account: NewAccount, *, key: str = "") -> Account:
        """Make one that needs no sign-in here, or renew one of the same kind."""
        return self._http.create("/accounts", Account, account, key=key)

    def connect(self, connection: NewConnection, *, key: str = "") -> Connection:
        """Begin a sign-in at a provider: a person finishes it in the browser."""
        return self._http.create("/connections", Connection, connection, key=key)

    def check(self, name: str) -> Check:
        """Ask the provider whether it lets us in."""
        return self._http.post(f"/accounts/{segment(name)}/check", Check, again=True)

    def remove(self, name: str) -> None:
        """Forget one with its secrets. ApiError 409 while a sync uses it."""
        self._http.delete(f"/accounts/{segment(name)}")

    def folders(self, name: str, path: str = "") -> Pages[Folders, Folder]:
        """Return the folders in a folder of one."""
        at = f"/accounts/{segment(name)}/folders"
        return Pages(lambda cursor: self._http.get(at, Folders, {"path": path, "cursor": cursor}))
