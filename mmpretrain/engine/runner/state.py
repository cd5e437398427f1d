"""What a run knows about itself: position, history of numbers, best result, files."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import torch

from mmpretrain.engine import session
from mmpretrain.errors import NotRegisteredError
from mmpretrain.utils.dist import get_rank, get_world_size
from mmpretrain.utils.seeding import set_rng_state


class HistoryBuffer:
    """The values that one number took, with statistics over the latest of them.

    Args:
        log_history: Values, oldest first.
        count_history: Weight of each value in :meth:`mean`.
        max_length: How many values to remember.
    """

    def __init__(self, log_history: Any = (), count_history: Any = (), max_length: int = 100_000) -> None:
        self.max_length = max_length
        self._values: list[Any] = list(log_history)[-max_length:]
        counts = list(count_history)[-max_length:]
        # None as long as every value has the weight 1, as in nearly all histories.
        self._counts: list[int] | None = counts if any(count != 1 for count in counts) else None

    def update(self, log_val: Any, count: int = 1) -> None:
        """Append a value. A tensor is read when someone asks, so that the device need not be waited for."""
        values = self._values
        values.append(log_val)
        if count != 1 or self._counts is not None:
            self._weigh(count)
        if len(values) >= 2 * self.max_length:  # rarely: shifting the list takes time
            del values[: -self.max_length]
            if self._counts is not None:
                del self._counts[: -self.max_length]

    def _weigh(self, count: int) -> None:
        """Note the weight of the latest value."""
        if self._counts is None:
            self._counts = [1] * (len(self._values) - 1)
        self._counts.append(count)

    def _latest(self, window: int | None) -> list[float]:
        start = 0 if window is None else max(0, len(self._values) - window)
        values = self._values[start:] = list(map(float, self._values[start:]))  # read each tensor once
        return values

    @property
    def data(self) -> tuple[np.ndarray, np.ndarray]:
        """Values and counts."""
        values = np.array(self._latest(self.max_length))
        counts = [1] * len(values) if self._counts is None else self._counts[-self.max_length :]
        return values, np.array(counts)

    def current(self) -> float:
        """The latest value."""
        if not self._values:
            raise ValueError("The history is empty: update it before asking for its current value")
        value = self._values[-1]
        if type(value) is not float:
            value = self._values[-1] = float(value)
        return value

    def mean(self, window_size: int | None = None) -> float:
        """Mean of the latest values, weighted by their counts."""
        values = self._latest(window_size)
        if self._counts is None:
            return sum(values) / max(len(values), 1)
        counts = self._counts[-len(values) :]
        return sum(map(operator.mul, values, counts)) / max(sum(counts), 1)

    def max(self, window_size: int | None = None) -> float:
        """Largest of the latest values."""
        return max(self._latest(window_size))

    def min(self, window_size: int | None = None) -> float:
        """Smallest of the latest values."""
        return min(self._latest(window_size))

    _statistics: ClassVar[dict[str, Callable[..., Any]]] = {
        "current": current, "mean": mean, "max": max, "min": min,
    }  # fmt: skip

    @classmethod
    def register_statistics(cls, method: Callable[..., Any]) -> Callable[..., Any]:
        """Make a function of ``(history, ...)`` available to :meth:`statistics` under its name."""
        cls._statistics[method.__name__] = method
        return method

    def statistics(self, method_name: str, *args: Any, **kwargs: Any) -> Any:
        """Call a statistic by name: ``'mean'``, ``'max'``, ``'min'``, ``'current'`` or a registered one."""
        if method_name not in self._statistics:
            raise NotRegisteredError(
                f"There is no statistic {method_name!r}", hint=f"Choose one of {sorted(self._statistics)}."
            )
        return self._statistics[method_name](self, *args, **kwargs)

    def state_dict(self) -> dict[str, Any]:
        """Return the history as two tensors."""
        values, counts = self.data
        return {"values": torch.from_numpy(values.astype(np.float64)), "counts": torch.from_numpy(counts)}

    @classmethod
    def from_state(cls, state: Any) -> HistoryBuffer:
        """Rebuild a history from :meth:`state_dict` or from what MMEngine pickled in its place."""
        if not isinstance(state, Mapping):
            state = {"values": state._log_history, "counts": state._count_history}
        return cls((float(value) for value in state["values"]), (int(count) for count in state["counts"]))


#: What a hub knows without being told.
FACTS = ("epoch", "iter", "max_epochs", "max_iters", "seed")


class MessageHub:
    """The numbers and facts of a run by name, in the shape that user hooks and models know.

    ``log_scalars`` holds histories (``'train/loss'``), ``runtime_info`` the latest value of anything else
    (``'best_score'``). What was stored with ``resumed=False`` does not travel in checkpoints.

    Args:
        name: Name of the run.
        state: The state of the run, which is asked for the facts in :data:`FACTS` that were not stored.
    """

    def __init__(self, name: str = "run", state: RunState | None = None) -> None:
        self.name = self.instance_name = name
        self._state = state
        self.log_scalars: dict[str, HistoryBuffer] = {}
        self.runtime_info: dict[str, Any] = {}
        self._not_resumed: set[str] = set()

    @classmethod
    def get_current_instance(cls) -> MessageHub:
        """Return the hub of the run that is under way; see :func:`mmpretrain.engine.session.current`.

        Without any run in this process, it is a hub that no run reads: scripts of 1.x write to it when they
        call a model by hand.
        """
        return session.current().message_hub if session.exists() else _WITHOUT_RUN

    def update_scalar(self, key: str, value: Any, count: int = 1, resumed: bool = True) -> None:
        """Append to the history of ``key``; ``value`` is a number, or an array or tensor of one element."""
        history = self.log_scalars.get(key)
        if history is None:
            history = self.log_scalars[key] = HistoryBuffer()
        if not resumed:
            self._not_resumed.add(key)
        if type(value) is not float and isinstance(value, torch.Tensor):
            value = value.item() if value.is_cpu else value.detach()
        history.update(value, count)

    def update_scalars(self, log_dict: Mapping[str, Any], resumed: bool = True) -> None:
        """Append several; each value is a number or ``dict(value=..., count=...)``."""
        for key, value in log_dict.items():
            if isinstance(value, Mapping):
                self.update_scalar(key, value["value"], value.get("count", 1), resumed)
            else:
                self.update_scalar(key, value, 1, resumed)

    def update_info(self, key: str, value: Any, resumed: bool = True) -> None:
        """Store a fact."""
        self.runtime_info[key] = value
        if not resumed:
            self._not_resumed.add(key)

    def update_info_dict(self, info_dict: Mapping[str, Any], resumed: bool = True) -> None:
        """Store several facts."""
        for key, value in info_dict.items():
            self.update_info(key, value, resumed)

    def get_scalar(self, key: str) -> HistoryBuffer:
        """Return the history of ``key``."""
        if key not in self.log_scalars:
            raise KeyError(f"{key!r} was never logged; known: {sorted(self.log_scalars)}")
        return self.log_scalars[key]

    def get_info(self, key: str, default: Any = None) -> Any:
        """Return a fact."""
        if key not in self.runtime_info and self._state is not None and key in FACTS:
            return getattr(self._state, key)
        return self.runtime_info.get(key, default)

    def pop_info(self, key: str, default: Any = None) -> Any:
        """Return a fact and forget it."""
        return self.runtime_info.pop(key, default)

    def state_dict(self) -> dict[str, Any]:
        """Return what travels in a checkpoint: tensors, containers, strings and numbers."""
        return {
            "log_scalars": {
                k: v.state_dict() for k, v in self.log_scalars.items() if k not in self._not_resumed
            },
            "runtime_info": {
                k: v for k, v in self.runtime_info.items() if k not in self._not_resumed and _is_plain(v)
            },
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take back :meth:`state_dict`, or what MMEngine stored in its place."""
        skip = {key for key, resumed in state.get("resumed_keys", {}).items() if not resumed}
        for key, value in state.get("log_scalars", {}).items():
            if key not in skip:
                self.log_scalars[key] = HistoryBuffer.from_state(value)
        for key, value in state.get("runtime_info", {}).items():
            if key not in skip and isinstance(key, str):
                self.runtime_info[key] = value


#: The hub outside of all runs.
_WITHOUT_RUN = MessageHub("mmpretrain")


def _is_plain(value: Any) -> bool:
    """Whether a value consists of what a checkpoint may hold without running code when it is read."""
    if isinstance(value, Mapping):
        return all(_is_plain(k) and _is_plain(v) for k, v in value.items())
    if isinstance(value, (list, tuple, set)):
        return all(map(_is_plain, value))
    return value is None or isinstance(
        value, (bool, int, float, str, bytes, torch.Tensor, np.ndarray, np.number)
    )


@dataclass
class RunState:
    """The position of a run and its results.

    Attributes:
        work_dir: Folder of the run; checkpoints are written here.
        log_dir: Folder of this start of the run, below ``work_dir``.
        log_path: The text log.
        rank: Number of this process.
        world_size: Number of processes.
        seed: The seed in use.
        diff_rank_seed: Whether each process has its own seed.
        deterministic: Whether only deterministic algorithms are used.
        epoch: Epochs done.
        iter: Iterations done.
        max_epochs: Epochs to do.
        max_iters: Iterations to do.
        hub: Histories and facts by name.
        stop_training: Set by a hook that wants the run to end after this epoch.
        metrics: Metrics of the latest validation or test.
        interrupted_by: Number of the signal that asked the run to end.
        training: Whether a training is under way, and not only a validation or a test.
        by_epoch: Whether the training loop counts epochs, as opposed to iterations only.
        validated_at: Iterations done at the latest validation.
        loaded_from: The checkpoint whose weights the model has.
        learned_classes: The classes of the data that it was trained on, as far as it says them.
        pending_rng: Where the random generators are to continue, until the loop is there.
        resuming: Whether the run continues from a checkpoint, or is asked to.
        resumed_from: That checkpoint.
        at_home: Whether that is in this run's own folder, so that the files which it names do, too.
    """

    work_dir: str
    log_dir: str
    log_path: str | None = None
    rank: int = field(default_factory=get_rank)
    world_size: int = field(default_factory=get_world_size)
    seed: int = 0
    diff_rank_seed: bool = False
    deterministic: bool = False
    epoch: int = 0
    iter: int = 0
    max_epochs: int = 1
    max_iters: int = 0
    hub: MessageHub = field(default_factory=MessageHub)
    stop_training: bool = False
    metrics: dict[str, float] = field(default_factory=dict)
    interrupted_by: int | None = None
    training: bool = False
    by_epoch: bool = True
    validated_at: int | None = None
    loaded_from: str | None = None
    learned_classes: tuple[str, ...] = ()
    pending_rng: dict[str, Any] | None = None
    resuming: bool = False
    resumed_from: str | None = None
    at_home: bool = False

    @contextmanager
    def in_training(self) -> Iterator[None]:
        """Let :attr:`training` be true inside."""
        self.training = True
        try:
            yield
        finally:
            self.training = False

    def restore_rng(self) -> None:
        """Put the random generators back where the checkpoint found them; the loop knows when."""
        rng, self.pending_rng = self.pending_rng, None
        if rng is not None:
            set_rng_state(rng)

    @property
    def is_main(self) -> bool:
        """Whether this process writes files and logs."""
        return self.rank == 0

    @property
    def best_key(self) -> str | None:
        """Name of the metric that ``save_best`` watches."""
        return self.hub.get_info("best_key")

    @property
    def best_score(self) -> float | None:
        """The best value of the metric that ``save_best`` watches."""
        return self.hub.get_info("best_score")

    @property
    def best_checkpoint(self) -> str | None:
        """Path of the best checkpoint."""
        return self.hub.get_info("best_ckpt")

    @property
    def last_checkpoint(self) -> str | None:
        """Path of the latest checkpoint."""
        return self.hub.get_info("last_ckpt")
