"""Schedules of configs for MMCV 1.x (``lr_config``, ``momentum_config``), reproduced at each iteration.

MMCV computes a value from the epoch or the iteration alone, and its warm-up scales the value that the regular
schedule has at that moment. The schedulers of 1.x compute each value from the last one, so that only some
combinations can be written with them; the others are translated to these classes.
"""

from __future__ import annotations

from typing import Any, Literal

from mmpretrain.compat.schedulers.policies import MOMENTUM_POLICIES, POLICIES
from mmpretrain.engine.schedulers.base import INF, HasParamGroups, ParamScheduler
from mmpretrain.engine.schedulers.families import LRSchedulerMixin, MomentumSchedulerMixin, bind
from mmpretrain.errors import ConfigError
from mmpretrain.registry import PARAM_SCHEDULERS, check_arguments
from mmpretrain.utils.suggest import did_you_mean

#: Options that may have one value for each parameter group.
_PER_GROUP = ("maximum", "base_momentum", "max_momentum")


@PARAM_SCHEDULERS.register_module()
class LegacyParamScheduler(ParamScheduler):
    """Follows a policy of MMCV 1.x.

    In a run that counts epochs it needs ``convert_to_iter_based=True``, which tells it how long they are.

    Args:
        optimizer: The optimizer, or its wrapper.
        param_name: The setting.
        policy: ``'step'``, ``'CosineAnnealing'``, ...; see :mod:`.policies`.
        unit: Whether the policy moves on at each epoch or at each iteration (``by_epoch`` in ``lr_config``).
        warmup: How the value comes up to the regular one in the beginning.
        warmup_iters: How long that takes, in iterations.
        warmup_epochs: How long that takes, in epochs.
        warmup_ratio: The part of the regular value that the warm-up starts at.
        iters_per_epoch: Number of iterations in an epoch.
        begin: First iteration at which it acts.
        end: The iteration at which it no longer acts: the length of the run.
        last_step: The last step that it has made.
        by_epoch: Must be false: a step is an iteration.
        verbose: Log each value that is set.
        **options: Arguments of the policy.
    """

    def __init__(
        self,
        optimizer: HasParamGroups,
        param_name: str,
        policy: str,
        unit: Literal["epoch", "iter"] = "epoch",
        warmup: Literal["constant", "linear", "exp"] | None = None,
        warmup_iters: int = 0,
        warmup_epochs: int = 0,
        warmup_ratio: float = 0.1,
        iters_per_epoch: int | None = None,
        begin: int = 0,
        end: int = INF,
        last_step: int = -1,
        by_epoch: bool = False,
        verbose: bool = False,
        **options: Any,
    ) -> None:
        policies = MOMENTUM_POLICIES if param_name == "momentum" else POLICIES
        if policy not in policies:
            raise ConfigError(
                f"There is no policy {policy!r}", hint=did_you_mean(policy, policies), key="policy"
            )
        check_arguments(
            policies[policy], {"base": 0, "at": 0, "total": 1, **options}, label=f"Policy {policy}"
        )
        if warmup not in (None, "constant", "linear", "exp"):
            raise ConfigError(
                f"warmup must be 'constant', 'linear', 'exp' or None, got {warmup!r}", key="warmup"
            )
        if iters_per_epoch is None and (unit == "epoch" or warmup_epochs):
            raise ConfigError(
                f"Policy {policy} counts epochs, but this scheduler does not know how long they are",
                hint="Add convert_to_iter_based=True to it, and train by epochs.",
                key="policy",
            )
        self.policy = policy
        self.options = options
        self.unit = unit
        self.warmup = warmup
        self.warmup_ratio = warmup_ratio
        self.warmup_iters = warmup_epochs * (iters_per_epoch or 0) or warmup_iters
        self.iters_per_epoch = iters_per_epoch or 1
        super().__init__(optimizer, param_name, begin, end, last_step, by_epoch, verbose)

    @classmethod
    def build_iter_from_epoch(cls, *args: Any, epoch_length: int | None = None, **kwargs: Any) -> Any:
        """Build one for a run whose end is given in epochs."""
        kwargs["iters_per_epoch"] = epoch_length
        return super().build_iter_from_epoch(*args, epoch_length=epoch_length, **kwargs)

    def _get_value(self) -> list[float]:
        return [self._value(group, base) for group, base in enumerate(self.base_values)]

    def _value(self, group: int, base: float) -> float:
        policies = MOMENTUM_POLICIES if self.param_name == "momentum" else POLICIES
        options = {
            key: value[group] if key in _PER_GROUP and isinstance(value, (list, tuple)) else value
            for key, value in self.options.items()
        }
        per_unit = self.iters_per_epoch if self.unit == "epoch" else 1
        total = max(1, (self.end - self.begin) // per_unit)
        regular = policies[self.policy](base, self.last_step // per_unit, total, **options)
        if self.warmup is None or self.last_step >= self.warmup_iters:
            return regular
        factor = self._warmup_factor(self.last_step / self.warmup_iters)
        # Momentum is warmed up in the opposite direction: it starts high.
        return regular / factor if self.param_name == "momentum" else regular * factor

    def _warmup_factor(self, part: float) -> float:
        if self.warmup == "constant":
            return self.warmup_ratio
        if self.warmup == "linear":
            return 1 - (1 - part) * (1 - self.warmup_ratio)
        return self.warmup_ratio ** (1 - part)


LegacyLR = bind(LRSchedulerMixin, LegacyParamScheduler, "LegacyLR")
LegacyMomentum = bind(MomentumSchedulerMixin, LegacyParamScheduler, "LegacyMomentum")
