"""What a function is told by its environment, as one typed model."""

from collections.abc import Mapping

import msgspec

from syncoxiders.ports.errors import SyncError

PREFIX = "SYNCOXIDERS_"


class SettingsError(SyncError):
    """A variable of the environment is missing or wrong; its name is in the text."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The settings of all functions: ``table_tree`` is ``SYNCOXIDERS_TABLE_TREE``, and so on.

    ``key`` is the KMS key and ``secrets`` the path below which secrets are in the Parameter
    Store. ``url`` is where the webhook is found from outside; without one no push channels are
    opened. ``patience`` is for how many seconds a function waits for a provider that wants a
    pause, before it leaves the account alone. ``alarms`` is the group of the Scheduler's schedules
    and ``alarm_role`` the ARN of the role that they send as. ``texts`` is the bucket in which
    texts are kept that may have to be merged. ``live`` is the WebSocket address of live updates;
    without one there are none. ``index`` is the bucket of the index of all files; without one
    there is none.

    ``console`` is where browsers find the console and the API, if it is not ``url``; over http
    (which is for one's own machine only) cookies go without TLS as well. ``issuer`` is the OpenID
    provider by which people are let in, and ``client`` our id there: its secret, if it has one, is
    in the vault. Without an issuer people come by links that work once. ``pool`` is the Cognito
    user pool that people who are invited are added to. ``administrator`` is the address of who
    deploys. ``folders`` is the folder below which accounts may be folders of a disk: on an
    emulator only.
    """

    table_tree: str
    table_journal: str
    table_control: str
    queue_poll: str
    queue_merge: str
    queue_apply: str
    key: str
    secrets: str
    url: str = ""
    alarms: str = ""
    alarm_role: str = ""
    texts: str = ""
    live: str = ""
    index: str = ""
    console: str = ""
    issuer: str = ""
    client: str = ""
    pool: str = ""
    administrator: str = ""
    folders: str = ""
    patience: float = 20.0

    @property
    def site(self) -> str:
        """Where browsers find the console and the API, without a slash at the end."""
        return (self.console or self.url).rstrip("/")

    @property
    def local(self) -> bool:
        """Whether it is on a machine of one's own: nothing has TLS, and vendors are emulated."""
        return self.site.startswith("http://")


def from_environment(environment: Mapping[str, str]) -> Settings:
    """Return the settings. Raises SettingsError."""
    fields = msgspec.structs.fields(Settings)
    found = {
        each.name: value
        for each in fields
        if (value := environment.get(variable(each.name), "").strip())
    }
    missing = [variable(each.name) for each in fields if each.required and each.name not in found]
    if missing:
        raise SettingsError(f"not set: {', '.join(missing)}")
    try:
        return msgspec.convert(found, Settings, strict=False)
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(" - at `$.")
        raise SettingsError(f"{variable(where.rstrip('`'))} is not right: {what}") from error


def variable(field: str) -> str:
    """Return the name of the variable that a setting is in."""
    return PREFIX + field.upper()
