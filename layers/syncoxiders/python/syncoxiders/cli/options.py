"""The options of ``sync``, ``watch`` and ``check``, and what they amount to."""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias, TypeVar

import click
import msgspec

from syncoxiders.cli import config
from syncoxiders.cli.endpoints import Root, parse
from syncoxiders.cli.exits import Usage
from syncoxiders.cli.text import counted, shown
from syncoxiders.core import filters
from syncoxiders.core.model import Mode
from syncoxiders.engine.guard import Limit, parse_limit

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

Links: TypeAlias = Literal["skip", "follow", "copy"]

_KEEPS = ("newer", "older", "bigger", "smaller")
_COMPARES = ("size", "modtime", "hash")
_NANO = 1_000_000_000
_ORDER = "syncoxiders.filters"
DEPLOYED = "syncoxiders.deployed"
"""Under which a context keeps the stack's name and the file of outputs that were named."""
DEPLOYMENT = "syncoxiders.deployment"
"""Under which a context keeps the name of the deployment to ask."""


# --- values ---------------------------------------------------------------------------------


def _reads(read: Callable[[str], Any]) -> Callable[[Any], Any]:
    """Return an option's type that reads text; its ValueError is told to the person."""

    def convert(value: Any) -> Any:
        try:
            return read(str(value))
        except ValueError as error:
            raise click.BadParameter(shown(str(error))) from error

    return convert


def _keep(text: str) -> str:
    plain = text.strip().lower()
    if plain in _KEEPS or re.fullmatch(r"path[1-9][0-9]{0,3}", plain):
        return plain
    raise ValueError(f"{text!r} is not one of {', '.join(_KEEPS)}, path1, path2 …")


def _compare(text: str) -> frozenset[str]:
    parts = frozenset(part.strip().lower() for part in text.split(","))
    if wrong := sorted(parts.difference(_COMPARES)):
        raise ValueError(f"{wrong[0]!r} is not one of {', '.join(_COMPARES)}")
    return parts


def _rate(text: str) -> float | None:
    if text.strip().lower() in ("off", "0"):
        return None
    rate = filters.parse_size(text)
    if not rate:
        raise ValueError(f"{text!r} is less than a byte a second")
    return float(rate)


def _age(text: str) -> str:
    filters.parse_age(text, time.time())
    return text


def _interval(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = -filters.parse_age(text, 0.0) / _NANO
        except ValueError:
            seconds = 0.0
    if not 1.0 <= seconds < 10 * 365 * 86_400:
        raise ValueError(f"{text!r} is not a duration of a second or more, as 90s, 5m or 2h")
    return seconds


# --- the options ----------------------------------------------------------------------------


class FilteredCommand(click.Command):
    """A command that remembers the order of its filter options, of which the last match wins."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse, and note each filter option with its value as it came."""
        values, _, order = self.make_parser(ctx).parse_args(list(args))
        taken: dict[str, int] = {}
        given: list[tuple[str, str]] = []
        for param in order:
            name = param.name or ""
            if name in config.FILTERS:
                given.append((name, values[name][taken.get(name, 0)]))
                taken[name] = taken.get(name, 0) + 1
        ctx.meta[_ORDER] = given
        return super().parse_args(ctx, args)


def _all(*options: Callable[[Any], Any]) -> Callable[[Decorated], Decorated]:
    def decorate(command: Decorated) -> Decorated:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


_size = _reads(filters.parse_size)
_ages = _reads(_age)
_file = click.Path(exists=True, dir_okay=False, path_type=Path)

paths_argument = click.argument("paths", nargs=-1, metavar="PATH1 PATH2 [PATH3 …]")

named_options = _all(
    click.option("--name", default="", metavar="NAME", help="Take the sync of this name."),
    click.option("--config", "config_file", type=_file, help="The file that names syncs (TOML)."),
)

state_option = click.option(
    "--state",
    type=click.Path(readable=False, path_type=Path),
    metavar="DIR",
    help="Where to remember what the folders agree on. Default: found by the set of folders.",
)

json_option = click.option(
    "--json", "as_json", is_flag=True, help="One JSON object per line, for programs."
)

output_options = _all(
    json_option,
    click.option("-v", "--verbose", count=True, help="Say more: every file, whole plans."),
    click.option("-q", "--quiet", is_flag=True, help="Say nothing but what went wrong."),
)

sync_choice = _all(
    click.argument("paths", nargs=-1, metavar="[PATH1 PATH2 …]"),
    named_options,
    state_option,
)
"""Which sync to speak of."""

pattern_options = _all(
    click.option(
        "--include",
        multiple=True,
        metavar="PATTERN",
        help="Let in what matches (gitignore syntax). Of all filters the last match wins.",
    ),
    click.option("--exclude", multiple=True, metavar="PATTERN", help="Leave out what matches."),
    click.option(
        "--filter-from",
        multiple=True,
        type=_file,
        metavar="FILE",
        help="Read gitignore lines from a file.",
    ),
)

size_options = _all(
    click.option(
        "--min-size", type=_size, metavar="SIZE", help="Leave out smaller files (10K, 1.5M, 2GB)."
    ),
    click.option("--max-size", type=_size, metavar="SIZE", help="Leave out larger files."),
)

filter_options = _all(
    pattern_options,
    size_options,
    click.option(
        "--min-age", type=_ages, metavar="AGE", help="Leave out younger files (12h, 7d, a date)."
    ),
    click.option("--max-age", type=_ages, metavar="AGE", help="Leave out older files."),
)

links_option = click.option(
    "--links",
    type=click.Choice(["skip", "follow", "copy"]),
    default="skip",
    show_default=True,
    help="What to do with symbolic links.",
)

transfers_option = click.option(
    "--transfers",
    type=click.IntRange(1, 256),
    default=4,
    show_default=True,
    metavar="N",
    help="How many files to carry at once.",
)

mode_option = click.option(
    "--mode",
    type=click.Choice([mode.value for mode in Mode]),
    default=Mode.TWO_WAY.value,
    show_default=True,
    help="Which changes count; PATH1 is the source of all but two-way.",
)

keep_option = click.option(
    "--keep",
    type=_reads(_keep),
    metavar="newer|older|bigger|smaller|pathN",
    default="newer",
    show_default=True,
    help="Which version of a conflict keeps its name; the other is kept beside it.",
)

auto_merge_option = click.option(
    "--auto-merge/--no-auto-merge", help="Merge two edits of a text where that is clean."
)

max_delete_option = click.option(
    "--max-delete",
    type=_reads(parse_limit),
    metavar="N|N%",
    default="50%",
    show_default=True,
    help="Stop and ask if more would be deleted or overwritten within a day.",
)

sync_options = _all(
    named_options,
    state_option,
    mode_option,
    keep_option,
    click.option(
        "--compare",
        type=_reads(_compare),
        metavar="size,modtime,hash",
        default="size,modtime",
        show_default=True,
        help="How a change is noticed. hash reads every file.",
    ),
    auto_merge_option,
    filter_options,
    links_option,
    max_delete_option,
    click.option(
        "--approve", default="", metavar="PLAN", help="Let this plan, which was stopped, through."
    ),
    click.option(
        "--fail-on-conflict/--no-fail-on-conflict", help="Exit with 5 if there were conflicts."
    ),
    click.option(
        "--verify/--no-verify",
        default=True,
        show_default=True,
        help="Read back what was written and compare.",
    ),
    click.option(
        "--trash/--no-trash",
        default=True,
        show_default=True,
        help="Keep what is deleted or replaced in .syncoxiders-trash for 30 days.",
    ),
    transfers_option,
    click.option(
        "--bwlimit",
        type=_reads(_rate),
        metavar="RATE",
        default="off",
        show_default=True,
        help="Carry at most so many bytes a second (500K, 10M).",
    ),
    output_options,
)

rule_options = _all(
    mode_option,
    keep_option,
    auto_merge_option,
    filter_options,
    max_delete_option,
)
"""What makes up the rule of a deployed sync."""

dry_run_option = click.option(
    "--dry-run", is_flag=True, help="Say what would be done; touch nothing."
)

interval_option = click.option(
    "--interval",
    type=_reads(_interval),
    metavar="DURATION",
    default="5m",
    show_default=True,
    help="How often to look at everything, whatever the file system tells.",
)


# --- what they amount to --------------------------------------------------------------------


class Filters(msgspec.Struct, frozen=True):
    """The filter options."""

    rules: tuple[filters.Rule, ...] = ()
    min_size: int | None = None
    max_size: int | None = None
    min_age: str | None = None
    max_age: str | None = None

    def at(self, now: float) -> filters.Filter:
        """Return the filter as it is at an instant. Raises Usage where it contradicts itself."""
        try:
            return filters.Filter(
                options=self.rules,
                min_size=self.min_size,
                max_size=self.max_size,
                min_mtime_ns=filters.parse_age(self.max_age, now) if self.max_age else None,
                max_mtime_ns=filters.parse_age(self.min_age, now) if self.min_age else None,
            )
        except ValueError as error:
            raise Usage(shown(str(error))) from error


class Output(msgspec.Struct, frozen=True):
    """How to tell."""

    json: bool = False
    verbose: bool = False
    quiet: bool = False


class Request(msgspec.Struct, frozen=True):
    """What a person asks for. ``locate`` are the options by which its state is found again."""

    roots: tuple[Root, ...]
    state: Path | None
    mode: Mode
    keep: str
    compare: frozenset[str]
    auto_merge: bool
    filters: Filters
    links: Links
    limit: Limit
    approve: str
    fail_on_conflict: bool
    verify: bool
    trash: bool
    transfers: int
    rate: float | None
    output: Output
    dry_run: bool = False
    interval: float = 0.0
    locate: tuple[str, ...] = ()


def read_request(ctx: click.Context, given: Mapping[str, Any]) -> Request:
    """Return what ``sync`` and ``watch`` were asked for. Raises Usage."""
    values, rules = _values(ctx, given)
    roots = read_roots(values["paths"])
    keep = values["keep"]
    if keep.startswith("path") and int(keep[4:]) > len(roots):
        raise Usage(f"--keep {keep}: there are only {counted(len(roots), 'folder')}")
    state = values["state"]
    request = Request(
        roots=roots,
        state=state,
        mode=Mode(values["mode"]),
        keep=keep,
        compare=values["compare"],
        auto_merge=values["auto_merge"],
        filters=_filters(values, rules),
        links=values["links"],
        limit=values["max_delete"],
        approve=values["approve"].strip(),
        fail_on_conflict=values["fail_on_conflict"],
        verify=values["verify"],
        trash=values["trash"],
        transfers=values["transfers"],
        rate=values["bwlimit"],
        output=read_output(values),
        dry_run=values.get("dry_run", False),
        interval=values.get("interval", 0.0),
        locate=("--state", str(state)) if state is not None else (),
    )
    request.filters.at(time.time())
    return request


def read_roots(paths: Sequence[str]) -> tuple[Root, ...]:
    """Return the folders that were named. Raises Usage."""
    if len(paths) < 2:  # noqa: PLR2004 -- a sync has two
        raise Usage("name at least two folders, as in: syncoxiders sync LEFT RIGHT")
    return tuple(parse(path) for path in paths)


def read_choice(
    ctx: click.Context, given: Mapping[str, Any]
) -> tuple[tuple[Root, ...], Path | None]:
    """Return the folders and the state folder that say which sync is meant. Raises Usage."""
    paths, state = given["paths"], given["state"]
    if given["name"] or given["config_file"]:
        named = config.named(ctx, given["name"], given["config_file"], strict=False)
        paths = paths or named.paths
        state = state or named.values.get("state")
    return read_roots(paths) if paths else (), state


def read_patterns(ctx: click.Context, given: Mapping[str, Any]) -> list[str]:
    """Return the patterns that were given as gitignore lines, in their order. Raises Usage.

    All filters are looked at, also those that are no patterns.
    """
    lines: list[str] = []
    for name, value in ctx.meta[_ORDER]:
        if name == "filter_from":
            lines.extend(_lines_of(Path(value)))
        else:
            lines.append(f"!{value}" if name == "include" else value)
    read_filters(ctx, given)
    return lines


def read_output(values: Mapping[str, Any]) -> Output:
    """Return how to tell. Raises Usage."""
    if values["verbose"] and values["quiet"]:
        raise Usage("--verbose and --quiet contradict each other")
    return Output(values["as_json"], bool(values["verbose"]), values["quiet"])


def read_filters(ctx: click.Context, given: Mapping[str, Any]) -> Filters:
    """Return the filter options alone. Raises Usage."""
    found = _filters(given, ctx.meta[_ORDER])
    found.at(time.time())
    return found


def _values(
    ctx: click.Context, given: Mapping[str, Any]
) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """Join the command line with what a file says under a name; the command line wins."""
    values = dict(given)
    rules: list[tuple[str, str]] = ctx.meta[_ORDER]
    if values["name"] or values["config_file"]:
        named = config.named(ctx, values["name"], values["config_file"])
        values |= {
            key: value
            for key, value in named.values.items()
            if ctx.get_parameter_source(key) is click.core.ParameterSource.DEFAULT
        }
        if not values["paths"]:
            values["paths"] = named.paths
        rules = [*named.rules, *rules]
    return values, rules


def _filters(values: Mapping[str, Any], rules: Sequence[tuple[str, str]]) -> Filters:
    found: list[filters.Rule] = []
    for name, value in rules:
        try:
            if name == "filter_from":
                found.extend(_rules_from(Path(value)))
            else:
                found.append((filters.include if name == "include" else filters.exclude)(value))
        except ValueError as error:
            option = "--" + name.replace("_", "-")
            raise Usage(f"{option}: {shown(str(error))}") from error
    return Filters(
        tuple(found),
        values["min_size"],
        values["max_size"],
        values["min_age"],
        values["max_age"],
    )


def _rules_from(path: Path) -> Sequence[filters.Rule]:
    return filters.read_rules(_text_of(path), str(path))


def _lines_of(path: Path) -> list[str]:
    try:
        return _text_of(path).splitlines()
    except ValueError as error:
        raise Usage(f"--filter-from: {shown(str(error))}") from error


def _text_of(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig", "surrogateescape")
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from error
