"""The routes of the API, each group in a module that makes a router of a :class:`Web`."""
