"""The functions of the deployed system: each parses, makes one call, and replies."""
