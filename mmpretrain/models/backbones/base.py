"""What all backbones have in common, declared by each and acted on here."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, TypeVar

from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.checkpoint import checkpoint
from typing_extensions import Self

from mmpretrain.errors import ArgumentError
from mmpretrain.models.base.freeze import FreezableModule
from mmpretrain.models.layers import ConvModule
from mmpretrain.utils.suggest import did_you_mean

#: The usual initialisation of a CNN. A constructor's default must not be changed: modules copy it.
KAIMING_INIT: list[dict[str, Any]] = [
    {"type": "Kaiming", "layer": ["Conv2d"]},
    {"type": "Constant", "val": 1, "layer": ["_BatchNorm", "GroupNorm"]},
]

T = TypeVar("T")


class BaseBackbone(FreezableModule):
    """Base of all backbones.

    A family declares, and this class acts:

    - :attr:`arch_settings`, read by :meth:`get_arch`;
    - :attr:`stem_names` and :attr:`stage_names`, or :meth:`freeze_groups` where they do not suffice: what
      ``frozen_stages`` and, by default, layer-wise decay count;
    - :meth:`layer_groups`: what :meth:`get_layer_depth` counts, where that is finer;
    - its output stages: ``self.out_indices = self.take_indices(out_indices, num_stages)`` when constructed.

    Attributes:
        frozen_stages: Freeze the stem (0) and the stages up to this one; -1 freezes nothing.
        norm_eval: Keep batch-norm statistics as they are when training.
        with_cp: Recompute activations in the backward pass to save memory.
    """

    common_options: ClassVar[Mapping[str, Any]] = {
        **FreezableModule.common_options,
        "frozen_stages": -1,
        "norm_eval": False,
        "with_cp": False,
    }

    #: Variants: names, or several names for one, to their settings.
    arch_settings: Mapping[Any, Any] = {}

    #: Submodules and parameters before the first stage, and the stages, from input to output.
    stem_names: Sequence[str] = ()
    stage_names: Sequence[str] = ()

    frozen_stages: int = -1
    norm_eval: bool = False
    with_cp: bool = False
    out_indices: tuple[int, ...]

    @abstractmethod
    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return the features of the stages in ``out_indices``."""

    # -- declared by families -----------------------------------------------------------------------

    def freeze_groups(self) -> Sequence[Sequence[str]]:
        """Names of submodules and parameters: those of the stem, then those of each stage."""
        return [self.stem_names, *([name] for name in self.stage_names)]

    def layer_groups(self) -> Sequence[Sequence[str]]:
        """As :meth:`freeze_groups`, by layer instead of by stage. What is in no group is the last layer."""
        return self.freeze_groups()

    # -- acted on here ------------------------------------------------------------------------------

    def get_arch(self, arch: Any) -> Any:
        """Return the settings of an arch; custom settings are returned unchanged.

        Raises:
            ArgumentError: If there is no such arch.
        """
        if isinstance(arch, Mapping):
            return arch
        known: dict[Any, Any] = {}
        for names, settings in self.arch_settings.items():
            known.update(dict.fromkeys(names if isinstance(names, tuple) else (names,), settings))
        key = arch.lower() if isinstance(arch, str) and arch not in known else arch
        if key not in known:
            raise ArgumentError(
                f"{type(self).__name__} has no arch {arch!r}",
                hint=did_you_mean(str(arch), map(str, known)) or f"It has: {', '.join(map(str, known))}.",
            )
        return known[key]

    def take_indices(self, out_indices: int | Sequence[int], num: int) -> tuple[int, ...]:
        """Return ``out_indices`` as non-negative indices into ``num`` outputs.

        Raises:
            ArgumentError: If an index is out of range.
        """
        wanted = (out_indices,) if isinstance(out_indices, int) else tuple(out_indices)
        wrong = [i for i in wanted if not isinstance(i, int) or not -num <= i < num]
        if wrong:
            raise ArgumentError(
                f"{type(self).__name__} has no output {wrong[0]!r}: out_indices={out_indices!r}",
                hint=f"Indices run from 0 to {num - 1}, or from the end -{num} to -1.",
            )
        return tuple(i % num for i in wanted)

    def run(self, block: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """Call ``block``; with ``with_cp``, its activations are recomputed in the backward pass."""
        # A single convolution saves little, and would update its batch norm twice.
        if self.with_cp and self.training and not isinstance(block, ConvModule):
            return checkpoint(block, *args, use_reentrant=False, **kwargs)  # type: ignore[return-value]
        return block(*args, **kwargs)

    def forward_stages(self, x: Tensor, names: Sequence[str]) -> tuple[Tensor, ...]:
        """Run submodules one after the other and return the outputs of those in ``out_indices``."""
        outs = []
        for i, name in enumerate(names):
            stage = self.get_submodule(name)
            for block in stage if isinstance(stage, nn.Sequential) else [stage]:
                x = self.run(block, x)
            if i in self.out_indices:
                outs.append(x)
        return tuple(outs)

    def get_layer_depth(self, param_name: str, prefix: str = "") -> tuple[int, int]:
        """Return the depth of a parameter for layer-wise learning-rate decay, and the number of layers.

        Args:
            param_name: Its name in the whole model.
            prefix: Name of this backbone in the model, with a dot at the end.
        """
        groups = self.layer_groups()
        last = len(groups)
        if param_name.startswith(prefix):
            name = param_name[len(prefix) :]
            for depth, group in enumerate(groups):
                if any(_within(name, owner) for owner in group):
                    return depth, last + 1
        return last, last + 1

    def is_frozen(self, name: str) -> bool:
        """Whether a parameter or submodule is in a frozen stage, or ``freeze`` finds its name."""
        frozen = self.freeze_groups()[: self.frozen_stages + 1]
        return super().is_frozen(name) or any(_within(name, owner) for group in frozen for owner in group)

    def check_freeze(self) -> None:
        """Check what is declared.

        Raises:
            ArgumentError: If there are not so many stages, or ``freeze`` finds nothing.
        """
        super().check_freeze()
        stages = len(self.freeze_groups()) - 1
        if not isinstance(self.frozen_stages, int) or not -1 <= self.frozen_stages <= stages:
            raise ArgumentError(
                f"{type(self).__name__} has no frozen_stages={self.frozen_stages!r}",
                hint=f"It takes -1 (none), 0 (the stem) up to {stages} (all).",
            )

    def train(self, mode: bool = True) -> Self:
        """Set the training mode; with ``norm_eval``, batch norms stay in evaluation mode."""
        super().train(mode)
        if mode and self.norm_eval:
            for module in self.modules():
                if isinstance(module, _BatchNorm):
                    module.eval()
        return self


def _within(name: str, owner: str) -> bool:
    return name == owner or name.startswith(owner + ".")
