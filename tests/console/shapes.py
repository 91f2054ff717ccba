"""The API's shapes as TypeScript, by which the console's types are checked.

``python -m tests.console.shapes`` writes them anew after a shape has changed.
"""

import dataclasses
import importlib
import inspect
import pkgutil
import types
import typing
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

from syncoxiders.api import shapes

CONSOLE = Path(__file__).parents[2] / "functions" / "console"
PLACE = CONSOLE / "js" / "shapes.d.ts"

_HEAD = "// The API's shapes, written by `python -m tests.console.shapes`: do not edit by hand.\n"
_SIMPLE: dict[Any, str] = {
    str: "string",
    int: "number",
    float: "number",
    bool: "boolean",
    datetime: "string",
    date: "string",
    type(None): "null",
}


def all_shapes() -> Iterator[type]:
    """Return each shape once, in the order of the modules."""
    for module in pkgutil.iter_modules(shapes.__path__):
        loaded = importlib.import_module(f"{shapes.__name__}.{module.name}")
        for _, each in inspect.getmembers(loaded, inspect.isclass):
            if dataclasses.is_dataclass(each) and each.__module__ == loaded.__name__:
                yield each


def written() -> str:
    """Return the text of the file."""
    return _HEAD + "".join(map(_interface, all_shapes()))


def _interface(shape: type) -> str:
    hints = typing.get_type_hints(shape)
    # A response has each field, but for those that are null.
    lines = [
        f"  {field.name}{'?' if _may_lack(hints[field.name]) else ''}: {_type(hints[field.name])};"
        for field in dataclasses.fields(shape)
    ]
    return "\n".join([f"\nexport interface {shape.__name__} {{", *lines, "}\n"])


def _may_lack(hint: Any) -> bool:
    return type(None) in typing.get_args(hint)


def _type(hint: Any) -> str:
    if hint in _SIMPLE:
        return _SIMPLE[hint]
    if dataclasses.is_dataclass(hint):
        return str(typing.cast(type, hint).__name__)
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        return _type(args[0])
    if origin is typing.Literal:
        return " | ".join(f"'{value}'" for value in args)
    if origin in {typing.Union, types.UnionType}:
        return " | ".join(map(_type, args))
    if origin is list:
        inner = _type(args[0])
        return f"({inner})[]" if "|" in inner else f"{inner}[]"
    if origin is dict:
        return f"Record<{_type(args[0])}, {_type(args[1])}>"
    raise TypeError(f"no TypeScript for {hint}")


if __name__ == "__main__":
    PLACE.write_text(written())
