"""Documents without bytes of their own, and the names of the files that are made of them.

A document is told of under its own name and the extension of the format that it is exported to:
``Notes.paper`` as ``Notes.paper.html``. The feed says of what is gone only where it was, neither
what it was nor in which format, so that the formats have to follow from the name: others are
left out. Sources: the docstrings of ``files.ExportInfo`` and ``files_export`` in the SDK; which
formats there are is not documented, and what is seen of them is gathered by rclone's authors:
https://github.com/rclone/rclone/pull/8371
"""

from typing import Any

from syncoxiders.adapters.providers.dropbox._sdk import files

_FORMATS: dict[str, dict[str, str]] = {
    "paper": {"html": "html", "markdown": "md"},
    "papert": {"html": "html", "markdown": "md"},
    "gdoc": {"docx": "docx"},
    "gsheet": {"xlsx": "xlsx"},
    "gslides": {"pptx": "pptx"},
}
"""By a document's extension: formats that it is exported to, and their extensions."""


def is_document(metadata: Any) -> bool:
    """Say whether a file has no bytes to download, only exports."""
    return isinstance(metadata, files.FileMetadata) and not metadata.is_downloadable


def is_exported(metadata: Any) -> bool:
    """Say whether a document can be told of as a file."""
    return bool(_extension(metadata))


def shown_name(metadata: Any) -> str:
    """Return the name under which a document is told of."""
    return f"{metadata.name}.{_extension(metadata)}"


def companions(name: str) -> list[str]:
    """Return the names under which a document of a name may have been told of."""
    return [f"{name}.{extension}" for extension in _formats(name).values()]


def document_name(shown: str) -> str:
    """Return the name of the document that may be told of under a name, "" if there is none."""
    own = shown.rpartition(".")[0]
    return own if shown.lower() in map(str.lower, companions(own)) else ""


def _formats(name: str) -> dict[str, str]:
    return _FORMATS.get(name.rpartition(".")[2].lower(), {}) if "." in name else {}


def _extension(metadata: Any) -> str:
    info = metadata.export_info
    format_ = info.export_as if info is not None else None
    return _formats(metadata.name).get(format_ or "", "")
