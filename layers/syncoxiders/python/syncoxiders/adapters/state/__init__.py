"""State stores that survive the process."""
