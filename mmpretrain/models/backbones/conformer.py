"""Conformer (`Local Features Coupling Global Representations <https://arxiv.org/abs/2105.03889>`_)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmpretrain.errors import ArgumentError
from mmpretrain.models.backbones.base import BaseBackbone
from mmpretrain.models.base import BaseModule
from mmpretrain.models.init import as_list, is_pretrained
from mmpretrain.models.layers import AdaptivePadding, DropPath, TransformerEncoderLayer
from mmpretrain.models.layers.drop import drop_path_rates
from mmpretrain.models.layers.shape import to_image, to_tokens
from mmpretrain.registry import MODELS

#: Of all norms but that of the stem and the last one.
EPS = 1e-6

#: Channels of a block over those in its middle.
EXPANSION = 4


class ConvBlock(BaseModule):
    """A bottleneck that also shows what its middle holds, and takes something to add there.

    Args:
        in_channels: Input channels.
        out_channels: Output channels.
        stride: Stride of the 3×3 convolution.
        with_residual_conv: Put a convolution on the identity.
        drop_path_rate: Rate of stochastic depth.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        stride: int = 1,
        with_residual_conv: bool = False,
        drop_path_rate: float = 0.0,
    ) -> None:
        super().__init__()
        mid = out_channels // EXPANSION
        self.conv1 = nn.Conv2d(in_channels, mid, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(mid, eps=EPS)
        self.conv2 = nn.Conv2d(mid, mid, 3, stride=stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(mid, eps=EPS)
        self.conv3 = nn.Conv2d(mid, out_channels, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(out_channels, eps=EPS)
        self.with_residual_conv = with_residual_conv
        if with_residual_conv:
            self.residual_conv = nn.Conv2d(in_channels, out_channels, 1, stride=stride, bias=False)
            self.residual_bn = nn.BatchNorm2d(out_channels, eps=EPS)
        self.drop_path = DropPath(drop_path_rate) if drop_path_rate > 0 else nn.Identity()

    def forward(self, x: Tensor, added: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Transform a map.

        Args:
            x: The map (B, C, H, W).
            added: What is added before the 3×3 convolution, (B, C' / 4, H, W).

        Returns:
            The output (B, C', H / stride, W / stride), and the map after the 3×3 convolution, of C' / 4
            channels.
        """
        mid = F.relu(self.bn1(self.conv1(x)), inplace=True)
        mid = self.conv2(mid if added is None else mid + added)
        mid = F.relu(self.bn2(mid), inplace=True)
        out = self.drop_path(self.bn3(self.conv3(mid)))
        out = out + (self.residual_bn(self.residual_conv(x)) if self.with_residual_conv else x)
        return F.relu(out, inplace=True), mid


class FCUDown(BaseModule):
    """From the map of the convolutions to tokens.

    Args:
        in_channels: Channels of the map.
        out_channels: Channels of the tokens.
        down_stride: Side of the square of pixels that make a token.
    """

    def __init__(self, in_channels: int, out_channels: int, down_stride: int) -> None:
        super().__init__()
        self.down_stride = down_stride
        self.conv_project = nn.Conv2d(in_channels, out_channels, 1)
        self.ln = nn.LayerNorm(out_channels, eps=EPS)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, N, C')."""
        # The mean of a convolution is the convolution of the mean, which has fewer pixels.
        x = self.conv_project(F.avg_pool2d(x, self.down_stride))
        return F.gelu(self.ln(to_tokens(x)))


class FCUUp(BaseModule):
    """From tokens to a map for the convolutions.

    Args:
        in_channels: Channels of the tokens.
        out_channels: Channels of the map.
        up_stride: Side of the square of pixels that a token becomes.
    """

    def __init__(self, in_channels: int, out_channels: int, up_stride: int) -> None:
        super().__init__()
        self.up_stride = up_stride
        self.conv_project = nn.Conv2d(in_channels, out_channels, 1)
        self.bn = nn.BatchNorm2d(out_channels, eps=EPS)

    def forward(self, x: Tensor, grid: tuple[int, int]) -> Tensor:
        """Make a map (B, C', H, W) of the tokens (B, h * w, C) of a grid (h, w)."""
        x = F.relu(self.bn(self.conv_project(to_image(x, grid))), inplace=True)
        return F.interpolate(x, size=(grid[0] * self.up_stride, grid[1] * self.up_stride), mode="nearest")


class ConvTransBlock(BaseModule):
    """Convolutions and a transformer layer side by side, which tell each other what they found.

    Args:
        in_channels: Input channels of the convolutions.
        out_channels: Output channels of the convolutions.
        stride: Stride of the convolutions.
        token_stride: Side of the square of pixels that make a token.
        last: Halve the size of the map at the end.
        with_cls_token: There is a class token before the others.
        drop_path_rate: Rate of stochastic depth of the transformer and of the second convolutions.
        layer: Arguments of the :class:`TransformerEncoderLayer`.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        stride: int,
        token_stride: int,
        last: bool,
        with_cls_token: bool,
        drop_path_rate: float,
        layer: Mapping[str, Any],
    ) -> None:
        super().__init__()
        self.token_stride, self.with_cls_token = token_stride, with_cls_token
        dims, mid = layer["embed_dims"], out_channels // EXPANSION
        self.cnn_block = ConvBlock(in_channels, out_channels, stride, in_channels != out_channels)
        self.fusion_block = ConvBlock(out_channels, out_channels, 2 if last else 1, last, drop_path_rate)
        self.squeeze_block = FCUDown(mid, dims, token_stride)
        self.expand_block = FCUUp(dims, mid, token_stride)
        self.trans_block = TransformerEncoderLayer(drop_path_rate=drop_path_rate, **layer)

    def forward(self, x: Tensor, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Transform a map (B, C, H, W) and tokens (B, N, D)."""
        x, mid = self.cnn_block(x)
        found = self.squeeze_block(mid)
        if self.with_cls_token:
            found = torch.cat((tokens[:, :1], found), dim=1)
        tokens = self.trans_block(found + tokens)
        grid = (mid.shape[2] // self.token_stride, mid.shape[3] // self.token_stride)
        x, _ = self.fusion_block(x, self.expand_block(tokens[:, int(self.with_cls_token) :], grid))
        return x, tokens


def _arch(embed_dims: int, channel_ratio: int, num_heads: int) -> dict[str, int]:
    return {"embed_dims": embed_dims, "channel_ratio": channel_ratio, "num_heads": num_heads, "depths": 12}


@MODELS.register_module()
class Conformer(BaseBackbone):
    """Conformer: a residual network and a vision transformer side by side.

    From `Conformer: Local Features Coupling Global Representations for Visual Recognition
    <https://arxiv.org/abs/2105.03889>`_.

    ======== ========== ============= ========= ======
    arch     embed_dims channel_ratio num_heads depths
    ======== ========== ============= ========= ======
    t, tiny  384        1             6         12
    s, small 384        4             6         12
    b, base  576        6             9         12
    ======== ========== ============= ========= ======

    Args:
        arch: A name of the table, or a dict with its columns.
        patch_size: Size of a patch, a multiple of 16.
        base_channels: Channels of the first convolutions, before ``channel_ratio``.
        mlp_ratio: Width of the feed-forward networks, relative to ``embed_dims``.
        qkv_bias: Give queries, keys and values a bias.
        with_cls_token: Have a class token; without, the mean of all tokens is the output.
        drop_path_rate: Rate of stochastic depth of the last layer; it rises from 0 over the layers.
        norm_eval: Keep batch-norm statistics as they are when training.
        frozen_stages: Freeze that many layers, and the stem with the first; 0 freezes nothing.
        out_indices: Layers to output, counted from 1 or, from the end, from -1.
        in_channels: Number of channels of the images.
        init_cfg: How the weights are initialised.
        with_cp: Recompute activations in the backward pass to save memory.
        freeze: Freeze the parameters whose name this regular expression finds.
    """

    first_output = 1

    arch_settings: Mapping[Any, Mapping[str, int]] = {
        ("t", "tiny"): _arch(384, 1, 6),
        ("s", "small"): _arch(384, 4, 6),
        ("b", "base"): _arch(576, 6, 9),
    }
    stem_names = ("conv1", "bn1", "cls_token", "trans_patch_conv")

    #: Of the layout of state dicts.
    _version = 1

    def __init__(
        self,
        arch: str | Mapping[str, int] = "tiny",
        patch_size: int = 16,
        base_channels: int = 64,
        mlp_ratio: float = 4.0,
        qkv_bias: bool = True,
        with_cls_token: bool = True,
        drop_path_rate: float = 0.0,
        norm_eval: bool = False,
        frozen_stages: int = 0,
        out_indices: int | Sequence[int] = -1,
        init_cfg: dict | list[dict] | None = None,
        with_cp: bool = False,
        freeze: str | None = None,
        in_channels: int = 3,
    ) -> None:
        super().__init__(
            init_cfg, frozen_stages=frozen_stages, norm_eval=norm_eval, with_cp=with_cp, freeze=freeze
        )
        settings = self.get_arch(arch)
        self.num_features = self.embed_dims = settings["embed_dims"]
        self.depths = settings["depths"]
        if patch_size % 16:
            raise ArgumentError(f"patch_size must be a multiple of 16, got {patch_size}", key="patch_size")
        if self.depths % 3:
            raise ArgumentError(f"depths must be a multiple of 3, got {self.depths}", key="arch")
        self.out_indices = self.take_numbers(out_indices)
        token_stride = patch_size // 4
        layer: dict[str, Any] = {
            "embed_dims": self.embed_dims, "num_heads": settings["num_heads"], "qkv_bias": qkv_bias,
            "feedforward_channels": int(self.embed_dims * mlp_ratio), "norm": partial(nn.LayerNorm, eps=EPS),
        }  # fmt: skip
        rates = drop_path_rates(drop_path_rate, self.depths)
        width = int(base_channels * settings["channel_ratio"])

        self.register_parameter("cls_token", None)
        if with_cls_token:
            self.cls_token = nn.Parameter(torch.zeros(1, 1, self.embed_dims))
            nn.init.trunc_normal_(self.cls_token, std=0.02)
        self.conv1 = nn.Conv2d(in_channels, 64, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        self.auto_pad = AdaptivePadding(token_stride, token_stride)
        self.conv_1 = ConvBlock(64, width, with_residual_conv=True)
        self.trans_patch_conv = nn.Conv2d(64, self.embed_dims, token_stride, stride=token_stride)
        self.trans_1 = TransformerEncoderLayer(drop_path_rate=rates[0], **layer)
        before = width
        for number in range(2, self.depths + 1):
            third = (number - 1) * 3 // self.depths  # the size halves, and the width doubles, twice
            after = width * 2**third
            block = ConvTransBlock(
                before,
                after,
                stride=1 if after == before else 2,
                token_stride=token_stride // 2**third,
                last=number == self.depths,
                with_cls_token=with_cls_token,
                drop_path_rate=rates[number - 1],
                layer=layer,
            )
            self.add_module(f"conv_trans_{number}", block)
            before = after
        self.trans_norm = nn.LayerNorm(self.embed_dims)
        self.freeze_declared(__class__)

    def take_numbers(self, out_indices: int | Sequence[int]) -> tuple[int, ...]:
        """Return ``out_indices`` as numbers of layers from 1 on."""
        wanted = (out_indices,) if isinstance(out_indices, int) else tuple(out_indices)
        if 0 in wanted:
            raise ArgumentError(
                f"Conformer has no output 0: out_indices={out_indices!r}",
                hint=f"Layers count from 1 to {self.depths}, or from the end -{self.depths} to -1.",
                key="out_indices",
            )
        indices = self.take_indices([i - 1 if i > 0 else i for i in wanted], self.depths)
        return tuple(i + 1 for i in indices)

    def init_weights(self) -> None:
        """Initialise as the original does, unless weights are loaded."""
        super().init_weights()
        if not any(map(is_pretrained, as_list(self.init_cfg or []))):
            self.apply(_init)

    def freeze_groups(self) -> Sequence[Sequence[str]]:
        """Nothing; the stem with the first layer; each other layer, the last with the norm."""
        stem, first, *rest = self.layer_groups()
        rest[-1] = [*rest[-1], "trans_norm"]
        return [[], [*stem, *first], *rest]

    def layer_groups(self) -> Sequence[Sequence[str]]:
        """The stem; each layer."""
        later = ([f"conv_trans_{number}"] for number in range(2, self.depths + 1))
        return [self.stem_names, ["conv_1", "trans_1"], *later]

    def forward(self, x: Tensor) -> tuple[list[Tensor], ...]:
        """(B, 3, H, W) to two features of each output: of the convolutions (B, C), of the tokens (B, D)."""
        base = self.maxpool(F.relu(self.bn1(self.conv1(x)), inplace=True))
        base = self.auto_pad(base)
        x, _ = self.run(self.conv_1, base)
        tokens = to_tokens(self.trans_patch_conv(base))
        if self.cls_token is not None:
            tokens = torch.cat((self.cls_token.expand(tokens.shape[0], -1, -1), tokens), dim=1)
        tokens = self.run(self.trans_1, tokens)
        outs = [self.format(x, tokens)] if 1 in self.out_indices else []
        for number in range(2, self.depths + 1):
            x, tokens = self.run(self.get_submodule(f"conv_trans_{number}"), x, tokens)
            if number in self.out_indices:
                outs.append(self.format(x, tokens))
        return tuple(outs)

    def format(self, x: Tensor, tokens: Tensor) -> list[Tensor]:
        """The mean of a map (B, C, H, W), and the class token, or the mean, of tokens (B, N, D)."""
        tokens = self.trans_norm(tokens)
        return [x.mean((2, 3)), tokens.mean(1) if self.cls_token is None else tokens[:, 0]]


def _init(module: nn.Module) -> None:
    """Initialise one module as the original does."""
    if isinstance(module, nn.Linear):
        nn.init.trunc_normal_(module.weight, std=0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, (nn.LayerNorm, nn.BatchNorm2d)):
        nn.init.ones_(module.weight)
        nn.init.zeros_(module.bias)
    elif isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
    elif isinstance(module, ConvBlock):  # after its layers
        nn.init.zeros_(module.bn3.weight)
