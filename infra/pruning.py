"""What of the packages is not needed in a function, and only makes it slower to start."""

import shutil
from collections.abc import Iterator
from pathlib import Path

SERVICES = (
    "apigatewaymanagementapi",
    "cognito-idp",
    "dynamodb",
    "kms",
    "s3",
    "scheduler",
    "sqs",
    "ssm",
    "sts",
    "xray",
)
"""The AWS services whose descriptions stay: what the functions call, and S3 as a provider.

X-Ray's client is made when tracing is imported.
"""

DOCUMENTS = ("drive.v3.json",)
"""The Google APIs whose descriptions stay."""

_NAMES = ("__pycache__", "tests", "bin")
_SUFFIXES = (".c", ".h", ".pxd", ".pyc", ".pyi", ".pyx")
# importlib.metadata is asked for versions and entry points; the rest is of use to installers.
_KEPT_OF_METADATA = ("METADATA", "entry_points.txt")


def prune(packages: Path) -> None:
    """Remove what is not needed from a folder of installed packages."""
    for path in list(_needless(packages)):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _needless(packages: Path) -> Iterator[Path]:
    for path in sorted(packages.rglob("*")):
        in_metadata = path.parent.suffix == ".dist-info"
        if (
            path.name in _NAMES
            or path.suffix in _SUFFIXES
            or (in_metadata and path.name not in _KEPT_OF_METADATA)
        ):
            yield path
    for path in _required(packages / "botocore" / "data").iterdir():
        if path.is_dir() and path.name not in SERVICES:
            yield path
    for path in _required(packages / "googleapiclient/discovery_cache/documents").iterdir():
        if path.name not in DOCUMENTS:
            yield path
    yield _required(packages / "boto3" / "examples")
    # zstandard has its C code twice; the one for cffi is for other Pythons.
    yield from (packages / "zstandard").glob("_cffi.*")
    yield _required(packages / "zstandard" / "backend_cffi.py")


def _required(path: Path) -> Path:
    """Return a path that is looked into; if it is not there, a package has changed its layout."""
    if not path.exists():
        raise SystemExit(f"{path} is not there any more: infra/pruning.py has to be changed.")
    return path
