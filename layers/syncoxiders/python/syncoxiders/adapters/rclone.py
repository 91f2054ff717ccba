"""Reading rclone's settings, so that its user need not sign in again where that is right.

https://rclone.org/docs/#config-file. A token belongs to the app that it was given to. Where a
remote has an app of the person's own, it goes on with us. Where it uses rclone's app, only rclone
may renew it: we do not pose as rclone, so the remote's settings are taken and the person is asked
to sign in by an app of their own.
"""

import configparser
import datetime as dt
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from syncoxiders.adapters.accounts.secret import Secret
from syncoxiders.ports.accounts import Account
from syncoxiders.ports.errors import AccountError

_KINDS = ("drive", "dropbox", "onedrive", "s3")
_SETTINGS: dict[str, dict[str, str]] = {
    "drive": {"team_drive": "drive_id"},
    "dropbox": {},
    "onedrive": {
        "drive_id": "drive_id",
        "drive_type": "drive_type",
        "tenant": "tenant",
    },
    "s3": {"region": "region", "endpoint": "url", "profile": "profile"},
}
"""Which of rclone's options are settings of ours, by our name for them."""

_KEYS = ("access_key_id", "secret_access_key", "session_token")
_KNOWN = {"type", "client_id", "client_secret", "token", "env_auth", "description", *_KEYS}
_TURNED: dict[str, dict[str, tuple[str, dict[str, str]]]] = {
    "drive": {"skip_gdocs": ("documents", {"true": "skip", "false": ""})},
    "s3": {"force_path_style": ("style", {"true": "path", "false": "virtual"})},
}
"""Which are so under another name and with other values."""

_HARMLESS: dict[str, frozenset[str]] = {
    "drive": frozenset({"scope"}),
    "dropbox": frozenset(),
    "onedrive": frozenset({"region", "access_scopes", "disable_site_permission"}),
    "s3": frozenset({"provider", "acl", "location_constraint", "no_check_bucket"}),
}
"""What may be left out without a word: we have no use for it."""

_GOOD_SCOPES = {"", "drive"}


class Remote(msgspec.Struct, frozen=True):
    """A remote of rclone as an account: without a secret if it has to be connected anew.

    ``notes`` say what was not taken, for a person. ``account`` is None for what we do not support.
    """

    name: str
    kind: str
    account: Account | None = None
    secret: Secret | None = None
    notes: tuple[str, ...] = ()


def usual(environment: Mapping[str, str], home: Path) -> Path:
    """Return where rclone has its settings: by RCLONE_CONFIG, or the first that is there."""
    if given := environment.get("RCLONE_CONFIG"):
        return Path(given)
    folders = [home / ".config"]
    if xdg := environment.get("XDG_CONFIG_HOME"):
        folders.insert(0, Path(xdg))
    places = [folder / "rclone" / "rclone.conf" for folder in folders]
    places.append(home / ".rclone.conf")
    return next((place for place in places if place.exists()), places[0])


def read(path: Path) -> list[Remote]:
    """Return the remotes of a file, in its order. Raises AccountError; no text has a secret."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise AccountError(
            f"there is no {path}; rclone config file says where rclone's settings are"
        ) from None
    except UnicodeDecodeError:
        raise AccountError(f"{path} is not a settings file of rclone") from None
    except OSError as error:
        raise AccountError(f"{path} cannot be read: {error.strerror}") from error
    lines = (line.strip() for line in text.splitlines())
    first = next((line for line in lines if line and line[0] not in "#;"), "")
    if first.startswith("RCLONE_ENCRYPT_V"):
        raise AccountError(
            f"{path} is encrypted, and RCLONE_CONFIG_PASS is not supported: write a plain copy "
            "by rclone config encryption remove (or rclone config, s, u), import that, and "
            "encrypt again"
        )
    parser = configparser.RawConfigParser(
        delimiters=("=",), comment_prefixes=("#", ";"), strict=False, default_section=""
    )
    parser.optionxform = str  # type: ignore[assignment, method-assign]  # documented as the way
    try:
        parser.read_string(text)
    except configparser.Error as error:
        # Its text quotes lines, which may be secret.
        raise AccountError(
            f"{path} is not a settings file of rclone ({type(error).__name__})"
        ) from None
    return [_remote(name, dict(parser[name])) for name in parser.sections()]


def _remote(name: str, options: dict[str, str]) -> Remote:
    kind = options.get("type", "")
    if kind not in _KINDS:
        what = f"type {kind!r} is not supported" if kind else "it has no type"
        return Remote(name, kind, notes=(what,))
    settings = {ours: options[key] for key, ours in _SETTINGS[kind].items() if options.get(key)}
    used = _KNOWN | _SETTINGS[kind].keys() | _HARMLESS[kind]
    for key, (ours, values) in _TURNED.get(kind, {}).items():
        if options.get(key) in values:
            used |= {key}
            settings.update({ours: values[options[key]]} if values[options[key]] else {})
    notes = [
        _left(name, kind, key, value) for key, value in options.items() if value and key not in used
    ]
    if kind == "s3":
        return _s3(name, options, settings, notes)
    client = options.get("client_id", "")
    secret, why = _tokens(options)
    if not client:
        secret, why = None, "it uses rclone's own app, whose tokens only rclone may renew"
    elif kind == "onedrive" and options.get("region", "global") not in {"", "global"}:
        secret, why = None, "Microsoft's national clouds are not supported"
    elif kind == "drive" and options.get("scope", "") not in _GOOD_SCOPES:
        secret, why = None, f"its scope {options['scope']!r} does not let us sync"
    if why:
        notes.append(why)
    return Remote(name, kind, Account(name, kind, client, "", settings), secret, tuple(notes))


def _left(name: str, kind: str, key: str, value: str) -> str:
    """Return what to say of an option that is no setting of ours."""
    if (kind, key) == ("drive", "root_folder_id"):
        return f"paths begin at the top here: its root_folder_id is {name}:id:{value}"
    return f"{key} was not taken"


def _s3(
    name: str, options: Mapping[str, str], settings: dict[str, str], notes: list[str]
) -> Remote:
    if (url := settings.get("url")) and "://" not in url:
        settings["url"] = f"https://{url}"  # as rclone takes it
    keys = {key: options[key] for key in _KEYS if options.get(key)}
    if options.get("env_auth", "").lower() == "true":
        keys = {}
    elif not keys:
        notes.append("it has no keys: AWS's own settings are used")
    secret = Secret(keys=keys) if keys else None
    return Remote(name, "s3", Account(name, "s3", "", "", settings), secret, tuple(notes))


def _tokens(options: Mapping[str, str]) -> tuple[Secret | None, str]:
    """Return the secret of a remote with OAuth, and why there is none."""
    try:
        token: Any = json.loads(options.get("token", "") or "null")
    except ValueError:
        return None, "its token is damaged"
    if not isinstance(token, dict) or not token.get("refresh_token"):
        return None, "it has no refresh token"
    return (
        Secret(
            client_secret=options.get("client_secret", ""),
            refresh=str(token["refresh_token"]),
            access=str(token.get("access_token") or ""),
            expires=_instant(token.get("expiry")),
        ),
        "",
    )


def _instant(text: object) -> float:
    """Return a time as Go writes it, in seconds since the epoch; 0 if it cannot be read."""
    try:
        return dt.datetime.fromisoformat(str(text)).timestamp()
    except ValueError:
        return 0.0
