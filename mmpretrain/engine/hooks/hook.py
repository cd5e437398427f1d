"""The base of all hooks: the points of a run at which they are called."""

from __future__ import annotations

from collections.abc import Sequence, Sized
from typing import TYPE_CHECKING, Any, ClassVar

from mmpretrain.engine.hooks.priority import Priority

if TYPE_CHECKING:
    from mmpretrain.engine.session import Session

DataBatch = dict | tuple | list | None


class Hook:
    """Code that runs around the steps of a run.

    A subclass overrides the points that it needs. The general ones ``_before_epoch``, ``_after_iter`` run
    as part of those of each mode, so that one method can serve training, validation and test.
    """

    priority: str | int | Priority = "NORMAL"

    #: Every point, in the order in which a run with validation reaches them.
    stages: ClassVar[tuple[str, ...]] = (
        "before_run",
        "after_load_checkpoint",
        "before_train",
        "before_train_epoch",
        "before_train_iter",
        "after_train_iter",
        "after_train_epoch",
        "before_val",
        "before_val_epoch",
        "before_val_iter",
        "after_val_iter",
        "after_val_epoch",
        "after_val",
        "before_save_checkpoint",
        "after_train",
        "before_test",
        "before_test_epoch",
        "before_test_iter",
        "after_test_iter",
        "after_test_epoch",
        "after_test",
        "after_run",
    )

    # -- the run ------------------------------------------------------------------------------------

    def before_run(self, runner: Session) -> None:
        """Before anything of a run."""

    def after_run(self, runner: Session) -> None:
        """After everything of a run."""

    def before_train(self, runner: Session) -> None:
        """Before the training loop."""

    def after_train(self, runner: Session) -> None:
        """After the training loop."""

    def before_val(self, runner: Session) -> None:
        """Before a validation."""

    def after_val(self, runner: Session) -> None:
        """After a validation."""

    def before_test(self, runner: Session) -> None:
        """Before a test."""

    def after_test(self, runner: Session) -> None:
        """After a test."""

    # -- checkpoints --------------------------------------------------------------------------------

    def before_save_checkpoint(self, runner: Session, checkpoint: dict) -> None:
        """Change the checkpoint before it is written."""

    def after_load_checkpoint(self, runner: Session, checkpoint: dict) -> None:
        """Read from a checkpoint before it is put into the model."""

    def state_dict(self) -> dict[str, Any]:
        """Return the state to save in checkpoints."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore what :meth:`state_dict` returned."""

    # -- epochs -------------------------------------------------------------------------------------

    def before_train_epoch(self, runner: Session) -> None:
        """Before each training epoch."""
        self._before_epoch(runner, mode="train")

    def before_val_epoch(self, runner: Session) -> None:
        """Before each pass over the validation data."""
        self._before_epoch(runner, mode="val")

    def before_test_epoch(self, runner: Session) -> None:
        """Before each pass over the test data."""
        self._before_epoch(runner, mode="test")

    def after_train_epoch(self, runner: Session) -> None:
        """After each training epoch."""
        self._after_epoch(runner, mode="train")

    def after_val_epoch(self, runner: Session, metrics: dict[str, float] | None = None) -> None:
        """After each pass over the validation data, with its metrics."""
        self._after_epoch(runner, mode="val")

    def after_test_epoch(self, runner: Session, metrics: dict[str, float] | None = None) -> None:
        """After each pass over the test data, with its metrics."""
        self._after_epoch(runner, mode="test")

    def _before_epoch(self, runner: Session, mode: str = "train") -> None:
        """Before an epoch of any mode."""

    def _after_epoch(self, runner: Session, mode: str = "train") -> None:
        """After an epoch of any mode."""

    # -- iterations ---------------------------------------------------------------------------------

    def before_train_iter(self, runner: Session, batch_idx: int, data_batch: DataBatch = None) -> None:
        """Before each training step."""
        self._before_iter(runner, batch_idx=batch_idx, data_batch=data_batch, mode="train")

    def before_val_iter(self, runner: Session, batch_idx: int, data_batch: DataBatch = None) -> None:
        """Before each validation step."""
        self._before_iter(runner, batch_idx=batch_idx, data_batch=data_batch, mode="val")

    def before_test_iter(self, runner: Session, batch_idx: int, data_batch: DataBatch = None) -> None:
        """Before each test step."""
        self._before_iter(runner, batch_idx=batch_idx, data_batch=data_batch, mode="test")

    def after_train_iter(
        self, runner: Session, batch_idx: int, data_batch: DataBatch = None, outputs: dict | None = None
    ) -> None:
        """After each training step; ``outputs`` are the logged losses."""
        self._after_iter(runner, batch_idx=batch_idx, data_batch=data_batch, outputs=outputs, mode="train")

    def after_val_iter(
        self, runner: Session, batch_idx: int, data_batch: DataBatch = None, outputs: Sequence | None = None
    ) -> None:
        """After each validation step; ``outputs`` are the predicted samples."""
        self._after_iter(runner, batch_idx=batch_idx, data_batch=data_batch, outputs=outputs, mode="val")

    def after_test_iter(
        self, runner: Session, batch_idx: int, data_batch: DataBatch = None, outputs: Sequence | None = None
    ) -> None:
        """After each test step; ``outputs`` are the predicted samples."""
        self._after_iter(runner, batch_idx=batch_idx, data_batch=data_batch, outputs=outputs, mode="test")

    def _before_iter(
        self, runner: Session, batch_idx: int, data_batch: DataBatch = None, mode: str = "train"
    ) -> None:
        """Before a step of any mode."""

    def _after_iter(
        self,
        runner: Session,
        batch_idx: int,
        data_batch: DataBatch = None,
        outputs: Sequence | dict | None = None,
        mode: str = "train",
    ) -> None:
        """After a step of any mode."""

    # -- questions that hooks ask -------------------------------------------------------------------

    def every_n_epochs(self, runner: Session, n: int, start: int = 0) -> bool:
        """Whether this epoch is the n-th, 2n-th, ... after ``start``."""
        return n > 0 and runner.epoch + 1 - start >= 0 and (runner.epoch + 1 - start) % n == 0

    def every_n_inner_iters(self, batch_idx: int, n: int) -> bool:
        """Whether this is the n-th, 2n-th, ... iteration of its epoch."""
        return n > 0 and (batch_idx + 1) % n == 0

    def every_n_train_iters(self, runner: Session, n: int, start: int = 0) -> bool:
        """Whether this training iteration is the n-th, 2n-th, ... after ``start``."""
        return n > 0 and runner.iter + 1 - start >= 0 and (runner.iter + 1 - start) % n == 0

    #: The name that 0.x used.
    every_n_iters = every_n_train_iters

    def end_of_epoch(self, dataloader: Sized, batch_idx: int) -> bool:
        """Whether this iteration is the last one of its epoch."""
        return batch_idx + 1 == len(dataloader)

    def is_last_train_epoch(self, runner: Session) -> bool:
        """Whether this is the last training epoch."""
        return runner.epoch + 1 == runner.max_epochs

    def is_last_train_iter(self, runner: Session) -> bool:
        """Whether this is the last training iteration of the run."""
        return runner.iter + 1 == runner.max_iters

    def get_triggered_stages(self) -> list[str]:
        """Return the points at which this hook does something, in the order of a run."""
        return [stage for stage in self.stages if self.acts_at(stage) or stage in vars(self)]

    @classmethod
    def acts_at(cls, stage: str) -> bool:
        """Whether the class overrides a point, itself or through the general one of its kind."""
        general = "_".join(["", stage.split("_")[0], stage.split("_")[-1]])  # after_val_iter -> _after_iter
        names = [stage] + ([general] if stage.endswith(("_iter", "_epoch")) else [])
        return any(getattr(cls, name, None) is not getattr(Hook, name, None) for name in names)
