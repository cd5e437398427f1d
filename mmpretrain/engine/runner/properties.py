"""The attributes of a runner that hooks and other user code read, under the names of 1.x."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmpretrain.engine.runner.hook_list import HookList
from mmpretrain.engine.runner.state import MessageHub, RunState
from mmpretrain.utils.former import compat

if TYPE_CHECKING:
    import torch
    from torch import nn

    from mmpretrain.engine.runner.parts import Parts
    from mmpretrain.engine.runner.plan import RunPlan
    from mmpretrain.engine.runner.strategies import SingleDeviceStrategy


class _View:
    """An attribute that shows one of a part; on a runner it can be set, and then shows what was set."""

    def __init__(self, path: str) -> None:
        self._get = attrgetter(path)

    def __get__(self, run: object, owner: type) -> Any:
        return self if run is None else self._get(run)


def view(path: str) -> Any:
    """Declare an attribute that shows what is at ``path``, such as ``'state.epoch'``."""
    return _View(path)


def shown(path: str, settable: bool = False) -> Any:
    """Declare an attribute that is what is at ``path``, and quick to read."""
    owner, _, name = path.rpartition(".")

    def put(run: object, value: object) -> None:
        setattr(attrgetter(owner)(run), name, value)

    return property(attrgetter(path), put if settable else None)


class RunnerProperties:
    """Read access to the plan, the state and the parts of a run."""

    plan: RunPlan
    state: RunState
    parts: Parts
    hooks: HookList
    strategy: SingleDeviceStrategy
    model: Any
    timestamp: str

    def __getattr__(self, name: str) -> Any:
        """Answer for what the runner of MMCV 1.x had, such as ``log_buffer`` and ``inner_iter``."""
        if hasattr(type(self), name):
            return object.__getattribute__(self, name)  # a property failed: let its own error come out
        return compat("protocols.hooks").old_attribute(self, name)

    #: The whole config.
    cfg: Any = view("plan.cfg")
    #: ``'none'``, ``'pytorch'``, ``'slurm'`` or ``'mpi'``.
    launcher: str = view("plan.launcher")
    default_scope: str = view("plan.default_scope")
    auto_scale_lr: Any = view("plan.auto_scale_lr")

    #: Epochs and iterations done, and those to do; ``max_epochs`` is 1 if the loop counts iterations.
    epoch: int = shown("state.epoch")
    iter: int = shown("state.iter")
    max_epochs: int = shown("state.max_epochs")
    max_iters: int = shown("state.max_iters")
    #: Where checkpoints go; where the logs of this start of the run go; its text log.
    work_dir: str = shown("state.work_dir")
    log_dir: str = shown("state.log_dir")
    log_file: str | None = shown("state.log_path")
    #: Number of this process, and of all; whether this one writes files and logs.
    rank: int = shown("state.rank")
    world_size: int = shown("state.world_size")
    is_main: bool = shown("state.is_main")
    #: The seed in use; whether each process has one of its own; whether algorithms are deterministic.
    seed: int = shown("state.seed")
    diff_rank_seed: bool = shown("state.diff_rank_seed")
    deterministic: bool = shown("state.deterministic")
    #: Histories and facts by name.
    message_hub: MessageHub = shown("state.hub")

    #: The loops; None if there is nothing to do for one.
    train_loop: Any = shown("parts.train_loop")
    val_loop: Any = shown("parts.val_loop")
    test_loop: Any = shown("parts.test_loop")
    #: Whether there is a training loop already.
    is_training_built: bool = shown("parts.is_training_built")
    #: Builds all that training needs, once.
    build_training: Callable[[], None] = view("parts.build_training")
    #: The optimizer in its wrapper, and the schedulers.
    optim_wrapper: Any = shown("parts.optim_wrapper", settable=True)
    param_schedulers: Any = shown("parts.param_schedulers", settable=True)
    train_dataloader: Any = shown("parts.train_loop.dataloader")
    val_dataloader: Any = shown("parts.val_loop.dataloader")
    test_dataloader: Any = shown("parts.test_loop.dataloader")
    #: The metrics.
    val_evaluator: Any = shown("parts.val_loop.evaluator")
    test_evaluator: Any = shown("parts.test_loop.evaluator")
    #: Epochs or iterations between validations, and the first one after which to validate.
    val_interval: int = shown("parts.train_loop.val_interval")
    val_begin: int = shown("parts.train_loop.val_begin")
    #: The device of this process.
    device: torch.device = view("strategy.device")
    _hooks: HookList = view("hooks")
    #: Whether the run continues from a checkpoint; hooks of 1.x read it under this name.
    _resume: bool = view("state.resuming")

    @property
    def bare_model(self) -> nn.Module:
        """The user's model, without wrapper."""
        return self.strategy.unwrap(self.model)

    @property
    def model_name(self) -> str:
        """Name of the model's class."""
        return type(self.bare_model).__name__

    @property
    def config_file(self) -> str:
        """Where the copy of the config goes."""
        name = Path(getattr(self.cfg, "filename", None) or f"{self.timestamp}.py").name
        return str(Path(self.work_dir, name))

    @property
    def distributed(self) -> bool:
        """Whether the run was launched as one of several processes."""
        return self.launcher != "none"

    def hooks_of(self, *kinds: type) -> list[Any]:
        """Return the hooks of some classes."""
        return [hook for hook in self.hooks if isinstance(hook, kinds)]
