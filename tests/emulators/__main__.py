"""``python -m tests.emulators drive|dropbox|onedrive``: serve one until it is stopped.

Prints one line of JSON: its address and a token that it accepts.
"""

import argparse
import importlib
import json
import signal
import threading

from tests.emulators.serving import Server

KINDS = ("drive", "dropbox", "onedrive")


def main() -> None:
    parser = argparse.ArgumentParser("python -m tests.emulators", description=__doc__)
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("--port", type=int, default=0)
    chosen = parser.parse_args()
    emulator = importlib.import_module(f"tests.emulators.{chosen.kind}").create()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with Server(emulator, port=chosen.port) as server:
        print(json.dumps({"url": server.url, "token": emulator.token}), flush=True)
        stop.wait()


if __name__ == "__main__":
    main()
