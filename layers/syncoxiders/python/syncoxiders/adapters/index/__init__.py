"""The index of all files: SQLite databases in a store of objects; see ``docs/search.md``."""
