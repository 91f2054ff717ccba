"""What who deploys does for the people of a deployment, with no more than its tables."""

from syncoxiders.cloud.app import App
from syncoxiders.cloud.settings import SettingsError


def login_link(app: App) -> str:
    """Return a link that lets its first user in as the first administrator, once, for an hour.

    Raises SettingsError where it is not known where the console is, StateUnavailable.
    """
    site = app.settings.site
    if not site:
        raise SettingsError("it is not known where the console is: deploy it with its address")
    return f"{site}/auth/once?code={app.logins.link()}"
