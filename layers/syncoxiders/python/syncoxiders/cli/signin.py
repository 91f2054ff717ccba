"""``syncoxiders account add``: a person signs in, and the account is kept."""

import json
import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import msgspec

from syncoxiders.adapters import oauth
from syncoxiders.adapters.accounts import Accounts
from syncoxiders.adapters.accounts.secret import Secret
from syncoxiders.adapters.oauth import graph
from syncoxiders.adapters.oauth.consent import Attempt, read_pasted
from syncoxiders.adapters.oauth.joining import joined
from syncoxiders.adapters.oauth.loopback import Loopback
from syncoxiders.adapters.oauth.microsoft import Microsoft
from syncoxiders.adapters.oauth.vendors import Vendor
from syncoxiders.cli.exits import Exit, Usage
from syncoxiders.cli.signals import Stopping
from syncoxiders.cli.text import moment, shown
from syncoxiders.ports.accounts import Account
from syncoxiders.ports.errors import AccountError

_ANY_PORT = 53682
"""The port of a redirect address that nobody listens at: the browser may be elsewhere."""

_SOON = 30 * 86_400.0


def add(kind: str, given: Mapping[str, Any], stopping: Stopping) -> Exit:
    """Sign in and keep the account. Raises Usage, AccountError, Unreachable; then nothing is."""
    stopping.farewell = "interrupted; nothing was changed"
    accounts = Accounts()
    account, known = _planned(accounts, kind, given["name"], again=given["reconnect"])
    values = {**given, "drive_id": given.get("shared_drive")}
    names = ("url", "tenant", "site", "drive_id", "documents")
    settings = _settings(account.settings, values, names)
    client, secret = _client(account, known, given)
    account = msgspec.structs.replace(account, client=client, settings=settings)
    vendor = oauth.vendor(account)
    if vendor.traits.needs_secret and not secret:
        secret = click.prompt("Client secret", hide_input=True, err=True).strip()

    tokens = _signed_in(vendor, secret, given)
    identity = joined(vendor, account, tokens)
    if isinstance(vendor, Microsoft):
        settings = {**settings, **_drive(vendor, tokens.access, account, given)}
    account = msgspec.structs.replace(account, identity=identity.name, settings=settings)
    record = accounts.add(account, tokens, again=given["reconnect"])
    _welcome(account, vendor.traits.title, accounts.where(record))
    if warning := life(account, tokens):
        click.echo(warning, err=True)
    return Exit.DONE


def add_s3(given: Mapping[str, Any]) -> Exit:
    """Keep an S3 account whose keys are good. Raises Usage, AccountError, Revoked, Unreachable."""
    from syncoxiders.adapters.accounts import s3  # noqa: PLC0415 -- brings boto3

    accounts = Accounts()
    account, known = _planned(accounts, "s3", given["name"], again=given["reconnect"])
    values = {**given, "url": given["endpoint_url"], "style": given["addressing"]}
    settings = _settings(account.settings, values, ("url", "region", "profile", "style"))
    keys = dict(known.keys) if known is not None else {}
    if given["access_key_id"]:
        if given["profile"]:
            raise Usage("a key and a profile contradict each other; give one of them")
        secret = given["secret_access_key"]
        if not secret:
            secret = click.prompt("Secret access key", hide_input=True, err=True).strip()
        keys = {"access_key_id": given["access_key_id"], "secret_access_key": secret}
        settings.pop("profile", None)
    elif given["profile"]:
        keys = {}
    elif given["secret_access_key"]:
        raise Usage("a secret access key is of no use without its --access-key-id")
    account = msgspec.structs.replace(account, settings=settings)
    account = msgspec.structs.replace(account, identity=s3.whoami(account, keys))
    record = accounts.add(account, Secret(keys=keys) if keys else None, again=given["reconnect"])
    _welcome(account, "S3", accounts.where(record))
    return Exit.DONE


@contextmanager
def usage() -> Iterator[None]:
    """Turn what is wrong with a name into a usage error."""
    try:
        yield
    except AccountError as error:
        raise Usage(str(error)) from error


def life(account: Account, secret: Secret) -> str:
    """Return a warning where it is known that the access will end soon, else ``""``."""
    if not secret.ends or secret.ends > time.time() + _SOON:
        return ""
    why = (
        " That is so while the app's publishing status is Testing: press Publish app in the Google "
        "Cloud console (Google Auth Platform, Audience), and connect again."
        if account.kind == "drive"
        else " Connect it again before."
    )
    return f"Note: the access of {shown(account.name)} ends {moment(secret.ends)}.{why}"


def _planned(
    accounts: Accounts, kind: str, name: str, *, again: bool
) -> tuple[Account, Secret | None]:
    """Return the account as it is so far, and its secret if it has one. Raises Usage."""
    with usage():
        if not again:
            accounts.check_free(name)
            accounts.check_vault()
            return Account(name, kind), None
        record = accounts.record(name)
        if record.account.kind != kind:
            raise Usage(f"{shown(name)} is a {record.account.kind} account, not a {kind} one")
        accounts.check_vault(record.vault)
    try:
        return record.account, accounts.secret(name)
    except AccountError as error:
        click.echo(f"Note: what was kept is not used: {shown(str(error))}", err=True)
        return record.account, None


def _settings(
    before: Mapping[str, str], given: Mapping[str, Any], names: tuple[str, ...]
) -> dict[str, str]:
    settings = dict(before)
    settings.update({name: given[name] for name in names if given.get(name)})
    if given["ca_file"]:
        settings["ca"] = str(given["ca_file"].absolute())
    return settings


def _client(account: Account, known: Secret | None, given: Mapping[str, Any]) -> tuple[str, str]:
    """Return the id and the secret of the OAuth app. Raises Usage."""
    client, secret = given["client_id"], given["client_secret"]
    if file := given.get("client_file"):
        client, secret = _client_file(file)
    if not client or client == account.client:
        client = account.client
        secret = secret or (known.client_secret if known is not None else "")
    if not client:
        raise Usage(
            "say which OAuth app asks for access, by --client-id or "
            f"SYNCOXIDERS_{account.kind.upper()}_CLIENT_ID; docs/accounts.md says how to "
            "register one of your own"
        )
    return client, secret


def _client_file(path: Path) -> tuple[str, str]:
    try:
        content = json.loads(path.read_bytes())
        app = content["installed"]
        return str(app["client_id"]), str(app["client_secret"])
    except OSError as error:
        raise Usage(f"{shown(str(path))} cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError):
        # The error may quote the file.
        raise Usage(
            f"{shown(str(path))} is not the JSON file of an OAuth client of the type Desktop app"
        ) from None


def _signed_in(vendor: Vendor, secret: str, given: Mapping[str, Any]) -> Secret:
    traits = vendor.traits
    port = traits.port if given["port"] is None else given["port"]
    if given["no_browser"]:
        attempt = vendor.begin(
            "" if traits.shows_code else traits.redirect.format(port=port or _ANY_PORT), secret
        )
        code = _pasted(attempt, shows_code=traits.shows_code)
        return vendor.finish(attempt.kept, code, secret)
    with Loopback(port, traits.redirect) as back:
        attempt = vendor.begin(back.redirect, secret)
        back.expect(attempt.state)
        opening = browser_opens(attempt.url)
        what = "Allow access in your browser" if opening else "Open this address in a browser"
        click.echo(f"{what}. If it does not come up:\n" if opening else f"{what}:\n", err=True)
        click.echo(f"  {attempt.url}\n", err=True)
        if not opening:
            click.echo("(On another machine than this one, use --no-browser.)", err=True)
        code = back.wait(given["timeout"])
    return vendor.finish(attempt.kept, code, secret)


def _pasted(attempt: Attempt, *, shows_code: bool) -> str:
    click.echo("Open this address in any browser, and allow access:\n", err=True)
    click.echo(f"  {attempt.url}\n", err=True)
    if shows_code:
        click.echo("Then paste the code that is shown.", err=True)
    else:
        click.echo(
            "At the end the browser says that it cannot reach localhost or 127.0.0.1. That is as "
            "it\nshould be: paste the whole address that it then has.",
            err=True,
        )
    return read_pasted(click.prompt("Code or address", err=True), attempt.state)


def browser_opens(url: str) -> bool:
    """Open the browser of the desktop; one in the terminal would take it from us."""
    if sys.platform == "linux" and not any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
    ):
        return False
    import webbrowser  # noqa: PLC0415 -- only when there may be one

    try:
        return webbrowser.open(url)
    except webbrowser.Error:
        return False


def _drive(
    vendor: Microsoft, access: str, account: Account, given: Mapping[str, Any]
) -> dict[str, str]:
    """Return the settings of the drive that is meant."""
    if given["drive_id"]:
        return graph.drive(vendor, access, given["drive_id"]).settings
    if given["site"]:
        return _chosen(graph.libraries(vendor, access, given["site"])).settings
    if account.settings.get("drive_id"):
        return {}
    drives = graph.own(vendor, access)
    if sys.stdin.isatty():
        return _chosen(drives).settings
    for each in drives[1:]:
        click.echo(
            f"Note: there is also the drive {shown(each.name)}: --drive-id {each.id}", err=True
        )
    return drives[0].settings


def _chosen(drives: list[graph.Drive]) -> graph.Drive:
    if len(drives) == 1:
        return drives[0]
    for number, each in enumerate(drives, 1):
        click.echo(f"  {number}  {shown(each.name) or each.id} ({each.type})", err=True)
    number = click.prompt("Which drive", type=click.IntRange(1, len(drives)), default=1, err=True)
    return drives[number - 1]


def _welcome(account: Account, title: str, where: str) -> None:
    of = f" of {shown(account.identity)}" if account.identity else ""
    click.echo(f"Connected {shown(account.name)}: {title}{of}.")
    kept = f"Its secrets are in {shown(where)}. " if where else "It has no secrets of its own. "
    click.echo(f"{kept}Use it as {shown(account.name)}:path.")
