"""For what machine and Python the layers are built."""

import platform
import sys
from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """A Python version, as ``3.13``, and a platform, as uv names it."""

    python: str
    platform: str


LAMBDA = Target("3.14", "aarch64-manylinux_2_28")
"""Lambda on arm64, with Amazon Linux 2023 (glibc 2.34).

https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
"""


def this_machine(python: str = "") -> Target:
    """Return the target of an emulator that runs functions on an interpreter of this machine."""
    system, machine = platform.system(), platform.machine().lower().replace("arm64", "aarch64")
    tail = {"Linux": "manylinux_2_28", "Darwin": "apple-darwin"}.get(system)
    if tail is None:
        raise SystemExit(f"The local cloud runs on Linux and macOS, not on {system}.")
    return Target(python or _running(), f"{machine}-{tail}")


def _running() -> str:
    return f"{sys.version_info.major}.{sys.version_info.minor}"
