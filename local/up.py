"""``make up``: the deployed system on this machine, keeping two accounts in step.

Starts an emulator of AWS, deploys the app to it, connects two accounts, says where the console is
and what happens, until Ctrl-C. Folders and what is remembered of them stay, and the next start goes
on with them.
"""

import argparse
import json
import queue
import shlex
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from infra.places import BUILT_LOCAL, ROOT
from local.connecting import OWNER, SYNC, connect, hint, reaching
from local.deploy import ACCOUNT, STACK, Deployed, LackError, check_machine, deploy, synthesise
from local.emulator import Ministack
from local.front import Front
from local.memory import Keeper, restore
from local.places import Emulated, Folders, Places, changes
from local.voice import Runs, Voice, say
from syncoxiders.adapters.aws.clients import client
from syncoxiders.cli.asking import TOKEN, URL
from syncoxiders.cloud.app import App
from syncoxiders.cloud.people import login_link

T = TypeVar("T")


def main() -> int:
    """Run until Ctrl-C; returns the exit code."""
    parser = argparse.ArgumentParser(prog="make up", description=__doc__)
    parser.add_argument("--accounts", choices=("folders", "emulated"), default="folders")
    parser.add_argument("--home", type=Path, default=ROOT / "demo", help="where the folders are")
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        check_machine()
        home: Path = chosen.home.resolve()
        run(Emulated() if chosen.accounts == "emulated" else Folders(home), home)
    except KeyboardInterrupt:
        say("\nStopped.")
    except LackError as error:
        say(str(error))
        return 1
    return 0


def run(places: Places, home: Path) -> None:
    """Start everything, and stay until interrupted."""
    with step("Building the functions and the templates"):
        out = synthesise()
    with tempfile.TemporaryDirectory(prefix="syncoxiders-") as folder, places, Front() as front:
        home.mkdir(parents=True, exist_ok=True)
        with step("Starting an AWS on this machine"):
            emulator = Ministack(Path(folder))
        with emulator:
            with step("cdk bootstrap and cdk deploy"):
                stack = deploy(emulator, out, Path(folder), console=front.url, folders=str(home))
            front.opened(stack.url)
            with reaching(emulator, stack) as app:
                with step("Connecting two accounts"):
                    if places.memory is not None:
                        restore(places.memory, client("dynamodb"), stack)
                    connect(app, stack, places)
                tell(emulator, stack, places, remember(emulator, stack, app))
                say(f"The console, for which this link lets you in once:\n\n  {login_link(app)}\n")
                follow(app, stack, places, home)


def tell(emulator: Ministack, stack: Deployed, places: Places, note: Path) -> None:
    """Say where everything is, and what to try."""
    say()
    for place in places.opened:
        say(f"  account {place.account.name:9}{place.account.identity}")
    say(f"  API              {stack.console}/api/v1")
    say(f"  pushes to        {stack.url}/push/…")
    say(f"  AWS              {emulator.url}   (any AWS tool: AWS_ENDPOINT_URL, any key)")
    for name in ("TableTree", "TableJournal", "TableControl"):
        say(f"  {name:17}{stack.outputs[name]}")
    for name in ("QueuePoll", "QueueMerge", "QueueApply"):
        say(f"  {name:17}{stack.outputs[name].rpartition('/')[2]}")
    say("\nTo look inside, in another terminal:")
    say(f"  . {note} && .venv/bin/syncoxiders cloud status      (or log demo -f, or --help)")
    for line in places.advice():
        say(line)
    say("Ctrl-C stops it all.\n")


def remember(emulator: Ministack, stack: Deployed, app: App) -> Path:
    """Write what a shell needs to speak to this deployment, with a login; returns the file's name.

    It is for who has started this alone.
    """
    outputs = BUILT_LOCAL / "outputs.json"
    outputs.write_text(
        json.dumps({STACK: {**stack.outputs, "Url": stack.url, "Console": stack.console}})
    )
    variables = {**emulator.environment(ACCOUNT), "SYNCOXIDERS_OUTPUTS": str(outputs)}
    login = app.sessions.begin(app.admissions.first(), "make up")
    if login is not None:
        variables |= {URL: stack.console, TOKEN: login[0]}
    note = BUILT_LOCAL / "env"
    note.touch()
    note.chmod(0o600)
    lines = (f"export {name}={shlex.quote(value)}\n" for name, value in variables.items())
    note.write_text("".join(lines))
    return note.relative_to(ROOT)


def follow(app: App, stack: Deployed, places: Places, home: Path) -> None:
    """Say what happens, pass on what is typed, and look where something changed."""
    stop = threading.Event()
    changed: queue.SimpleQueue[set[Path]] = queue.SimpleQueue()
    typed: queue.SimpleQueue[str] = queue.SimpleQueue()

    def watch() -> None:
        for paths in changes(home, stop):
            changed.put(paths)

    def read() -> None:
        for line in sys.stdin:
            typed.put(line)

    watching = threading.Thread(target=watch, daemon=True)
    watching.start()
    threading.Thread(target=read, daemon=True).start()
    voice, runs = Voice(client("logs"), stack), Runs(app.states, OWNER, SYNC)
    keeper = Keeper(places.memory, client("dynamodb"), stack) if places.memory else None
    try:
        while True:
            if paths := set[Path]().union(*_all(changed)):
                hint(app, touched(app, paths))
            for line in _all(typed):
                if answer := places.command(line.split()):
                    say(answer)
            for line in (*voice.new(), *runs.new()):
                say(line)
            if keeper is not None:
                keeper.keep(now=runs.ended())
            time.sleep(0.3)
    finally:
        stop.set()
        watching.join(2)


def touched(app: App, paths: Iterable[Path]) -> set[str]:
    """Return the names of the accounts that are folders in which something changed."""
    folders = {
        each.account.name: Path(each.account.settings["path"])
        for each in app.registry.accounts(OWNER)
        if each.account.kind == "folder"
    }
    return {
        name
        for name, folder in folders.items()
        if any(path.is_relative_to(folder) for path in paths)
    }


def _all(source: "queue.SimpleQueue[T]") -> Iterator[T]:
    while not source.empty():
        yield source.get()


@contextmanager
def step(title: str) -> Iterator[None]:
    """Say what is being done, and how long it took."""
    sys.stdout.write(f"{title} ... ")
    sys.stdout.flush()
    began = time.monotonic()
    yield
    say(f"{time.monotonic() - began:.1f} s")


if __name__ == "__main__":
    sys.exit(main())
