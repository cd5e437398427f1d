"""Inception V3 (`Rethinking the Inception Architecture <https://arxiv.org/abs/1512.00567>`_)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmpretrain.models.backbones.base import BaseBackbone
from mmpretrain.models.base import BaseModule
from mmpretrain.registry import MODELS

Kernel = int | tuple[int, int]

INIT: list[dict[str, Any]] = [
    {"type": "TruncNormal", "layer": ["Conv2d", "Linear"], "std": 0.1},
    {"type": "Constant", "layer": "BatchNorm2d", "val": 1},
]
AUX_INIT: list[dict[str, Any]] = [
    {"type": "TruncNormal", "layer": "Conv2d", "std": 0.01},
    {"type": "TruncNormal", "layer": "Linear", "std": 0.001},
]


class BasicConv2d(BaseModule):
    """A convolution, a batch norm and a ReLU; the arguments are those of ``nn.Conv2d``."""

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: Kernel, stride: int = 1, padding: Kernel = 0
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(out_channels, eps=0.001)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, C', H', W')."""
        return F.relu(self.bn(self.conv(x)), inplace=True)


class Conv(NamedTuple):
    """A convolution of a path; with a stride it has no padding, else it keeps the size."""

    name: str
    channels: int
    kernel: Kernel = 1
    stride: int = 1


class Path(NamedTuple):
    """Convolutions in a row; the outputs of those in ``fork``, if any, are put side by side."""

    convs: Sequence[Conv] = ()
    fork: Sequence[Conv] = ()
    pool: Literal["avg", "max"] | None = None


class InceptionBlock(BaseModule):
    """Several paths, whose outputs are put side by side.

    Args:
        in_channels: Input channels.
        paths: What the paths do.
    """

    def __init__(self, in_channels: int, paths: Sequence[Path]) -> None:
        super().__init__()
        self.paths = paths
        self.out_channels = 0
        for path in paths:
            channels = in_channels
            for conv in path.convs:
                self.add_conv(channels, conv)
                channels = conv.channels
            for conv in path.fork:
                self.add_conv(channels, conv)
            self.out_channels += sum(conv.channels for conv in path.fork) or channels

    def add_conv(self, in_channels: int, conv: Conv) -> None:
        """Add a convolution under its name."""
        height, width = conv.kernel if isinstance(conv.kernel, tuple) else (conv.kernel, conv.kernel)
        padding = (height // 2, width // 2) if conv.stride == 1 else 0
        layer = BasicConv2d(in_channels, conv.channels, conv.kernel, conv.stride, padding)
        self.add_module(conv.name, layer)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, C', H, W), or to half the size."""
        return torch.cat([out for path in self.paths for out in self.follow(path, x)], 1)

    def follow(self, path: Path, x: Tensor) -> list[Tensor]:
        """Run a path."""
        if path.pool == "avg":
            x = F.avg_pool2d(x, 3, stride=1, padding=1)
        elif path.pool == "max":
            x = F.max_pool2d(x, 3, stride=2)
        for conv in path.convs:
            x = self.get_submodule(conv.name)(x)
        return [self.get_submodule(conv.name)(x) for conv in path.fork] or [x]


def _row(name: str, *convs: tuple[Any, ...], first: int = 1) -> list[Conv]:
    """Convolutions ``name_1``, ``name_2``, ..., each of its channels, kernel and stride."""
    return [Conv(f"{name}_{i}", *conv) for i, conv in enumerate(convs, first)]


def _pooled(channels: int) -> Path:
    return Path([Conv("branch_pool", channels)], pool="avg")


def _block_a(pool_channels: int) -> list[Path]:
    return [
        Path([Conv("branch1x1", 64)]),
        Path(_row("branch5x5", (48,), (64, 5))),
        Path(_row("branch3x3dbl", (64,), (96, 3), (96, 3))),
        _pooled(pool_channels),
    ]


def _block_c(mid: int) -> list[Path]:
    double = ((mid,), (mid, (7, 1)), (mid, (1, 7)), (mid, (7, 1)), (192, (1, 7)))
    return [
        Path([Conv("branch1x1", 192)]),
        Path(_row("branch7x7", (mid,), (mid, (1, 7)), (192, (7, 1)))),
        Path(_row("branch7x7dbl", *double)),
        _pooled(192),
    ]


_BLOCK_B = [
    Path([Conv("branch3x3", 384, 3, 2)]),
    Path(_row("branch3x3dbl", (64,), (96, 3), (96, 3, 2))),
    Path(pool="max"),
]
_BLOCK_D = [
    Path(_row("branch3x3", (192,), (320, 3, 2))),
    Path(_row("branch7x7x3", (192,), (192, (1, 7)), (192, (7, 1)), (192, 3, 2))),
    Path(pool="max"),
]
_BLOCK_E = [
    Path([Conv("branch1x1", 320)]),
    Path(
        _row("branch3x3", (384,)),
        fork=[Conv("branch3x3_2a", 384, (1, 3)), Conv("branch3x3_2b", 384, (3, 1))],
    ),
    Path(
        _row("branch3x3dbl", (448,), (384, 3)),
        fork=[Conv("branch3x3dbl_3a", 384, (1, 3)), Conv("branch3x3dbl_3b", 384, (3, 1))],
    ),
    _pooled(192),
]

#: The stages; the first block of all but the first stage halves the size.
STAGES: Sequence[Mapping[str, Sequence[Path]]] = (
    {"Mixed_5b": _block_a(32), "Mixed_5c": _block_a(64), "Mixed_5d": _block_a(64)},
    {
        "Mixed_6a": _BLOCK_B, "Mixed_6b": _block_c(128), "Mixed_6c": _block_c(160),
        "Mixed_6d": _block_c(160), "Mixed_6e": _block_c(192),
    },
    {"Mixed_7a": _BLOCK_D, "Mixed_7b": _BLOCK_E, "Mixed_7c": _BLOCK_E},
)  # fmt: skip


class InceptionAux(BaseModule):
    """The auxiliary classifier, which takes the maps of the second stage.

    Args:
        in_channels: Input channels.
        num_classes: Number of classes.
    """

    def __init__(self, in_channels: int, num_classes: int) -> None:
        super().__init__(AUX_INIT)
        self.conv0 = BasicConv2d(in_channels, 128, 1)
        self.conv1 = BasicConv2d(128, 768, 5)
        self.fc = nn.Linear(768, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, 17, 17) to scores (B, num_classes)."""
        x = self.conv1(self.conv0(F.avg_pool2d(x, 5, stride=3)))
        return self.fc(x.mean((2, 3)))


@MODELS.register_module()
class InceptionV3(BaseBackbone):
    """Inception V3 for 299×299 images, with its classifier.

    From `Rethinking the Inception Architecture for Computer Vision <https://arxiv.org/abs/1512.00567>`_.

    Args:
        num_classes: Number of classes.
        aux_logits: Add the auxiliary classifier.
        dropout: Dropout rate before the classifier.
        in_channels: Number of channels of the images.
        init_cfg: How the weights are initialised.
        frozen_stages: Freeze the stem (0) and the stages up to this one; -1 freezes nothing.
        norm_eval: Keep batch-norm statistics as they are when training.
        with_cp: Recompute activations in the backward pass to save memory.
        freeze: Freeze the parameters whose name this regular expression finds.
    """

    stem_names = ("Conv2d_1a_3x3", "Conv2d_2a_3x3", "Conv2d_2b_3x3", "Conv2d_3b_1x1", "Conv2d_4a_3x3")

    def __init__(
        self,
        num_classes: int = 1000,
        aux_logits: bool = False,
        dropout: float = 0.5,
        init_cfg: dict | list[dict] | None = INIT,
        frozen_stages: int = -1,
        norm_eval: bool = False,
        with_cp: bool = False,
        freeze: str | None = None,
        in_channels: int = 3,
    ) -> None:
        super().__init__(
            init_cfg, frozen_stages=frozen_stages, norm_eval=norm_eval, with_cp=with_cp, freeze=freeze
        )
        self.aux_logits = aux_logits
        self.Conv2d_1a_3x3 = BasicConv2d(in_channels, 32, 3, stride=2)
        self.Conv2d_2a_3x3 = BasicConv2d(32, 32, 3)
        self.Conv2d_2b_3x3 = BasicConv2d(32, 64, 3, padding=1)
        self.Conv2d_3b_1x1 = BasicConv2d(64, 80, 1)
        self.Conv2d_4a_3x3 = BasicConv2d(80, 192, 3)
        channels = 192
        self.AuxLogits: InceptionAux | None = None
        for number, stage in enumerate(STAGES):
            if number == 2 and aux_logits:
                self.AuxLogits = InceptionAux(channels, num_classes)
            for name, paths in stage.items():
                block = InceptionBlock(channels, paths)
                self.add_module(name, block)
                channels = block.out_channels
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(channels, num_classes)
        self.freeze_declared(__class__)

    def freeze_groups(self) -> Sequence[Sequence[str]]:
        """The stem, then each stage; the classifiers are never frozen as a stage."""
        return [self.stem_names, *(list(stage) for stage in STAGES)]

    def forward(self, x: Tensor) -> tuple[Tensor | None, Tensor]:
        """(B, 3, 299, 299) to scores of both classifiers, each (B, num_classes).

        The first are None where there is no auxiliary classifier, and in evaluation mode.
        """
        x = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x)))
        x = self.Conv2d_3b_1x1(F.max_pool2d(x, 3, stride=2))
        x = F.max_pool2d(self.Conv2d_4a_3x3(x), 3, stride=2)
        aux = None
        for number, stage in enumerate(STAGES):
            if number == 2 and self.AuxLogits is not None and self.training:
                aux = self.AuxLogits(x)
            for name in stage:
                x = self.run(self.get_submodule(name), x)
        return aux, self.fc(self.dropout(x.mean((2, 3))))
