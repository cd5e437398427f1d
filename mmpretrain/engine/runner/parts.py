"""The parts of a run, each built from its plan when it is first asked for, and once."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from mmpretrain.engine.runner.dataloader import stop_workers

if TYPE_CHECKING:
    from mmpretrain.engine.optimizers.wrapper import OptimWrapper
    from mmpretrain.engine.runner.loops import BaseLoop
    from mmpretrain.engine.runner.plan import RunPlan
    from mmpretrain.engine.runner.runner import Runner


class Parts:
    """What only training, validation or test need. A runner says how each is built: its ``build_*`` methods.

    Args:
        plan: The settings of the run.
        runner: The runner.
    """

    def __init__(self, plan: RunPlan, runner: Runner) -> None:
        self.plan = plan
        self.runner = runner

    @cached_property
    def train_loop(self) -> BaseLoop | None:
        """The training loop, or None if there is nothing to train."""
        return self.runner.build_train_loop(self.plan.train_cfg) if self.plan.has("train") else None

    @cached_property
    def val_loop(self) -> BaseLoop | None:
        """The validation loop, or None."""
        return self.runner.build_val_loop(self.plan.val_cfg) if self.plan.has("val") else None

    @cached_property
    def test_loop(self) -> BaseLoop | None:
        """The test loop, or None."""
        return self.runner.build_test_loop(self.plan.test_cfg) if self.plan.has("test") else None

    @cached_property
    def optim_wrapper(self) -> OptimWrapper | None:
        """The optimizer in its wrapper, with its rate scaled; None if there is nothing to train."""
        if self.plan.optim_wrapper is None:
            return None
        wrapper = self.runner.build_optim_wrapper(self.plan.optim_wrapper)
        self.runner.scale_lr(wrapper, self.plan.auto_scale_lr)
        return wrapper

    @cached_property
    def param_schedulers(self) -> Any:
        """The schedulers, in a dict of lists for several optimizers, or None."""
        if self.plan.param_scheduler is None:
            return None
        return self.runner.build_param_scheduler(self.plan.param_scheduler)

    def build_training(self) -> None:
        """Build all that training needs, in the order in which one part asks for another."""
        for name in ("train_loop", "optim_wrapper", "param_schedulers"):
            getattr(self, name)

    @property
    def is_training_built(self) -> bool:
        """Whether there is a training loop already."""
        return vars(self).get("train_loop") is not None

    def stop_workers(self) -> None:
        """End the data workers of the loops that were built; the garbage collector would wait for each."""
        for name in ("train_loop", "val_loop", "test_loop"):
            stop_workers(getattr(vars(self).get(name), "dataloader", None))
