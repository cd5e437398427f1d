"""Logger hooks of MMCV 1.x: the base of those that users write, and those that ``log_config`` names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from mmpretrain.compat.hooks.tables import BACKEND_ARGUMENTS, BACKENDS
from mmpretrain.compat.protocols.hooks import OldRunner
from mmpretrain.engine.hooks import Hook
from mmpretrain.errors import ConfigError
from mmpretrain.registry import VISBACKENDS


class LoggerHook(Hook):
    """Base of hooks that log numbers: a subclass implements :meth:`log`.

    Args:
        interval: Iterations between calls.
        ignore_last: Leave out the last, incomplete interval of an epoch.
        reset_flag: Accepted for compatibility.
        by_epoch: Whether the run counts epochs.
    """

    priority = "VERY_LOW"

    def __init__(
        self, interval: int = 10, ignore_last: bool = True, reset_flag: bool = False, by_epoch: bool = True
    ) -> None:
        if interval <= 0:
            raise ConfigError(
                f"A logger hook needs an interval of at least 1, got {interval}", key="interval"
            )
        self.interval = interval
        self.ignore_last = ignore_last
        self.reset_flag = reset_flag
        self.by_epoch = by_epoch

    def log(self, runner: Any) -> None:
        """Log the numbers of ``runner.log_buffer.output``."""
        raise NotImplementedError(f"{type(self).__name__} must implement log(runner)")

    def after_train_iter(self, runner: Any, batch_idx: int | None = None, *args: Any, **kwargs: Any) -> None:
        """Log every ``interval`` iterations."""
        view = OldRunner.of(runner, batch_idx, None, None)
        index = view.inner_iter if self.by_epoch else runner.iter
        last = not self.ignore_last and index + 1 == len(runner.train_dataloader)
        if (index + 1) % self.interval == 0 or last:
            self._log(view, "train")

    def after_val_epoch(self, runner: Any, metrics: dict[str, float] | None = None) -> None:
        """Log the metrics."""
        self._log(OldRunner.of(runner, None, None, None), "val")

    def _log(self, view: Any, mode: str) -> None:
        vars(view)["mode_of_log"] = mode
        self.log(view)
        vars(view)["mode_of_log"] = None

    # -- what subclasses ask ----------------------------------------------------------------------------

    @staticmethod
    def is_scalar(val: Any, include_np: bool = True, include_torch: bool = True) -> bool:
        """Whether a value is a number, or an array or a tensor of one."""
        import numpy as np
        import torch

        return (
            isinstance(val, (int, float))
            or (include_np and isinstance(val, np.ndarray) and val.ndim == 0)
            or (include_torch and isinstance(val, torch.Tensor) and val.numel() == 1)
        )

    def get_mode(self, runner: Any) -> str:
        """Return ``'train'`` or ``'val'``."""
        return getattr(runner, "mode_of_log", None) or runner.mode

    def get_epoch(self, runner: Any) -> int:
        """Return the number of the epoch, from 1; after an epoch that is the number of those done."""
        return runner.epoch + 1 if self.get_mode(runner) == "train" else runner.epoch

    def get_iter(self, runner: Any, inner_iter: bool = False) -> int:
        """Return the number of the iteration, from 1, in the run or in the epoch."""
        if self.by_epoch and inner_iter:
            return runner.inner_iter + 1
        return runner.iter + 1 if self.get_mode(runner) == "train" else runner.iter

    def get_step(self, runner: Any) -> int:
        """Return the number under which values are logged."""
        if self.get_mode(runner) == "val" and self.by_epoch:
            return self.get_epoch(runner)
        return self.get_iter(runner)

    def get_lr_tags(self, runner: Any) -> dict[str, float]:
        """Return the learning rate by name."""
        return {"learning_rate": runner.current_lr()[0]}

    def get_momentum_tags(self, runner: Any) -> dict[str, float]:
        """Return the momentum by name."""
        return {"momentum": runner.current_momentum()[0]}

    def get_loggable_tags(
        self,
        runner: Any,
        allow_scalar: bool = True,
        allow_text: bool = False,
        add_mode: bool = True,
        tags_to_skip: Sequence[str] = ("time", "data_time"),
    ) -> dict[str, Any]:
        """Return the numbers (and texts) to log by name, with the learning rate and the momentum."""
        mode, tags = self.get_mode(runner), {}
        for name, history in runner.message_hub.log_scalars.items():
            head, _, bare = name.partition("/")
            if head == mode and bare not in tags_to_skip and allow_scalar:
                value = history.mean(self.interval) if mode == "train" else history.current()
                tags[f"{mode}/{bare}" if add_mode else bare] = value
        return {**tags, **self.get_lr_tags(runner), **self.get_momentum_tags(runner)}


class TextLoggerHook(LoggerHook):
    """Writes lines to the log.

    Args:
        by_epoch: Whether the run counts epochs.
        interval: Iterations between lines.
        ignore_last: Leave out the last, incomplete interval of an epoch.
        reset_flag: Accepted for compatibility.
        interval_exp_name: Accepted for compatibility.
        **kwargs: Accepted for compatibility.
    """

    def __init__(
        self,
        by_epoch: bool = True,
        interval: int = 10,
        ignore_last: bool = True,
        reset_flag: bool = False,
        interval_exp_name: int = 1000,
        **kwargs: Any,
    ) -> None:
        super().__init__(interval, ignore_last, reset_flag, by_epoch)

    def log(self, runner: Any) -> None:
        """Write a line."""
        mode = self.get_mode(runner)
        self._log_info({"mode": mode, **self.get_loggable_tags(runner, add_mode=False)}, runner)

    def _log_info(self, log_dict: Mapping[str, Any], runner: Any) -> None:
        if log_dict["mode"] == "train":
            _, line = runner.log_processor.get_log_after_iter(runner.runner, runner.inner_iter, "train")
        else:
            size = len(runner.val_dataloader)
            _, line = runner.log_processor.get_log_after_epoch(runner.runner, size, "val")
        runner.logger.info(line)


class BackendLoggerHook(LoggerHook):
    """Hands numbers to a visualization backend of today.

    Args:
        interval: Iterations between calls.
        ignore_last: Leave out the last, incomplete interval of an epoch.
        reset_flag: Accepted for compatibility.
        by_epoch: Whether the run counts epochs.
        **kwargs: Arguments of the backend; others that MMCV had are accepted.
    """

    backend: ClassVar[str]

    def __init__(
        self,
        interval: int = 10,
        ignore_last: bool = True,
        reset_flag: bool = False,
        by_epoch: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(interval, ignore_last, reset_flag, by_epoch)
        self.options = {new: kwargs[old] for old, new in BACKEND_ARGUMENTS.items() if old in kwargs}

    def before_run(self, runner: Any) -> None:
        """Open the backend, in the folder of the run's logs."""
        folder = self.options.setdefault("save_dir", runner.log_dir)
        self.options["save_dir"] = folder or runner.log_dir
        self.writer = VISBACKENDS.build({"type": self.backend, **self.options})

    def log(self, runner: Any) -> None:
        """Hand over the numbers."""
        self.writer.add_scalars(self.get_loggable_tags(runner), step=self.get_step(runner))

    def after_run(self, runner: Any) -> None:
        """Close the backend."""
        self.writer.close()


def _hook(name: str, backend: str) -> type[BackendLoggerHook]:
    return type(name, (BackendLoggerHook,), {"backend": backend, "__module__": __name__})


globals().update({name: _hook(name, backend) for name, backend in BACKENDS.items()})
