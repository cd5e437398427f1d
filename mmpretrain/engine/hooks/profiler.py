"""Where the time goes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import profiler

from mmpretrain.engine.hooks.hook import DataBatch, Hook
from mmpretrain.errors import ConfigError
from mmpretrain.registry import HOOKS
from mmpretrain.utils.logging import going_on_without

if TYPE_CHECKING:
    from mmpretrain.engine.session import Session

logger = logging.getLogger("mmpretrain")


@HOOKS.register_module()
class ProfilerHook(Hook):
    """Runs :class:`torch.profiler.profile` at the start of a run.

    Args:
        by_epoch: Whether ``profile_times`` counts epochs or iterations.
        profile_times: How long to profile; by epoch, only one makes sense.
        activity_with_cpu: Profile the CPU.
        activity_with_cuda: Profile the GPU.
        schedule: Arguments of :func:`torch.profiler.schedule`.
        on_trace_ready: A function of the profile; ``dict(type='log_trace', **arguments of table())`` to log
            a table; or ``dict(type='tb_trace', **arguments of tensorboard_trace_handler)``.
        record_shapes: Record the shapes of inputs.
        profile_memory: Record the use of memory.
        with_stack: Record file and line.
        with_flops: Estimate floating-point operations.
        json_trace_path: Where to write a trace for chrome://tracing.
    """

    priority = "VERY_LOW"

    def __init__(
        self,
        *,
        by_epoch: bool = True,
        profile_times: int = 1,
        activity_with_cpu: bool = True,
        activity_with_cuda: bool = False,
        schedule: Mapping[str, Any] | None = None,
        on_trace_ready: Callable[[profiler.profile], Any] | Mapping[str, Any] | None = None,
        record_shapes: bool = False,
        profile_memory: bool = False,
        with_stack: bool = False,
        with_flops: bool = False,
        json_trace_path: str | None = None,
    ) -> None:
        if profile_times < 1:
            raise ConfigError(f"profile_times must be positive, got {profile_times}", key="profile_times")
        if by_epoch and profile_times > 1:
            raise ConfigError(
                f"ProfilerHook slows training down: one epoch is enough, got profile_times={profile_times}",
                key="profile_times",
            )
        self.by_epoch = by_epoch
        self.profile_times = profile_times
        self.on_trace_ready = on_trace_ready
        self.json_trace_path = json_trace_path
        wanted = {
            profiler.ProfilerActivity.CPU: activity_with_cpu,
            profiler.ProfilerActivity.CUDA: activity_with_cuda,
        }
        self.arguments: dict[str, Any] = {
            "activities": [activity for activity, wish in wanted.items() if wish],
            "schedule": profiler.schedule(**schedule) if schedule is not None else None,
            "record_shapes": record_shapes,
            "profile_memory": profile_memory,
            "with_stack": with_stack,
            "with_flops": with_flops,
        }
        self.profiler: profiler.profile | None = None

    def before_train(self, runner: Session) -> None:
        length = runner.max_epochs if self.by_epoch else runner.max_iters
        if length < self.profile_times:
            raise ConfigError(
                f"profile_times={self.profile_times} is more than the run has: {length}", key="profile_times"
            )
        self.profiler = profiler.profile(on_trace_ready=self._handler(runner), **self.arguments)
        self.profiler.__enter__()
        logger.info("The profiler is running; training is slower than usual.")
        self._last_iter = runner.iter + self.profile_times - 1

    def _handler(self, runner: Session) -> Callable[[profiler.profile], Any] | None:
        if self.on_trace_ready is None or callable(self.on_trace_ready):
            return self.on_trace_ready  # type: ignore[return-value]
        if not isinstance(self.on_trace_ready, Mapping):
            raise ConfigError(
                f"on_trace_ready must be a function or a dict, got {self.on_trace_ready!r}",
                key="on_trace_ready",
            )
        options = dict(self.on_trace_ready)
        kind = options.pop("type", None)
        if kind == "log_trace":
            return lambda profile: logger.info("\n%s", profile.key_averages().table(**options))
        if kind == "tb_trace":
            folder = Path(runner.log_dir) / options.pop("dir_name", "tf_tracing_logs")
            logger.info("The profiler's traces for TensorBoard go to %s", folder)
            return profiler.tensorboard_trace_handler(str(folder), **options)
        raise ConfigError(
            f"on_trace_ready.type must be 'log_trace' or 'tb_trace', got {kind!r}", key="on_trace_ready"
        )

    def after_train_iter(
        self, runner: Session, batch_idx: int, data_batch: DataBatch = None, outputs: dict | None = None
    ) -> None:
        if self.profiler is None:
            return
        self.profiler.step()
        if not self.by_epoch and runner.iter >= self._last_iter:
            self.close()

    def after_train_epoch(self, runner: Session) -> None:
        self.close()

    def close(self) -> None:
        """End the profile, if it is running; the runner calls this, too, when a run ends by an error."""
        if self.profiler is None:
            return
        profile, self.profiler = self.profiler, None
        with going_on_without("The trace of the profiler"):
            profile.__exit__(None, None, None)
            if self.json_trace_path is not None:
                profile.export_chrome_trace(self.json_trace_path)
