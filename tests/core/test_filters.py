"""What filters let through: gitignore's reading, and where it is deliberately another."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from syncoxiders.core.filters import (
    Filter,
    Rule,
    exclude,
    include,
    parse_age,
    parse_size,
    read_ignore_file,
    read_rules,
)
from syncoxiders.core.model import Kind

NOW = 1_700_000_000.0
DAY = 86_400 * 10**9


def lines(*rules: str) -> Filter:
    return Filter(options=read_rules("\n".join(rules), "rules"))


def ignoring(files: Mapping[str, Iterable[str]], options: tuple[Rule, ...] = ()) -> Filter:
    rules: list[Rule] = []
    for folder, text in files.items():
        read, complaints = read_ignore_file(folder, "\n".join(text).encode())
        assert complaints == ()
        rules += read
    return Filter(options=options, ignored=tuple(rules))


def out(rules: Filter, path: str, size: int = 0, mtime_ns: int = 0) -> bool:
    kind = Kind.FOLDER if path.endswith("/") else Kind.FILE
    return rules.out(path.rstrip("/"), kind, size, mtime_ns)


# --- examples


@pytest.mark.parametrize(
    ("rules", "in_paths", "out_paths"),
    [
        (["*.log", "!keep.log"], ["keep.log", "a/keep.log", "a/"], ["x.log", "a/x.log"]),
        (["!keep.log", "*.log"], ["a/"], ["keep.log", "x.log"]),
        (["*.log", "!keep/"], ["keep/", "keep/a"], ["keep/x.log"]),
        (["*.log", "!keep/**"], ["keep/x.log", "keep/a/x.log"], ["x.log"]),
        (["/build"], ["src/build", "src/build/a"], ["build", "build/", "build/a/b"]),
        (["build/"], ["build", "src/build"], ["build/", "src/build/", "src/build/a"]),
        (["a/**/z"], ["z", "b/a/z"], ["a/z", "a/b/c/z"]),
        (["a/**"], ["a/", "a", "b/a/c"], ["a/b", "a/b/"]),
        (["**/cache"], ["cached"], ["cache", "a/b/cache/"]),
        (["docs/*.txt"], ["docs/a/b.txt", "a/docs/b.txt"], ["docs/a.txt"]),
        (["\\!a", "\\#b", "c\\ ", "d  "], ["a", "b", "d  "], ["!a", "#b", "c ", "d"]),
        (["[a-c]x", "[!a-c]y"], ["dx", "ay"], ["ax", "dy"]),
        (["é"], ["e"], ["é", "e\u0301/"]),
        # Not git's reading from here on.
        (["build/", "!build/keep.txt"], ["build/", "build/keep.txt"], ["build/a", "build/b/"]),
        (["!build/keep.txt", "build/"], [], ["build/", "build/keep.txt"]),
        (["build/", "!build/a/**"], ["build/", "build/a/b"], ["build/c"]),
        (["b", "!a/**/keep"], ["a/b/", "a/b/c/keep"], ["b/", "a/b/x", "b/keep"]),
        (["b", "!**/b/keep"], ["a/b/", "a/b/keep"], ["a/b/c/", "a/b/x", "a/b/c/keep"]),
        (
            ["node_modules/", "!.env.example"],
            [".env.example"],
            ["node_modules/", "node_modules/a/", "node_modules/.env.example"],
        ),
        (["*", "!*.txt"], ["a.txt", "a/", "a/b/c.txt"], ["a/b/c"]),
        (["*", "!docs/"], ["docs/", "docs/a/b", "a/"], ["a/docs", "a/b"]),
        (["*", "!/docs/", "*.log"], ["docs/a"], ["a/", "a/docs/", "docs/a.log"]),
        (["/*", "!/docs/**", "docs/tmp/"], ["docs/", "docs/a/b"], ["a/", "docs/tmp/"]),
    ],
)
def test_the_last_match_decides(
    rules: list[str], in_paths: list[str], out_paths: list[str]
) -> None:
    """The last rule that matches a path decides, what none matches goes with its folder."""
    assert [path for path in in_paths if out(lines(*rules), path)] == []
    assert [path for path in out_paths if not out(lines(*rules), path)] == []


def test_an_ignore_file_speaks_of_its_folder() -> None:
    """Rules are anchored at their file's folder, and deeper ones decide."""
    rules = ignoring({"a/b": ["!x.log"], "": ["*.log"], "a": ["/y", "!z.log"]})
    assert out(rules, "x.log")
    assert not out(rules, "a/b/x.log")
    assert not out(rules, "a/b/z.log")
    assert out(rules, "a/y")
    assert not out(rules, "y")
    assert not out(rules, "a/b/y")
    assert not out(rules, "ab/y")


def test_an_ignore_file_in_an_excluded_folder_says_nothing() -> None:
    """What is inside a folder that is out cannot bring itself in."""
    assert out(ignoring({"": ["build/"], "build": ["!keep"]}), "build/keep")


def test_the_command_line_overrules_the_tree() -> None:
    """Whoever can write to an endpoint cannot bring in what the command excludes."""
    tree = {"": ["*.log", "!private/"], "private": ["!*"]}
    rules = ignoring(tree, (exclude("private/"), include("keep.log")))
    assert out(rules, "private/")
    assert out(rules, "private/keep.log")
    assert not out(rules, "keep.log")
    assert out(rules, "x.log")


def test_includes_alone_exclude_everything_else() -> None:
    """With nothing but includes, files must be included; folders that may hold some remain."""
    rules = ignoring({"": ["secret.txt", "!b.md"]}, (include("*.txt"), include("/docs/")))
    assert [p for p in ("a.txt", "a/b.txt", "docs/a", "docs/a/b", "a/") if out(rules, p)] == []
    assert all(
        out(rules, path) for path in ("a", "b.md", "a/docs", "secret.txt", "docs/secret.txt")
    )
    only = Filter(options=(include("/docs/guide.txt"),))
    assert not out(only, "docs/")
    assert out(only, "docs/a/")
    assert out(only, "a/")


def test_lines_that_include_exclude_nothing() -> None:
    """A file of nothing but ``!`` lines has, as in git, no effect."""
    assert not out(lines("!a"), "b")


@pytest.mark.parametrize("kind", list(Kind))
def test_limits_speak_of_files(kind: Kind) -> None:
    """Sizes and times are inclusive, and folders and links have none to be held against them."""
    rules = Filter(min_size=10, max_size=20, min_mtime_ns=100, max_mtime_ns=200)
    for size, mtime_ns, expected in [
        (10, 100, False),
        (20, 200, False),
        (9, 100, True),
        (21, 100, True),
        (10, 99, True),
        (10, 201, True),
        (None, None, False),
    ]:
        assert rules.out("a", kind, size, mtime_ns) is (expected and kind is Kind.FILE)


def test_an_empty_filter_lets_everything_through() -> None:
    """Without rules and limits nothing is out, not even the root under any rules."""
    assert not Filter()
    assert Filter().version == ""
    assert not out(Filter(), "a/b")
    assert not lines("*").out("", Kind.FOLDER, None, None)


def test_the_version_is_the_filters() -> None:
    """Equal filters have one version, which any change of rules, order or limits changes."""
    filters = [
        Filter(),
        lines("a"),
        lines("!a"),
        lines("a", "b"),
        lines("b", "a"),
        ignoring({"": ["a"]}),
        ignoring({"a": ["a"]}),
        Filter(options=(exclude("a"),)),
        Filter(min_size=1),
        Filter(max_size=1),
        Filter(min_mtime_ns=1),
        Filter(max_mtime_ns=1),
    ]
    assert len({each.version for each in filters}) == len(filters)
    assert len(set(filters)) == len(filters)
    assert lines("a").version == lines("a", "# a comment", "").version
    assert lines("\udcff", "é").version


def test_deep_paths_are_judged() -> None:
    """A path of 4,000 bytes is judged without running out of stack."""
    deep = "/".join("a" * 2000)
    assert not out(lines("b"), deep)
    assert out(lines("**/a/b"), f"{deep}/b")


def test_no_name_makes_a_pattern_slow() -> None:
    """Anybody may write a ``.syncignore``: many stars do not backtrack without end."""
    assert not out(lines("*a" * 60 + "b"), "a" * 250)
    assert out(lines("*a?" * 3 + "*[bc]"), "xaxaxaxc")
    assert not out(lines("/" + "**/a/" * 60 + "b"), "a/" * 250 + "a")


def test_no_filter_costs_no_library() -> None:
    """A run without rules does not import the pattern library."""
    code = (
        "import sys; from syncoxiders.core.filters import Filter; "
        "Filter(min_size=1).out('a', 'file', 0, 0); sys.exit('pathspec' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# --- what is refused


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("", "empty"),
        ("  ", "empty"),
        ("/", "never match"),
        ("//", "never match"),
        ("a//b", "never match"),
        ("./a", "never match"),
        ("a/../b", "never match"),
        ("a\0b", "never match"),
        ("a\\", "never match"),
        ("a[b", "not closed"),
        ("a[b/c]", "not closed"),
        ("[z-a]", "bad character range"),
        ("[[:alpha:]]", "not understood"),
        ("[\\]]", "not understood"),
        ("!a", "use --exclude or --include"),
        ("#a", "comment"),
    ],
)
def test_a_malformed_pattern_is_refused(pattern: str, message: str) -> None:
    """A pattern that means nothing, or can never match, is an error that says so."""
    for option in (exclude, include):
        with pytest.raises(ValueError, match=message):
            option(pattern)


def test_a_malformed_line_is_named() -> None:
    """The error says which line of which file; in the tree, the other lines stay in force."""
    with pytest.raises(ValueError, match=r"^rules.txt, line 3: 'a\[' can never match"):
        read_rules("# one\n\na[\n", "rules.txt")
    rules, complaints = read_ignore_file("x/y", b"\xef\xbb\xbfgood\r\nbad[\r\n\xff\r\n")
    assert [rule.pattern for rule in rules] == ["good", "\udcff"]
    assert [text.split(":")[0] for text in complaints] == ["x/y/.syncignore, line 2"]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Filter(options=(exclude("a"), include("a"))), "'a' is both"),
        (lambda: Filter(min_size=2, max_size=1), "at least 2 and at most 1"),
        (lambda: Filter(min_mtime_ns=2, max_mtime_ns=1), "older .* younger"),
        (lambda: msgspec.structs.replace(Filter(min_size=2), max_size=1), "at least 2"),
    ],
)
def test_contradictions_are_refused(make: type[Filter], message: str) -> None:
    """Options of which one takes back the other are an error that says which."""
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("500", 500),
        ("500b", 500),
        ("10K", 10 << 10),
        ("10k", 10 << 10),
        ("1.5M", 3 << 19),
        ("2 GiB", 2 << 30),
        ("2GB", 2 * 10**9),
        ("1T", 1 << 40),
        ("1P", 1 << 50),
    ],
)
def test_sizes(text: str, size: int) -> None:
    """Letters alone are powers of 1024, with B of 1000, as everywhere on Unix."""
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "M", "-1", "1.", "10X", "1e3", "1 0", "٣", "9" * 20])
def test_what_is_no_size_is_refused(text: str) -> None:
    """The error shows what was given and how sizes are written."""
    with pytest.raises(ValueError, match="not a size; write it as"):
        parse_size(text)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("7d", int(NOW) * 10**9 - 7 * DAY),
        ("1d12h", int(NOW) * 10**9 - DAY * 3 // 2),
        ("1.5 d", int(NOW) * 10**9 - DAY * 3 // 2),
        ("1M", int(NOW) * 10**9 - 30 * DAY),
        ("1m", int(NOW) * 10**9 - 60 * 10**9),
        ("1970-01-02", DAY),
        ("1969-12-31", -DAY),
        ("1970-01-02T01:00+01:00", DAY),
        ("1970-01-02 00:00:00.000001Z", DAY + 1000),
    ],
)
def test_ages_and_dates(text: str, instant: int) -> None:
    """An age counts back from now; a date stands for itself, in UTC unless it says otherwise."""
    assert parse_age(text, NOW) == instant


@pytest.mark.parametrize(
    "text", ["", "7", "d", "-7d", "7 fortnights", "2024-13-01", "9" * 10 + "d"]
)
def test_what_is_no_age_is_refused(text: str) -> None:
    """The error shows what was given and how ages are written."""
    with pytest.raises(ValueError, match="neither an age, as 12h or 7d, nor a date"):
        parse_age(text, NOW)


# --- properties

SEGMENTS = [
    *("a", "b", "ab", "*", "**", "a*", "*b", "*.txt", "?", "??", "foo?", ".*"),
    *("[ab]", "[!a]", "[^b]*", "[a-b]?", "a**b", "\\[a\\]", "a\\b", "d\\ ", "*a*b*"),
]
FOLDERS = ["a", "b", "a/b", "a/b/ab", "b/a", "ab", "d ", "d /a", "[a]"]
FILES = ["a", "b", "ab", "a.txt", "b.txt", ".x", "a b", "[a]", "foo\n", "d "]


def _paths() -> list[str]:
    files = {f"{folder}/{name}".lstrip("/") for folder in ["", *FOLDERS] for name in FILES}
    return [*(f"{folder}/" for folder in FOLDERS), *sorted(files - set(FOLDERS))]


PATHS = _paths()
PATTERNS = st.builds(
    lambda parts, anchor, folders: anchor + "/".join(parts) + folders,
    st.lists(st.sampled_from(SEGMENTS), min_size=1, max_size=3),
    st.sampled_from(["", "", "/"]),
    st.sampled_from(["", "", "/"]),
)
LINES = st.lists(PATTERNS | PATTERNS.map("!{}".format), min_size=1, max_size=6)
TREES = st.dictionaries(st.sampled_from(["", "a", "b", "a/b"]), LINES, min_size=1, max_size=3)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    root = tmp_path_factory.mktemp("checkout")
    subprocess.run(["git", "init", "-q", str(root)], check=True, env=_environment(root))
    for path in PATHS:
        if path.endswith("/"):
            (root / path).mkdir(parents=True, exist_ok=True)
        else:
            (root / path).touch()
    return root


def _environment(root: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": str(root), "GIT_CONFIG_NOSYSTEM": "1"}


def _git_ignores(root: Path, tree: Mapping[str, list[str]]) -> set[str]:
    for folder in ["", *FOLDERS]:
        text = "".join(f"{line}\n" for line in tree.get(folder, ()))
        (root / folder / ".gitignore").write_text(text)
    done = subprocess.run(
        ["git", "-C", str(root), "check-ignore", "--no-index", "-z", "--stdin"],
        input="\0".join(path.rstrip("/") for path in PATHS).encode(),
        env=_environment(root),
        stdout=subprocess.PIPE,
        check=False,
    )
    assert done.returncode in (0, 1)
    return set(done.stdout.decode().split("\0")) - {""}


def _lets_in_what_git_cannot(tree: Mapping[str, list[str]]) -> bool:
    """Say whether there are rules of the kind that are read differently on purpose."""
    rules = [line for text in tree.values() for line in text]
    paths = [line for line in rules if line.startswith("!") and "/" in line[1:].rstrip("/")]
    general = [
        line
        for line in rules
        if not line.startswith("!") and {"", "*", "**"}.issuperset(line.split("/"))
    ]
    return bool(paths or (general and any(line.startswith("!") for line in rules)))


@settings(max_examples=150, deadline=None)
@given(tree=TREES)
@example(tree={"": ["[ab]", "!a"], "a": ["b"]})
def test_git_agrees(checkout: Path, tree: dict[str, list[str]]) -> None:
    """What is out is what git ignores; where it is not, a ``!`` rule has effect that git denies."""
    rules = ignoring(tree)
    ours = {path.rstrip("/") for path in PATHS if out(rules, path)}
    ignored = _git_ignores(checkout, tree)
    assert ours <= ignored
    if not _lets_in_what_git_cannot(tree):
        assert ours == ignored


@given(TREES, LINES, st.booleans())
def test_nothing_is_in_inside_what_is_out(
    tree: dict[str, list[str]], options: list[str], typed: bool
) -> None:
    """A folder that is out need not be entered, whatever the rules."""
    given_rules = [
        rule for rule in read_rules("\n".join(options), "x") if not typed or rule.include
    ]
    rules = ignoring(
        tree, tuple(msgspec.structs.replace(rule, option=typed) for rule in given_rules)
    )
    for folder in FOLDERS:
        if out(rules, f"{folder}/"):
            inside = [path for path in PATHS if path.startswith(f"{folder}/")]
            assert all(out(rules, path) for path in inside)


@given(LINES, st.sampled_from(PATHS))
def test_a_last_rule_that_names_a_path_decides(rules: list[str], path: str) -> None:
    """Whatever rules came before, the one that names the path, or all above it too, wins."""
    escaped = path.rstrip("/").replace("[", "\\[").replace("]", "\\]").replace("\n", "?")
    named = "/" + (escaped[:-1] + "\\ " if escaped.endswith(" ") else escaped)
    assert out(lines(*rules, named), path)
    assert not out(lines(*rules, f"!{named}"), path)


@given(LINES, st.permutations(PATHS))
def test_the_order_of_asking_does_not_matter(rules: list[str], paths: list[str]) -> None:
    """What a filter remembers of folders is not seen in its answers."""
    asked = lines(*rules)
    assert [out(asked, path) for path in paths] == [out(lines(*rules), path) for path in paths]
