"""Next to a real MMEngine: its registries find our components under the scope ``mmpretrain``."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from mmpretrain import registry


def serve(module: ModuleType) -> None:
    """Give each registry of ``mmengine.registry`` a child of the scope ``mmpretrain`` that asks ours.

    Args:
        module: The module ``mmengine.registry`` of a real MMEngine.
    """
    for name, theirs in vars(module).items():
        ours = registry.ALL.get({"EVALUATOR": "EVALUATORS"}.get(name, name))
        if isinstance(theirs, module.Registry) and ours is not None:
            _child(module.Registry, theirs, ours)


def _child(kind: Any, parent: Any, ours: registry.Registry) -> None:
    class Child(kind):
        """A registry of MMEngine whose entries are ours."""

        def get(self, key: str) -> Any:
            """Return what a name stands for here; what MMEngine registered itself is found by its own."""
            return ours.get(key)

    Child(parent.name, parent=parent, scope="mmpretrain")
