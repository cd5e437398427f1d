"""Models whose weights are an average of another model's weights over time."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator
from copy import deepcopy
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from mmpretrain.errors import ConfigError
from mmpretrain.registry import MODELS


class Followed(Protocol):
    """What an average takes its values from; an ``nn.Module`` is one."""

    def named_parameters(self) -> Iterator[tuple[str, nn.Parameter]]: ...

    def buffers(self) -> Iterator[Tensor]: ...

    def state_dict(self) -> dict[str, Any]: ...


class BaseAveragedModel(nn.Module):
    """A copy of a model that follows it; subclasses say how, in :meth:`avg_func`.

    Args:
        model: The model to follow.
        interval: Number of calls of :meth:`update_parameters` that lead to one update.
        device: Where to keep the copy; by default with the model.
        update_buffers: Average floating-point buffers as well; otherwise all are copied at each call.

    Attributes:
        module: The copy.
        steps: Number of calls of :meth:`update_parameters`, a scalar.
    """

    steps: Tensor

    def __init__(
        self,
        model: nn.Module,
        interval: int = 1,
        device: torch.device | str | None = None,
        update_buffers: bool = False,
    ) -> None:
        super().__init__()
        self.module = deepcopy(model).requires_grad_(False)
        if device is not None:
            self.module = self.module.to(device)
        self.interval = interval
        self.update_buffers = update_buffers
        self.register_buffer("steps", torch.tensor(0, dtype=torch.long, device=device))

    @property
    def avg_parameters(self) -> dict[str, Tensor]:
        """The tensors that are averaged, by name."""
        return self._tensors(self.module)

    def _tensors(self, model: Followed) -> dict[str, Tensor]:
        return model.state_dict() if self.update_buffers else dict(model.named_parameters())

    def avg_func(self, averaged_param: Tensor, source_param: Tensor, steps: int) -> None:
        """Update one tensor in place.

        Args:
            averaged_param: The tensor of the copy.
            source_param: That of the model.
            steps: Number of calls of :meth:`update_parameters` before this one.
        """
        raise NotImplementedError

    def avg_tensors(self, averaged: list[Tensor], sources: list[Tensor], steps: int) -> None:
        """Update many tensors in place; see :meth:`avg_func`."""
        for averaged_param, source_param in zip(averaged, sources):
            self.avg_func(averaged_param, source_param, steps)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Run the copy."""
        return self.module(*args, **kwargs)

    @torch.no_grad()
    def update_parameters(self, model: Followed) -> None:
        """Follow the model by one step; the first time, the copy becomes equal to it."""
        steps = int(self.steps)
        if steps == 0 or steps % self.interval == 0:
            sources = self._tensors(model)
            pairs = [
                (averaged.data, sources[name].data.to(averaged.device))
                for name, averaged in self.avg_parameters.items()
                if steps == 0 or averaged.is_floating_point()
            ]
            if steps == 0:
                for averaged, source in pairs:
                    averaged.copy_(source)
            elif pairs:
                self.avg_tensors([pair[0] for pair in pairs], [pair[1] for pair in pairs], steps)
        if not self.update_buffers:
            for averaged, source in zip(self.module.buffers(), model.buffers()):
                averaged.data.copy_(source.data)
        self.steps += 1

    def paired_tensors(self, model: nn.Module) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield each averaged tensor with that of the model."""
        sources = self._tensors(model)
        for name, averaged in self.avg_parameters.items():
            yield averaged.data, sources[name].data


@MODELS.register_module()
class StochasticWeightAverage(BaseAveragedModel):
    """The plain mean of the weights at all updates (SWA, https://arxiv.org/abs/1803.05407)."""

    def avg_func(self, averaged_param: Tensor, source_param: Tensor, steps: int) -> None:
        averaged_param.add_(source_param - averaged_param, alpha=1 / (steps // self.interval + 1))


@MODELS.register_module()
class ExponentialMovingAverage(BaseAveragedModel):
    r"""The exponential moving average :math:`\bar w \leftarrow (1 - m) \bar w + m w`.

    Args:
        model: The model to follow.
        momentum: The weight of the new value, a small number.
        interval: Number of calls of :meth:`update_parameters` that lead to one update.
        device: Where to keep the copy.
        update_buffers: Average floating-point buffers as well.
    """

    def __init__(
        self,
        model: nn.Module,
        momentum: float = 0.0002,
        interval: int = 1,
        device: torch.device | str | None = None,
        update_buffers: bool = False,
    ) -> None:
        super().__init__(model, interval, device, update_buffers)
        if not 0 < momentum < 1:
            raise ConfigError(
                f"{type(self).__name__} needs a momentum between 0 and 1, got {momentum}", key="momentum"
            )
        if momentum > 0.5:
            logging.getLogger("mmpretrain").warning(
                "The momentum of %s is the weight of the new value, usually small: is %s meant?",
                type(self).__name__,
                momentum,
            )
        self.momentum = momentum

    def momentum_at(self, steps: int) -> float:
        """Return the weight of the new value after a number of steps."""
        return self.momentum

    def avg_func(self, averaged_param: Tensor, source_param: Tensor, steps: int) -> None:
        averaged_param.lerp_(source_param, self.momentum_at(steps))

    def avg_tensors(self, averaged: list[Tensor], sources: list[Tensor], steps: int) -> None:
        """Update all tensors in one fused call, unless a subclass has an ``avg_func`` of its own."""
        if type(self).avg_func is ExponentialMovingAverage.avg_func:
            torch._foreach_lerp_(averaged, sources, self.momentum_at(steps))
        else:
            super().avg_tensors(averaged, sources, steps)


@MODELS.register_module()
class MomentumAnnealingEMA(ExponentialMovingAverage):
    """An exponential moving average that follows quickly at first (``gamma / (gamma + steps)``).

    Args:
        model: The model to follow.
        momentum: The weight of the new value in the long run.
        gamma: After this many steps it is down to one half.
        interval: Number of calls of :meth:`update_parameters` that lead to one update.
        device: Where to keep the copy.
        update_buffers: Average floating-point buffers as well.
    """

    def __init__(
        self,
        model: nn.Module,
        momentum: float = 0.0002,
        gamma: int = 100,
        interval: int = 1,
        device: torch.device | str | None = None,
        update_buffers: bool = False,
    ) -> None:
        super().__init__(model, momentum, interval, device, update_buffers)
        if gamma <= 0:
            raise ConfigError(f"gamma must be positive, got {gamma}", key="gamma")
        self.gamma = gamma

    def momentum_at(self, steps: int) -> float:
        return max(self.momentum, self.gamma / (self.gamma + steps))


@MODELS.register_module()
class CosineEMA(ExponentialMovingAverage):
    """An exponential moving average whose momentum goes to ``end_momentum`` along half a cosine wave.

    BYOL (https://arxiv.org/abs/2006.07733) and its kin use it for their target networks.

    Args:
        model: The model to follow.
        momentum: The weight of the new value at the start.
        end_momentum: The weight of the new value at the end of the run.
        interval: Number of calls of :meth:`update_parameters` that lead to one update.
        device: Where to keep the copy.
        update_buffers: Average floating-point buffers as well.

    Attributes:
        max_iters: Length of the run; whoever trains the model says it with :meth:`set_max_iters`.
    """

    def __init__(
        self,
        model: nn.Module,
        momentum: float = 0.004,
        end_momentum: float = 0.0,
        interval: int = 1,
        device: torch.device | str | None = None,
        update_buffers: bool = False,
    ) -> None:
        super().__init__(model, momentum, interval, device, update_buffers)
        self.end_momentum = end_momentum
        self.max_iters: int | None = None

    def set_max_iters(self, max_iters: int) -> None:
        """Say how long the run is."""
        self.max_iters = max_iters

    def momentum_at(self, steps: int) -> float:
        if self.max_iters is None:
            raise ConfigError(
                "CosineEMA does not know how long the run is",
                hint="Outside of the Runner, call set_max_iters() before training.",
            )
        left = (1 + math.cos(math.pi * steps / self.max_iters)) / 2
        return self.end_momentum + (self.momentum - self.end_momentum) * left
