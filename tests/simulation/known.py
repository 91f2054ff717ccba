"""Simulated histories that do not end well yet."""

OPEN: dict[int, str] = {}
"""Histories that do not end as they should yet, with what is seen; none of them loses content."""
