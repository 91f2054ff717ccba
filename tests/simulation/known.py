"""Simulated histories that do not end well yet."""

OPEN_IN_THE_CLOUD: dict[tuple[str, int], str] = {}
"""Histories of the deployed system, by the kind of its storage and the seed, with what is seen."""

OPEN: dict[tuple[str, int], str] = {}
"""The same of runs on one machine."""
