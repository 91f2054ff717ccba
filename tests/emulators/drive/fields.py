"""Partial responses: ``fields=files(id,name),nextPageToken``.

https://developers.google.com/workspace/drive/api/guides/fields-parameter
Names that the API does not have are refused, by the discovery document that comes with Google's
own client.
"""

import functools
import importlib.resources
import json
import re
from typing import Any, TypeAlias

from tests.emulators.drive import errors
from tests.emulators.serving import Request

Mask: TypeAlias = "dict[str, Mask]"
"""What is asked for, by name; an empty mask is everything."""

_TOKEN = re.compile(r"[\w*-]+|[(),/]")


@functools.cache
def schemas() -> dict[str, Any]:
    """Return the API's schemas by name."""
    package = importlib.resources.files("googleapiclient")
    found = package / "discovery_cache/documents/drive.v3.json"
    loaded: dict[str, Any] = json.loads(found.read_text())["schemas"]
    return loaded


def select(request: Request, schema: str, answer: dict[str, Any], default: str) -> dict[str, Any]:
    """Return what a request asked for of an answer; raises Failure.

    A value that can be called is only made when it is asked for.
    """
    picked: dict[str, Any] = _pick(answer, mask_of(request, schema, default))
    return picked


def mask_of(request: Request, schema: str, default: str = "*") -> Mask:
    """Return what a request asks for; raises Failure, so ask before anything is done."""
    text = request.query.get("fields") or default
    mask = _parse(text)
    _check(mask, {"$ref": schema}, text)
    return mask


def _parse(text: str) -> Mask:
    tokens = _TOKEN.findall(text)
    if "".join(tokens) != re.sub(r"\s", "", text):
        raise _refused(text)
    mask, rest = _group(tokens, text)
    if rest:
        raise _refused(text)
    return mask


def _group(tokens: list[str], text: str) -> tuple[Mask, list[str]]:
    mask: Mask = {}
    while True:
        if not tokens or tokens[0] in "(),/":
            raise _refused(text)
        at, tokens = mask.setdefault(tokens[0], {}), tokens[1:]
        while tokens and tokens[0] == "/":
            if len(tokens) == 1 or tokens[1] in "(),/":
                raise _refused(text)
            at, tokens = at.setdefault(tokens[1], {}), tokens[2:]
        if tokens and tokens[0] == "(":
            inner, tokens = _group(tokens[1:], text)
            at.update(inner)
            if not tokens or tokens[0] != ")":
                raise _refused(text)
            tokens = tokens[1:]
        if not tokens or tokens[0] != ",":
            return mask, tokens
        tokens = tokens[1:]


def _check(mask: Mask, shape: dict[str, Any], text: str) -> None:
    if "$ref" in shape:
        shape = schemas()[shape["$ref"]]
    if shape.get("type") == "array":
        _check(mask, shape["items"], text)
        return
    if "additionalProperties" in shape:
        return
    known = shape.get("properties", {})
    for name, inner in mask.items():
        if name == "*":
            continue
        if name not in known:
            raise _refused(name)
        _check(inner, known[name], text)


def _pick(value: Any, mask: Mask) -> Any:
    if callable(value):
        value = value()
    whole = not mask or "*" in mask
    if isinstance(value, list):
        return [_pick(each, mask) for each in value]
    if isinstance(value, dict):
        inner = {name: {} if whole else mask[name] for name in value if whole or name in mask}
        return {name: _pick(value[name], inner[name]) for name in inner}
    return value


def _refused(what: str) -> Exception:
    return errors.failure(
        400,
        "invalidParameter",
        f"Invalid field selection {what}",
        location="fields",
        locationType="parameter",
    )
