"""The view over all files of all accounts."""

from datetime import datetime
from typing import Literal

from syncoxiders.api.http import Http, Query
from syncoxiders.api.pages import Pages
from syncoxiders.api.shapes.files import File, Files, Statistics, Type


class FileList:
    """Everything that is known of, wherever it is."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def search(
        self,
        q: str = "",
        *,
        account: str = "",
        sync: str = "",
        endpoint: str = "",
        type_: Type | None = None,
        min_size: int | None = None,
        max_size: int | None = None,
        after: datetime | None = None,
        before: datetime | None = None,
        sort: Literal["relevance", "name", "size", "modified"] = "relevance",
        limit: int | None = None,
    ) -> Pages[Files, File]:
        """Return files and folders that fit all that is given, so many a page.

        ``q`` are words that a name has to have, each from its beginning on.
        """
        query: dict[str, str | int | None] = {
            "q": q,
            "account": account,
            "sync": sync,
            "endpoint": endpoint,
            "type": type_,
            "min_size": min_size,
            "max_size": max_size,
            "after": after.isoformat() if after is not None else None,
            "before": before.isoformat() if before is not None else None,
            "sort": sort if sort != "relevance" else None,
            "limit": limit,
        }
        return self._pages("/files", query)

    def in_folder(
        self, sync: str, endpoint: str, path: str = "", *, limit: int | None = None
    ) -> Pages[Files, File]:
        """Return what is in a folder, of the same view."""
        query = {"sync": sync, "endpoint": endpoint, "path": path, "limit": limit}
        return self._pages("/files/in", query)

    def statistics(self) -> Statistics:
        """Return figures over everything."""
        return self._http.get("/statistics", Statistics)

    def _pages(self, path: str, query: Query) -> Pages[Files, File]:
        return Pages(lambda cursor: self._http.get(path, Files, {**query, "cursor": cursor}))
