"""What a person is shown of the functions' logs."""

import json

from local.voice import readable


def test_records() -> None:
    """A record is its text and its details; what every record has is left out."""
    record = {
        "level": "INFO",
        "location": "handler:12",
        "message": "push",
        "timestamp": "2026-01-01",
        "service": "webhook",
        "cold_start": True,
        "function_name": "F",
        "outcome": "heard",
        "hints": 2,
    }
    assert readable("webhook", json.dumps(record)) == "webhook     push outcome=heard hints=2"


def test_errors() -> None:
    """Trouble is marked, with the place in the code where it arose."""
    record = {
        "level": "ERROR",
        "message": "a message failed",
        "at": ["/x/layer_0/python/syncoxiders/a.py:1 f", "/y/python/syncoxiders/b.py:2 g"],
    }
    shown = readable("apply", json.dumps(record))
    assert shown == "apply       ERROR: a message failed at=syncoxiders/b.py:2 g"


def test_what_is_for_programs() -> None:
    """Lambda's own lines and metrics are not shown; what a library printed is."""
    assert readable("poll", "START RequestId: 1 Version: $LATEST\n") == ""
    assert readable("poll", json.dumps({"_aws": {}, "Woken": 1})) == ""
    assert readable("poll", "Traceback ...\n") == "poll        Traceback ..."
