"""The CDK app; `cdk.json` names it."""

from aws_cdk import App

from infra.nag import check
from infra.settings import Settings
from infra.stack import SyncOxiders


def build(app: App) -> SyncOxiders:
    """Add the stack to an app, as the app's context says, and have it checked at synthesis."""
    stack = SyncOxiders(app, "SyncOxiders", Settings.of(app.node))
    check(stack)
    return stack


if __name__ == "__main__":
    main = App()
    build(main)
    main.synth()
