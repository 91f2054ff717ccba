"""Google-native documents: what they can be exported to, and how.

https://developers.google.com/workspace/drive/api/guides/ref-export-formats
"""

import urllib.parse

from tests.emulators.drive.model import DOCUMENT, NATIVE, File

EXPORT_LIMIT = 10 << 20
"""``files.export`` gives at most 10 MB; ``exportLinks`` any size."""

SPREADSHEET = NATIVE + "spreadsheet"
PRESENTATION = NATIVE + "presentation"
DRAWING = NATIVE + "drawing"
FORM = NATIVE + "form"

_OFFICE = "application/vnd.openxmlformats-officedocument."
_OPEN = "application/vnd.oasis.opendocument."

EXPORTS: dict[str, dict[str, str]] = {
    DOCUMENT: {
        _OFFICE + "wordprocessingml.document": "docx",
        _OPEN + "text": "odt",
        "application/rtf": "rtf",
        "application/pdf": "pdf",
        "text/plain": "txt",
        "application/zip": "zip",
        "application/epub+zip": "epub",
        "text/markdown": "md",
    },
    SPREADSHEET: {
        _OFFICE + "spreadsheetml.sheet": "xlsx",
        "application/x-vnd.oasis.opendocument.spreadsheet": "ods",
        "application/pdf": "pdf",
        "application/zip": "zip",
        "text/csv": "csv",
        "text/tab-separated-values": "tsv",
    },
    PRESENTATION: {
        _OFFICE + "presentationml.presentation": "pptx",
        _OPEN + "presentation": "odp",
        "application/pdf": "pdf",
        "text/plain": "txt",
        "image/jpeg": "jpg",
        "image/png": "png",
        "image/svg+xml": "svg",
    },
    DRAWING: {
        "application/pdf": "pdf",
        "image/jpeg": "jpg",
        "image/png": "png",
        "image/svg+xml": "svg",
    },
    NATIVE + "script": {NATIVE + "script+json": "json"},
}
"""Formats and their extensions, by the document's type. A form has none."""

IMPORTS: dict[str, list[str]] = {
    _OFFICE + "wordprocessingml.document": [DOCUMENT],
    _OPEN + "text": [DOCUMENT],
    "text/plain": [DOCUMENT],
    _OFFICE + "spreadsheetml.sheet": [SPREADSHEET],
    "text/csv": [SPREADSHEET],
    _OFFICE + "presentationml.presentation": [PRESENTATION],
}
"""What an upload can be turned into, by its type."""

_KINDS = {
    DOCUMENT: "documents",
    SPREADSHEET: "spreadsheets",
    PRESENTATION: "presentations",
    DRAWING: "drawings",
}


def export(file: File, extension: str, mark: str = "") -> bytes:
    """Return a document in a format: its text, below a line that tells the format."""
    if extension == "txt":
        return file.text
    return f"%{extension} of a Google document {mark}\n".encode() + file.text


def extension_for(file: File, mime: str) -> str | None:
    """Return the extension of a format in which a document can be had."""
    return EXPORTS.get(file.mime, {}).get(mime)


def links(file: File, base: str) -> dict[str, str]:
    """Return where a document can be had, by format."""
    kind = _KINDS.get(file.mime, "scripts")
    return {
        mime: f"{base}/feeds/download/{kind}/Export?"
        + urllib.parse.urlencode({"id": file.id, "exportFormat": extension})
        for mime, extension in EXPORTS.get(file.mime, {}).items()
    }
