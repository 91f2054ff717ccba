"""How the command ends: its exit codes, and the errors that are the person's to mend."""

import enum

import click


class Exit(enum.IntEnum):
    """The exit codes. Scripts depend on them."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    STOPPED = 3
    PARTIAL = 4
    CONFLICTS = 5
    BUSY = 6
    STATE = 7
    DIFFERENT = 8
    INTERRUPTED = 130
    TERMINATED = 143


MEANINGS = {
    Exit.DONE: "done; conflicts are kept side by side and count as done",
    Exit.FAILED: "an unexpected error",
    Exit.USAGE: "the command line is wrong; nothing was touched",
    Exit.STOPPED: "a guard stopped the sync and asks; see log --plan and --approve",
    Exit.PARTIAL: "some files or folders could not be brought into step",
    Exit.CONFLICTS: "there were conflicts, with --fail-on-conflict",
    Exit.BUSY: "another run is using the state",
    Exit.STATE: "the state is damaged, foreign or cannot be used; nothing was touched",
    Exit.DIFFERENT: "check found differences",
    Exit.INTERRUPTED: "interrupted (Ctrl-C); the next run goes on from there",
    Exit.TERMINATED: "terminated (SIGTERM); the next run goes on from there",
}

EPILOG = "\b\nExit codes:\n" + "\n".join(
    f"  {code.value:>3}  {meaning}" for code, meaning in MEANINGS.items()
)
"""The exit codes for ``--help``."""


class Usage(click.UsageError):
    """Something in the command line or a file that it names; the text says what to do."""
