"""How long things may take, in one place, since these numbers only work together.

A lease is short and is extended while its holder lives, so that one who died blocks nobody for
long. What the deployment promises (how long a function lives, for how long a message stays hidden)
is held against these numbers by a test of its template.
"""

LEASE = 60.0
"""Seconds for which a lease is taken, and extended to."""

LIFE = 900.0
"""Seconds that poll, merge and apply live at most.

It is the longest there is: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""

MARGIN = 30.0
"""Seconds before the end of a function's time at which it begins nothing more."""

LEFT = 10.0
"""Seconds before it at which a function leaves what nobody waits for."""

DEAD = LIFE + LEASE
"""Seconds after which a worker that began a batch is taken for dead: longer than it may live."""
