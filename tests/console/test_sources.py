"""The console's sources: their types, what is vendored, and what they are allowed to do."""

import random
import re
import subprocess

import pytest
from playwright.sync_api import Browser

from tests.console import scenarios
from tests.console.conftest import opened
from tests.console.shapes import CONSOLE, PLACE, written

MODULES = CONSOLE.parents[1] / "node_modules"
OURS = [path for path in CONSOLE.rglob("*.js") if "vendor" not in path.parts]


def test_shapes() -> None:
    """The console's types are the API's shapes."""
    assert PLACE.read_text() == written(), "python -m tests.console.shapes writes them anew"


def test_types() -> None:
    """The console's modules have no type error."""
    compiler = MODULES / ".bin" / "tsc"
    if not compiler.exists():
        pytest.skip("TypeScript is not there: make env brings it, with Node.js")
    done = subprocess.run(
        [compiler, "--project", CONSOLE], capture_output=True, text=True, check=False
    )
    assert done.stdout + done.stderr == ""


def test_vendored() -> None:
    """What is vendored is what its package has."""
    package = MODULES / "lit-html"
    if not package.exists():
        pytest.skip("lit-html is not there: make env brings it, with Node.js")
    vendored = CONSOLE / "vendor" / "lit-html"
    for path in vendored.rglob("*"):
        name = path.relative_to(vendored)
        if path.is_file():
            source = package / name if name.name == "LICENSE" else package / "development" / name
            assert path.read_bytes() == source.read_bytes(), name


def test_small_modules() -> None:
    """A module is read in one sitting."""
    assert [path.name for path in OURS if len(path.read_text().splitlines()) > 300] == []


def test_no_html_from_text() -> None:
    """Nothing is made HTML that was text, and nothing of a page is inline."""
    text = "".join(path.read_text() for path in OURS)
    forbidden = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|unsafeHTML|eval\("
    assert re.findall(forbidden, text) == []
    assert re.findall(r"<[a-z]+[^>]*\sstyle=", text) == []
    assert re.findall(r"https?://(?!www\.w3\.org)", text) == []


def test_comparison(browser: Browser) -> None:
    """Both texts can be read from their comparison, and equal ones have no difference."""
    chance = random.Random(7)
    words = ["one", "two", "three", "", "a longer line of text", "}"]
    pairs = [
        ["\n".join(chance.choices(words, k=chance.randrange(12))) + "\n" for _ in range(2)]
        for _ in range(300)
    ]
    with opened(browser, scenarios.empty()) as console:
        wrong = console.page.evaluate(
            """async (pairs) => {
              const { compare, union } = await import('/js/lib/diff.js');
              const text = (rows, side) => rows.filter((row) => row[side])
                .map((row) => row[side].map((piece) => piece.text).join('')).join('\\n');
              const lines = (one) => one.replace(/\\n$/, '');
              return pairs.filter(([a, b]) => {
                const rows = compare(a, b);
                const same = compare(a, a).every((row) => row.kind === 'same');
                const all = union(a, b).split('\\n');
                return text(rows, 'left') !== lines(a) || text(rows, 'right') !== lines(b) ||
                  !same || ![...a.split('\\n'), ...b.split('\\n')].every((l) => all.includes(l));
              });
            }""",
            pairs,
        )
    assert wrong == []
