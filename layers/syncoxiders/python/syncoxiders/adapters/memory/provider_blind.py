"""Effects of storage without preconditions, and how they are taken back.

Each does what it was told whatever stands there, keeps what that destroys, and returns what
undoes it. Undoing leaves alone what somebody has touched since: then only the storage's versions
or trash have what was destroyed.
"""

from collections.abc import Callable
from typing import TypeAlias

from syncoxiders.adapters.memory.provider_hands import Hands
from syncoxiders.adapters.memory.provider_tree import TreeNode
from syncoxiders.core.model import Kind, Ref
from syncoxiders.ports.errors import Occupied, Vanished

Undo: TypeAlias = Callable[[], None]


class BlindHands(Hands):
    """Storage that asks for no precondition."""

    def _blind_upload(self, parent: Ref, name: str, node: TreeNode, *, creates: bool) -> Undo:
        folder = self._tree.folder(parent.id)
        standing = self._tree.lookup(folder, name)
        if standing is not None and standing.kind is Kind.FOLDER:
            raise Occupied(f"{name} is a folder")
        if standing is None or (creates and self.quirks.duplicates):
            self._settle_in(node, folder, name)
            return lambda: self._withdraw(node, node.version)
        self._versions.append(standing.data)
        before = (standing.data, standing.mtime_ns, standing.executable)
        self._overwrite(standing, node.data, node.mtime_ns, node.executable)
        ours = standing.version

        def restore() -> None:
            if self._tree.is_live(standing) and standing.version == ours:
                self._versions.append(standing.data)
                self._overwrite(standing, *before)
            else:
                self._stranded.append(before[0])

        return restore

    def _blind_move(self, ref: Ref, parent: Ref, name: str) -> Undo:
        node = self._tree.find(ref.id)
        if node is None or node.parent is None:
            raise Vanished(f"{ref.path} is not there")
        folder = self._tree.folder(parent.id)
        standing = self._tree.lookup(folder, name)
        if standing is node or self.quirks.duplicates:
            standing = None
        if standing is not None:
            if standing.kind is Kind.FOLDER:
                raise Occupied(f"{name} is a folder")
            self._versions.append(standing.data)
            self._give_up(standing)
        old_folder, old_name = node.parent, node.name
        self._shift(node, folder, name, shows=self.ticks)

        def restore() -> None:
            if node.parent is folder and self._is_free(old_folder, old_name):
                self._shift(node, old_folder, old_name, shows=self.ticks)
            if standing is not None and self._is_free(folder, name):
                self._settle_in(standing, folder, name)
            elif standing is not None:
                self._stranded.append(standing.data)

        return restore

    def _blind_delete(self, ref: Ref) -> Undo:
        node = self._tree.find(ref.id)
        if node is None or node.parent is None:
            raise Vanished(f"{ref.path} is not there")
        folder = node.parent
        content = [each.data for each in self._tree.below(node) if each.kind is not Kind.FOLDER]
        self._trash.extend(content)
        self._give_up(node)

        def restore() -> None:
            if self._is_free(folder, node.name):
                self._settle_in(node, folder, node.name)
            else:
                self._stranded.extend(content)

        return restore

    # What effects are made of

    def _is_free(self, folder: TreeNode, name: str) -> bool:
        return self._tree.is_live(folder) and self._tree.lookup(folder, name) is None

    def _settle_in(self, node: TreeNode, folder: TreeNode, name: str) -> None:
        self._tree.attach(node, folder, name)
        for each in self._tree.below(node):
            self._late.pop(each, None)
            self._tell(each, shows=self.ticks)

    def _give_up(self, node: TreeNode) -> None:
        self._tell_of_deleted(node, shows=self.ticks)
        for each in self._tree.below(node):
            self._late.pop(each, None)
        self._tree.detach(node)

    def _withdraw(self, node: TreeNode, version: str) -> None:
        if self._tree.is_live(node) and node.version == version:
            self._trash.append(node.data)
            self._give_up(node)

    def _overwrite(
        self, node: TreeNode, data: bytes, mtime_ns: int, executable: bool | None
    ) -> None:
        self._late.pop(node, None)
        self._tree.fill(node, data, mtime_ns, executable)
        self._tell(node, shows=self.ticks)
