"""Deploys the app to the emulator, by the CDK's own command line, as one would to AWS."""

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.build import FUNCTIONS, build
from infra.places import BUILT_LOCAL, LOCAL_API, LOCAL_LIVE, ROOT
from infra.target import this_machine
from local.emulator import PYTHON, REGION, Ministack

CDK = ROOT / "node_modules" / ".bin" / "cdk"
STACK = "SyncOxiders"
ACCOUNT = "000000000000"
OLDEST_NODE = 20


class LackError(Exception):
    """Something is missing on this machine; the text says what, and what to do."""


@dataclass(frozen=True)
class Deployed:
    """A deployed stack: where its parts are. ``url`` is that of the HTTP API.

    ``console`` is where browsers find it, and ``folders`` below what accounts may be folders.
    """

    url: str
    outputs: Mapping[str, str]
    console: str = ""
    folders: str = ""

    def push(self, provider: str) -> str:
        """Return the address to which a provider's pushes go."""
        return f"{self.url}/push/{provider}"

    def environment(self) -> dict[str, str]:
        """Return the settings that the functions have, for programs beside them."""
        return {
            f"SYNCOXIDERS_{part.upper()}_{name.upper()}": self.outputs[f"{part}{name}"]
            for part, names in (
                ("Table", ("Tree", "Journal", "Control")),
                ("Queue", ("Poll", "Merge", "Apply")),
            )
            for name in names
        } | {
            "SYNCOXIDERS_KEY": self.outputs["Key"],
            "SYNCOXIDERS_SECRETS": self.outputs["Secrets"],
            "SYNCOXIDERS_URL": self.url,
            "SYNCOXIDERS_LIVE": self.outputs["Live"],
            "SYNCOXIDERS_INDEX": self.outputs["Index"],
            "SYNCOXIDERS_CONSOLE": self.console or self.url,
            "SYNCOXIDERS_FOLDERS": self.folders,
        }


def check_machine() -> None:
    """Raise LackError if what a deployment needs is not there."""
    node = shutil.which("node")
    if node is None:
        raise LackError("Node.js is missing: install version 20 or newer (https://nodejs.org).")
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    version = re.match(r"v(\d+)", said)
    if version is None or int(version[1]) < OLDEST_NODE:
        raise LackError(
            f"Node.js {said.strip() or 'here'} is too old: install version 20 or newer."
        )
    if not CDK.exists():
        raise LackError("The CDK's command line is missing: run `make env` (it needs npm).")
    if not PYTHON.exists():
        raise LackError("The AWS emulator is missing: run `make env`.")


def python_of_emulator() -> str:
    """Return the Python version with which the emulator runs functions, as ``3.13``."""
    asked = "import sys; print(*sys.version_info[:2], sep='.')"
    ran = subprocess.run([PYTHON, "-c", asked], capture_output=True, text=True, check=True)
    return ran.stdout.strip()


def synthesise(built: Path = BUILT_LOCAL, functions: Path = FUNCTIONS) -> Path:
    """Build all for this machine and return the app's templates, made anew if something changed."""
    check_machine()
    build(built, this_machine(python_of_emulator()), functions)
    out = built / "cdk.out"
    note = built / "cdk.stamp"
    with (built / "cdk.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # of two who ask, the second finds it done
        stamp = _stamp(built)
        if not (out.exists() and note.exists() and note.read_text() == stamp):
            note.unlink(missing_ok=True)
            context = ["--context", "local=true", "--context", f"built={built}"]
            cdk(["synth", "--quiet", *context, "--output", str(out)], cwd=ROOT, environment={})
            note.write_text(stamp)
    return out


def _stamp(built: Path) -> str:
    """Return a digest of all that the templates are made from."""
    sources = [ROOT / name for name in ("cdk.json", "package-lock.json", "requirements-dev.lock")]
    sources += sorted((ROOT / "infra").rglob("*.py")) + sorted(built.glob("*.zip"))
    digest = hashlib.sha256()
    for source in sources:
        digest.update(f"{source.name} {source.stat().st_size}\n".encode())
        digest.update(source.read_bytes())
    return digest.hexdigest()


def deploy(
    emulator: Ministack, out: Path, work: Path, *, console: str = "", folders: str = ""
) -> Deployed:
    """Deploy synthesised templates; ``work`` is a folder for files on the way.

    ``console`` and ``folders`` are as :class:`Deployed` has them.
    """
    url = f"{emulator.url}/_aws/execute-api/{LOCAL_API}/$default"
    environment = emulator.environment(ACCOUNT)
    # Where there is a cdk.json, bootstrapping would build the app first.
    cdk(["bootstrap", f"aws://{ACCOUNT}/{REGION}"], cwd=work, environment=environment)
    told = work / "outputs.json"
    parameters = {
        "LocalUrl": url,
        "LocalLive": f"{emulator.url}/_aws/execute-api/{LOCAL_LIVE}/live".replace("http", "ws", 1),
        "LocalConsole": console or url,
        "LocalFolders": folders,
    }
    given = [["--parameters", f"{name}={value}"] for name, value in parameters.items()]
    cdk(
        [
            *("deploy", STACK, "--app", str(out), "--require-approval", "never"),
            *(part for each in given for part in each),
            *("--outputs-file", str(told)),
        ],
        cwd=work,
        environment=environment,
    )
    outputs = json.loads(told.read_text())[STACK]
    return Deployed(url=url, outputs=outputs, console=console, folders=folders)


def cdk(arguments: Sequence[str], *, cwd: Path, environment: Mapping[str, str]) -> None:
    """Run the CDK's command line, with further environment variables.

    Raises LackError if it cannot be run, RuntimeError with what it said if it failed.
    """
    check_machine()
    ran = subprocess.run(
        [CDK, *arguments, "--no-notices", "--no-color"],
        cwd=cwd,
        env={**os.environ, "CDK_DISABLE_CLI_TELEMETRY": "true", **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode:
        raise RuntimeError(f"cdk {arguments[0]} failed:\n{ran.stdout}{ran.stderr}")
