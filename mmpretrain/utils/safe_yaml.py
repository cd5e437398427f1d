"""YAML from an untrusted file: plain values, and no more of them than its size justifies."""

from __future__ import annotations

from typing import Any

import yaml

from mmpretrain.utils.budget import DEPTH, BudgetError, check_nest

#: Items that a document may have besides two for each of its letters.
_SLACK = 100_000
_LONGEST_NUMBER = 1000


class Loader(yaml.SafeLoader):
    """PyYAML's safe loader with limits: aliases can make a short text endless.

    Args:
        text: The document.
    """

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._size = len(text)

    def fetch_flow_collection_start(self, token: Any) -> None:
        """Begin a list or a mapping in brackets; PyYAML's time grows with the square of their depth.

        Raises:
            BudgetError: If it is deeper than any document may be.
        """
        if self.flow_level > DEPTH:
            raise BudgetError("it is nested too deeply")
        super().fetch_flow_collection_start(token)

    def get_single_node(self) -> Any:
        """Return the tree of the document.

        Raises:
            BudgetError: If it is far larger than its text, or contains itself.
        """
        node = super().get_single_node()
        check_nest(node, self._size, _parts, _SLACK)
        return node


def _parts(node: Any) -> list[Any] | None:
    if isinstance(node, yaml.SequenceNode):
        return node.value
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return None


def _integer(loader: Loader, node: yaml.ScalarNode) -> int:
    if len(node.value) > _LONGEST_NUMBER:
        raise BudgetError(f"a number of {len(node.value):,} digits")
    return loader.construct_yaml_int(node)


Loader.add_constructor("tag:yaml.org,2002:int", _integer)


def load(text: str) -> Any:
    """Return the values of a document.

    Raises:
        yaml.YAMLError, ValueError: If it is no such document.
    """
    loader = Loader(text)
    try:
        return loader.get_single_data()
    finally:
        loader.dispose()
