"""The view over all files of all accounts."""

from syncoxiders.api.http import Http, Query
from syncoxiders.api.pages import Pages
from syncoxiders.api.shapes.files import File, Files, Statistics


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
        type_: str = "",
        min_size: int | None = None,
        max_size: int | None = None,
        after: str = "",
        before: str = "",
        sort: str = "",
    ) -> Pages[Files, File]:
        """Return files and folders that fit all that is given; two of the options are dates."""
        query: dict[str, str | int | None] = {
            "q": q,
            "account": account,
            "sync": sync,
            "type": type_,
            "min_size": min_size,
            "max_size": max_size,
            "after": after,
            "before": before,
            "sort": sort,
        }
        return self._pages("/files", query)

    def in_folder(self, sync: str, endpoint: str, path: str = "") -> Pages[Files, File]:
        """Return what is in a folder, of the same view."""
        return self._pages("/files/in", {"sync": sync, "endpoint": endpoint, "path": path})

    def statistics(self) -> Statistics:
        """Return figures over everything."""
        return self._http.get("/statistics", Statistics)

    def _pages(self, path: str, query: Query) -> Pages[Files, File]:
        return Pages(lambda cursor: self._http.get(path, Files, {**query, "cursor": cursor}))
