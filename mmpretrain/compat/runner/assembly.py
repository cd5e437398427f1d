"""A runner of a config and of parts that a script has built itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmpretrain.engine.runner import Runner
from mmpretrain.engine.runner.plan import RunPlan


def runner_with(cfg: Mapping[str, Any], **built: Any) -> Runner:
    """Return a runner that uses the parts themselves; :meth:`.Runner.from_cfg` would train a copy.

    Args:
        cfg: The config of the run, in the keys of today.
        **built: ``model``, ``train_dataloader``, ``optim_wrapper``, ``custom_hooks``.
    """
    rest = {key: value for key, value in cfg.items() if key not in built}
    arguments = RunPlan.arguments_in({**rest, "model": None})
    return Runner(**{**arguments, **built})
