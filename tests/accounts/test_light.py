"""Two local folders need nothing of all this."""

import subprocess
import sys
from pathlib import Path

PROGRAM = """
import sys
from syncoxiders.cli.main import main
try:
    main(["sync", "left", "right"], prog_name="syncoxiders")
except SystemExit as exit:
    assert exit.code == 0, exit.code
for each in sorted(sys.modules):
    print(each)
"""

HEAVY = (
    "boto3",
    "botocore",
    "cryptography",
    "dropbox",
    "google",
    "googleapiclient",
    "httpx",
    "jeepney",
    "keyring",
    "msal",
    "requests",
    "secretstorage",
    "ssl",
    "urllib3",
    "syncoxiders.adapters.accounts",
    "syncoxiders.adapters.oauth",
    "syncoxiders.adapters.rclone",
    "syncoxiders.adapters.vault",
    "syncoxiders.cli.accounts",
    "syncoxiders.cli.imports",
    "syncoxiders.cli.signin",
)


def run(tmp_path: Path, program: str) -> set[str]:
    for name in ("left", "right"):
        (tmp_path / name).mkdir(exist_ok=True)
    (tmp_path / "left" / "file").write_text("text")
    environment = {"HOME": str(tmp_path / "home")}
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return set(done.stdout.splitlines())


def test_folders(tmp_path: Path) -> None:
    """A sync of two folders imports no SDK, no keyring and nothing of accounts."""
    loaded = run(tmp_path, PROGRAM)
    assert (tmp_path / "right" / "file").read_text() == "text"
    assert "syncoxiders.engine.sync" in loaded
    assert not [each for each in HEAVY if each in loaded]


def test_facade(tmp_path: Path) -> None:
    """To ask for an account imports none of what it may need later."""
    program = """
import sys
from syncoxiders.adapters import accounts
try:
    accounts.load("work")
except accounts.AccountError:
    print(*sys.modules, sep="\\n")
"""
    loaded = run(tmp_path, program)
    assert "syncoxiders.adapters.accounts" in loaded
    assert not [each for each in HEAVY if each in loaded and not each.startswith("syncoxiders")]
