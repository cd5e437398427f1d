"""Lines of the log as runs by iteration wrote them in 0.x."""

from __future__ import annotations

from typing import Any

from mmpretrain.engine.runner.log_processor import LogProcessor, Mode
from mmpretrain.engine.session import Session
from mmpretrain.registry import LOG_PROCESSORS


@LOG_PROCESSORS.register_module()
class OldIterLogProcessor(LogProcessor):
    """Begins the lines of training with ``Iter [4/12]``, as MMCV 1.x's ``IterBasedRunner`` did.

    Args:
        **kwargs: Arguments of :class:`.LogProcessor`.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"by_epoch": False, **kwargs})

    def _header(self, runner: Session, batch_idx: int, mode: Mode, tag: dict[str, Any]) -> str:
        if mode != "train":
            return super()._header(runner, batch_idx, mode, tag)
        return f"Iter [{runner.iter + 1}/{runner.max_iters}]  "
