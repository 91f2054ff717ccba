"""A person with a browser: ``python -m tests.accounts.browser URL`` opens it and allows access.

Another choice than ``allow`` is in the environment, and so is a file of CAs.
"""

import html
import os
import re
import ssl
import sys
import urllib.error
import urllib.parse
import urllib.request


class Visit:
    """What the person saw at the end, and where."""

    def __init__(self, status: int, url: str, text: str) -> None:
        self.status, self.url, self.text = status, url, text


def visit(url: str, choice: str = "allow", cafile: str | None = None) -> Visit:
    """Open a consent page and choose."""
    page = fetch(url, cafile)
    found = re.search(rf'id="{choice}" href="([^"]*)"', page.text)
    if found is None:
        return page
    return fetch(urllib.parse.urljoin(url, html.unescape(found[1])), cafile)


def fetch(url: str, cafile: str | None = None) -> Visit:
    """Open an address; where nobody answers, the browser shows it nevertheless."""
    context = ssl.create_default_context(cafile=cafile) if cafile else None
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}),
        _Watching(),
        *([urllib.request.HTTPSHandler(context=context)] if context else []),
    )
    try:
        with opener.open(url, timeout=20) as answer:
            return Visit(answer.status, answer.url, answer.read().decode())
    except urllib.error.HTTPError as error:
        with error:
            return Visit(error.code, error.url or url, error.read().decode())
    except urllib.error.URLError:
        return Visit(0, _Watching.last, "cannot be reached")


class _Watching(urllib.request.HTTPRedirectHandler):
    last = ""

    def redirect_request(self, *args: object) -> urllib.request.Request | None:
        type(self).last = str(args[-1])
        return super().redirect_request(*args)  # type: ignore[arg-type]  # handed on as it came


def main() -> None:
    visit(sys.argv[1], os.environ.get("CHOICE", "allow"), os.environ.get("BROWSER_CA"))


if __name__ == "__main__":
    main()
