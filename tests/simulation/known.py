"""Simulated histories that do not end well yet."""

OPEN_IN_THE_CLOUD: dict[tuple[str, int], str] = {}
"""The same of the deployed system: the kind of its storage, and the seed."""

OPEN: dict[int, str] = {}
"""Histories that do not end as they should yet, with what is seen; none of them loses content."""
