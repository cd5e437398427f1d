"""XCiT: https://arxiv.org/abs/2106.09681."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Literal

import torch
from torch import Tensor, nn

from mmpretrain.errors import ArgumentError
from mmpretrain.models.backbones.base import BaseBackbone
from mmpretrain.models.base.module import BaseModule, ModuleList
from mmpretrain.models.layers.configurable import Act, Norm, act_from, configurable, norm_from
from mmpretrain.models.layers.conv_module import ConvModule
from mmpretrain.models.layers.cross_covariance import ClassAttention, CrossCovarianceAttention
from mmpretrain.models.layers.drop import DropPath
from mmpretrain.models.layers.ffn import FFN
from mmpretrain.models.layers.fourier import fourier_positions
from mmpretrain.models.layers.shape import to_2tuple, to_image, to_tokens
from mmpretrain.registry import MODELS

HW = tuple[int, int]


class PositionalEncodingFourier(nn.Module):
    """Sines and cosines of rows and columns, projected to the number of channels.

    Args:
        hidden_dim: Number of sines and cosines of rows, and of columns.
        dim: Number of channels C.
        temperature: Base of the geometric series of wavelengths.
    """

    def __init__(self, hidden_dim: int = 32, dim: int = 768, temperature: float = 10000.0) -> None:
        super().__init__()
        self.token_projection = ConvModule(hidden_dim * 2, dim, kernel_size=1, act=None)
        self.hidden_dim = hidden_dim
        self.temperature = temperature

    def forward(self, hw: HW) -> Tensor:
        """The encoding (1, C, h, w) of a grid of patches."""
        weight = self.token_projection.conv.weight
        waves = fourier_positions(hw, self.hidden_dim, weight.device, self.temperature)
        return self.token_projection(waves.to(weight.dtype))


@configurable
class ConvPatchEmbed(nn.Module):
    """Embed patches with 3 x 3 convolutions of stride 2 that double the number of channels each.

    Args:
        patch_size: 8 or 16.
        in_channels: Number of channels of an image.
        embed_dims: Number of channels of a token.
        norm: The normalisation.
        act: The activation.
    """

    def __init__(
        self,
        patch_size: int,
        in_channels: int,
        embed_dims: int,
        norm: Norm,
        act: Act,
    ) -> None:
        super().__init__()
        if patch_size not in (8, 16):
            raise ArgumentError(f"patch_size must be 8 or 16, got {patch_size}", key="patch_size")
        steps = int(math.log2(patch_size))
        widths = [in_channels, *(embed_dims >> i for i in reversed(range(steps)))]
        self.proj = nn.Sequential(
            *(
                ConvModule(
                    widths[i],
                    widths[i + 1],
                    kernel_size=3,
                    stride=2,
                    padding=1,
                    norm=norm,
                    act=act if i < steps - 1 else None,
                )
                for i in range(steps)
            )
        )

    def forward(self, x: Tensor) -> tuple[Tensor, HW]:
        """Tokens (B, h * w, C) of images, and their grid (h, w)."""
        x = self.proj(x)
        return to_tokens(x), (x.shape[2], x.shape[3])


@configurable
class LocalPatchInteraction(nn.Module):
    """Two depthwise convolutions over the grid of patches.

    Args:
        channels: Number of channels C.
        norm: The normalisation between them.
        act: The activation between them.
    """

    def __init__(self, channels: int, norm: Norm, act: Act) -> None:
        super().__init__()
        common: dict[str, Any] = {"kernel_size": 3, "padding": 1, "groups": channels}
        self.conv1 = ConvModule(
            channels,
            channels,
            bias=True,
            norm=norm,
            act=act,
            order=("conv", "act", "norm"),
            **common,
        )
        self.conv2 = ConvModule(channels, channels, act=None, **common)

    def forward(self, x: Tensor, hw: HW) -> Tensor:
        """Mix tokens (B, h * w, C) with their neighbours."""
        return to_tokens(self.conv2(self.conv1(to_image(x, hw))))


@configurable
class XCABlock(BaseModule):
    """Attention among channels, convolutions among neighbours, and a feed-forward network.

    Args:
        dim: Number of channels C.
        num_heads: Number of attention heads.
        mlp_ratio: Width of the feed-forward network, relative to C.
        qkv_bias: Give queries, keys and values a bias.
        drop: Dropout rate after attention and feed-forward network.
        attn_drop: Dropout rate of the attention weights.
        drop_path: Stochastic-depth rate of the three branches.
        layer_scale_init_value: Start value of their scales.
        bn_norm: Normalisation of the convolutions.
        norm: Normalisation of the branches.
        act: The activation.
    """

    def __init__(
        self,
        dim: int,
        num_heads: int,
        mlp_ratio: float = 4.0,
        qkv_bias: bool = False,
        drop: float = 0.0,
        attn_drop: float = 0.0,
        drop_path: float = 0.0,
        layer_scale_init_value: float = 1.0,
        bn_norm: Norm = nn.BatchNorm2d,
        norm: Norm = partial(nn.LayerNorm, eps=1e-6),  # noqa: B008
        act: Act = nn.GELU,
    ) -> None:
        super().__init__()
        self.norm1 = norm(dim)
        self.attn = CrossCovarianceAttention(dim, num_heads, qkv_bias, attn_drop, drop)
        self.norm3 = norm(dim)
        self.local_mp = LocalPatchInteraction(dim, bn_norm, act)
        self.norm2 = norm(dim)
        self.ffn = FFN(dim, int(dim * mlp_ratio), act=act, ffn_drop=drop, add_identity=False)
        self.drop_path = DropPath(drop_path)
        for i in (1, 3, 2):
            self.register_parameter(f"gamma{i}", nn.Parameter(torch.full((dim,), layer_scale_init_value)))

    def forward(self, x: Tensor, hw: HW) -> Tensor:
        """Transform the tokens (B, h * w, C) of a grid of patches."""
        x = x + self.drop_path(self.gamma1 * self.attn(self.norm1(x)))
        x = x + self.drop_path(self.gamma3 * self.local_mp(self.norm3(x), hw))
        return x + self.drop_path(self.gamma2 * self.ffn(self.norm2(x)))


@configurable
class ClassAttentionBlock(BaseModule):
    """Attention of the class token and a feed-forward network for it.

    The other tokens are doubled and normalised on the way, as in the original code.

    Args:
        dim: Number of channels C.
        num_heads: Number of attention heads.
        mlp_ratio: Width of the feed-forward network, relative to C.
        qkv_bias: Give queries, keys and values a bias.
        drop: Dropout rate after attention and feed-forward network.
        attn_drop: Dropout rate of the attention weights.
        layer_scale_init_value: Start value of the scales of both branches; 0 for none.
        tokens_norm: Normalise all tokens after the attention, not only the class token.
        norm: The normalisation.
        act: The activation.
    """

    def __init__(
        self,
        dim: int,
        num_heads: int,
        mlp_ratio: float = 4.0,
        qkv_bias: bool = False,
        drop: float = 0.0,
        attn_drop: float = 0.0,
        layer_scale_init_value: float = 1.0,
        tokens_norm: bool = False,
        norm: Norm = partial(nn.LayerNorm, eps=1e-6),  # noqa: B008
        act: Act = nn.GELU,
    ) -> None:
        super().__init__()
        self.tokens_norm = tokens_norm
        self.norm1 = norm(dim)
        self.attn = ClassAttention(dim, num_heads, qkv_bias, attn_drop, drop)
        self.norm2 = norm(dim)
        self.ffn = FFN(dim, int(dim * mlp_ratio), act=act, ffn_drop=drop, add_identity=False)
        self.gamma1: Tensor | float = 1.0
        self.gamma2: Tensor | float = 1.0
        if layer_scale_init_value > 0:
            self.gamma1 = nn.Parameter(torch.full((dim,), layer_scale_init_value))
            self.gamma2 = nn.Parameter(torch.full((dim,), layer_scale_init_value))

    def forward(self, x: Tensor) -> Tensor:
        """Transform tokens (B, N, C), the first of which is the class token."""
        normed = self.norm1(x)
        x = x + self.gamma1 * torch.cat((self.attn(normed), normed[:, 1:]), dim=1)
        if self.tokens_norm:
            x = self.norm2(x)
        else:
            x = torch.cat((self.norm2(x[:, :1]), x[:, 1:]), dim=1)
        cls_token = self.gamma2 * self.ffn(x[:, :1])
        return x + torch.cat((cls_token, x[:, 1:]), dim=1)


@MODELS.register_module()
class XCiT(BaseBackbone):
    """XCiT (`Cross-Covariance Image Transformers <https://arxiv.org/abs/2106.09681>`_).

    Args:
        img_size: The usual size of images; other sizes work too.
        patch_size: Size of a patch, 8 or 16.
        in_channels: Number of channels of an image.
        embed_dims: Number of channels C of a token.
        depth: Number of layers with attention among channels.
        cls_attn_layers: Number of layers with attention of the class token, which come after.
        num_heads: Number of attention heads.
        mlp_ratio: Width of the feed-forward networks, relative to C.
        qkv_bias: Give queries, keys and values a bias.
        drop_rate: Dropout rate of the tokens, and after attention and feed-forward networks.
        attn_drop_rate: Dropout rate of the attention weights.
        drop_path_rate: Stochastic-depth rate of all layers with attention among channels.
        use_pos_embed: Add a position encoding.
        layer_scale_init_value: Start value of the scales of the branches.
        tokens_norm: Normalise all tokens in the last layers, not only the class token.
        out_type: What is returned: ``'cls_token'`` (B, C), ``'featmap'`` (B, C, h, w), ``'avg_featmap'``
            (B, C), or ``'raw'`` (B, N, C). Only the last layers have a class token.
        out_indices: Layers whose output is returned; negative indices count from the end.
        final_norm: Normalise the output of the last layer.
        bn_norm_cfg: Normalisation of convolutions.
        norm_cfg: The other normalisation.
        act_cfg: The activation.
        init_cfg: How the weights are initialised.
        frozen_stages, norm_eval, with_cp, freeze: See :class:`BaseBackbone`.
    """

    def __init__(
        self,
        img_size: int | Sequence[int] = 224,
        patch_size: int = 16,
        in_channels: int = 3,
        embed_dims: int = 768,
        depth: int = 12,
        cls_attn_layers: int = 2,
        num_heads: int = 12,
        mlp_ratio: float = 4.0,
        qkv_bias: bool = True,
        drop_rate: float = 0.0,
        attn_drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        use_pos_embed: bool = True,
        layer_scale_init_value: float = 1.0,
        tokens_norm: bool = False,
        out_type: Literal["cls_token", "featmap", "avg_featmap", "raw"] = "cls_token",
        out_indices: int | Sequence[int] = (-1,),
        final_norm: bool = True,
        frozen_stages: int = -1,
        bn_norm_cfg: Mapping[str, Any] = {"type": "BN"},
        norm_cfg: Mapping[str, Any] = {"type": "LN", "eps": 1e-6},
        act_cfg: Mapping[str, Any] = {"type": "GELU"},
        init_cfg: Any = {"type": "TruncNormal", "layer": "Linear"},  # noqa: B006
        *,
        norm_eval: bool = False,
        with_cp: bool = False,
        freeze: str | None = None,
    ) -> None:
        super().__init__(
            init_cfg, frozen_stages=frozen_stages, norm_eval=norm_eval, with_cp=with_cp, freeze=freeze
        )
        norm, bn_norm, act = norm_from(norm_cfg), norm_from(bn_norm_cfg), act_from(act_cfg)
        if any(size % patch_size for size in to_2tuple(img_size)):
            raise ArgumentError(
                f"patch_size={patch_size} does not divide img_size={img_size}", key="patch_size"
            )
        if out_type not in ("raw", "featmap", "avg_featmap", "cls_token"):
            raise ArgumentError(f"XCiT has no out_type {out_type!r}", key="out_type")
        self.embed_dims = embed_dims
        self.num_layers = depth + cls_attn_layers
        self.out_type = out_type
        self.out_indices = self.take_indices(out_indices, self.num_layers)
        if out_type == "cls_token" and min(self.out_indices) < depth:
            raise ArgumentError(
                f"out_type='cls_token' needs out_indices of at least {depth}, got {out_indices}",
                hint="Earlier layers have no class token.",
                key="out_type",
            )
        self.patch_embed = ConvPatchEmbed(patch_size, in_channels, embed_dims, bn_norm, act)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, embed_dims))
        self.pos_embed = PositionalEncodingFourier(dim=embed_dims) if use_pos_embed else None
        self.pos_drop = nn.Dropout(drop_rate)
        common = {
            "dim": embed_dims,
            "num_heads": num_heads,
            "mlp_ratio": mlp_ratio,
            "qkv_bias": qkv_bias,
            "drop": drop_rate,
            "attn_drop": attn_drop_rate,
            "layer_scale_init_value": layer_scale_init_value,
            "norm": norm,
            "act": act,
        }
        self.xca_layers = ModuleList(
            XCABlock(**common, drop_path=drop_path_rate, bn_norm=bn_norm) for _ in range(depth)
        )
        self.ca_layers = ModuleList(
            ClassAttentionBlock(**common, tokens_norm=tokens_norm) for _ in range(cls_attn_layers)
        )
        self.norm = norm(embed_dims) if final_norm else nn.Identity()
        self.freeze_declared(__class__)

    def init_weights(self) -> None:
        """Start with a small random class token."""
        nn.init.trunc_normal_(self.cls_token, std=0.02)
        super().init_weights()

    def layer_groups(self) -> list[list[str]]:
        """The stem, then each layer; the class token belongs to the first layer that has it."""
        first = [[f"xca_layers.{i}"] for i in range(len(self.xca_layers))]
        last = [[f"ca_layers.{i}"] for i in range(len(self.ca_layers))]
        last[0].append("cls_token")
        return [["patch_embed", "pos_embed", "pos_drop"], *first, *last]

    def freeze_groups(self) -> list[list[str]]:
        """As :meth:`layer_groups`; the norm belongs to the last layer."""
        groups = self.layer_groups()
        return [*groups[:-1], [*groups[-1], "norm"]]

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return the outputs of the layers in ``out_indices`` for images (B, 3, H, W)."""
        tokens, hw = self.embed(x)
        return tuple(self.format(out, hw) for out in self.encode(tokens, hw))

    def embed(self, x: Tensor) -> tuple[Tensor, HW]:
        """Make tokens (B, h * w, C) of images, and their grid (h, w)."""
        x, hw = self.patch_embed(x)
        if self.pos_embed is not None:
            x = x + to_tokens(self.pos_embed(hw))
        return self.pos_drop(x), hw

    def encode(self, x: Tensor, hw: HW) -> list[Tensor]:
        """Run tokens (B, h * w, C) through the layers; return what those in ``out_indices`` put out."""
        outs = []
        for i, layer in enumerate(self.xca_layers):
            x = self.run(layer, x, hw)
            if i in self.out_indices:
                outs.append(x)
        x = torch.cat((self.cls_token.expand(x.shape[0], -1, -1), x), dim=1)
        for i, layer in enumerate(self.ca_layers, start=len(self.xca_layers)):
            x = self.run(layer, x)
            if i == self.num_layers - 1:
                x = self.norm(x)
            if i in self.out_indices:
                outs.append(x)
        return outs

    def format(self, x: Tensor, hw: HW) -> Tensor:
        """Make an output of tokens, as ``out_type`` says."""
        if self.out_type == "raw":
            return x
        if self.out_type == "cls_token":
            return x[:, 0]
        patches = x[:, -hw[0] * hw[1] :]
        return to_image(patches, hw) if self.out_type == "featmap" else patches.mean(dim=1)
