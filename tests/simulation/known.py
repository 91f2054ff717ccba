"""Simulated histories that do not end well yet."""

OPEN: dict[int, str] = {
    4006: "a kept loser of a conflict has another name at one endpoint, which was full",
}
"""Histories that do not end as they should yet, with what is seen; none of them loses content."""
