"""Waking what was put off at the time that it was put off to, rather than when the sweep comes."""

from contextlib import suppress

from syncoxiders.engine.pipeline.context import Pipeline
from syncoxiders.ports.alarm import Line
from syncoxiders.ports.errors import StateUnavailable
from syncoxiders.ports.queue import Message


def wake_at(pipeline: Pipeline, line: Line, message: Message, at: float) -> None:
    """Have a message sent at a time. Where that cannot be the sweep makes up for it."""
    if pipeline.alarms is not None:
        with suppress(StateUnavailable):
            pipeline.alarms.set(line, message, at)
