"""Bytecode for the target's Python, so that a function does not compile it all at its first event.

It can only be made by that very Python. Where this machine has none the archives go without: they
work all the same, but begin later.
"""

import shutil
import subprocess
import sys
from pathlib import Path

WHERE = "/opt/python"
"""Where Lambda unpacks the layers: what tracebacks name."""


def interpreter(version: str) -> str | None:
    """Return an interpreter of a version, as ``3.14``, if there is one."""
    for candidate in (sys.executable, shutil.which(f"python{version}")):
        if candidate is not None and _version(candidate) == version:
            return candidate
    return None


def add(folder: Path, version: str) -> bool:
    """Compile what is in a folder, by hashes that nobody checks; False if no Python can."""
    python = interpreter(version)
    if python is None:
        return False
    command = [python, "-I", "-m", "compileall", "-q", "-f", "-j", "0", "--invalidation-mode"]
    command += ["unchecked-hash", "-s", str(folder), "-p", WHERE, str(folder)]
    # What does not compile is for other versions of Python, and never imported.
    subprocess.run(command, check=False, capture_output=True)
    return True


def _version(python: str) -> str:
    asked = "import sys; print(*sys.version_info[:2], sep='.')"
    ran = subprocess.run([python, "-c", asked], capture_output=True, text=True, check=False)
    return ran.stdout.strip()
