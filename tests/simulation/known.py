"""Simulated histories that do not end well yet."""

OPEN_IN_THE_CLOUD: dict[tuple[str, int], str] = {
    ("path-feed", 120): "an action that may have been done stays open, at one who has come back",
}
"""Histories of the deployed system, by the kind of its storage and the seed, with what is seen."""

OPEN: dict[tuple[str, int], str] = {}
"""The same of runs on one machine."""
