"""``make up``: the deployed system on this machine, keeping two accounts in step.

Starts an emulator of AWS, deploys the app to it, connects two accounts and says what happens,
until Ctrl-C. Nothing of it is left then but the folders; the next start joins them anew.
"""

import argparse
import json
import os
import queue
import shlex
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from infra.places import BUILT_LOCAL, ROOT
from local.deploy import ACCOUNT, STACK, Deployed, LackError, deploy, synthesise
from local.emulator import Ministack
from local.places import Emulated, Folders, Place
from local.voice import Voice, say
from syncoxiders.adapters.aws.clients import client
from syncoxiders.cloud.app import App, made
from syncoxiders.cloud.secrets import of_app, secret_of
from syncoxiders.engine.pipeline.hints import call
from syncoxiders.ports.registry import EndpointSettings, SyncSettings

OWNER = "me"
SYNC = "demo"


def main() -> int:
    """Run until Ctrl-C; returns the exit code."""
    parser = argparse.ArgumentParser(prog="make up", description=__doc__)
    parser.add_argument("--accounts", choices=("folders", "emulated"), default="folders")
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        run(Emulated() if chosen.accounts == "emulated" else Folders(ROOT / "demo" / "cloud"))
    except KeyboardInterrupt:
        say("\nStopped.")
    except (LackError, FileNotFoundError) as error:
        say(f"{error}")
        return 1
    return 0


def run(places: Folders | Emulated) -> None:
    """Start everything, and stay until interrupted."""
    with step("Building the functions and the templates"):
        out = synthesise()
    with tempfile.TemporaryDirectory(prefix="syncoxiders-") as folder, places.opened() as opened:
        with step("Starting an AWS on this machine"):
            emulator = Ministack(Path(folder))
        with emulator:
            with step("cdk bootstrap and cdk deploy"):
                stack = deploy(emulator, out, Path(folder))
            os.environ.update(emulator.environment(ACCOUNT))
            app = made(stack.environment())
            with step("Connecting two accounts"):
                connect(app, stack, places, opened)
            addresses(emulator, stack, opened)
            note = remember(emulator, stack)
            say("To look inside, in another terminal:")
            say(f"  . {note} && .venv/bin/syncoxiders cloud status      (or log demo, or --help)")
            for line in places.advice():
                say(line)
            say("Ctrl-C stops it all.\n")
            follow(app, stack, places, opened)


def connect(app: App, stack: Deployed, places: Folders | Emulated, opened: list[Place]) -> None:
    """Enter accounts and a sync, as the settings of the deployed system are entered."""
    for kind, secret in places.app_secrets.items():
        app.vault.put(of_app(kind), secret)
    for place in opened:
        name = place.account.name
        if place.secret is not None:
            secret_of(app.vault, OWNER, name).put(place.secret)
        app.registry.put_account(OWNER, place.account, frozenset({place.vendor_id} - {""}))
    endpoints = tuple(
        EndpointSettings(place.account.name, place.account.name, place.root) for place in opened
    )
    app.registry.put_sync(OWNER, SyncSettings(SYNC, endpoints, changed_at=time.time()))
    places.listen(stack)
    client("lambda").invoke(FunctionName=stack.outputs["FunctionRenew"], InvocationType="Event")
    hint(app, {place.account.name for place in opened})


def hint(app: App, names: set[str]) -> None:
    """Give a reason to look at accounts."""
    call(app.registry, app.polls, [(OWNER, name) for name in sorted(names)], app.clock.now())


def addresses(emulator: Ministack, stack: Deployed, opened: list[Place]) -> None:
    """Say where everything is."""
    say()
    for place in opened:
        say(f"  account {place.account.name:9}{place.account.identity}")
    say(f"  pushes to        {stack.url}/push/…")
    say(f"  AWS              {emulator.url}   (any AWS tool: AWS_ENDPOINT_URL, any key)")
    for name in ("TableTree", "TableJournal", "TableControl"):
        say(f"  {name:17}{stack.outputs[name]}")
    for name in ("QueuePoll", "QueueMerge", "QueueApply"):
        say(f"  {name:17}{stack.outputs[name].rpartition('/')[2]}")
    say()


def remember(emulator: Ministack, stack: Deployed) -> Path:
    """Write what a shell needs to speak to this deployment; returns the file's name."""
    outputs = BUILT_LOCAL / "outputs.json"
    outputs.write_text(json.dumps({STACK: {**stack.outputs, "Url": stack.url}}))
    variables = {**emulator.environment(ACCOUNT), "SYNCOXIDERS_OUTPUTS": str(outputs)}
    note = BUILT_LOCAL / "env"
    lines = (f"export {name}={shlex.quote(value)}\n" for name, value in variables.items())
    note.write_text("".join(lines))
    return note.relative_to(ROOT)


def follow(app: App, stack: Deployed, places: Folders | Emulated, opened: list[Place]) -> None:
    """Say what happens, pass on what is typed, and look where something changed."""
    stop = threading.Event()
    changed: queue.SimpleQueue[set[str]] = queue.SimpleQueue()
    typed: queue.SimpleQueue[str] = queue.SimpleQueue()

    def watch() -> None:
        for names in places.changes(stop):
            changed.put(names)

    def read() -> None:
        for line in sys.stdin:
            typed.put(line)

    watching = threading.Thread(target=watch, daemon=True)
    watching.start()
    threading.Thread(target=read, daemon=True).start()
    voice = Voice(client("logs"), stack)
    known = {place.account.name for place in opened}
    try:
        while True:
            if names := known & set[str]().union(*_all(changed)):
                hint(app, names)
            for line in _all(typed):
                if answer := places.command(line.split()):
                    say(answer)
            for line in voice.new():
                say(line)
            time.sleep(0.3)
    finally:
        stop.set()
        watching.join(2)


T = TypeVar("T")


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
