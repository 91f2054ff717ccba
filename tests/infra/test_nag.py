"""cdk-nag's AWS Solutions rules hold, or a reason is given."""

from pathlib import Path
from typing import Any

import pytest

from tests.infra.conftest import Synthesis


def test_clean(template: dict[str, Any]) -> None:
    """The stack is synthesised, with the rules attached: none has a finding without a reason."""
    assert template["Resources"]


def test_findings_stop_the_synthesis(
    synthesise: Synthesis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the reasons there are findings, and no template: the rules are really asked."""
    monkeypatch.setattr("infra.nag._accept", lambda *_: None)
    with pytest.raises(RuntimeError, match="ValidationFailed") as failed:
        synthesise()
    assert "AwsSolutions-APIG4" in str(failed.value)
    assert "AwsSolutions-IAM5[Resource::*]" in str(failed.value)


def test_what_is_missing_is_said(synthesise: Synthesis, tmp_path: Path) -> None:
    """Without the built archives the message says how to build them."""
    with pytest.raises(SystemExit, match="make lambda"):
        synthesise(built=str(tmp_path))


@pytest.mark.parametrize(
    "setting", [{"apply": "many"}, {"budget": "much"}, {"apply": "1"}, {"budget": "5"}]
)
def test_bad_settings(synthesise: Synthesis, setting: dict[str, str]) -> None:
    """A setting that cannot be is refused by a sentence."""
    with pytest.raises(SystemExit, match=r"number|at least 2|email"):
        synthesise(**setting)
