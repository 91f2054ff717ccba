"""Headers that every answer has, so that a browser does with it nothing that was not meant."""

from collections.abc import Mapping

ALWAYS: Mapping[str, str] = {
    "Strict-Transport-Security": "max-age=31536000",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}

DATA: Mapping[str, str] = {
    **ALWAYS,
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}
"""Of what is no page: nothing in it is to be shown, run, framed or kept."""


def guarded(headers: Mapping[str, str], more: Mapping[str, str] = DATA) -> dict[str, str]:
    """Return headers with those that are lacking; names in lower case."""
    found = {name.lower(): value for name, value in more.items()}
    found.update({name.lower(): value for name, value in headers.items()})
    return found
