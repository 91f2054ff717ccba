"""``syncoxiders cloud aside``: what failed each time is shown, and planned anew, not repeated."""

from collections.abc import Iterator
from typing import Any

import pytest

from syncoxiders.adapters.aws.aside import Aside
from syncoxiders.cli import deployed as commands
from syncoxiders.cloud.app import App
from tests.aws.clients import client
from tests.aws.ministack import Ministack
from tests.cli.conftest import Shell
from tests.engine.deployed import Deployed
from tests.functions.stage import SETTINGS


class Lines:
    """The queues at a local AWS, and those where messages go that fail twice."""

    def __init__(self, sqs: Any) -> None:
        self.sqs = sqs
        self.urls = {}
        for name in ("poll", "merge", "apply"):
            fifo = {"FifoQueue": "true"}
            dead = sqs.create_queue(QueueName=f"{name}-aside.fifo", Attributes=fifo)["QueueUrl"]
            arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])
            target = arn["Attributes"]["QueueArn"]
            policy = f'{{"deadLetterTargetArn":"{target}","maxReceiveCount":"1"}}'
            attributes = {**fifo, "RedrivePolicy": policy}
            made = sqs.create_queue(QueueName=f"{name}.fifo", Attributes=attributes)
            self.urls[name] = made["QueueUrl"]

    def fail(self, name: str, *bodies: str) -> None:
        """Have messages put aside."""
        url = self.urls[name]
        for body in bodies:
            self.sqs.send_message(
                QueueUrl=url,
                MessageBody=body,
                MessageGroupId=f"group of {body[:5]}".replace(" ", "-").replace('"', "'"),
                MessageDeduplicationId=str(abs(hash(body))),
            )
        for _ in range(2):
            while self.sqs.receive_message(
                QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0
            ).get("Messages"):
                pass


@pytest.fixture
def lines(ministack: Ministack) -> Iterator[Lines]:
    sqs = client(ministack, ministack.account(), "sqs")
    yield Lines(sqs)
    sqs.close()


@pytest.fixture
def world(lines: Lines, monkeypatch: pytest.MonkeyPatch) -> Deployed:
    world = Deployed()
    app = App(SETTINGS, world.clock)
    vars(app).update(
        pipeline=world.pipeline,
        states=world.pipeline.states,
        registry=world.registry,
        polls=world.polls,
        merges=world.merges,
        applies=world.applies,
        aside=lambda line: Aside(lines.sqs, lines.urls[line]),
    )
    monkeypatch.setattr(commands, "connected", lambda _: app)
    return world


@pytest.mark.usefixtures("world")
def test_nothing(shell: Shell) -> None:
    """Where nothing was put aside it says so."""
    assert shell("cloud", "aside").out == "Nothing was put aside.\n"
    assert shell("cloud", "aside", "--json").out == ""


@pytest.mark.usefixtures("world")
def test_shown(shell: Shell, lines: Lines) -> None:
    """What was put aside is shown with the function that it was for, and stays there."""
    lines.fail("merge", '{"owner":"me","sync":"photos"}', "poison\n" + "x" * 300)
    said = shell("cloud", "aside")
    assert said.code == 0
    assert said.out.count("merge  ") == 2
    assert '{"owner":"me","sync":"photos"}' in said.out
    assert "poison\\nxxx" in said.out
    assert "…" in said.out
    assert "--again" in said.out


def test_again(shell: Shell, lines: Lines, world: Deployed) -> None:
    """What was put aside is taken away and not repeated: everything is planned anew."""
    world.a.write("file", b"content")
    lines.fail("poll", *(f'{{"number":{number}}}' for number in range(12)))
    lines.fail("apply", '{"owner":"me","sync":"photos","batch":"gone"}')
    said = shell("cloud", "aside", "--again", "--json")
    assert len(said.of("aside")) == 13
    assert {each["to"] for each in said.of("aside")} == {"poll", "apply"}
    assert len(world.polls) == 2
    world.settle()
    assert world.b.tree() == {"file": b"content"}
    left = lines.sqs.get_queue_attributes(
        QueueUrl=lines.urls["poll"].replace("poll", "poll-aside"),
        AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
    )
    assert set(left["Attributes"].values()) == {"0"}
    assert shell("cloud", "aside").out == "Nothing was put aside.\n"


def test_no_aside(lines: Lines) -> None:
    """Of a queue that puts nothing aside there is nothing to be shown."""
    attributes = {"FifoQueue": "true"}
    url = lines.sqs.create_queue(QueueName="plain.fifo", Attributes=attributes)["QueueUrl"]
    assert Aside(lines.sqs, url).messages() == []
