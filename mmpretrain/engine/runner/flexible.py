"""The second runner of 1.x, which differed in taking a strategy."""

from __future__ import annotations

from typing import Any

from mmpretrain.engine.runner.runner import Runner
from mmpretrain.registry import RUNNERS


@RUNNERS.register_module()
class FlexibleRunner(Runner):
    """A runner whose strategy is an argument; every runner also takes it from ``cfg.strategy``.

    Args:
        model: The model.
        strategy: Config of the strategy.
        cfg: The whole config.
        **kwargs: Arguments of :class:`.Runner`.
    """

    def __init__(self, model: Any, *, strategy: Any = None, cfg: Any = None, **kwargs: Any) -> None:
        cfg = cfg if cfg is not None else {}
        if strategy is not None:
            cfg["strategy"] = strategy
        super().__init__(model, cfg=cfg, **kwargs)
