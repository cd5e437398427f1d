"""Next to a real MMEngine: its registries find our components under the scope ``mmpretrain``."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from mmpretrain import registry
from mmpretrain.structures import BaseDataElement

#: Parts of a run: MMEngine's runner works with its own, where it has one of a name.
OF_THE_RUN = frozenset(
    """
    DATA_SAMPLERS EVALUATOR HOOKS LOG_PROCESSORS LOOPS MODEL_WRAPPERS OPTIM_WRAPPERS
    OPTIM_WRAPPER_CONSTRUCTORS OPTIMIZERS PARAM_SCHEDULERS RUNNERS RUNNER_CONSTRUCTORS STRATEGIES
    VISBACKENDS VISUALIZERS
    """.split()
)


def serve(module: ModuleType) -> None:
    """Give each registry of ``mmengine.registry`` a child of the scope ``mmpretrain`` that asks ours.

    Args:
        module: The module ``mmengine.registry`` of a real MMEngine.
    """
    for name, theirs in vars(module).items():
        ours = registry.ALL.get({"EVALUATOR": "EVALUATORS"}.get(name, name))
        if isinstance(theirs, module.Registry) and ours is not None:
            _child(module.Registry, theirs, ours, name in OF_THE_RUN)


def _child(kind: Any, parent: Any, ours: registry.Registry, theirs_first: bool) -> None:
    class Child(kind):
        """A registry of MMEngine whose entries are ours."""

        def get(self, key: str) -> Any:
            """Return what a name stands for here; what MMEngine registered itself is found by its own."""
            found = parent.get(key) if theirs_first else None
            return ours.get(key) if found is None else found

    Child(parent.name, parent=parent, scope="mmpretrain")


def collate_samples(module: ModuleType) -> None:
    """Let ``default_collate`` keep our samples in a list, as it does with MMEngine's own.

    Args:
        module: The module ``mmengine.dataset.utils`` of a real MMEngine.
    """
    module.BaseDataElement = (module.BaseDataElement, BaseDataElement)  # type: ignore[attr-defined]


#: Module of MMEngine -> what is done with it.
SERVED = {"mmengine.registry": serve, "mmengine.dataset.utils": collate_samples}


def serve_loaded() -> None:
    """Serve the modules of a real MMEngine that were imported before this package."""
    for name, with_ours in SERVED.items():
        module = sys.modules.get(name)
        if getattr(module, "__file__", None) is not None:
            with_ours(module)  # type: ignore[arg-type]
