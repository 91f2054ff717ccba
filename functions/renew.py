"""Sees to push channels, by the clock."""

from aws_lambda_powertools.metrics import MetricUnit

from syncoxiders.cloud.app import app, prepare
from syncoxiders.cloud.handling import Context, Event, count, function, logger, traced
from syncoxiders.engine.pipeline.channels import renew


@traced
@function
def handler(event: Event, context: Context) -> Event:
    """Open, renew and close what is due."""
    del event, context
    url = app().settings.url
    if not url:
        logger.warning("no address is set for pushes: changes are found by the clock alone")
        return {}
    done = renew(app().pipeline, url)
    if done.lapses is not None:
        count("ChannelSecondsLeft", max(done.lapses, 0.0), MetricUnit.Seconds)
    if done.failed:
        count("ChannelFailed", done.failed)
    counts = {
        "opened": done.opened,
        "renewed": done.renewed,
        "closed": done.closed,
        "failed": done.failed,
    }
    logger.info("channels", extra=counts)
    return counts


prepare()
