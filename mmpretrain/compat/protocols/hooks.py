"""Hooks of MMCV 1.x: their points, and the runner that they expect."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from typing import Any

from mmpretrain.engine.hooks.hook import Hook
from mmpretrain.engine.runner.state import MessageHub
from mmpretrain.errors import ConfigError

#: General points of MMCV 1.x -> the point of today that stands for them in training.
GENERAL = {
    "before_epoch": "before_train_epoch",
    "after_epoch": "after_train_epoch",
    "before_iter": "before_train_iter",
    "after_iter": "after_train_iter",
}
#: Points that MMCV 1.x called with the runner only.
_ITERATIONS = tuple(
    f"{when}_{mode}_iter" for when in ("before", "after") for mode in ("train", "val", "test")
)


def adapt(cls: type) -> None:
    """Let the points of MMCV 1.x be called, with a runner that has what they look for.

    Raises:
        ConfigError: If a general point could not be called, since the class has the one of training as well.
    """
    old = [name for name in GENERAL if name in vars(cls)]
    for name in _ITERATIONS:
        if name in vars(cls) and _takes_runner_only(vars(cls)[name]):
            setattr(cls, name, _with_old_runner(vars(cls)[name]))
            old.append(name)
    for name in old:
        point = GENERAL.get(name)
        if point is None:
            continue
        if point in vars(cls) and not _calls(vars(cls)[point], name):
            raise ConfigError(
                f"{cls.__name__}.{name} would never be called, since {cls.__name__}.{point} takes its place",
                hint=f"Call self.{name}(runner) there, or rename {name} to the point that you mean.",
            )
        if point not in vars(cls):
            setattr(cls, point, _with_old_runner(vars(cls)[name]))
    if old:
        for name, method in _QUESTIONS.items():
            if name not in vars(cls):
                setattr(cls, name, method)
        for name in ("before_run", "after_run", "before_train_epoch", "after_train_epoch"):
            method = vars(cls).get(name)
            if inspect.isfunction(method) and not hasattr(method, "__wrapped__"):
                setattr(cls, name, _with_old_runner(method))
        if not issubclass(cls, Hook) and not hasattr(cls, "acts_at"):
            cls.acts_at = classmethod(lambda owner, stage: hasattr(owner, stage))  # type: ignore[attr-defined]


def _every_n_inner_iters(self: Any, runner: Any, n: int) -> bool:
    index = runner if isinstance(runner, int) else runner.inner_iter
    return n > 0 and (index + 1) % n == 0


def _end_of_epoch(self: Any, runner: Any, batch_idx: int | None = None) -> bool:
    if batch_idx is not None:  # today: the loader and the position
        return batch_idx + 1 == len(runner)
    return runner.inner_iter + 1 == len(runner.data_loader)


#: What hooks of MMCV 1.x ask, with the runner where those of today take the position.
_QUESTIONS: dict[str, Callable[..., bool]] = {
    "every_n_inner_iters": _every_n_inner_iters,
    "end_of_epoch": _end_of_epoch,
    "is_last_epoch": lambda self, runner: runner.epoch + 1 == runner.max_epochs,
    "is_last_iter": lambda self, runner: runner.iter + 1 == runner.max_iters,
}


def _takes_runner_only(method: Any) -> bool:
    if not inspect.isfunction(method):
        return False
    parameters = list(inspect.signature(method).parameters.values())[1:]
    return len(parameters) == 1 and parameters[0].kind is not inspect.Parameter.VAR_POSITIONAL


def _calls(method: Any, name: str) -> bool:
    code = getattr(inspect.unwrap(method), "__code__", None)
    return code is None or name in code.co_names


def _with_old_runner(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def call(
        self: Any,
        runner: Any,
        batch_idx: int | None = None,
        data_batch: Any = None,
        outputs: Any = None,
        **_: Any,
    ) -> Any:
        return method(self, OldRunner.of(runner, batch_idx, data_batch, outputs))

    return call


class OldRunner:
    """The runner of today with the attributes that hooks of MMCV 1.x read and set.

    Args:
        runner: The runner.

    Attributes:
        data_batch: The batch of this iteration.
        outputs: What the training step returned.
        log_buffer: The numbers that are logged.
    """

    def __init__(self, runner: Any) -> None:
        vars(self)["runner"] = runner
        vars(self).update(_index=None, data_batch=None, outputs=None, log_buffer=LogBuffer(runner))

    @classmethod
    def of(cls, runner: Any, batch_idx: int | None, data_batch: Any, outputs: Any) -> OldRunner:
        """Return the view of a runner, which stays the same during a run."""
        if isinstance(runner, OldRunner):
            view = runner
        else:
            view = vars(runner).setdefault("_old_view", None) or cls(runner)
            vars(runner)["_old_view"] = view
        if batch_idx is not None:
            vars(view).update(_index=batch_idx, data_batch=data_batch)
        if outputs is not None:
            vars(view)["outputs"] = (
                {**outputs, "log_vars": outputs} if isinstance(outputs, Mapping) else outputs
            )
        return view

    def __getattr__(self, name: str) -> Any:
        return getattr(self.runner, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self.runner, name, value)

    @property
    def inner_iter(self) -> int:
        """The iteration within the epoch."""
        if self._index is not None:
            return self._index
        return self.runner.iter - self.runner.epoch * len(self.runner.train_dataloader)

    @property
    def optimizer(self) -> Any:
        """The optimizer, without its wrapper."""
        return self.runner.optim_wrapper.optimizer

    @property
    def data_loader(self) -> Any:
        """The training data."""
        return self.runner.train_dataloader

    @property
    def mode(self) -> str:
        """``'train'`` or ``'val'``."""
        return "train" if self.runner.model.training else "val"

    @property
    def rank(self) -> int:
        """Number of this process."""
        from mmpretrain.utils.dist import get_rank

        return get_rank()

    @property
    def world_size(self) -> int:
        """Number of processes."""
        from mmpretrain.utils.dist import get_world_size

        return get_world_size()

    @property
    def meta(self) -> dict[str, Any]:
        """Facts that travel in checkpoints."""
        return vars(self).setdefault("_meta", {})

    def save_checkpoint(
        self, out_dir: str, filename_tmpl: str = "epoch_{}.pth", *args: Any, **kwargs: Any
    ) -> bool:
        """Save a checkpoint; ``{}`` in its name stands for the number of the epoch.

        Args:
            out_dir: The folder.
            filename_tmpl: The name.
            *args: ``save_optimizer``, ``meta`` and ``create_symlink``.
            **kwargs: The same, by name.
        """
        given = dict(zip(("save_optimizer", "meta", "create_symlink"), args)) | kwargs
        given.pop("create_symlink", None)
        name = given.pop("filename", filename_tmpl).format(self.runner.epoch + 1)
        return self.runner.save_checkpoint(out_dir, name, **given)

    def current_lr(self) -> list[float]:
        """Return the learning rate of each parameter group."""
        return [group["lr"] for group in self.optimizer.param_groups]

    def current_momentum(self) -> list[float]:
        """Return the momentum of each parameter group."""
        groups = self.optimizer.param_groups
        return [group.get("momentum", group.get("betas", (0.0,))[0]) for group in groups]


#: What the runner of MMCV 1.x had, and that of today has not.
_FORMER = frozenset(
    {
        *(name for name in vars(OldRunner) if not name.startswith("_")),
        "log_buffer", "data_batch", "outputs",
        "_iter", "_epoch", "_inner_iter", "_max_iters", "_max_epochs",
    }
)  # fmt: skip


def old_attribute(runner: Any, name: str) -> Any:
    """Return an attribute of the runner of MMCV 1.x that today's runner lacks.

    Raises:
        AttributeError: If neither had it.
    """
    if name not in _FORMER:
        raise AttributeError(f"{type(runner).__name__!r} object has no attribute {name!r}")
    return getattr(OldRunner.of(runner, None, None, None), name.lstrip("_"))


class LogBuffer:
    """The numbers that are logged, as ``runner.log_buffer`` of MMCV 1.x.

    Args:
        runner: The runner; numbers are in its message hub. Without one, they are kept here.
    """

    def __init__(self, runner: Any = None) -> None:
        self._hub = MessageHub("log buffer") if runner is None else runner.message_hub
        self.output = _Output(self._hub)
        self.ready = True

    @property
    def val_history(self) -> dict[str, list[float]]:
        """Values by name."""
        return {name: list(buffer.data[0]) for name, buffer in _training(self._hub)}

    def update(self, vars: Mapping[str, float], count: int = 1) -> None:
        """Add values; they appear in the log."""
        for name, value in vars.items():
            self._hub.update_scalar(f"train/{name}", value, count)

    def average(self, n: int = 0) -> None:
        """Do nothing: the log takes the mean over its interval by itself."""

    def clear(self) -> None:
        """Do nothing: histories are kept for the whole run."""

    clear_output = clear


class _Output(MutableMapping[str, Any]):
    """The latest values by name; what is set appears in the log."""

    def __init__(self, hub: Any) -> None:
        self._hub = hub

    def __getitem__(self, name: str) -> Any:
        return self._hub.get_scalar(f"train/{name}").current()

    def __setitem__(self, name: str, value: Any) -> None:
        self._hub.update_scalar(f"train/{name}", value)

    def __delitem__(self, name: str) -> None:
        self._hub.log_scalars.pop(f"train/{name}", None)

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in _training(self._hub))

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _training(hub: Any) -> Iterator[tuple[str, Any]]:
    for name, buffer in list(hub.log_scalars.items()):
        if name.startswith("train/"):
            yield name.removeprefix("train/"), buffer
