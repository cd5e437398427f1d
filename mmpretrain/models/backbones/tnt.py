"""TNT (`Transformer in Transformer <https://arxiv.org/abs/2103.00112>`_)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from mmpretrain.models.backbones.base import BaseBackbone
from mmpretrain.models.base.module import BaseModule, ModuleList
from mmpretrain.models.layers.configurable import Act, Norm, act_from, configurable, norm_from
from mmpretrain.models.layers.drop import drop_path_rates
from mmpretrain.models.layers.ffn import FFN
from mmpretrain.models.layers.position_embed import fit_pos_embed, resize_pos_embed
from mmpretrain.models.layers.shape import to_2tuple
from mmpretrain.models.layers.transformer_layer import TokenAttention
from mmpretrain.registry import MODELS

# Shapes: B images, P patches of an image, S pixels of a patch, C channels of a patch, c those of a pixel.


@configurable
class TransformerBlock(BaseModule):
    """Attention and a feed-forward network, each after a norm and with a residual connection.

    Args:
        embed_dims: Number of channels.
        num_heads: Number of attention heads.
        ffn_ratio: Width of the feed-forward network, relative to ``embed_dims``.
        drop_rate: Dropout rate after both branches.
        attn_drop_rate: Dropout rate of the attention weights.
        drop_path_rate: Stochastic-depth rate of both branches.
        num_fcs: Number of linear layers of the feed-forward network.
        qkv_bias: Give queries, keys and values a bias.
        act: The activation.
        norm: The normalisation.
        init_cfg: How the weights are initialised.
    """

    def __init__(
        self,
        embed_dims: int,
        num_heads: int,
        ffn_ratio: int = 4,
        drop_rate: float = 0.0,
        attn_drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        num_fcs: int = 2,
        qkv_bias: bool = False,
        act: Act = nn.GELU,
        norm: Norm = nn.LayerNorm,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.norm_attn = norm(embed_dims)
        self.attn = TokenAttention(
            embed_dims, num_heads, attn_drop_rate, drop_rate, drop_path_rate, batch_first=True
        )
        if not qkv_bias:
            self.attn.attn.in_proj_bias = None
        self.norm_ffn = norm(embed_dims)
        self.ffn = FFN(
            embed_dims,
            embed_dims * ffn_ratio,
            num_fcs=num_fcs,
            ffn_drop=drop_rate,
            drop_path=drop_path_rate,
            act=act,
        )

    def forward(self, x: Tensor) -> Tensor:
        """Transform tokens (B, N, C)."""
        x = self.attn(self.norm_attn(x), identity=x)
        return self.ffn(self.norm_ffn(x), identity=x)


@configurable
class TnTLayer(BaseModule):
    """A block for the pixels of each patch, whose output is added to the patches, and a block for these.

    Args:
        num_pixel: Number of pixels S of a patch.
        embed_dims_inner: Number of channels c of a pixel.
        embed_dims_outer: Number of channels C of a patch.
        num_heads_inner: Number of attention heads among pixels.
        num_heads_outer: Number of attention heads among patches.
        inner_block_cfg: Further arguments of the block for pixels.
        outer_block_cfg: Further arguments of the block for patches.
        norm: The normalisation.
        init_cfg: How the weights are initialised.
    """

    def __init__(
        self,
        num_pixel: int,
        embed_dims_inner: int,
        embed_dims_outer: int,
        num_heads_inner: int,
        num_heads_outer: int,
        inner_block_cfg: Mapping[str, Any] = {},
        outer_block_cfg: Mapping[str, Any] = {},
        norm: Norm = nn.LayerNorm,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.inner_block = TransformerBlock(embed_dims_inner, num_heads_inner, **inner_block_cfg)
        self.norm_proj = norm(embed_dims_inner)
        self.projection = nn.Linear(embed_dims_inner * num_pixel, embed_dims_outer)
        self.outer_block = TransformerBlock(embed_dims_outer, num_heads_outer, **outer_block_cfg)

    def forward(self, pixels: Tensor, patches: Tensor) -> tuple[Tensor, Tensor]:
        """Transform pixels (B * P, S, c) and patches (B, 1 + P, C), of which the first is the class token."""
        pixels = self.inner_block(pixels)
        update = self.projection(self.norm_proj(pixels).reshape(patches.shape[0], patches.shape[1] - 1, -1))
        patches = torch.cat((patches[:, :1], patches[:, 1:] + update), dim=1)
        return pixels, self.outer_block(patches)


class PixelEmbed(BaseModule):
    """Embeds the pixels of an image with a convolution, and sorts them by patch.

    Args:
        img_size: The usual size of images.
        patch_size: Size of a patch.
        in_channels: Number of channels of an image.
        embed_dims_inner: Number of channels c of a pixel.
        stride: Stride of the convolution.
        init_cfg: How the weights are initialised.
    """

    def __init__(
        self,
        img_size: int | Sequence[int] = 224,
        patch_size: int | Sequence[int] = 16,
        in_channels: int = 3,
        embed_dims_inner: int = 48,
        stride: int = 4,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        (height, width), (rows, columns) = to_2tuple(img_size), to_2tuple(patch_size)
        self.init_out_size = (height // rows, width // columns)
        self.num_patches = self.init_out_size[0] * self.init_out_size[1]
        self.embed_dims_inner = embed_dims_inner
        self.new_patch_size = (-(-rows // stride), -(-columns // stride))
        self.proj = nn.Conv2d(in_channels, embed_dims_inner, kernel_size=7, padding=3, stride=stride)
        self.unfold = nn.Unfold(kernel_size=self.new_patch_size, stride=self.new_patch_size)

    def forward(self, x: Tensor, pixel_pos: Tensor) -> tuple[Tensor, tuple[int, int]]:
        """Embed images (B, in_channels, H, W).

        Args:
            x: The images.
            pixel_pos: Position embeddings of the pixels of a patch, (1, c, rows, columns).

        Returns:
            Pixels (B * P, S, c), and the grid of patches.
        """
        x = self.proj(x)
        rows, columns = self.new_patch_size
        hw = (x.shape[2] // rows, x.shape[3] // columns)
        pixels = self.unfold(x).transpose(1, 2).reshape(-1, self.embed_dims_inner, rows, columns)
        return (pixels + pixel_pos).flatten(2).transpose(1, 2), hw


def _arch(outer: int, inner: int, heads: int) -> dict[str, int]:
    widths = {"embed_dims_outer": outer, "embed_dims_inner": inner}
    return {**widths, "num_layers": 12, "num_heads_outer": heads, "num_heads_inner": 4}


@MODELS.register_module()
class TNT(BaseBackbone):
    """TNT (`Transformer in Transformer <https://arxiv.org/abs/2103.00112>`_).

    ======== ================ ================ ========== =============== ===============
    arch     embed_dims_outer embed_dims_inner num_layers num_heads_outer num_heads_inner
    ======== ================ ================ ========== =============== ===============
    s, small 384              24               12         6               4
    b, base  640              40               12         10              4
    ======== ================ ================ ========== =============== ===============

    Args:
        arch: A name in ``arch_settings``, or a dict with its columns.
        img_size: The usual size of images; other sizes work too.
        patch_size: Size of a patch.
        in_channels: Number of channels of an image.
        ffn_ratio: Width of the feed-forward networks, relative to their input.
        qkv_bias: Give queries, keys and values a bias.
        drop_rate: Dropout rate of the patches, and after attention and feed-forward networks.
        attn_drop_rate: Dropout rate of the attention weights.
        drop_path_rate: Stochastic-depth rate of the last layer; it grows from 0 at the first.
        act_cfg: The activation.
        norm_cfg: The normalisation.
        first_stride: Stride of the convolution that embeds pixels.
        num_fcs: Number of linear layers of the feed-forward networks.
        init_cfg: How the weights are initialised.
        frozen_stages, norm_eval, with_cp, freeze: See :class:`BaseBackbone`.
    """

    arch_settings = {("s", "small"): _arch(384, 24, 6), ("b", "base"): _arch(640, 40, 10)}

    def __init__(
        self,
        arch: str | Mapping[str, int] = "b",
        img_size: int | Sequence[int] = 224,
        patch_size: int | Sequence[int] = 16,
        in_channels: int = 3,
        ffn_ratio: int = 4,
        qkv_bias: bool = False,
        drop_rate: float = 0.0,
        attn_drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        act_cfg: Mapping[str, Any] = {"type": "GELU"},
        norm_cfg: Mapping[str, Any] = {"type": "LN"},
        first_stride: int = 4,
        num_fcs: int = 2,
        init_cfg: dict | list[dict] | None = [  # noqa: B006
            {"type": "TruncNormal", "layer": "Linear", "std": 0.02},
            {"type": "Constant", "layer": "LayerNorm", "val": 1.0, "bias": 0.0},
        ],
        *,
        frozen_stages: int = -1,
        norm_eval: bool = False,
        with_cp: bool = False,
        freeze: str | None = None,
    ) -> None:
        super().__init__(
            init_cfg, frozen_stages=frozen_stages, norm_eval=norm_eval, with_cp=with_cp, freeze=freeze
        )
        norm, act = norm_from(norm_cfg), act_from(act_cfg)
        settings = self.get_arch(arch)
        inner, outer = settings["embed_dims_inner"], settings["embed_dims_outer"]
        self.embed_dims = outer
        self.num_layers: int = settings["num_layers"]
        self.pixel_embed = PixelEmbed(img_size, patch_size, in_channels, inner, first_stride)
        self.patch_resolution = self.pixel_embed.init_out_size
        rows, columns = self.pixel_embed.new_patch_size
        num_pixel = rows * columns
        self.norm1_proj = norm(num_pixel * inner)
        self.projection = nn.Linear(num_pixel * inner, outer)
        self.norm2_proj = norm(outer)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, outer))
        self.patch_pos = nn.Parameter(torch.zeros(1, self.pixel_embed.num_patches + 1, outer))
        self.pixel_pos = nn.Parameter(torch.zeros(1, inner, rows, columns))
        self.drop_after_pos = nn.Dropout(drop_rate)
        block: dict[str, Any] = {
            "ffn_ratio": ffn_ratio,
            "drop_rate": drop_rate,
            "attn_drop_rate": attn_drop_rate,
            "num_fcs": num_fcs,
            "qkv_bias": qkv_bias,
            "act": act,
            "norm": norm,
        }
        heads = (settings["num_heads_inner"], settings["num_heads_outer"])
        self.layers = ModuleList()
        for rate in drop_path_rates(drop_path_rate, self.num_layers):
            own = {**block, "drop_path_rate": rate}
            blocks: dict[str, Any] = {"inner_block_cfg": own, "outer_block_cfg": own}
            self.layers.append(TnTLayer(num_pixel, inner, outer, *heads, **blocks, norm=norm))
        self.norm = norm(outer)
        for parameter in (self.cls_token, self.patch_pos, self.pixel_pos):
            nn.init.trunc_normal_(parameter, std=0.02)
        self.register_load_state_dict_pre_hook(_fit_positions)
        self.freeze_declared(__class__)

    def freeze_groups(self) -> list[list[str]]:
        """The stem, then each layer; the last one with the norm after it."""
        groups = self.layer_groups()
        return [*groups[:-1], [*groups[-1], "norm"]]

    def layer_groups(self) -> list[list[str]]:
        """The stem, then each layer."""
        stem = ["pixel_embed", "norm1_proj", "projection", "norm2_proj", "drop_after_pos"]
        positions = ["cls_token", "patch_pos", "pixel_pos"]
        return [[*stem, *positions], *([f"layers.{i}"] for i in range(self.num_layers))]

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return the class token (B, C) for images (B, 3, H, W)."""
        pixels, hw = self.pixel_embed(x, self.pixel_pos)
        patches = self.norm1_proj(pixels.reshape(x.shape[0], hw[0] * hw[1], -1))
        patches = self.norm2_proj(self.projection(patches))
        patches = torch.cat((self.cls_token.expand(x.shape[0], -1, -1), patches), dim=1)
        patches = patches + resize_pos_embed(self.patch_pos, self.patch_resolution, hw)
        patches = self.drop_after_pos(patches)
        for layer in self.layers:
            pixels, patches = self.run(layer, pixels, patches)
        return (self.norm(patches)[:, 0],)


def _fit_positions(module: TNT, state_dict: dict[str, Tensor], prefix: str, *_: Any) -> None:
    fit_pos_embed(state_dict, f"{prefix}patch_pos", module.patch_pos, module.patch_resolution)
