"""What use cases work with, made of a deployment."""

from syncoxiders.adapters.providers import kinds
from syncoxiders.cloud.app import App
from syncoxiders.engine.desk.context import Desk
from syncoxiders.ports.accounts import Account
from syncoxiders.ports.errors import AccountError

_TITLES = {
    "drive": "Google Drive",
    "dropbox": "Dropbox",
    "onedrive": "OneDrive",
    "s3": "S3",
    "folder": "Folder",
}


def desk_of(app: App, owner: str) -> Desk:
    """Return an owner's desk."""
    settings = app.settings
    return Desk(
        pipeline=app.pipeline,
        owner=owner,
        url=settings.url,
        texts=bool(settings.texts),
        title=title,
        rooted=_is_rooted,
    )


def title(kind: str) -> str:
    """Return what people call a kind of account."""
    return _TITLES.get(kind, kind)


def _is_rooted(account: Account) -> bool:
    """Say whether the vendor's events call an account by what a root in it begins with."""
    try:
        return kinds.kind_of(account).called == "root"
    except AccountError:
        return False
