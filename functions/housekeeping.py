"""Keeps house, by the clock, and says how long ago each sync was in step."""

from aws_lambda_powertools.metrics import MetricUnit

from syncoxiders.cloud.app import app, prepare
from syncoxiders.cloud.handling import Context, Event, count, function, logger, traced
from syncoxiders.engine.pipeline.housekeeping import keep_house


@traced
@function
def handler(event: Event, context: Context) -> Event:
    """See to all syncs."""
    del event, context
    with app().telling():
        beats = keep_house(app().pipeline)
    for beat in beats:  # one metric for all of them: each one more would cost
        count("SecondsSinceVerified", beat.silent, MetricUnit.Seconds)
        logger.info(
            "heartbeat",
            extra={
                "owner": beat.owner,
                "sync": beat.sync,
                "silent": round(beat.silent),
                "batches": beat.health.batches,
                "behind": beat.health.behind,
                "stopped": beat.health.stop is not None,
            },
        )
    return {"syncs": len(beats)}


prepare()
