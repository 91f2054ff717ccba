"""Mutants: each takes exactly one safety out of the engine. The simulation has to notice.

A mutant is a replacement in the syntax tree of one function, so it says what is taken out and
breaks loudly when the code that it speaks of has changed.
"""

import ast
import inspect
import textwrap
from collections.abc import Callable
from types import CodeType, FunctionType
from typing import Any

import pytest

from syncoxiders.adapters.memory.provider import MemoryProvider, MemoryReader
from syncoxiders.core import existence, merge, plan, states, tree, versions
from syncoxiders.core.bind import Binder
from syncoxiders.core.draft import Draft
from syncoxiders.core.model import Action, Entry, Kind, Ref
from syncoxiders.core.order import Ordering
from syncoxiders.core.placing import Placing
from syncoxiders.engine import recover
from syncoxiders.engine.apply import Applier
from syncoxiders.engine.closing import Closings
from syncoxiders.engine.observe import Observer
from syncoxiders.engine.operations import Operations
from syncoxiders.engine.sync import Run

Mutant = Callable[[pytest.MonkeyPatch], None]


def swap(function: Callable[..., Any], old: str, new: str) -> Mutant:
    """Replace an expression or statement, of which there must be exactly one, by another.

    ``old`` and ``new`` are source text; layout does not matter.
    """

    def apply(patch: pytest.MonkeyPatch) -> None:
        body = ast.parse(textwrap.dedent(inspect.getsource(function)))
        editor = _Editor(_parsed(old), _parsed(new))
        body = ast.fix_missing_locations(editor.visit(body))
        if editor.hits != 1:
            raise LookupError(f"{function.__qualname__} has {old!r} {editor.hits} times, not once")
        patch.setattr(function, "__code__", _compiled(function, body))

    return apply


def idle(function: Callable[..., Any], answer: str = "None") -> Mutant:
    """Let a function do nothing and return an expression at once."""

    def apply(patch: pytest.MonkeyPatch) -> None:
        body = ast.parse(textwrap.dedent(inspect.getsource(function)))
        definition = body.body[0]
        assert isinstance(definition, ast.FunctionDef)
        definition.body = ast.parse(f"return {answer}").body
        patch.setattr(function, "__code__", _compiled(function, body))

    return apply


def _parsed(text: str) -> ast.AST:
    statement = ast.parse(textwrap.dedent(text)).body[0]
    return statement.value if isinstance(statement, ast.Expr) else statement


def _compiled(function: Callable[..., Any], body: ast.Module) -> CodeType:
    assert isinstance(function, FunctionType)
    definition = body.body[0]
    assert isinstance(definition, ast.FunctionDef)
    definition.decorator_list = []
    whole = compile(ast.fix_missing_locations(body), inspect.getfile(function), "exec")
    code = next(each for each in whole.co_consts if isinstance(each, CodeType))
    assert code.co_freevars == function.__code__.co_freevars
    return code


class _Editor(ast.NodeTransformer):
    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self._old = ast.dump(old)
        self._new = new
        self.hits = 0

    def visit(self, node: ast.AST) -> Any:
        found = node.value if isinstance(node, ast.Expr) else node
        if ast.dump(found) != self._old:
            return super().visit(node)
        self.hits += 1
        if isinstance(node, ast.stmt) and isinstance(self._new, ast.expr):
            return ast.Expr(self._new)
        return self._new


def adopts_what_it_sees(patch: pytest.MonkeyPatch) -> None:
    """Take for written what a look right after the write finds."""
    run = Operations.run

    def look_afterwards(self: Operations, action: Action) -> Entry | None:
        entry = run(self, action)
        if entry is None or entry.kind is Kind.FOLDER:
            return entry
        return self._providers[action.endpoint].get(Ref(entry.id, entry.name))

    patch.setattr(Operations, "run", look_afterwards)


NAMELESS = "(self._tree.find(ref.id) or self._tree.root).version"

MUTANTS: dict[str, Mutant] = {
    # -- preconditions of the provider ---------------------------------------------------------
    "replaces whatever version stands there": swap(
        MemoryProvider._check_place, "self._file(ref, version)", "self._tree.find(ref.id)"
    ),
    "creates over what stands there": swap(
        MemoryProvider._check_place,
        "raise Occupied(f'{name} stands there already')",
        "return folder, namesakes[0]",
    ),
    "moves over what stands there": swap(
        MemoryProvider.move,
        "raise Occupied(f'{name} stands there already')",
        "self._give_up(standing)",
    ),
    "deletes whatever version stands there": swap(
        MemoryProvider.delete,
        "self._expected(ref, version)",
        f"self._expected(ref, {NAMELESS})",
    ),
    "deletes folders with what is in them": swap(
        MemoryProvider.delete, "raise NotEmpty(f'{ref.path} is not empty')", "pass"
    ),
    "sets times on whatever version stands there": swap(
        MemoryProvider.set_meta, "self._file(ref, version)", f"self._file(ref, {NAMELESS})"
    ),
    "does not make sure that a version stood while it was read": swap(
        MemoryReader.chunks,
        "raise Changing(f'{self._ref.path} changed while it was read')",
        "pass",
    ),
    # -- reasons, checked just before acting ---------------------------------------------------
    "deletes without asking for the reason": idle(Operations._reason_to_delete),
    "does not confirm that what was deleted is absent": idle(Operations._confirm_absent),
    "hands over without asking for the copy": swap(
        Operations._confirm_copies, "found is None or found.version != replica.version", "False"
    ),
    # -- tombstones, and who is away -----------------------------------------------------------
    "forgets a deletion before all have confirmed it": swap(
        plan.closed, "all(each.gone for each in replicas.values())", "True"
    ),
    "takes who is away for one who deleted": swap(
        states.missing, "endpoint not in work.away", "True"
    ),
    "lets a deletion win over what its author did not know": idle(existence._ahead, "[]"),
    # -- journal -------------------------------------------------------------------------------
    "ignores what a dead run left open": swap(
        recover.recover, "context.store.open_actions()", "[]"
    ),
    "drops open actions without looking": idle(recover._outcome, "(False, None)"),
    "takes open actions for done": idle(recover._is_ours, "(True, found)"),
    "takes any folder's place for a move that was done": swap(
        recover._outcome, "found.id == action.entry", "True"
    ),
    "opens no action before it runs": swap(
        Run._start,
        "Commit(nodes=result.nodes, forget=result.forget, opened=result.actions)",
        "Commit(nodes=result.nodes, forget=result.forget)",
    ),
    "closes actions before they are durable": swap(
        Closings.settle, "providers[endpoint].settle()", "pass"
    ),
    "closes actions without their base update": swap(Closings.flush, "self._nodes", "{}"),
    "plans from the change log alone after a crash": swap(
        Run._go, "bool(recovered or looks.joining) or settled != state", "bool(looks.joining)"
    ),
    "says it is settled though something went wrong": swap(
        Run._conclude,
        "not (self._unsettled or outcome.errors or outcome.left or outcome.away)",
        "True",
    ),
    # -- looking -------------------------------------------------------------------------------
    "believes that something is missing at once": swap(
        Observer._believed,
        "self._replaced(missing | later, seen) | (missing & later)",
        "missing | later",
    ),
    "keeps what was in a folder that is gone": swap(
        Observer.with_content, "gone[child.id] = None", "pass"
    ),
    "does not look again at what was not as expected": idle(Applier._look_again),
    "does not plan again what waited in vain": swap(
        Applier._start, "self._result.nodes.add(action.node)", "pass"
    ),
    # -- our own writes ------------------------------------------------------------------------
    "adopts what it sees instead of what it wrote": adopts_what_it_sees,
    # -- equality ------------------------------------------------------------------------------
    "takes unknown for equal": swap(
        versions.same,
        "hashes.equal(left.hashes, right.hashes)",
        "hashes.equal(left.hashes, right.hashes) is not False",
    ),
    "takes unknown for different": swap(
        versions.same,
        "hashes.equal(left.hashes, right.hashes)",
        "hashes.equal(left.hashes, right.hashes) is True",
    ),
    "takes equal sizes for equal": swap(
        versions.same, "hashes.equal(left.hashes, right.hashes)", "True"
    ),
    "does not know its own past": idle(versions.known_past, "False"),
    # -- merging -------------------------------------------------------------------------------
    "takes an edit of an old version for one of the newest": swap(
        merge._content,
        """clean = (
            replica is not None
            and not replica.gone
            and not work.gone
            and replica.content_gen == work.content_gen
        )""",
        "clean = replica is not None and not replica.gone and not work.gone",
    ),
    "lets the loser of a conflict go": swap(merge.Verdict.apply, "self.losers", "[]"),
    "lets a deletion win over an edit": swap(
        existence.decide_existence, "is_edited(work, each)", "False"
    ),
    "lets a deletion win over a move": swap(
        existence.decide_existence, "draft.is_moved(work, each)", "False"
    ),
    "agrees on content that nobody has": idle(merge.ground),
    "forgets who has other executable bits": idle(states.put_bits_behind),
    # -- trees ---------------------------------------------------------------------------------
    "lets folders go with what survives in them": idle(tree._keep_folders),
    "lets moves form a cycle": idle(tree._undo_cycles),
    "lets two things stand at one place": idle(tree._part),
    "lets an entry belong to two nodes": idle(Draft.freeze_together),
    "deletes and renames in a union": idle(Binder._join),
    "deletes what a filter hides": idle(Draft.hidden, "False"),
    # -- order ---------------------------------------------------------------------------------
    "waits for nothing": swap(Ordering._waiting, "waiting.append(other)", "pass"),
    "moves into its own inside": idle(Placing.ways_out, "[]"),
}
