"""How much of its past a state store keeps."""

KEEP_RUNS = 100
KEEP_EVENTS = 200_000
KEEP_LOSSES = 7 * 86_400.0
"""In seconds; the guard asks for no more than a day."""
