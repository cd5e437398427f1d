"""HRNet (`Deep High-Resolution Representation Learning <https://arxiv.org/abs/1908.07919>`_)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor, nn
from torch.nn import functional as F

from mmpretrain.errors import ArgumentError
from mmpretrain.models.backbones.base import KAIMING_INIT, BaseBackbone
from mmpretrain.models.base import BaseModule, ModuleList, Sequential
from mmpretrain.models.init import as_list, constant_init, is_pretrained
from mmpretrain.models.layers import build_conv_layer, build_norm_layer, make_norm
from mmpretrain.models.layers.residual import BasicBlock, Bottleneck, ResidualBlock, ResLayer
from mmpretrain.registry import MODELS

BLOCKS: Mapping[str, type[ResidualBlock]] = {"BASIC": BasicBlock, "BOTTLENECK": Bottleneck}

#: What a stage of ``extra`` says.
STAGE_KEYS = ("num_modules", "num_branches", "block", "num_blocks", "num_channels")


def _conv_norm(
    in_channels: int, out_channels: int, kernel_size: int, stride: int, cfgs: Mapping[str, Any], relu: bool
) -> nn.Sequential:
    conv = build_conv_layer(
        cfgs["conv_cfg"],
        in_channels,
        out_channels,
        kernel_size,
        stride=stride,
        padding=kernel_size // 2,
        bias=False,
    )
    norm = make_norm(cfgs["norm_cfg"], out_channels)
    return nn.Sequential(conv, norm, *([nn.ReLU(inplace=True)] if relu else []))


class HRModule(BaseModule):
    """Residual blocks on each of several scales, and an exchange between all scales.

    Args:
        block: Class of the blocks.
        num_blocks: Number of blocks of each scale.
        widths: Channels of each scale, from the finest to the coarsest.
        multiscale_output: Output all scales, not the finest alone.
        cfgs: ``conv_cfg`` and ``norm_cfg``.
    """

    fuse_layers: Any  # lists of lists of modules, which a type checker takes for plain modules

    def __init__(
        self,
        block: type[ResidualBlock],
        num_blocks: Sequence[int],
        widths: Sequence[int],
        multiscale_output: bool,
        cfgs: Mapping[str, Any],
    ) -> None:
        super().__init__()
        self.branches = ModuleList(
            ResLayer(block, number, width, width, **cfgs) for number, width in zip(num_blocks, widths)
        )
        scales = range(len(widths))

        def fuse(source: int, target: int) -> nn.Module:
            if source == target:
                return nn.Identity()
            if source > target:
                return _conv_norm(widths[source], widths[target], 1, 1, cfgs, relu=False)
            # Halve the size step by step; the last step widens.
            steps = target - source
            ends = [widths[source]] * (steps - 1) + [widths[target]]
            return nn.Sequential(
                *(_conv_norm(widths[source], end, 3, 2, cfgs, i < steps - 1) for i, end in enumerate(ends))
            )

        targets = scales if multiscale_output else scales[:1]
        exchanges = len(widths) > 1
        self.fuse_layers = nn.ModuleList(
            nn.ModuleList(fuse(source, target) for source in scales) for target in targets if exchanges
        )

    def forward(self, maps: Sequence[Tensor]) -> list[Tensor]:
        """Transform maps (B, C_i, H / 2**i, W / 2**i)."""
        maps = [branch(x) for branch, x in zip(self.branches, maps)]
        return [self.exchange(maps, target) for target in range(len(self.fuse_layers))] or maps

    def exchange(self, maps: Sequence[Tensor], target: int) -> Tensor:
        """Add up all scales at the size of one."""
        size = maps[target].shape[2:]
        total = None
        for source, (layer, x) in enumerate(zip(self.fuse_layers[target], maps)):
            x = layer(x)
            if source > target:
                x = F.interpolate(x, size=size, mode="nearest")
            total = x if total is None else total + x
        assert total is not None
        return F.relu(total)


def _stages(width: int) -> dict[str, dict[str, Any]]:
    """The stages of an arch; the finest scale has ``width`` channels."""
    stages: dict[str, dict[str, Any]] = {"stage1": dict(zip(STAGE_KEYS, (1, 1, "BOTTLENECK", (4,), (64,))))}
    for number, modules in ((2, 1), (3, 4), (4, 3)):
        widths = tuple(width * 2**i for i in range(number))
        stages[f"stage{number}"] = dict(zip(STAGE_KEYS, (modules, number, "BASIC", (4,) * number, widths)))
    return stages


@MODELS.register_module()
class HRNet(BaseBackbone):
    """HRNet keeps a fine scale from first to last, and adds a coarser one in each stage.

    From `Deep High-Resolution Representation Learning for Visual Recognition
    <https://arxiv.org/abs/1908.07919>`_.

    ==== ===================
    arch channels per scale
    ==== ===================
    w18  18, 36, 72, 144
    w30  30, 60, 120, 240
    w32  32, 64, 128, 256
    w40  40, 80, 160, 320
    w44  44, 88, 176, 352
    w48  48, 96, 192, 384
    w64  64, 128, 256, 512
    ==== ===================

    Args:
        arch: A name of the table.
        extra: ``stage1`` to ``stage4`` in place of an arch, each a dict with ``num_modules``,
            ``num_branches``, ``block`` (``'BASIC'`` or ``'BOTTLENECK'``), and ``num_blocks`` and
            ``num_channels`` of each branch.
        in_channels: Channels of the image.
        conv_cfg: Type of convolution.
        norm_cfg: Type of norm.
        norm_eval: Keep batch-norm statistics as they are when training.
        with_cp: Recompute activations in the backward pass to save memory.
        zero_init_residual: Let the blocks of stages 2 to 4 start as identities.
        multiscale_output: Output all scales of the last stage, not the finest alone.
        init_cfg: How the weights are initialised.
        frozen_stages: Freeze the stem (0) and the stages up to this one; -1 freezes nothing.
        freeze: Freeze the parameters whose name this regular expression finds.
    """

    arch_settings = {f"w{width}": _stages(width) for width in (18, 30, 32, 40, 44, 48, 64)}

    def __init__(
        self,
        arch: str | None = "w32",
        extra: Mapping[str, Mapping[str, Any]] | None = None,
        in_channels: int = 3,
        conv_cfg: dict | None = None,
        norm_cfg: dict = {"type": "BN"},  # noqa: B006
        norm_eval: bool = False,
        with_cp: bool = False,
        zero_init_residual: bool = False,
        multiscale_output: bool = True,
        init_cfg: dict | list[dict] | None = KAIMING_INIT,
        frozen_stages: int = -1,
        freeze: str | None = None,
    ) -> None:
        super().__init__(
            init_cfg, frozen_stages=frozen_stages, norm_eval=norm_eval, with_cp=with_cp, freeze=freeze
        )
        self.extra = self.get_arch(arch) if extra is None else extra
        self.zero_init_residual = zero_init_residual
        cfgs: dict[str, Any] = {"conv_cfg": conv_cfg, "norm_cfg": norm_cfg}
        self.norm1_name, norm1 = build_norm_layer(norm_cfg, 64, postfix=1)
        self.norm2_name, norm2 = build_norm_layer(norm_cfg, 64, postfix=2)
        shape: dict[str, Any] = {"kernel_size": 3, "stride": 2, "padding": 1, "bias": False}
        self.conv1 = build_conv_layer(conv_cfg, in_channels, 64, **shape)
        self.add_module(self.norm1_name, norm1)
        self.conv2 = build_conv_layer(conv_cfg, 64, 64, **shape)
        self.add_module(self.norm2_name, norm2)
        self.relu = nn.ReLU(inplace=True)

        _, block, (depth,), widths = self.read_stage(1)
        self.layer1 = ResLayer(block, depth, 64, widths[0], **cfgs)
        for number in (2, 3, 4):
            before = widths
            modules, block, depths, widths = self.read_stage(number)
            self.add_module(f"transition{number - 1}", make_transition(before, widths, cfgs))
            stage = Sequential()
            for i in range(modules):
                every = multiscale_output or number < 4 or i < modules - 1
                stage.append(HRModule(block, depths, widths, every, cfgs))
            self.add_module(f"stage{number}", stage)
        self.stem_names = ("conv1", self.norm1_name, "conv2", self.norm2_name)
        self.freeze_declared(__class__)

    def read_stage(self, number: int) -> tuple[int, type[ResidualBlock], Sequence[int], Sequence[int]]:
        """Modules, class of the blocks, and blocks and output channels of each branch of a stage."""
        name = f"stage{number}"
        stage = self.extra.get(name, {})
        missing = [key for key in STAGE_KEYS if key not in stage]
        if missing:
            raise ArgumentError(f"HRNet needs extra[{name!r}][{missing[0]!r}]; extra={self.extra!r}")
        branches, depths, channels = stage["num_branches"], stage["num_blocks"], stage["num_channels"]
        if not len(depths) == len(channels) == branches or (number == 1 and branches != 1):
            raise ArgumentError(
                f"The {branches} branches of extra[{name!r}] need as many num_blocks and num_channels, "
                f"and stage1 has one branch; got {depths!r} and {channels!r}"
            )
        if stage["block"] not in BLOCKS:
            raise ArgumentError(
                f"The block of extra[{name!r}] is {' or '.join(BLOCKS)}, got {stage['block']!r}"
            )
        block = BLOCKS[stage["block"]]
        return stage["num_modules"], block, depths, [n * block.default_expansion for n in channels]

    def init_weights(self) -> None:
        """Initialise; then let the blocks start as identities, unless weights are loaded."""
        super().init_weights()
        if self.zero_init_residual and not any(map(is_pretrained, as_list(self.init_cfg or []))):
            exchanged = (
                m for module in self.modules() if isinstance(module, HRModule) for m in module.modules()
            )
            for block in exchanged:
                if isinstance(block, ResidualBlock):
                    constant_init(block.last_norm, 0)

    @property
    def norm1(self) -> nn.Module:
        """The first norm of the stem."""
        return getattr(self, self.norm1_name)

    @property
    def norm2(self) -> nn.Module:
        """The second norm of the stem."""
        return getattr(self, self.norm2_name)

    def freeze_groups(self) -> Sequence[Sequence[str]]:
        """The stem; each stage with the downsampling before it."""
        later = ([f"transition{i - 1}", f"stage{i}"] for i in (2, 3, 4))
        return [self.stem_names, ["layer1"], *later]

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """(B, 3, H, W) to the scales of the last stage, (B, C·2^i, H / 2^(i+2), W / 2^(i+2))."""
        x = self.relu(self.norm1(self.conv1(x)))
        x = self.relu(self.norm2(self.conv2(x)))
        for block in self.layer1:
            x = self.run(block, x)
        maps = [x]
        for number in (2, 3, 4):
            transition: Any = self.get_submodule(f"transition{number - 1}")
            stage: Any = self.get_submodule(f"stage{number}")
            maps = [layer(maps[min(i, len(maps) - 1)]) for i, layer in enumerate(transition)]
            for module in stage:
                maps = self.run(module, maps)
        return tuple(maps)


def make_transition(before: Sequence[int], after: Sequence[int], cfgs: Mapping[str, Any]) -> nn.ModuleList:
    """Make what leads from the scales of one stage to those of the next.

    Args:
        before: Channels of each scale of the stage before.
        after: Channels of each scale of the next stage; new ones come from the coarsest one before.
        cfgs: ``conv_cfg`` and ``norm_cfg``.
    """
    layers: list[nn.Module] = []
    for i, channels in enumerate(after):
        if i < len(before):
            same = channels == before[i]
            layers.append(nn.Identity() if same else _conv_norm(before[i], channels, 3, 1, cfgs, relu=True))
        else:
            ends = [before[-1]] * (i - len(before)) + [channels]
            layers.append(nn.Sequential(*(_conv_norm(before[-1], end, 3, 2, cfgs, True) for end in ends)))
    return nn.ModuleList(layers)
