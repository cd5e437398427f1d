"""VGG (`Very Deep Convolutional Networks <https://arxiv.org/abs/1409.1556>`_)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise

from torch import Tensor, nn

from mmpretrain.errors import ArgumentError
from mmpretrain.models.backbones.base import BaseBackbone
from mmpretrain.models.layers import ConvModule
from mmpretrain.models.layers.configurable import act_from, conv_from, norm_from
from mmpretrain.registry import MODELS


@MODELS.register_module()
class VGG(BaseBackbone):
    """VGG: stages of 3×3 convolutions, each with a pooling at its end.

    From `Very Deep Convolutional Networks for Large-Scale Image Recognition
    <https://arxiv.org/abs/1409.1556>`_.

    ===== ======================
    depth convolutions per stage
    ===== ======================
    11    1, 1, 2, 2, 2
    13    2, 2, 2, 2, 2
    16    2, 2, 3, 3, 3
    19    2, 2, 4, 4, 4
    ===== ======================

    Args:
        depth: Number of layers.
        num_classes: Add the fully connected layers and output scores; -1 outputs features.
        num_stages: Number of stages.
        dilations: Dilation of each stage.
        out_indices: Stages to output; by default the last. Scores are output as well, where there are any.
        frozen_stages: Freeze that many stages; -1 freezes nothing.
        conv_cfg: Type of convolution.
        norm_cfg: Type of norm; None is without.
        act_cfg: Type of activation.
        ceil_mode: Round sizes up when pooling.
        with_last_pool: Keep the pooling of the last stage.
        in_channels: Number of channels of the images.
        init_cfg: How the weights are initialised.
        norm_eval, with_cp, freeze: See :class:`BaseBackbone`.
    """

    arch_settings = {
        11: (1, 1, 2, 2, 2),
        13: (2, 2, 2, 2, 2),
        16: (2, 2, 3, 3, 3),
        19: (2, 2, 4, 4, 4),
    }

    def __init__(
        self,
        depth: int,
        num_classes: int = -1,
        num_stages: int = 5,
        dilations: Sequence[int] = (1, 1, 1, 1, 1),
        out_indices: int | Sequence[int] | None = None,
        frozen_stages: int = -1,
        conv_cfg: dict | None = None,
        norm_cfg: dict | None = None,
        act_cfg: dict = {"type": "ReLU"},  # noqa: B006
        norm_eval: bool = False,
        ceil_mode: bool = False,
        with_last_pool: bool = True,
        init_cfg: dict | list[dict] | None = [  # noqa: B006
            {"type": "Kaiming", "layer": ["Conv2d"]},
            {"type": "Constant", "val": 1.0, "layer": ["_BatchNorm"]},
            {"type": "Normal", "std": 0.01, "layer": ["Linear"]},
        ],
        *,
        with_cp: bool = False,
        freeze: str | None = None,
        in_channels: int = 3,
    ) -> None:
        super().__init__(
            init_cfg, frozen_stages=frozen_stages, norm_eval=norm_eval, with_cp=with_cp, freeze=freeze
        )
        norm, act, conv = norm_from(norm_cfg), act_from(act_cfg), conv_from(conv_cfg)
        if not (1 <= num_stages <= 5 and len(dilations) == num_stages):
            raise ArgumentError(
                f"num_stages={num_stages} must be 1 to 5, with as many dilations: {dilations!r}",
                key="num_stages",
            )
        self.num_classes = num_classes
        depths = self.get_arch(depth, key="depth")[:num_stages]
        # A stage is its convolutions and a pooling; the classifier, if any, counts as one more output.
        self.bounds = list(pairwise(accumulate((n + 1 for n in depths), initial=0)))
        count = num_stages + (num_classes > 0)
        self.out_indices = self.take_indices(count - 1 if out_indices is None else out_indices, count)

        parts = {"conv": conv, "norm": norm, "act": act, "bias": True}
        layers: list[nn.Module] = []
        channels = in_channels
        for width, blocks, dilation in zip((64, 128, 256, 512, 512), depths, dilations):
            for _ in range(blocks):
                layers.append(ConvModule(channels, width, 3, dilation=dilation, padding=dilation, **parts))
                channels = width
            layers.append(nn.MaxPool2d(2, stride=2, ceil_mode=ceil_mode))
        self.features = nn.Sequential(*(layers if with_last_pool else layers[:-1]))
        if num_classes > 0:
            self.classifier = nn.Sequential(
                *(nn.Linear(512 * 7 * 7, 4096), nn.ReLU(True), nn.Dropout()),
                *(nn.Linear(4096, 4096), nn.ReLU(True), nn.Dropout()),
                nn.Linear(4096, num_classes),
            )
        self.freeze_declared(__class__)

    def freeze_groups(self) -> Sequence[Sequence[str]]:
        """Nothing for the stem: VGG has none."""
        return [[], *([f"features.{i}" for i in range(*bound)] for bound in self.bounds)]

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """(B, 3, H, W) to stages (B, C, H / 2^(i+1), W / 2^(i+1)), and to scores (B, num_classes)."""
        outs = []
        for i, (start, end) in enumerate(self.bounds):
            for j in range(start, min(end, len(self.features))):
                x = self.run(self.features[j], x)
            if i in self.out_indices:
                outs.append(x)
        if self.num_classes > 0:
            outs.append(self.classifier(x.flatten(1)))
        return tuple(outs)
