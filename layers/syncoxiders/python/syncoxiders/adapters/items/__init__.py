"""State of the deployed system upon tables of items (:mod:`syncoxiders.ports.items`).

The layout and the order of writes are described in ``docs/pipeline.md``.
"""
