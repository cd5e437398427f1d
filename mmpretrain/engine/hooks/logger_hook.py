"""Writing the log of a run."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from mmpretrain.engine.hooks.hook import DataBatch, Hook
from mmpretrain.errors import ConfigError
from mmpretrain.registry import HOOKS
from mmpretrain.utils import fileio
from mmpretrain.utils.logging import IN_PROGRESS_BAR, going_on_without
from mmpretrain.utils.plain_data import dump

if TYPE_CHECKING:
    from mmpretrain.engine.session import Session


@HOOKS.register_module()
class LoggerHook(Hook):
    """Writes lines to the text log and numbers to the sinks (JSON, CSV, visualizer backends).

    Args:
        interval: Iterations between lines.
        ignore_last: Leave out the last, incomplete interval of an epoch.
        interval_exp_name: Iterations between mentions of the experiment's name.
        out_dir: Where to copy the logs when the run is over; a folder or an fsspec address.
        out_suffix: Endings of the files to copy.
        keep_local: Keep the originals.
        file_client_args: The older spelling of ``backend_args``.
        log_metric_by_epoch: Number validation metrics by epoch, otherwise by iteration.
        backend_args: Options of the storage of ``out_dir``.
    """

    priority = "BELOW_NORMAL"

    def __init__(
        self,
        interval: int = 10,
        ignore_last: bool = True,
        interval_exp_name: int = 1000,
        out_dir: str | Path | None = None,
        out_suffix: Sequence[str] | str = (".json", ".log", ".py", "yaml"),
        keep_local: bool = True,
        file_client_args: dict | None = None,
        log_metric_by_epoch: bool = True,
        backend_args: dict | None = None,
    ) -> None:
        if interval <= 0:
            raise ConfigError(f"LoggerHook needs an interval of at least 1, got {interval}", key="interval")
        self.interval = interval
        self.ignore_last = ignore_last
        self.interval_exp_name = interval_exp_name
        self.out_dir = str(out_dir) if out_dir is not None else None
        self.out_suffix = (out_suffix,) if isinstance(out_suffix, str) else tuple(out_suffix)
        self.keep_local = keep_local
        self.log_metric_by_epoch = log_metric_by_epoch
        self.backend_args = backend_args or file_client_args

    def before_train(self, runner: Session) -> None:
        """Note the length of an epoch."""
        self._epoch_length = len(runner.train_dataloader)

    def after_train_iter(
        self, runner: Session, batch_idx: int, data_batch: DataBatch = None, outputs: dict | None = None
    ) -> None:
        """Write a line every ``interval`` iterations."""
        last = batch_idx + 1 == self._epoch_length
        if last or (runner.iter + 1) % self.interval_exp_name == 0:
            runner.logger.info(f"Exp name: {runner.experiment_name}", extra=IN_PROGRESS_BAR)
        due = (batch_idx + 1) % self.interval == 0
        if due or (last and (not self.ignore_last or self._epoch_length <= self.interval)):
            tag, line = runner.log_processor.get_log_after_iter(runner, batch_idx, "train")
            runner.logger.info(line, extra=IN_PROGRESS_BAR)
            runner.log_sink.add_scalars(tag, runner.iter + 1, "train")

    def after_val_iter(
        self, runner: Session, batch_idx: int, data_batch: DataBatch = None, outputs: Sequence | None = None
    ) -> None:
        """Write a line every ``interval`` iterations."""
        self._progress(runner, batch_idx, "val")

    def after_test_iter(
        self, runner: Session, batch_idx: int, data_batch: DataBatch = None, outputs: Sequence | None = None
    ) -> None:
        """Write a line every ``interval`` iterations."""
        self._progress(runner, batch_idx, "test")

    def _progress(self, runner: Session, batch_idx: int, mode: Literal["val", "test"]) -> None:
        if self.every_n_inner_iters(batch_idx, self.interval):
            _, line = runner.log_processor.get_log_after_iter(runner, batch_idx, mode)
            runner.logger.info(line, extra=IN_PROGRESS_BAR)

    def after_val_epoch(self, runner: Session, metrics: dict[str, float] | None = None) -> None:
        """Write the metrics."""
        tag, line = runner.log_processor.get_log_after_epoch(runner, len(runner.val_dataloader), "val")
        runner.logger.info(line, extra={"in_progress_bar": runner.state.training})
        step = 0
        if runner.is_training_built:
            step = runner.epoch if self.log_metric_by_epoch else runner.iter
        runner.log_sink.add_scalars(tag, step, "val")

    def after_test_epoch(self, runner: Session, metrics: dict[str, float] | None = None) -> None:
        """Write the metrics."""
        tag, line = runner.log_processor.get_log_after_epoch(
            runner, len(runner.test_dataloader), "test", with_non_scalar=True
        )
        runner.logger.info(line)
        if runner.is_main:
            with going_on_without("The file of the metrics"):
                dump(tag, Path(runner.log_dir, f"{runner.timestamp}.json"))

    def after_run(self, runner: Session) -> None:
        """Finish the files, and copy them if asked to."""
        runner.log_sink.close()
        if self.out_dir is None or not runner.is_main:
            return
        folder = Path(runner.work_dir)
        target = fileio.join(self.out_dir, folder.name)
        for file in sorted(folder.rglob("*")):
            if file.is_file() and file.name.endswith(self.out_suffix):
                where = fileio.join(target, file.relative_to(folder).as_posix())
                fileio.write_bytes(file.read_bytes(), where, self.backend_args)
        runner.logger.info(f"The logs have been copied to {target}")
        if not self.keep_local:
            shutil.rmtree(runner.log_dir)
