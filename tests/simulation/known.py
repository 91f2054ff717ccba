"""Simulated histories that do not end well yet."""

OPEN_IN_THE_CLOUD: dict[tuple[str, int], str] = {
    ("plain", 376): "a batch that nothing is left of is not let go of",
    ("plain", 3068): "a kept loser of a conflict is not restored where the mode would have it",
    ("path-feed", 21): "one endpoint lacks an empty folder",
    ("twins-feed", 64): "an executable bit is not brought to one of two namesakes",
}
"""Histories of the deployed system, by the kind of its storage and the seed, with what is seen."""

OPEN: dict[tuple[str, int], str] = {
    ("uploads", 37): "a conflict copy does not follow the folder that it was to be made in",
}
"""The same of runs on one machine."""
