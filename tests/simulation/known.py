"""Simulated histories that do not end well yet."""

OPEN_IN_THE_CLOUD: dict[tuple[str, int], str] = {
    ("plain", 415): "one endpoint has a file too many",
    ("plain", 710): "one endpoint has an empty folder too many",
    ("plain", 859): "one endpoint lacks an empty folder",
    ("plain", 929): "a renamed folder keeps its former name",
    ("plain", 932): "one endpoint has an empty folder too many",
    ("plain", 997): "one endpoint lacks an empty folder kept from a conflict",
    ("plain", 1724): "a file comes back that was deleted",
    ("feed", 2): "in move mode, a source is deleted whose copy was not looked at last",
}
"""The same of the deployed system: the kind of its storage, and the seed."""

OPEN: dict[tuple[str, int], str] = {
    ("twins-feed", 95): "one endpoint has an empty folder too many",
}
"""Histories of runs on one machine that do not end as they should yet, with what is seen."""
