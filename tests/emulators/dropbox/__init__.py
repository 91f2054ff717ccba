"""Dropbox's HTTP API, version 2, for one personal account with its files in memory.

What is said of Dropbox here comes from its documentation, as the docstrings of the official SDK
repeat it (https://www.dropbox.com/developers/documentation/http/documentation), unless another
source is named. All hosts (api, content, notify, www) are answered by the one server.

What a test can turn, besides ``faults`` and the clock that all emulators have:

=====================  ===============================================================
``people``             the hands of those who use the Dropbox
``tree``               ``moves_add_first``, ``respells``
``storage``            ``odd_casing``
``listing``            ``page_size``, ``freeze()``, ``thaw()``, ``reset()`` (of every
                       cursor), ``longest_poll``, ``backoff``
``uploading``          ``largest_request``, ``jobs.polls``
``relocating``         ``most_files``, ``jobs.polls``
``write_lock``         ``seconds`` (that a write takes), ``refuse()``
``oauth``              ``issue()`` (for some scopes), ``expire()``, ``revoke_all()``
``webhook``            ``lose()``, ``repeat()``, ``answers``, ``settle()``
the emulator itself    ``throttle()``, ``garble()``, ``allot()``, ``strict``, ``calls``
=====================  ===============================================================

Most of it is also done by a request, ``POST /_control/ACTION`` with arguments as JSON.
"""

from tests.emulators.dropbox.emulator import DropboxEmulator


def create(root: str = "/Root") -> DropboxEmulator:
    """Return an emulator; its ``people`` have a folder of this path, "" for the whole account."""
    return DropboxEmulator(root)


__all__ = ["DropboxEmulator", "create"]
