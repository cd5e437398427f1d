"""Progress bars for people at a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mmpretrain.engine.hooks.hook import DataBatch, Hook
from mmpretrain.registry import HOOKS
from mmpretrain.utils.logging import console_handler
from mmpretrain.utils.progress import make_progress, on_terminal

if TYPE_CHECKING:
    from rich.progress import Progress

    from mmpretrain.engine.session import Session

_LABELS = {"train": "Epoch", "val": "Validating", "test": "Testing"}


@HOOKS.register_module()
class ProgressBarHook(Hook):
    """Shows a bar for each epoch, validation and test, and leaves one line for each epoch.

    The runner adds it where :func:`~mmpretrain.utils.logging.one_line_an_epoch` says so. The lines of 1.x
    about iterations, validations and checkpoints are then written to the log file only.

    Args:
        progress: The display; by default a new one.
    """

    priority = "LOWEST"

    def __init__(self, progress: Progress | None = None) -> None:
        self.progress = progress or make_progress(disable=not on_terminal())
        self._tasks: dict[str, Any] = {}
        self._epoch: list[str] = []
        self._best: str | None = None

    def before_run(self, runner: Session) -> None:
        """Take over the console."""
        self.progress.start()
        handler = console_handler()
        if handler is not None:
            handler.progress = self.progress

    def after_run(self, runner: Session) -> None:
        """Give the console back."""
        self._say_epoch()
        self.close()

    def close(self) -> None:
        """Stop the display; also called when a run ends by an error."""
        handler = console_handler()
        if handler is not None:
            handler.progress = None
        self.progress.stop()

    def before_train_epoch(self, runner: Session) -> None:
        """Print the line of the epoch before, if no validation did, and show a bar."""
        self._say_epoch()
        super().before_train_epoch(runner)

    def after_train_epoch(self, runner: Session) -> None:
        """Note what the line of this epoch says; a validation may add to it."""
        super().after_train_epoch(runner)
        if runner.state.by_epoch:
            self._note_training(runner, f"Epoch {runner.epoch + 1}/{runner.max_epochs}")

    def after_val_epoch(self, runner: Session, metrics: dict[str, float] | None = None) -> None:
        """Print the line of the epoch with the metrics."""
        super().after_val_epoch(runner, metrics)
        if not runner.state.training:
            return
        if not self._epoch:  # a loop that counts iterations
            self._note_training(runner, f"Iter {runner.iter}/{runner.max_iters}")
        self._epoch += [f"{name} {value:.4g}" for name, value in (metrics or {}).items() if _is_number(value)]
        best = runner.state.best_checkpoint
        self._epoch += ["(best)"] if best and best != self._best else []
        self._best = best
        self._say_epoch()

    def _note_training(self, runner: Session, label: str) -> None:
        scalars: Mapping[str, Any] = runner.message_hub.log_scalars
        self._epoch = [label]
        if "train/loss" in scalars:
            self._epoch.append(f"loss {scalars['train/loss'].mean(len(runner.train_dataloader)):.4g}")

    def _say_epoch(self) -> None:
        if self._epoch:
            self.progress.console.print("  ".join(self._epoch), markup=False, highlight=False, soft_wrap=True)
        self._epoch = []

    def _before_epoch(self, runner: Session, mode: str = "train") -> None:
        label = _LABELS[mode]
        total = len(getattr(runner, f"{mode}_dataloader"))
        done = 0
        if mode == "train" and runner.state.by_epoch:
            label = f"Epoch {runner.epoch + 1}/{runner.max_epochs}"
            done = runner.iter - runner.epoch * total
        elif mode == "train":
            label, total, done = "Training", runner.max_iters, runner.iter
        self._tasks[mode] = self.progress.add_task(label, total=total, completed=done, note="")

    def _after_epoch(self, runner: Session, mode: str = "train") -> None:
        self.progress.refresh()  # a short epoch would never be seen at its end
        self.progress.remove_task(self._tasks.pop(mode))

    def _after_iter(
        self,
        runner: Session,
        batch_idx: int,
        data_batch: DataBatch = None,
        outputs: Any = None,
        mode: str = "train",
    ) -> None:
        # Reading a loss waits for the device, so it is done a few times per second only.
        if mode == "train" and outputs and "loss" in outputs and batch_idx % 10 == 0:
            note = f"loss {runner.message_hub.get_scalar('train/loss').current():.4f}"
            self.progress.update(self._tasks[mode], note=note)
        self.progress.advance(self._tasks[mode])


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
