"""Two emulated clouds, kept in step by the deployed system: what they show is what counts.

Pushes arrive at the deployed webhook over HTTP; poll, merge and apply run as functions, driven by
the emulator's queues. The functions' insides are not looked at.
"""

import hashlib
import hmac
import json
import ssl
import time
from collections.abc import Iterator

import httpx
import pytest

from local.connecting import hint
from syncoxiders.adapters.aws.clients import client
from tests.aws.deployed import Cloud
from tests.e2e.clouds import FIRST, PATIENCE, SIDES, Pair, connected, in_step

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def pair(deployed: Cloud) -> Iterator[Pair]:
    """The clouds, connected and after their first sync."""
    with in_step(deployed) as found:
        yield found


@pytest.mark.parametrize("side", SIDES)
def test_what_a_person_does_arrives(pair: Pair, side: str) -> None:
    """A new file, an edit, a rename, a move and a deletion arrive on the other side."""
    people = pair.people(side)
    name = f"{side}/notes.txt"
    people.mkdir(side)
    people.write(name, b"one")
    pair.await_all(lambda tree: tree.get(name) == b"one", "a new file")
    people.write(name, b"two, longer")
    pair.await_all(lambda tree: tree.get(name) == b"two, longer", "an edit")
    people.rename(name, f"{side}/ideas.txt")
    pair.await_all(
        lambda tree: f"{side}/ideas.txt" in tree and name not in tree, "a file's new name"
    )
    people.rename(side, f"{side} moved")
    pair.await_all(
        lambda tree: tree.get(f"{side} moved/ideas.txt") == b"two, longer" and side not in tree,
        "a folder's move",
    )
    people.remove(f"{side} moved/ideas.txt")
    pair.await_all(
        lambda tree: f"{side} moved" in tree and f"{side} moved/ideas.txt" not in tree,
        "a deletion",
    )


def test_both_edits_are_kept(pair: Pair) -> None:
    """Of two edits of one file one keeps the name, and the other is kept beside it."""
    for side in SIDES:
        pair.people(side).write("contested.txt", f"made at {side}".encode())
    both = {b"made at drive", b"made at dropbox"}
    tree = pair.await_all(
        lambda tree: both <= set(tree.values()) and "contested.txt" in tree, "a conflict"
    )
    assert [name for name in tree if name.startswith("contested.conflict-")]


def test_a_lost_push(pair: Pair) -> None:
    """What no push told is found by the clock."""
    outputs = pair.cloud.stack.outputs
    pair.dropbox.webhook.settle()
    pair.dropbox.webhook.unregister()
    pair.people("dropbox").write("untold.txt", b"untold")
    client("lambda").invoke(
        FunctionName=outputs["FunctionPoll"],
        InvocationType="Event",
        Payload=b'{"detail-type": "Scheduled Event"}',
    )
    pair.await_all(lambda tree: tree.get("untold.txt") == b"untold", "a change without a push")
    pair.places.listen(pair.cloud.stack)


def test_with_the_roles_enforced(guarded: Cloud) -> None:
    """The functions' roles allow what they do, where all else is denied.

    There the webhook speaks TLS with a certificate of its own, so that we push ourselves.
    """
    with connected(guarded, pushes=False) as pair:
        trusted = ssl.create_default_context(cafile=guarded.emulator.certificate)
        said = json.dumps({"list_folder": {"accounts": [pair.dropbox.account.id]}}).encode()
        secret = pair.places.app_secrets["dropbox"].encode()
        signature = hmac.new(secret, said, hashlib.sha256).hexdigest()

        def push() -> None:
            answer = httpx.post(
                guarded.stack.push("dropbox"),
                content=said,
                headers={"X-Dropbox-Signature": signature},
                verify=trusted,
                trust_env=False,
                timeout=PATIENCE,
            )
            assert answer.status_code == httpx.codes.OK, answer.text
            hint(pair.app, {"drive"}, pair.owner)
            time.sleep(1)

        pair.nudge = push
        pair.await_all(lambda tree: set(tree) >= FIRST, "the first sync")
        pair.people("drive").write("guarded.txt", b"guarded")
        pair.await_all(lambda tree: tree.get("guarded.txt") == b"guarded", "a new file")
        pair.people("dropbox").remove("guarded.txt")
        pair.await_all(lambda tree: "guarded.txt" not in tree, "a deletion")
        for name in ("Sweep", "Renew", "Housekeeping"):
            ran = client("lambda").invoke(FunctionName=guarded.stack.outputs[f"Function{name}"])
            assert "FunctionError" not in ran, ran["Payload"].read()
