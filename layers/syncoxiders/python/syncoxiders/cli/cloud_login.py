"""``syncoxiders cloud login``, ``logout``, ``whoami`` and ``deployments``."""

import platform
from contextlib import suppress

import click
import msgspec

from syncoxiders.api.addresses import checked
from syncoxiders.api.client import Client
from syncoxiders.api.errors import AddressError, ApiError
from syncoxiders.api.login import wait
from syncoxiders.api.shapes.people import Device, Session
from syncoxiders.cli import asking
from syncoxiders.cli.deployments import DEFAULT, Deployments, Known, check_name
from syncoxiders.cli.exits import Exit, Usage
from syncoxiders.cli.output import emit
from syncoxiders.cli.signals import Stopping
from syncoxiders.cli.signin import browser_opens
from syncoxiders.cli.text import moment, shown
from syncoxiders.ports.errors import AccountError, SyncError


def login(url: str, name: str, stopping: Stopping, *, no_browser: bool) -> Exit:
    """Log in, and keep the login; nothing is kept unless that is complete."""
    stopping.farewell = "interrupted; you are not logged in"
    name = name or DEFAULT
    check_name(name)
    known = Deployments()
    before = known.all().get(name)
    url = _address(url, name, before)
    known.check(before)
    with asking.opened(url) as client, asking.told():
        client.sessions.deployment()
        token = _allowed(client, no_browser=no_browser)
    with asking.opened(url, token) as client, asking.told():
        session = client.sessions.current()
    if before is not None:
        _end(known, name, before)
    where = known.put(name, url, session.user.email, token)
    click.echo(f"Logged in to {url} as {_who(session)}, until {_until(session)}.")
    click.echo(f"That is kept in {shown(where)}.")
    return Exit.DONE


def _address(given: str, name: str, before: Known | None) -> str:
    """Return the address of the deployment that is meant. Raises Usage."""
    if not given and before is None:
        raise Usage(
            "say where the deployment is: syncoxiders cloud login URL, with the address of its "
            "console, which cdk deploy printed"
        )
    try:
        url = checked(given) if given else ""
    except AddressError as error:
        raise Usage(shown(str(error))) from error
    if before is not None and url not in {"", before.url}:
        raise Usage(
            f"{shown(name)} is {before.url}: give this one another name by --deployment, or "
            f"forget that one by syncoxiders cloud logout --deployment {shown(name)}"
        )
    return url or (before.url if before is not None else "")


def _allowed(client: Client, *, no_browser: bool) -> str:
    """Return the token that a person allowed us to have."""
    device = client.devices.begin(f"syncoxiders on {platform.node() or 'a machine'}")
    opening = not no_browser and _opens(device)
    what = "Allow it in your browser" if opening else "Open this address in any browser"
    click.echo(f"{what}. The code is {shown(device.user_code)}:\n", err=True)
    click.echo(f"  {shown(device.verification_uri_complete)}\n", err=True)
    return wait(client, device).token


def _opens(device: Device) -> bool:
    """Open the browser where a person decides, if that is an address to be opened."""
    with suppress(AddressError):
        checked(device.verification_uri_complete)
        return browser_opens(device.verification_uri_complete)
    return False


def _end(known: Deployments, name: str, before: Known) -> None:
    """End the login that there was, if that can be done."""
    with suppress(SyncError):
        token = known.token(name, before)
        if token:
            with asking.opened(before.url, token) as client:
                client.sessions.end()


def logout(name: str) -> Exit:
    """End the login, there as well if that can be done, and forget the deployment."""
    known = Deployments()
    name, found = known.named(name)
    left = ""
    token = ""
    with suppress(AccountError):
        token = known.token(name, found)
    if token:
        try:
            with asking.opened(found.url, token) as client:
                client.sessions.end()
        except ApiError as error:
            left = "" if error.status == 401 else str(error)  # noqa: PLR2004 -- it had ended
        except SyncError as error:
            left = str(error)
    known.forget(name)
    click.echo(f"Logged out of {found.url}.")
    if not left:
        return Exit.DONE
    click.echo(
        f"Note: the login could not be ended there ({shown(left)}); take it out of the programs in "
        "the console.",
        err=True,
    )
    return Exit.PARTIAL


def whoami(ctx: click.Context, *, as_json: bool) -> Exit:
    """Print who is logged in."""
    with asking.asked(ctx) as client:
        session = client.sessions.current()
        url = client.url
    if as_json:
        emit("cloud-session", url=url, **msgspec.to_builtins(session))
    else:
        click.echo(f"{_who(session)} at {url}, until {_until(session)}")
    return Exit.DONE


def deployments(*, as_json: bool) -> Exit:
    """Print the deployments that there is a login of."""
    known = Deployments().all()
    if not known and not as_json:
        click.echo("None. Log in to one by syncoxiders cloud login URL.")
    width = max((len(each) for each in known), default=0)
    for name, each in known.items():
        if as_json:
            emit("cloud-deployment", name=name, url=each.url, user=each.user or None)
        else:
            click.echo(f"{name:<{width}}  {each.url}, as {shown(each.user)}")
    return Exit.DONE


def _who(session: Session) -> str:
    who = shown(session.user.email or session.user.id)
    return f"{who} (an administrator)" if session.user.admin else who


def _until(session: Session) -> str:
    return moment(session.expires_at.timestamp())
