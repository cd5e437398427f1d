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
        work_dir: Where checkpoints and logs go.
        strategy: Config of the strategy.
        compile: What to compile, as ``cfg.compile``.
        cfg: The whole config.
        **kwargs: Arguments of :class:`.Runner`.
    """

    def __init__(
        self,
        model: Any,
        *,
        work_dir: str = "work_dirs",
        strategy: Any = None,
        compile: bool | dict[str, Any] = False,
        cfg: Any = None,
        **kwargs: Any,
    ) -> None:
        cfg = cfg if cfg is not None else {}
        if strategy is not None:
            cfg["strategy"] = strategy
        if compile:
            cfg["compile"] = compile
        super().__init__(model, work_dir, cfg=cfg, **kwargs)
