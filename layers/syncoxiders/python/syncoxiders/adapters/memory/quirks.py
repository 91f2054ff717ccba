"""What real storage does, as switches of the memory provider."""

from typing import Literal, TypeAlias

import msgspec

from syncoxiders.core.model import Traits

Form: TypeAlias = Literal["", "NFC", "NFD", "NFKC", "NFKD"]


class FeedQuirks(msgspec.Struct, frozen=True, kw_only=True):
    """How a change feed behaves.

    A page holds at most ``page_size`` events, the last ``repeats`` of which come again on the
    next page. ``deletes`` says whether a deleted folder names every id in it, only its own, or
    whether deletions do not show at all. With ``backwards`` a page tells the newest first. A feed
    of ``paths`` names no folder by its id, and what is gone by its path alone.
    """

    page_size: int = 100
    repeats: int = 0
    deletes: Literal["all", "top", "none"] = "all"
    backwards: bool = False
    paths: bool = False


class Quirks(msgspec.Struct, frozen=True, kw_only=True):
    """How a memory provider behaves; the default has no weakness.

    ``traits`` are both declared and enforced: without ``stable_ids`` an entry's id is its path,
    without ``keeps_replaced`` there is neither trash nor versions.
    Times are kept in steps of ``mtime_step_ns``. ``listed_hash`` is the algorithm whose hash
    entries carry (``""`` for none). Without ``sizes`` they do not tell how large they are, as
    exports of online documents do not. Without ``replace_keeps_id`` an upload that replaces leaves
    a new id at the place. ``stored_form`` is the Unicode form that names are turned into.

    Without ``preconditions`` an effect does not notice what changed since the check before it:
    the provider looks afterwards, and takes back what it did. With ``duplicates`` a folder can
    hold several entries of one name. With ``twins`` it can, too, and they are told apart: the
    oldest is shown under the name, every other under one of its own for as long as an older one
    stands. What a person does shows in a rescan or feed only ``lag`` operations later; point
    reads are always fresh.
    """

    traits: Traits = Traits(
        cheap_hash=True, keeps_executable=True, keeps_links=True, sets_meta=True
    )
    mtime_step_ns: int = 1
    listed_hash: str = "sha256"
    sizes: bool = True
    replace_keeps_id: bool = True
    stored_form: Form = ""
    preconditions: bool = True
    duplicates: bool = False
    twins: bool = False
    lag: int = 0
    feed: FeedQuirks = FeedQuirks()

    def __post_init__(self) -> None:
        if (self.duplicates or self.twins) and not self.traits.stable_ids:
            raise ValueError("entries of one name cannot be told apart by their path")
        if self.twins and not self.replace_keeps_id:
            raise ValueError("what takes the place of the oldest would not be the oldest")
