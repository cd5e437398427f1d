"""What hooks and loops may touch of a run, and which run is under way."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Protocol

from mmpretrain.errors import TrainingError

if TYPE_CHECKING:
    import logging

    import torch

    from mmpretrain.checkpoints.store import CheckpointStore
    from mmpretrain.engine.runner.log_processor import LogProcessor
    from mmpretrain.engine.runner.log_sinks import SinkList
    from mmpretrain.engine.runner.state import MessageHub, RunState
    from mmpretrain.engine.runner.strategies import SingleDeviceStrategy


class Session(Protocol):
    """What hooks and loops may touch of a run; a :class:`.Runner` is one."""

    #: The model as it trains, in a wrapper where several processes train it. A loop calls its ``train_step``,
    #: ``val_step`` and ``test_step``.
    model: Any
    #: The config of the run.
    cfg: Mapping[str, Any]
    #: The position of the run and its results.
    state: RunState
    #: The optimizer in its wrapper, once training is built.
    optim_wrapper: Any
    #: The schedulers, once training is built; a dict of lists for several optimizers.
    param_schedulers: Any

    @property
    def logger(self) -> logging.Logger:
        """The log of the run."""
        ...

    @property
    def visualizer(self) -> Any:
        """Where pictures go."""
        ...

    @property
    def log_processor(self) -> LogProcessor:
        """From numbers to lines of the log."""
        ...

    @property
    def log_sink(self) -> SinkList:
        """Where the numbers of the run go."""
        ...

    @property
    def store(self) -> CheckpointStore:
        """The checkpoints of the work folder."""
        ...

    @property
    def strategy(self) -> SingleDeviceStrategy:
        """Where the model lives."""
        ...

    @property
    def device(self) -> torch.device:
        """The device of this process."""
        ...

    @property
    def bare_model(self) -> Any:
        """The user's model, without wrapper."""
        ...

    @property
    def message_hub(self) -> MessageHub:
        """Histories and facts by name."""
        ...

    @property
    def experiment_name(self) -> str:
        """Name of the run."""
        ...

    @property
    def timestamp(self) -> str:
        """When this start of the run began; its files have it in their names."""
        ...

    @property
    def work_dir(self) -> str:
        """Where checkpoints go."""
        ...

    @property
    def log_dir(self) -> str:
        """Where the logs of this start of the run go."""
        ...

    @property
    def epoch(self) -> int:
        """Epochs done."""
        ...

    @property
    def iter(self) -> int:
        """Iterations done."""
        ...

    @property
    def max_epochs(self) -> int:
        """Epochs to do; 1 if the loop counts iterations."""
        ...

    @property
    def max_iters(self) -> int:
        """Iterations to do."""
        ...

    @property
    def seed(self) -> int:
        """The seed in use."""
        ...

    @property
    def diff_rank_seed(self) -> bool:
        """Whether each process has its own seed."""
        ...

    @property
    def is_main(self) -> bool:
        """Whether this process writes files and logs."""
        ...

    @property
    def world_size(self) -> int:
        """Number of processes."""
        ...

    @property
    def is_training_built(self) -> bool:
        """Whether there is a training loop, and not only its config."""
        ...

    @property
    def train_loop(self) -> Any:
        """The training loop."""
        ...

    @property
    def val_loop(self) -> Any:
        """The validation loop, or None."""
        ...

    @property
    def test_loop(self) -> Any:
        """The test loop, or None."""
        ...

    @property
    def train_dataloader(self) -> Any:
        """The loader of the training data."""
        ...

    @property
    def val_dataloader(self) -> Any:
        """The loader of the validation data."""
        ...

    @property
    def test_dataloader(self) -> Any:
        """The loader of the test data."""
        ...

    def call_hook(self, fn_name: str, **kwargs: Any) -> None:
        """Call a point of all hooks."""
        ...

    def build_dataloader(self, dataloader: Any, seed: int | None = None, diff_rank_seed: bool = False) -> Any:
        """Return a data loader for a config; what is no config is returned as it is."""
        ...

    def build_evaluator(self, evaluator: Any) -> Any:
        """Return an evaluator."""
        ...

    def save_checkpoint(
        self,
        out_dir: str,
        filename: str,
        file_client_args: dict | None = None,
        save_optimizer: bool = True,
        save_param_scheduler: bool = True,
        meta: dict | None = None,
        by_epoch: bool = True,
        backend_args: dict | None = None,
    ) -> bool:
        """Save a checkpoint; every process must call this.

        Args:
            out_dir: The folder, or the address of one.
            filename: Name of the file in it.
            file_client_args: Former name of ``backend_args``.
            save_optimizer: Include the optimizer, without which training cannot continue exactly.
            save_param_scheduler: Include the schedulers.
            meta: Entries to add to the meta information.
            by_epoch: Whether the epoch that is under way counts as done, otherwise the iteration.
            backend_args: Options of the storage of ``out_dir``.

        Returns:
            Whether it could be written. If not, the log says why, and the earlier ones are untouched.
        """
        ...

    def leave_if_interrupted(self, ask: bool = False) -> None:
        """End the run if a signal asked for it."""
        ...


#: The run that this thread is in, if any.
_entered: ContextVar[Session | None] = ContextVar("mmpretrain_run", default=None)
#: The runs that are under way in this process, in any thread.
_under_way: list[Session] = []
#: All runs that exist, also those that have not started yet or are over.
_known: weakref.WeakSet[Session] = weakref.WeakSet()


@contextmanager
def under_way(run: Session) -> Iterator[None]:
    """Make a run the current one inside; runs may be nested, as when a hook starts one."""
    _known.add(run)
    _under_way.append(run)
    token = _entered.set(run)
    try:
        yield
    finally:
        _entered.reset(token)
        _under_way.remove(run)


def exists() -> bool:
    """Whether there is any run in this process: under way, not started yet, or over."""
    return bool(_entered.get() or _under_way or _known)


def current() -> Session:
    """Return the run that is under way: that of this thread, or the only one of the process.

    Between being built and being started, and after its end, the only run that exists counts as well.

    Raises:
        TrainingError: If there is no run, or if there are several and none of them belongs to this thread.
    """
    run = _entered.get()
    if run is not None:
        return run
    runs = list(_under_way) or list(_known)
    if len(runs) > 1 and not _under_way:
        runs.clear()  # or this list would keep them alive
        gc.collect()  # a run and its loops refer to each other, so that finished ones may linger
        runs = list(_known)
    if not runs:
        raise TrainingError(
            "No run is under way in this process",
            hint="Ask for it while a Runner trains, validates or tests.",
        )
    if len(runs) > 1:
        raise TrainingError(
            f"{len(runs)} runs exist in this process, and none of them was started by this thread",
            hint="Use the runner that a hook or a loop is given, for example runner.message_hub.",
        )
    return runs[0]
