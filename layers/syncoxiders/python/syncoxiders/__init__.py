"""SyncOxiders keeps files in step between storage providers."""

__version__ = "0.1.0"
