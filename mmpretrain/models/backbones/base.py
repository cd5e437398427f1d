"""What all backbones have in common, declared by each and acted on here."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.checkpoint import checkpoint
from typing_extensions import Self

from mmpretrain.errors import ArgumentError
from mmpretrain.models.base.freeze import FreezableModule, names_within
from mmpretrain.models.layers import ConvModule
from mmpretrain.utils.suggest import did_you_mean

#: The usual initialisation of a CNN. A constructor's default must not be changed: modules copy it.
KAIMING_INIT: list[dict[str, Any]] = [
    {"type": "Kaiming", "layer": ["Conv2d"]},
    {"type": "Constant", "val": 1, "layer": ["_BatchNorm", "GroupNorm"]},
]

T = TypeVar("T")


class _ByName:
    """Gives the archs of a backbone by each of their names, under the attribute that 1.x kept them in."""

    def __get__(self, backbone: BaseBackbone | None, owner: type[BaseBackbone]) -> dict[Any, Any]:
        found: dict[Any, Any] = {}
        for names, settings in owner.arch_settings.items():
            found.update(dict.fromkeys(names if isinstance(names, tuple) else (names,), settings))
        return found


class BaseBackbone(FreezableModule):
    """Base of all backbones.

    A family declares, and this class acts:

    - :attr:`arch_settings`, read by :meth:`get_arch`;
    - :attr:`stem_names` and :attr:`stage_names`, or :meth:`freeze_groups` where they do not suffice: what
      ``frozen_stages`` and, by default, layer-wise decay count;
    - :meth:`layer_groups`: what :meth:`get_layer_depth` counts, where that is finer;
    - its output stages: ``self.out_indices = self.take_indices(out_indices, num_stages)`` when constructed.

    A constructor takes the four options below, hands them to this one, and ends with
    ``self.freeze_declared(__class__)``. Backbones written for 1.x call ``super().__init__(init_cfg)`` and
    freeze themselves in ``_freeze_stages``; so does a subclass of a family here that overrides it.

    Args:
        init_cfg: How the weights are initialised.
        frozen_stages: Freeze the stem (0) and the stages up to this one; -1 freezes nothing.
        norm_eval: Keep batch-norm statistics as they are when training.
        with_cp: Recompute activations in the backward pass to save memory.
        freeze: Freeze the parameters whose name this regular expression finds.
    """

    #: Variants: names, or several names for one, to their settings.
    arch_settings: Mapping[Any, Any] = {}
    #: The same by single names; a subclass may give its own archs here, as in 1.x.
    arch_zoo: Mapping[Any, Any] = _ByName()  # type: ignore[assignment]

    #: Submodules and parameters before the first stage, and the stages, from input to output.
    stem_names: Sequence[str] = ()
    stage_names: Sequence[str] = ()

    #: For classes whose constructor does not run the one of this class.
    frozen_stages: int = -1
    norm_eval: bool = False
    with_cp: bool = False
    out_indices: tuple[int, ...]
    #: The argument that chooses the outputs; empty if there is none.
    output_key: str = "out_indices"
    #: Number of the first output.
    first_output: int = 0
    #: How many outputs there are to choose from; set when the argument is read.
    num_outputs: int = 1

    def __init__(
        self,
        init_cfg: dict | list[dict] | None = None,
        *,
        frozen_stages: int = -1,
        norm_eval: bool = False,
        with_cp: bool = False,
        freeze: str | None = None,
    ) -> None:
        super().__init__(init_cfg, freeze=freeze)
        self.frozen_stages, self.norm_eval, self.with_cp = frozen_stages, norm_eval, with_cp

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

    def get_arch(self, arch: Any, key: str = "arch") -> Any:
        """Return the settings of an arch; custom settings are returned unchanged.

        Args:
            arch: Its name, or settings.
            key: The argument of the constructor that ``arch`` was given as.

        Raises:
            ArgumentError: If there is no such arch.
        """
        if isinstance(arch, Mapping):
            return arch
        known = self.arch_zoo
        name = arch.lower() if isinstance(arch, str) and arch not in known else arch
        if name not in known:
            raise ArgumentError(
                f"{type(self).__name__} has no arch {arch!r}",
                hint=did_you_mean(str(arch), map(str, known)) or f"It has: {', '.join(map(str, known))}.",
                key=key,
            )
        return known[name]

    def take_indices(
        self, out_indices: int | Sequence[int], num: int, key: str = "out_indices"
    ) -> tuple[int, ...]:
        """Return ``out_indices`` as non-negative indices into ``num`` outputs.

        Raises:
            ArgumentError: If an index is out of range.
        """
        wanted = (out_indices,) if isinstance(out_indices, int) else tuple(out_indices)
        wrong = [i for i in wanted if not isinstance(i, int) or not -num <= i < num]
        if wrong:
            raise ArgumentError(
                f"{type(self).__name__} has no output {wrong[0]!r}: {key}={out_indices!r}",
                hint=f"Indices run from 0 to {num - 1}, or from the end -{num} to -1.",
                key=key,
            )
        if key == self.output_key:
            self.num_outputs = num
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

    def frozen_patterns(self) -> list[str]:
        """What ``freeze`` finds, and all names in the frozen stages."""
        return super().frozen_patterns() + ([] if self._freezes_itself() else self._stage_patterns())

    def freeze_declared(self, constructed: type | None = None) -> None:
        """Freeze what is declared frozen, see :meth:`FreezableModule.freeze_declared`.

        Raises:
            ArgumentError: If there are not so many stages, or ``freeze`` finds nothing.
        """
        if self._freezes_itself():
            super().freeze_declared(constructed)
            self._freeze_stages()
            return
        groups = self.freeze_groups()
        stages = len(groups) - 1
        # A class of 1.x declares no stages and may mean its own by the number; it does not call this.
        counts = any(groups) or constructed is not None
        if counts and not (isinstance(self.frozen_stages, int) and -1 <= self.frozen_stages <= stages):
            raise ArgumentError(
                f"{type(self).__name__} has no frozen_stages={self.frozen_stages!r}",
                hint=f"It takes -1 (none), 0 (the stem) up to {stages} (all)."
                if any(groups)
                else "It declares no stages; freeze='REGEX' freezes parameters by their names.",
                key="frozen_stages",
            )
        super().freeze_declared(constructed)

    def _freeze_stages(self) -> None:
        """Freeze the stages up to ``frozen_stages``: the method that backbones written for 1.x override."""
        self.freeze_found(self._stage_patterns())

    def _freezes_itself(self) -> bool:
        return type(self)._freeze_stages is not BaseBackbone._freeze_stages

    def _stage_patterns(self) -> list[str]:
        frozen = self.freeze_groups()[: self.frozen_stages + 1]
        return [pattern for group in frozen for pattern in names_within(group)]

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
