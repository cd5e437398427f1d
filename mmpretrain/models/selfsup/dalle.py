"""The tokenizer of DALL-E (https://arxiv.org/abs/2102.12092), which BEiT and CAE use."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmpretrain.errors import DataError
from mmpretrain.models.base.module import BaseModule
from mmpretrain.registry import MODELS


class DalleConv(nn.Module):
    """A convolution that keeps the size, under the names of OpenAI's checkpoint.

    Args:
        n_in: Number of channels of the input.
        n_out: Number of channels of the output.
        kernel_size: Edge of the kernel.
    """

    def __init__(self, n_in: int, n_out: int, kernel_size: int) -> None:
        super().__init__()
        weight = torch.empty(n_out, n_in, kernel_size, kernel_size)
        self.w = nn.Parameter(weight.normal_(std=1 / math.sqrt(n_in * kernel_size**2)))
        self.b = nn.Parameter(torch.zeros(n_out))
        self.padding = (kernel_size - 1) // 2

    def forward(self, x: Tensor) -> Tensor:
        """(B, n_in, H, W) to (B, n_out, H, W)."""
        return F.conv2d(x, self.w, self.b, padding=self.padding)


class DalleBlock(nn.Module):
    """A residual block of four convolutions.

    Args:
        n_in: Number of channels of the input.
        n_out: Number of channels of the output.
        gain: Weight of the branch.
    """

    def __init__(self, n_in: int, n_out: int, gain: float) -> None:
        super().__init__()
        self.gain = gain
        self.id_path = nn.Identity() if n_in == n_out else DalleConv(n_in, n_out, 1)
        hidden = n_out // 4
        widths = [n_in, hidden, hidden, hidden, n_out]
        self.res_path = nn.Sequential()
        for i in range(4):
            self.res_path.add_module(f"relu_{i + 1}", nn.ReLU())
            self.res_path.add_module(f"conv_{i + 1}", DalleConv(widths[i], widths[i + 1], 3 if i < 3 else 1))

    def forward(self, x: Tensor) -> Tensor:
        """(B, n_in, H, W) to (B, n_out, H, W)."""
        return self.id_path(x) + self.gain * self.res_path(x)


@MODELS.register_module("DALL-E")
class DALLEEncoder(BaseModule):
    """Turns images into scores of visual tokens.

    From `Zero-Shot Text-to-Image Generation <https://arxiv.org/abs/2102.12092>`_; its pictures are half
    as wide as those of the model, and in 0..1.

    Args:
        group_count: Number of groups of blocks; the map is halved between them.
        n_hid: Number of channels of the first group; it doubles with each.
        n_blk_per_group: Number of blocks of a group.
        input_channels: Number of channels of an image.
        vocab_size: Number of tokens.
        device: Where the weights are; by default where others are.
        requires_grad: Train the weights.
        init_cfg: How the weights are initialised.
    """

    def __init__(
        self,
        group_count: int = 4,
        n_hid: int = 256,
        n_blk_per_group: int = 2,
        input_channels: int = 3,
        vocab_size: int = 8192,
        device: torch.device | str | None = None,
        requires_grad: bool = False,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.input_channels = input_channels
        gain = 1 / (group_count * n_blk_per_group) ** 2
        self.blocks = nn.Sequential()
        self.blocks.add_module("input", DalleConv(input_channels, n_hid, 7))
        width = n_hid
        for i in range(group_count):
            group = nn.Sequential()
            for j in range(n_blk_per_group):
                group.add_module(f"block_{j + 1}", DalleBlock(width, n_hid * 2**i, gain))
                width = n_hid * 2**i
            if i < group_count - 1:
                group.add_module("pool", nn.MaxPool2d(2))
            self.blocks.add_module(f"group_{i + 1}", group)
        output = nn.Sequential()
        output.add_module("relu", nn.ReLU())
        output.add_module("conv", DalleConv(width, vocab_size, 1))
        self.blocks.add_module("output", output)
        self.requires_grad_(requires_grad)
        if device is not None:
            self.to(device)

    def forward(self, x: Tensor) -> Tensor:
        """Scores (B, vocab_size, H / 8, W / 8) of images (B, 3, H, W)."""
        if x.ndim != 4 or x.shape[1] != self.input_channels:
            raise DataError(f"DALL-E takes images (B, {self.input_channels}, H, W), got {tuple(x.shape)}")
        return self.blocks(x.float())
