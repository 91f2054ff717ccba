"""What AWS charges: the list prices that all figures in dollars come from.

On demand in us-east-1, without a free tier, as of 2026.
"""

from collections.abc import Mapping

import msgspec

AS_OF = "us-east-1, 2026"


class Price(msgspec.Struct, frozen=True):
    """US dollars for a million of something."""

    dollars: float
    source: str


PRICES: Mapping[str, Price] = {
    "write units": Price(0.625, "https://aws.amazon.com/dynamodb/pricing/on-demand/"),
    "read units": Price(0.125, "https://aws.amazon.com/dynamodb/pricing/on-demand/"),
    "queue requests": Price(0.50, "https://aws.amazon.com/sqs/pricing/ (FIFO)"),
    "invocations": Price(0.20, "https://aws.amazon.com/lambda/pricing/"),
    "GB-seconds": Price(13.3334, "https://aws.amazon.com/lambda/pricing/ (arm64)"),
    "pushes": Price(1.00, "https://aws.amazon.com/api-gateway/pricing/ (HTTP API)"),
    "alarms": Price(1.00, "https://aws.amazon.com/eventbridge/pricing/ (Scheduler)"),
}
"""Each by what is counted; a queue request holds up to 64 KB of messages."""


def dollars(counts: Mapping[str, float]) -> float:
    """Return what so many of each cost."""
    return sum(count * PRICES[name].dollars for name, count in counts.items()) / 1e6
