"""Named syncs, from a TOML file.

::

    [sync.work]
    paths = ["~/Work", "/mnt/backup/Work"]
    mode = "two-way"
    exclude = ["*.tmp", "build/"]
    max-delete = "20%"

A key is an option's long name without the dashes; ``verify`` and ``trash`` are true or false.
Filters apply in the order of the file. Paths are relative to the file's folder; ``~`` is the
person's home.
"""

from pathlib import Path
from typing import Any

import click
import msgspec

from syncoxiders.cli.exits import Usage
from syncoxiders.cli.text import listed, shown

FILTERS = ("include", "exclude", "filter_from")
"""The options of which the order counts."""

_NOT_HERE = frozenset(
    {"paths", "name", "config_file", "approve", "dry_run", "as_json", "verbose", "quiet", "help"}
)


class Named(msgspec.Struct, frozen=True):
    """What a file says of a sync: its paths, its filters in order, other options by parameter."""

    paths: tuple[str, ...]
    rules: tuple[tuple[str, str], ...]
    values: dict[str, Any]


def named(ctx: click.Context, name: str, file: Path | None, *, strict: bool = True) -> Named:
    """Return what the file says of the sync, its values as the command's options read them.

    Unless ``strict``, options that the command does not have are left out.

    Raises Usage where there is no such file or sync, and where it cannot be read.
    """
    path = file or _usual()
    syncs = _syncs(path)
    if name not in syncs:
        there = listed([shown(each) for each in syncs], "or") or "none"
        wish = f"no sync called {shown(name)!r}" if name else "say which sync with --name"
        raise Usage(f"{wish}; {shown(str(path))} has {there}")
    table = syncs[name]
    where = f"{shown(str(path))}, [sync.{shown(name)}]"
    if not isinstance(table, dict):
        raise Usage(f"{where} is not a table")
    return _read(ctx, table, path.absolute().parent, where, strict=strict)


def _usual() -> Path:
    import platformdirs  # noqa: PLC0415 -- only a named sync needs it

    return Path(platformdirs.user_config_dir("syncoxiders")) / "config.toml"


def _syncs(path: Path) -> dict[str, Any]:
    import tomllib  # noqa: PLC0415 -- only a named sync needs it

    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise Usage(f"there is no {shown(str(path))} that names syncs; see --config") from None
    except OSError as error:
        raise Usage(f"{shown(str(path))} cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Usage(f"{shown(str(path))} is not TOML: {error}") from error
    syncs = content.get("sync", {})
    if not isinstance(syncs, dict):
        raise Usage(f"{shown(str(path))}: 'sync' is not a table")
    return syncs


def _read(
    ctx: click.Context, table: dict[str, Any], folder: Path, where: str, *, strict: bool
) -> Named:
    params = {
        param.opts[0].lstrip("-"): param
        for param in ctx.command.get_params(ctx)
        if param.name not in _NOT_HERE
    }
    paths: tuple[str, ...] = ()
    rules: list[tuple[str, str]] = []
    values: dict[str, Any] = {}
    for written, value in table.items():
        key = written.replace("_", "-")
        if key == "paths":
            paths = tuple(_local(each, folder) for each in _texts(value, written, where))
        elif key not in params:
            if not strict or key == "interval":  # of a sync that is also watched
                continue
            raise Usage(f"{where}: there is no option {shown(written)!r}")
        elif (param := params[key]).name in FILTERS:
            texts = _texts(value, written, where)
            if key == "filter-from":
                texts = [_local(each, folder) for each in texts]
            rules.extend((param.name or "", each) for each in texts)
        else:
            values[param.name or ""] = _value(ctx, param, value, folder, f"{where}: {written}")
    return Named(paths, tuple(rules), values)


def _value(ctx: click.Context, param: click.Parameter, value: Any, folder: Path, where: str) -> Any:
    if isinstance(value, list) and param.name == "compare":
        value = ",".join(map(str, value))
    if param.name == "state" and isinstance(value, str):
        value = _local(value, folder)
    if isinstance(value, dict | list):
        raise Usage(f"{where} is not a single value")
    try:
        return param.type_cast_value(ctx, value)
    except click.BadParameter as error:
        raise Usage(f"{where}: {error.message}") from error


def _texts(value: Any, key: str, where: str) -> list[str]:
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list) or not all(isinstance(each, str) for each in values):
        raise Usage(f"{where}: {shown(key)} is not a list of texts")
    return values


def _local(text: str, folder: Path) -> str:
    """Return a path of the file as it is from anywhere; an account stays what it is."""
    path = Path(text).expanduser()
    if not path.is_absolute() and ":" in text.partition("/")[0]:
        return text
    return str(folder / path)
