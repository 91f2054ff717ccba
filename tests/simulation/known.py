"""Simulated histories that do not end well yet."""

OPEN_IN_THE_CLOUD: dict[tuple[str, int], str] = {
    ("uploads", 48): "a file that was renamed at one of three stays where it was at another",
}
"""Histories of the deployed system, by the kind of its storage and the seed, with what is seen."""

OPEN: dict[tuple[str, int], str] = {
    ("uploads", 37): "a conflict copy does not follow the folder that it was to be made in",
}
"""The same of runs on one machine."""
