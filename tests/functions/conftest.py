"""The functions with adapters in memory, called with events as AWS has them."""

import logging

import pytest

from syncoxiders.cloud import handling
from tests.functions.stage import FUNCTIONS, Stage


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    found = Stage()
    handling.metrics.clear_metrics()  # what was counted outside a function is nobody's
    for module in FUNCTIONS:
        monkeypatch.setattr(f"functions.{module}.app", lambda: found.app)
    for each in handling.logger.handlers:
        if isinstance(each, logging.StreamHandler):
            monkeypatch.setattr(each, "stream", found.log)
    return found
