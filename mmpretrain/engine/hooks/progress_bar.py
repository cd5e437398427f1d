"""Progress bars for people at a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mmpretrain.engine.hooks.hook import DataBatch, Hook
from mmpretrain.registry import HOOKS
from mmpretrain.utils.logging import console_handler
from mmpretrain.utils.progress import make_progress

if TYPE_CHECKING:
    from mmpretrain.engine.session import Session

_LABELS = {"train": "Epoch", "val": "Validating", "test": "Testing"}


@HOOKS.register_module()
class ProgressBarHook(Hook):
    """Shows a bar for each epoch, validation and test.

    The runner adds it when the standard output is a terminal. Lines of iterations go to the file only,
    then.

    Args:
        progress: The display; by default a new one.
    """

    priority = "LOWEST"

    def __init__(self, progress: Any = None) -> None:
        self.progress = progress or make_progress()
        self._tasks: dict[str, Any] = {}

    def before_run(self, runner: Session) -> None:
        """Take over the console."""
        self.progress.start()
        handler = console_handler()
        if handler is not None:
            handler.progress = self.progress

    def after_run(self, runner: Session) -> None:
        """Give the console back."""
        self.close()

    def close(self) -> None:
        """Stop the display; also called when a run ends by an error."""
        handler = console_handler()
        if handler is not None:
            handler.progress = None
        self.progress.stop()

    def _before_epoch(self, runner: Session, mode: str = "train") -> None:
        label = _LABELS[mode]
        total = len(getattr(runner, f"{mode}_dataloader"))
        done = 0
        if mode == "train" and runner.max_epochs > 1:
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
        # Reading a loss waits for the device: a few times per second is enough for the eye.
        if mode == "train" and outputs and "loss" in outputs and batch_idx % 10 == 0:
            note = f"loss {runner.message_hub.get_scalar('train/loss').current():.4f}"
            self.progress.update(self._tasks[mode], note=note)
        self.progress.advance(self._tasks[mode])
