"""What is asked of syncs, where no frame stands before it."""

from typing import Any

import pytest

from syncoxiders.api.shapes.syncs import Endpoint, NewSync, Rule
from syncoxiders.engine.desk.context import Desk
from syncoxiders.engine.desk.declined import Unfit
from syncoxiders.engine.desk.syncs import create
from tests.engine.deployed import OWNER, Deployed

HALF = "\ud800"


@pytest.mark.parametrize(
    ("rule", "path", "account", "field"),
    [
        ({}, HALF, "a", "endpoints.0.path"),
        ({}, "", HALF, "endpoints.0.account"),
        ({"patterns": [HALF]}, "", "a", "rule.patterns.0"),
        ({"max_delete": HALF}, "", "a", "rule.max_delete"),
        ({"max_age": HALF}, "", "a", "rule.max_age"),
        ({"keep": HALF}, "", "a", "rule.keep"),
    ],
)
def test_half_a_character(rule: dict[str, Any], path: str, account: str, field: str) -> None:
    """What no table can hold is refused with its place, and nothing is kept."""
    world = Deployed()
    endpoints = [Endpoint(account=account, path=path), Endpoint(account="b")]
    asked = NewSync(name="new", endpoints=endpoints, rule=Rule(**rule))
    with pytest.raises(Unfit) as caught:
        create(Desk(world.pipeline, OWNER), asked)
    assert caught.value.field == field
    caught.value.detail.encode()
    assert world.registry.sync(OWNER, "new") is None
