"""The loops of a run. To see how training works, read :meth:`EpochBasedTrainLoop.run`."""

from __future__ import annotations

import bisect
import os
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any

import torch

from mmpretrain.engine.hooks.sampler_seed import set_sampler_epoch
from mmpretrain.engine.runner.dataloader import is_infinite, send_keys_if_needed, start_epoch
from mmpretrain.engine.runner.failures import name_batch, naming_batch
from mmpretrain.engine.runner.precision import build_precision
from mmpretrain.engine.session import Session
from mmpretrain.errors import ConfigError, DataError
from mmpretrain.registry import LOOPS
from mmpretrain.utils.brief import brief
from mmpretrain.utils.dist import all_reduce, broadcast


class BaseLoop(ABC):
    """Runs over a data loader.

    Args:
        runner: The runner that it works for.
        dataloader: A loader or its config.
    """

    def __init__(self, runner: Session, dataloader: Any) -> None:
        self._runner = runner
        self.dataloader = runner.build_dataloader(
            dataloader, seed=runner.seed, diff_rank_seed=runner.diff_rank_seed
        )
        dataset: Any = getattr(self.dataloader, "dataset", None)
        if hasattr(dataset, "bad_files"):
            dataset.bad_files = os.path.join(runner.work_dir, "bad_files.txt")

    @property
    def runner(self) -> Session:
        """The runner that this loop works for."""
        return self._runner

    @property
    def classes(self) -> Sequence[str] | None:
        """The names of the classes, as far as the data set says them."""
        return (getattr(self.dataloader.dataset, "metainfo", None) or {}).get("classes")

    @abstractmethod
    def run(self) -> Any:
        """Run the loop."""

    def share_metainfo(self, *receivers: Any) -> None:
        """Pass the class names of the data set to an evaluator and the visualizer."""
        metainfo = getattr(self.dataloader.dataset, "metainfo", None)
        for receiver in receivers:
            if metainfo is not None and receiver is not None:
                receiver.dataset_meta = metainfo


class TrainLoop(BaseLoop):
    """What training loops share: the step, the position, and when to validate.

    Attributes:
        by_epoch: Whether it counts epochs.

    Args:
        runner: The runner that it works for.
        dataloader: The training data, or their config.
        val_begin: First epoch (iteration) after which to validate.
        val_interval: Epochs (iterations) between validations.
        dynamic_intervals: ``(milestone, interval)`` pairs: from each milestone on, its interval holds.
    """

    by_epoch = True

    def __init__(
        self,
        runner: Session,
        dataloader: Any,
        val_begin: int = 1,
        val_interval: int = 1,
        dynamic_intervals: Sequence[tuple[int, int]] | None = None,
    ) -> None:
        super().__init__(runner, dataloader)
        self.state = runner.state
        self.state.by_epoch = self.by_epoch
        self.val_begin = val_begin
        self.val_interval = val_interval
        try:
            steps = sorted((int(begin), int(interval)) for begin, interval in dynamic_intervals or [])
        except (TypeError, ValueError, OverflowError) as error:
            raise ConfigError(
                "dynamic_intervals takes pairs of a milestone and an interval, "
                f"got {brief(dynamic_intervals)}",
                hint="For example [(90, 1)].",
                key="dynamic_intervals",
            ) from error
        self.dynamic_milestones = [0, *(milestone for milestone, _ in steps)]
        self.dynamic_intervals = [val_interval, *(interval for _, interval in steps)]
        if not all(self.dynamic_intervals):
            name = "dynamic_intervals" if val_interval else "val_interval"
            raise ConfigError(
                f"{name} cannot be zero: from one validation to the next, it takes at least 1", key=name
            )
        self.share_metainfo(runner.visualizer)
        send_keys_if_needed(self.dataloader, runner.bare_model)

    @property
    def epoch(self) -> int:
        """Epochs done."""
        return self.state.epoch

    @property
    def iter(self) -> int:
        """Iterations done."""
        return self.state.iter

    @property
    def max_epochs(self) -> int:
        """Epochs to do."""
        return self.state.max_epochs

    @property
    def max_iters(self) -> int:
        """Iterations to do."""
        return self.state.max_iters

    @property
    def stop_training(self) -> bool:
        """Whether a hook asked to stop."""
        return self.state.stop_training

    @stop_training.setter
    def stop_training(self, value: bool) -> None:
        self.state.stop_training = value

    def run_iter(self, idx: int, data_batch: Any) -> None:
        """Train on one batch."""
        if data_batch is None:  # processes go in step, so it cannot be left out
            raise DataError(
                "None of the samples of a batch could be read",
                hint="bad_files.txt in the work folder lists them. A larger batch_size tolerates a few.",
            )
        runner = self._runner
        try:  # a context manager would cost more than some hooks
            runner.call_hook("before_train_iter", batch_idx=idx, data_batch=data_batch)
            outputs = runner.model.train_step(data_batch, optim_wrapper=runner.optim_wrapper)
            runner.call_hook("after_train_iter", batch_idx=idx, data_batch=data_batch, outputs=outputs)
        except Exception as error:
            explained = name_batch(error, f"training iteration {self.iter + 1}", data_batch)
            if explained is None:
                raise
            raise explained from error
        self.state.iter += 1

    def _validate_if_due(self, done: int, last: int) -> None:
        """Validate after ``done`` of ``last`` epochs (iterations), unless that was done before a stop."""
        self.val_interval = self.dynamic_intervals[bisect.bisect(self.dynamic_milestones, done) - 1]
        runner = self._runner
        due = done >= self.val_begin and (done % self.val_interval == 0 or done == last)
        if runner.val_loop is None or not due or done == 0:
            return
        if self.state.validated_at == self.iter:
            return
        runner.val_loop.run()
        runner.model.train()


def whole_number(value: float, name: str) -> int:
    """Return the length of a run as an int.

    Raises:
        ConfigError: If it is no whole number, or one that no run can count to.
    """
    if not isinstance(value, (int, float)) or not -(2**53) <= value <= 2**53 or value != int(value):
        raise ConfigError(f"{name} must be a whole number below 2**53, got {brief(value)}", key=name)
    return int(value)


@LOOPS.register_module()
class EpochBasedTrainLoop(TrainLoop):
    """Trains for a number of epochs.

    Args:
        runner: The runner that it works for.
        dataloader: The training data, or their config.
        max_epochs: How many epochs.
        val_begin: First epoch after which to validate.
        val_interval: Epochs between validations.
        dynamic_intervals: ``(epoch, interval)`` pairs: from each epoch on, its interval holds.
    """

    def __init__(
        self,
        runner: Session,
        dataloader: Any,
        max_epochs: int,
        val_begin: int = 1,
        val_interval: int = 1,
        dynamic_intervals: Sequence[tuple[int, int]] | None = None,
    ) -> None:
        super().__init__(runner, dataloader, val_begin, val_interval, dynamic_intervals)
        self.state.max_epochs = whole_number(max_epochs, "max_epochs")
        self.state.max_iters = self.state.max_epochs * len(self.dataloader)

    def run(self) -> Any:
        """Train until the last epoch is done, and return the model."""
        runner, state = self._runner, self.state
        runner.call_hook("before_train")
        seen = state.iter - state.epoch * len(self.dataloader)  # batches of this epoch before a resumption
        if seen == 0:
            state.restore_rng()
            self._validate_if_due(state.epoch, state.max_epochs)
        while state.epoch < state.max_epochs and not state.stop_training:
            self.run_epoch(seen)
            self._validate_if_due(state.epoch, state.max_epochs)
            runner.leave_if_interrupted()
            seen = 0
        runner.call_hook("after_train")
        return runner.model

    def run_epoch(self, seen: int = 0) -> None:
        """Train for one epoch, without the ``seen`` batches at its start."""
        runner, state = self._runner, self.state
        runner.call_hook("before_train_epoch")
        runner.model.train()
        set_sampler_epoch(self.dataloader, state.epoch)
        batches = start_epoch(self.dataloader, state.epoch, seen)
        if seen:
            state.restore_rng()
        for idx, data_batch in enumerate(batches, start=seen):
            self.run_iter(idx, data_batch)
            runner.leave_if_interrupted()
        runner.call_hook("after_train_epoch")
        state.epoch += 1


@LOOPS.register_module()
class IterBasedTrainLoop(TrainLoop):
    """Trains for a number of iterations.

    Args:
        runner: The runner that it works for.
        dataloader: The training data, or their config.
        max_iters: How many iterations.
        val_begin: First iteration after which to validate.
        val_interval: Iterations between validations.
        dynamic_intervals: ``(iteration, interval)`` pairs: from each iteration on, its interval holds.
    """

    by_epoch = False

    def __init__(
        self,
        runner: Session,
        dataloader: Any,
        max_iters: int,
        val_begin: int = 1,
        val_interval: int = 1000,
        dynamic_intervals: Sequence[tuple[int, int]] | None = None,
    ) -> None:
        super().__init__(runner, dataloader, val_begin, val_interval, dynamic_intervals)
        self.state.max_iters = whole_number(max_iters, "max_iters")
        self.state.max_epochs = 1  # for what compares epochs; there are none here

    def run(self) -> Any:
        """Train until the last iteration is done, and return the model."""
        runner, state = self._runner, self.state
        runner.call_hook("before_train")
        # One call for the whole run, as users of this loop know it.
        runner.call_hook("before_train_epoch")
        runner.model.train()
        batches = self._endless(state.iter)
        state.restore_rng()
        self._validate_if_due(state.iter, state.max_iters)
        while state.iter < state.max_iters and not state.stop_training:
            self.run_iter(state.iter, next(batches))
            self._validate_if_due(state.iter, state.max_iters)
            runner.leave_if_interrupted()
        runner.call_hook("after_train_epoch")
        runner.call_hook("after_train")
        return runner.model

    def _endless(self, seen: int) -> Iterator[Any]:
        """Batches without end, after the first ``seen``."""
        loader = self.dataloader
        if is_infinite(loader):
            yield from start_epoch(loader, 0, seen)
            return
        epoch, seen = divmod(seen, len(loader))
        while True:
            set_sampler_epoch(loader, epoch)
            yield from start_epoch(loader, epoch, seen)
            epoch, seen = epoch + 1, 0


class EvalLoop(BaseLoop):
    """Predicts and evaluates.

    Args:
        runner: The runner that it works for.
        dataloader: The data, or their config.
        evaluator: An evaluator, its config, or the config(s) of its metrics.
        fp16: Predict in half precision.
    """

    mode = ""

    def __init__(self, runner: Session, dataloader: Any, evaluator: Any, fp16: bool = False) -> None:
        super().__init__(runner, dataloader)
        self.evaluator = runner.build_evaluator(evaluator)
        self.share_metainfo(self.evaluator, runner.visualizer)
        self.fp16 = fp16
        self.precision = build_precision("fp16" if fp16 else None, runner.device)

    def run(self) -> dict[str, float]:
        """Evaluate, and return the metrics."""
        runner, mode = self._runner, self.mode
        runner.call_hook(f"before_{mode}")
        runner.call_hook(f"before_{mode}_epoch")
        runner.state.metrics = metrics = self.measure()
        runner.call_hook(f"after_{mode}_epoch", metrics=metrics)
        if mode == "val":
            runner.state.validated_at = runner.iter if runner.state.training else 0
        runner.call_hook(f"after_{mode}")
        return metrics

    def measure(self) -> dict[str, float]:
        """Predict all batches, and return the metrics; hooks may do so once more, with other weights."""
        self._runner.model.eval()
        for idx, data_batch in self.batches():
            self.run_iter(idx, data_batch)
        return self.evaluate()

    def batches(self) -> Iterator[tuple[int, Any]]:
        """Yield the batches with their numbers; between them, the run ends if a signal asked for it."""
        runner = self._runner
        runner.leave_if_interrupted(ask=True)
        for buffer in runner.model.buffers():  # statistics of batches differ; checkpoints hold the first's
            broadcast(buffer)
        # A sampler that repeats nothing gives some processes a batch more: so there is no peer to ask then.
        common = int(all_reduce(torch.tensor(len(self.dataloader)), "min"))
        for idx, data_batch in enumerate(start_epoch(self.dataloader, 0)):
            if data_batch is not None:  # on_error='skip' may leave nothing of a batch
                yield idx, data_batch
            if idx < common:
                runner.leave_if_interrupted()

    @torch.no_grad()
    def run_iter(self, idx: int, data_batch: Any) -> None:
        """Predict one batch."""
        runner, mode = self._runner, self.mode
        with naming_batch(f"{mode} iteration {idx + 1}", data_batch):
            runner.call_hook(f"before_{mode}_iter", batch_idx=idx, data_batch=data_batch)
            with self.precision.context():
                outputs = getattr(runner.model, f"{mode}_step")(data_batch)
            self.evaluator.process(data_samples=outputs, data_batch=data_batch)
            runner.call_hook(f"after_{mode}_iter", batch_idx=idx, data_batch=data_batch, outputs=outputs)

    def evaluate(self) -> dict[str, float]:
        """Compute the metrics of all that was predicted."""
        return self.evaluator.evaluate(len(self.dataloader.dataset))


@LOOPS.register_module()
class ValLoop(EvalLoop):
    """Validates between epochs."""

    mode = "val"


@LOOPS.register_module()
class TestLoop(EvalLoop):
    """Tests a checkpoint."""

    mode = "test"
    __test__ = False  # not a test of pytest
