"""Simulated histories that do not end well yet."""

OPEN = {
    1999: "an empty folder comes back",
    2577: "something is deleted at a though it stands elsewhere again",
    3730: "an older copy at a late joiner is kept beside instead of updated",
    4762: "sides differ in a name that one of them cannot hold",
    5441: "sides differ in a name that one of them cannot hold",
    5509: "the deletion of a folder ends once what was hidden in it is removed; the oracle differs",
    5595: "a folder is not made again at a side whose ids are paths",
}
"""Histories that do not end as they should yet, with what is seen; none of them loses content."""
