"""Small texts for people."""

import time
from collections.abc import Sequence

KIB = 1024
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")


def shown(name: str) -> str:
    """Return a name or path as it may be printed: whatever is not printable is escaped.

    A name may hold line ends, and commands to the terminal.
    """
    if name.isprintable():
        return name
    return "".join(char if char.isprintable() else _escaped(char) for char in name)


def _escaped(char: str) -> str:
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:  # noqa: PLR2004 -- a byte that is no UTF-8
        return f"\\x{code - 0xDC00:02x}"
    return char.encode("unicode_escape", "backslashreplace").decode("ascii")


def size(count: float) -> str:
    """Return bytes in a unit that suits them."""
    unit = 0
    while count >= KIB and unit < len(_UNITS) - 1:
        count /= KIB
        unit += 1
    return f"{count:.0f} {_UNITS[unit]}" if unit == 0 else f"{count:.1f} {_UNITS[unit]}"


def duration(seconds: float) -> str:
    """Return a duration."""
    minutes, rest = divmod(round(seconds), 60)
    if not minutes:
        return f"{seconds:.1f} s"
    hours, minutes = divmod(minutes, 60)
    parts = [(hours, "h"), (minutes, "min"), (0 if hours else rest, "s")]
    return " ".join(f"{number} {unit}" for number, unit in parts if number)


def moment(seconds: float) -> str:
    """Return an instant in local time."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))


def counted(count: int, one: str, many: str = "") -> str:
    """Return a number with its noun."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def listed(parts: Sequence[str], last: str = "and") -> str:
    """Return ``a, b and c``."""
    if len(parts) < 2:  # noqa: PLR2004 -- one needs no joining
        return "".join(parts)
    return f"{', '.join(parts[:-1])} {last} {parts[-1]}"
