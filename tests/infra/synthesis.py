"""Synthesis of the stack in this process. Importing this starts Node."""

from pathlib import Path
from typing import Any

from aws_cdk import App
from aws_cdk.assertions import Template

from infra.app import build


def synthesise(out: Path, context: dict[str, object]) -> dict[str, Any]:
    """Return the template; a finding of cdk-nag is a RuntimeError that names it."""
    app = App(context=context, outdir=str(out))
    return dict(Template.from_stack(build(app)).to_json())
