"""OAuth apps in the table ``control``: ``#apps``, kind, with ``client`` and ``url``."""

from syncoxiders.ports.apps import ProviderApp
from syncoxiders.ports.items import Delete, Item, Items, Key, Put, Value


class ItemsApps:
    """:class:`~syncoxiders.ports.apps.Apps` in a table of items."""

    def __init__(self, control: Items) -> None:
        self._items = control

    def all(self) -> dict[str, ProviderApp]:
        """Return them by kind."""
        found = [_app(item) for item in self._items.query("#apps")]
        return {each.kind: each for each in found}

    def get(self, kind: str) -> ProviderApp | None:
        """Return the app of a kind of account."""
        item = self._items.get([_key(kind)]).get(_key(kind))
        return None if item is None else _app(item)

    def put(self, app: ProviderApp) -> None:
        """Keep an app in place of the one of this kind."""
        attributes: dict[str, Value] = {"client": app.client}
        if app.url:
            attributes["url"] = app.url
        self._items.write([Put(Item(_key(app.kind), attributes))])

    def remove(self, kind: str) -> None:
        """Forget an app; it need not be there."""
        self._items.write([Delete(_key(kind))])


def _key(kind: str) -> Key:
    return "#apps", kind


def _app(item: Item) -> ProviderApp:
    found = item.attributes
    return ProviderApp(item.key[1], str(found.get("client", "")), str(found.get("url", "")))
