"""Momentum encoders: slow copies of a method's own encoder."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from torch import Tensor, nn

from mmpretrain.models.averaged import CosineEMA, ExponentialMovingAverage
from mmpretrain.models.layers.drop import DropPath
from mmpretrain.models.selfsup.base import BaseSelfSupervisor


class Encoder:
    """Modules in a row, with the keys of ``nn.Sequential``; they stay parts of the method."""

    def __init__(self, *parts: nn.Module) -> None:
        self.parts = parts

    def __call__(self, x: Any) -> Any:
        """Run the modules one after another."""
        for part in self.parts:
            x = part(x)
        return x

    def named_parameters(self) -> Iterator[tuple[str, nn.Parameter]]:
        """Yield ``0.name`` of the first module's parameters, then ``1.name`` of the second's, ..."""
        for i, part in enumerate(self.parts):
            for name, parameter in part.named_parameters():
                yield f"{i}.{name}", parameter

    def buffers(self) -> Iterator[Tensor]:
        """Yield the buffers of all modules."""
        for part in self.parts:
            yield from part.buffers()

    def state_dict(self) -> dict[str, Any]:
        """Parameters and buffers of all modules, by name."""
        return {
            f"{i}.{name}": value
            for i, part in enumerate(self.parts)
            for name, value in part.state_dict().items()
        }


def drop_nothing(module: nn.Module) -> None:
    """Turn off dropout and stochastic depth, as a teacher wants it."""
    for part in module.modules():
        if isinstance(part, DropPath):
            part.drop_prob = 0  # type: ignore[assignment]
        elif isinstance(part, nn.Dropout):
            part.p = 0.0


class MomentumMethod(BaseSelfSupervisor):
    """A method whose targets come from a slow copy of its backbone and neck.

    The copy is the attribute ``copy_name``; its keys are ``steps``, ``module.0.*`` (backbone) and
    ``module.1.*`` (neck). The first update copies the encoder, so that its initial or loaded weights count.

    Args:
        backbone: From images to features.
        neck: From features to projections.
        head: Predicts, and computes the loss.
        base_momentum: Weight of the new value in the slow copy at the start; it falls to 0.
        pretrained: Checkpoint to initialise from.
        data_preprocessor: By default a ``SelfSupDataPreprocessor``.
        init_cfg: How the weights are initialised.
        freeze: Freeze the parameters whose name this regular expression finds.
    """

    required = ("neck", "head")

    #: The attribute that holds the slow copy.
    copy_name = "teacher"

    #: How the copy follows.
    average: type[ExponentialMovingAverage] = CosineEMA

    def __init__(
        self,
        backbone: dict | nn.Module,
        neck: dict | nn.Module,
        head: dict | nn.Module,
        base_momentum: float = 0.004,
        pretrained: str | None = None,
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | list[dict] | None = None,
        *,
        freeze: str | None = None,
    ) -> None:
        super().__init__(backbone, neck, head, None, pretrained, data_preprocessor, init_cfg, freeze=freeze)
        self.make_copy(base_momentum)
        self.freeze_declared(__class__)

    @property
    def trained_encoder(self) -> Encoder:
        """What the slow copy follows: the backbone, then the neck."""
        return Encoder(self.backbone, self.neck)

    def make_copy(self, momentum: float) -> None:
        """Make the slow copy; ``momentum`` is the weight of the new value, a small number."""
        setattr(
            self, self.copy_name, self.average(nn.Sequential(*self.trained_encoder.parts), momentum=momentum)
        )

    def updated_copy(self) -> Any:
        """Let the slow copy follow by one step, and return it."""
        copy = getattr(self, self.copy_name)
        copy.update_parameters(self.trained_encoder)
        return copy
