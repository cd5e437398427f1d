"""What backbones in the shape of ConvNeXt share: stages of blocks with strided convolutions before each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Any

from torch import Tensor, nn

from mmpretrain.models.backbones.base import BaseBackbone
from mmpretrain.models.base.module import ModuleList, Sequential

Norm = Callable[[int], nn.Module]


class StagedBackbone(BaseBackbone):
    """Stages of blocks that keep the shape of a map (B, C, H, W).

    Subclasses call :meth:`set_stages` and :meth:`set_output` when constructed.
    """

    gap_before_final_norm: bool = True
    stages: Any  # a ModuleList of Sequentials, which a type checker takes for plain modules

    def set_stages(
        self,
        channels: Sequence[int],
        stages: Iterable[Iterable[nn.Module]],
        norm: Norm,
        in_channels: int = 3,
        stem_patch_size: int = 4,
    ) -> None:
        """Make the stem and what leads from stage to stage.

        Args:
            channels: Number of channels of each stage.
            stages: The blocks of each stage.
            norm: Makes a normalisation of so many channels.
            in_channels: Number of channels of an image.
            stem_patch_size: Size of a patch that the stem embeds.
        """
        self.channels = channels
        self.num_stages = len(channels)
        stem = nn.Conv2d(in_channels, channels[0], kernel_size=stem_patch_size, stride=stem_patch_size)
        self.downsample_layers = ModuleList([nn.Sequential(stem, norm(channels[0]))])
        for before, after in pairwise(channels):
            down = nn.Conv2d(before, after, kernel_size=2, stride=2)
            self.downsample_layers.append(nn.Sequential(norm(before), down))
        self.stages = ModuleList(Sequential(*blocks) for blocks in stages)

    def set_output(
        self, out_indices: int | Sequence[int], norm: Norm, gap_before_final_norm: bool = True
    ) -> None:
        """Make the norms of the outputs.

        Args:
            out_indices: Stages whose output is returned; negative indices count from the end.
            norm: Makes a normalisation of so many channels.
            gap_before_final_norm: Normalise the mean (B, C) of a map instead of the map.
        """
        self.out_indices = self.take_indices(out_indices, self.num_stages)
        self.gap_before_final_norm = gap_before_final_norm
        for i in self.out_indices:
            self.add_module(f"norm{i}", norm(self.channels[i]))

    def stage_groups(self) -> list[list[str]]:
        """Each stage with the downsampling before it."""
        return [[f"downsample_layers.{i}", f"stages.{i}"] for i in range(self.num_stages)]

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return the outputs of the stages in ``out_indices`` for images (B, 3, H, W)."""
        outs = []
        for i in range(self.num_stages):
            x = self.run_stage(x, i)
            if i in self.out_indices:
                outs.append(self.format(x, i))
        return tuple(outs)

    def run_stage(self, x: Tensor, stage: int) -> Tensor:
        """Run a map through a stage and what leads to it."""
        x = self.downsample_layers[stage](x)
        for block in self.stages[stage]:
            x = self.run(block, x)
        return x

    def format(self, x: Tensor, stage: int) -> Tensor:
        """Make an output of the map (B, C, H, W) after a stage."""
        norm = getattr(self, f"norm{stage}")
        if not self.gap_before_final_norm:
            return norm(x)
        mean = x.mean((-2, -1), keepdim=True)
        return norm(mean.flatten(1)) if type(norm) is nn.LayerNorm else norm(mean).flatten(1)
