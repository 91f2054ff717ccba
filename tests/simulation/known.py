"""Simulated histories that do not end well yet."""

OPEN_IN_THE_CLOUD: dict[tuple[str, int], str] = {
    ("twins-feed", 64): "an executable bit is not brought to one of two namesakes",
}
"""Histories of the deployed system, by the kind of its storage and the seed, with what is seen."""

OPEN: dict[tuple[str, int], str] = {}
"""The same of runs on one machine."""
