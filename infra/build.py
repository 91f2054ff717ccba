"""Builds what the functions run: two layers, and an archive for each function. No Docker.

``python -m infra.build`` builds for Lambda, ``--local`` for an emulator on this machine. Wheels
come by their hashes from ``requirements-lambda.lock``, for the target's platform whatever this
machine is. What is up to date is left as it is.
"""

import argparse
import fcntl
import hashlib
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from infra import archive, bytecode, pruning
from infra.places import BUILT, BUILT_LOCAL, ROOT
from infra.target import LAMBDA, Target, this_machine

_MAKERS = (archive, bytecode, pruning, sys.modules[__name__])
"""What a change of makes another archive of the same packages."""

LOCK = ROOT / "requirements-lambda.lock"
SOURCE = ROOT / "layers" / "syncoxiders" / "python" / "syncoxiders"
FUNCTIONS = ROOT / "functions"

_KEPT_OF_API = ("__init__.py", "openapi.json", "shapes")
"""What the API's two sides have in common; the rest of that package is the client."""

MOST_UNZIPPED = 250 << 20
"""A function with all its layers; https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html."""
MOST_ZIPPED = 50 << 20
"""One archive, if it is uploaded directly (same page)."""


@dataclass(frozen=True)
class Built:
    """An archive and its sizes in bytes."""

    name: str
    zipped: int
    unzipped: int


def build(out: Path, target: Target, functions: Path = FUNCTIONS) -> list[Built]:
    """Build all archives into a folder, and return them with their sizes."""
    out.mkdir(parents=True, exist_ok=True)
    with (out / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # of two who build, the second finds it done
        built = _build(out, target, functions)
    check(built)
    return built


def _build(out: Path, target: Target, functions: Path) -> list[Built]:
    _once(out / "vendor.zip", _vendor_stamp(target), lambda path: _vendor(path, target))
    _code(out / "code.zip", target)
    names = ["vendor", "code"]
    shared = [path for path in functions.glob("_*.py") if path.is_file()]
    for path in sorted(set(functions.glob("*.py")) - set(shared)):
        files = [(f"functions/{source.name}", source) for source in (path, *shared)]
        files += archive.below(path.with_suffix(""), f"functions/{path.stem}")
        archive.write(out / f"{path.stem}.zip", files)
        names.append(path.stem)
    return [_measure(out / f"{name}.zip") for name in names]


def check(built: list[Built]) -> None:
    """Stop if Lambda would not take these archives."""
    for one in built:
        if one.zipped > MOST_ZIPPED:
            raise SystemExit(
                f"{one.name} has {one.zipped} bytes zipped; Lambda takes {MOST_ZIPPED}."
            )
    whole = sum(one.unzipped for one in built)
    if whole > MOST_UNZIPPED:
        raise SystemExit(f"The layers have {whole} bytes unzipped, over {MOST_UNZIPPED}.")


def _once(path: Path, stamp: str, make: Callable[[Path], None]) -> None:
    """Make a file, unless it was made from just the same."""
    note = path.with_suffix(".stamp")
    if path.exists() and note.exists() and note.read_text() == stamp:
        return
    note.unlink(missing_ok=True)
    make(path)
    note.write_text(stamp)


def _vendor_stamp(target: Target) -> str:
    digest = hashlib.sha256(f"{target} {bytecode.interpreter(target.python) is None}".encode())
    for source in (LOCK, *(Path(module.__file__ or "") for module in _MAKERS)):
        digest.update(source.read_bytes())
    return digest.hexdigest()


def _vendor(path: Path, target: Target) -> None:
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        packages = Path(folder) / "packages"
        install(packages, target)
        pruning.prune(packages)
        bytecode.add(packages, target.python)
        archive.write(path, archive.below(packages, "python"))


def _code(path: Path, target: Target) -> None:
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        packages = Path(folder)
        left = shutil.ignore_patterns("__pycache__")
        shutil.copytree(SOURCE, packages / SOURCE.name, ignore=left)
        for part in _needless(packages / SOURCE.name):
            shutil.rmtree(part) if part.is_dir() else part.unlink()
        _metadata(packages)
        bytecode.add(packages, target.python)
        archive.write(path, archive.below(packages, "python"))


def _metadata(packages: Path) -> None:
    """Say what version it is, as an installation does."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    name, version = project["name"], project["version"]
    folder = packages / f"{name}-{version}.dist-info"
    folder.mkdir()
    told = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    (folder / "METADATA").write_text(told)


def _needless(code: Path) -> list[Path]:
    """Return what of our own code is for whoever sits before the cloud, not for what is in it."""
    return [code / "cli", *(p for p in (code / "api").iterdir() if p.name not in _KEPT_OF_API)]


def install(packages: Path, target: Target) -> None:
    """Unpack the wheels that the lock names for a target into a folder."""
    uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    if uv is None:
        raise SystemExit("uv is not in the environment: run `make env`.")
    command = [uv, "pip", "install", "--quiet", "--no-config", "--no-deps", "--require-hashes"]
    command += ["--only-binary", ":all:", "--link-mode", "copy", "--no-installer-metadata"]
    command += ["--python-version", target.python, "--python-platform", target.platform]
    command += ["--target", str(packages), "--requirement", str(LOCK)]
    if subprocess.run(command, check=False).returncode:
        raise SystemExit(f"No layer for Python {target.python} on {target.platform}: see above.")


def _measure(path: Path) -> Built:
    return Built(path.stem, path.stat().st_size, archive.unzipped(path))


def main() -> None:
    """Build, and print the sizes."""
    parser = argparse.ArgumentParser(prog="infra.build", description="Build layers and functions.")
    parser.add_argument("--local", action="store_true", help="for an emulator on this machine")
    parser.add_argument("--python", default="", help="the emulator's Python, as 3.13")
    asked = parser.parse_args()
    target = this_machine(asked.python) if asked.local else LAMBDA
    if bytecode.interpreter(target.python) is None:
        sys.stdout.write(f"Without a Python {target.python} here functions begin more slowly.\n")
    for one in build(BUILT_LOCAL if asked.local else BUILT, target):
        sys.stdout.write(
            f"{one.name:14}{one.zipped / 1e6:8.2f} MB zipped{one.unzipped / 1e6:9.2f} MB\n"
        )


if __name__ == "__main__":
    main()
