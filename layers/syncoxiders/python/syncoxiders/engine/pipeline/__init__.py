"""The engine as the deployed system's functions: use cases that messages and schedules call."""
