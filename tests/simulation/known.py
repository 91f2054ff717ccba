"""Simulated histories that do not end well yet."""

OPEN_IN_THE_CLOUD: dict[tuple[str, int], str] = {
    ("plain", 415): "one endpoint has a file too many",
    ("plain", 929): "a name that stood in a folder's way stays with another folder",
    ("plain", 932): "one endpoint has an empty folder too many",
    ("plain", 1416): "a file comes back as a conflict that was deleted",
    ("plain", 1725): "a file comes back as a conflict that was deleted",
}
"""The same of the deployed system: the kind of its storage, and the seed."""

OPEN: dict[tuple[str, int], str] = {
    ("twins-feed", 95): "one endpoint has an empty folder too many",
}
"""Histories of runs on one machine that do not end as they should yet, with what is seen."""
