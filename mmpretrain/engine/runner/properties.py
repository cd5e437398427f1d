"""What hooks and other user code read from a runner."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from torch import nn

from mmpretrain.engine.runner.hook_list import HookList
from mmpretrain.engine.runner.loops import BaseLoop
from mmpretrain.engine.runner.state import MessageHub, RunState
from mmpretrain.utils.dist import get_rank, get_world_size


class RunnerProperties:
    """Read access to the parts of a run, under the names of 1.x."""

    cfg: Any
    state: RunState
    timestamp: str
    model: Any
    strategy: Any
    launcher: str
    randomness: dict[str, Any]
    _hooks: HookList
    _train_loop: Any
    _val_loop: Any
    _test_loop: Any
    _train_dataloader: Any
    _val_dataloader: Any
    _test_dataloader: Any
    _val_evaluator: Any
    _test_evaluator: Any

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
        """Epochs to do; 1 if the loop counts iterations."""
        return self.state.max_epochs

    @property
    def max_iters(self) -> int:
        """Iterations to do."""
        return self.state.max_iters

    @property
    def work_dir(self) -> str:
        """Where checkpoints go."""
        return self.state.work_dir

    @property
    def log_dir(self) -> str:
        """Where the logs of this start of the run go."""
        return self.state.log_dir

    @property
    def log_file(self) -> str | None:
        """The text log of this start of the run."""
        return self.state.log_path

    @property
    def config_file(self) -> str:
        """Where :meth:`dump_config` writes the config."""
        name = Path(getattr(self.cfg, "filename", None) or f"{self.timestamp}.py").name
        return str(Path(self.work_dir, name))

    @property
    def message_hub(self) -> MessageHub:
        """Histories and facts by name."""
        return self.state.hub

    @property
    def bare_model(self) -> nn.Module:
        """The user's model, without wrapper."""
        return self.strategy.unwrap(self.model)

    @property
    def model_name(self) -> str:
        """Name of the model's class."""
        return type(self.bare_model).__name__

    @property
    def hooks(self) -> HookList:
        """The hooks in the order in which they are called."""
        return self._hooks

    @property
    def is_main(self) -> bool:
        """Whether this process writes files and logs."""
        return get_rank() == 0

    @property
    def rank(self) -> int:
        """Number of this process."""
        return get_rank()

    @property
    def world_size(self) -> int:
        """Number of processes."""
        return get_world_size()

    @property
    def distributed(self) -> bool:
        """Whether the run was launched as one of several processes."""
        return self.launcher != "none"

    @property
    def seed(self) -> int:
        """The seed in use."""
        return self.state.seed

    @property
    def deterministic(self) -> bool:
        """Whether only deterministic algorithms are used."""
        return self.randomness.get("deterministic", False)

    @property
    def diff_rank_seed(self) -> bool:
        """Whether each process has a seed of its own."""
        return self.randomness.get("diff_rank_seed", False)

    # -- loops --------------------------------------------------------------------------------------

    @property
    def is_training_built(self) -> bool:
        """Whether there is a training loop, and not only its config."""
        return isinstance(self._train_loop, BaseLoop)

    @property
    def train_loop(self) -> Any:
        """The training loop."""
        return self._built("train")

    @property
    def val_loop(self) -> Any:
        """The validation loop, or None."""
        return self._built("val")

    @property
    def test_loop(self) -> Any:
        """The test loop, or None."""
        return self._built("test")

    def _built(self, mode: str) -> Any:
        name = f"_{mode}_loop"
        loop = getattr(self, name)
        if loop is not None and not isinstance(loop, BaseLoop):
            loop = getattr(self, f"build_{mode}_loop")(loop)
            setattr(self, name, loop)
        return loop

    @property
    def train_dataloader(self) -> Any:
        """The loader of the training data."""
        return self.train_loop.dataloader

    @property
    def val_dataloader(self) -> Any:
        """The loader of the validation data."""
        return self.val_loop.dataloader

    @property
    def test_dataloader(self) -> Any:
        """The loader of the test data."""
        return self.test_loop.dataloader

    @property
    def val_evaluator(self) -> Any:
        """The metrics of validation."""
        return self.val_loop.evaluator

    @property
    def test_evaluator(self) -> Any:
        """The metrics of test."""
        return self.test_loop.evaluator

    @property
    def val_interval(self) -> int:
        """Epochs or iterations between validations."""
        return self.train_loop.val_interval

    @property
    def val_begin(self) -> int:
        """First epoch or iteration after which to validate."""
        return self.train_loop.val_begin

    def hooks_of(self, kind: type | Sequence[type]) -> list[Any]:
        """Return the hooks of a class."""
        kinds = (kind,) if isinstance(kind, type) else tuple(kind)
        return [hook for hook in self._hooks if isinstance(hook, kinds)]
