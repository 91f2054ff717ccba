"""The deployed system's composition root: settings, adapters, and what the functions call."""
