"""The address of a deployment: what may be one."""

import ipaddress
import re
import urllib.parse

from syncoxiders.api.errors import AddressError

_API = "/api/v1"
_ODD = re.compile(r"[\s\x00-\x1f\x7f<>\"\\^`{|}]")
"""What no address has in it (RFC 3986)."""


def loopback(host: str) -> bool:
    """Say whether a host is this machine, so that nobody is on the way to it."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def checked(url: str) -> str:
    """Return the address of a deployment in its one form, without a slash at the end.

    A host alone is one, too. Raises AddressError where it is none, and where what is sent there
    could be read on the way.
    """
    given = url.strip()
    if "//" not in given:
        given = f"https://{given}"
    try:
        parts = urllib.parse.urlsplit(given)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise AddressError(f"{url!r} is no address: {error}") from error
    if parts.scheme not in {"http", "https"} or not host or _ODD.search(given):
        raise AddressError(f"{url!r} is no address of a deployment, as https://sync.example.org")
    if parts.username is not None or parts.password is not None:
        raise AddressError("leave the name and the password out of the address of the deployment")
    if parts.scheme == "http" and not loopback(host):
        raise AddressError(f"{host} is asked by https only: by http, others could read all of it")
    name = f"[{host}]" if ":" in host else host
    place = f"{name}:{port}" if port is not None else name
    path = parts.path.rstrip("/").removesuffix(_API).rstrip("/")
    return f"{parts.scheme}://{place}{path}"
