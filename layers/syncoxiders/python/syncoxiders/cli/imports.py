"""``syncoxiders account import-rclone``."""

import os
from collections.abc import Sequence
from pathlib import Path

import click

from syncoxiders.adapters import rclone
from syncoxiders.adapters.accounts import Accounts
from syncoxiders.adapters.accounts.records import reconnect
from syncoxiders.adapters.rclone import Remote
from syncoxiders.cli.exits import Exit, Usage
from syncoxiders.cli.output import complain
from syncoxiders.cli.text import counted, listed, shown
from syncoxiders.ports.errors import AccountError


def import_rclone(what: Sequence[str]) -> Exit:
    """Add rclone's remotes as accounts; return PARTIAL if one that was named cannot be."""
    path, names = _meant(what)
    try:
        remotes = {each.name: each for each in rclone.read(path)}
    except AccountError as error:
        raise Usage(shown(str(error))) from error
    if missing := [name for name in names if name not in remotes]:
        there = listed([shown(each) for each in remotes]) or "none"
        raise Usage(f"{shown(str(path))} has no remote {shown(missing[0])!r}; it has {there}")
    accounts = Accounts()
    taken = [each for each in names or remotes if _taken(accounts, remotes[each])]
    click.echo(f"{counted(len(taken), 'account')} taken over from {shown(str(path))}.")
    if taken:
        click.echo("See whether they let us in: syncoxiders account check")
    return Exit.PARTIAL if len(taken) < len(names) else Exit.DONE


def _meant(what: Sequence[str]) -> tuple[Path, list[str]]:
    """Return the file and the remotes that are meant; the first word is a file if it is one."""
    names = [each.removesuffix(":") for each in what]
    if what and (os.sep in what[0] or what[0].endswith(".conf") or Path(what[0]).is_file()):
        return Path(what[0]), names[1:]
    return rclone.usual(os.environ, Path.home()), names


def _taken(accounts: Accounts, remote: Remote) -> bool:
    name = shown(remote.name)
    if remote.account is None:
        complain(f"{name} was not taken: {shown('; '.join(remote.notes))}")
        return False
    try:
        accounts.check_free(remote.name)
        record = accounts.add(remote.account, remote.secret)
    except AccountError as error:
        complain(f"{name} was not taken: {shown(str(error))}")
        return False
    click.echo(f"{name}: {remote.kind}")
    for note in remote.notes:
        click.echo(f"  {shown(note)}")
    if remote.kind != "s3" and not record.vault:
        click.echo(f"  {shown(reconnect(remote.account))} --client-id ID (see docs/accounts.md)")
    return True
