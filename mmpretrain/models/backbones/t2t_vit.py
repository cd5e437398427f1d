"""T2T-ViT (`Tokens-to-Token ViT <https://arxiv.org/abs/2101.11986>`_)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmpretrain.errors import ArgumentError
from mmpretrain.models.backbones.base_transformer import OutType, TransformerBackbone
from mmpretrain.models.base.module import BaseModule, ModuleList
from mmpretrain.models.layers.attention import MultiheadAttention, merge_heads
from mmpretrain.models.layers.build import per_layer
from mmpretrain.models.layers.configurable import Act, Norm, configurable, norm_from
from mmpretrain.models.layers.drop import drop_path_rates
from mmpretrain.models.layers.ffn import FFN
from mmpretrain.models.layers.patch_embed import conv_out_size
from mmpretrain.models.layers.position_embed import fit_pos_embed
from mmpretrain.models.layers.shape import to_2tuple
from mmpretrain.registry import MODELS


class SharpAttention(MultiheadAttention):
    """Attention whose logits are multiplied by the square root of a head's width, as in MMPretrain 1.2.

    It is nearly a choice of one token, so that rounding in another order would change results. Hence no fused
    kernel.
    """

    def attend(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """Attention of queries, keys and values (B, H, N, D), as (B, N, C)."""
        weights = (q @ k.transpose(-2, -1) / self.head_dims**-0.5).softmax(-1)
        return merge_heads(F.dropout(weights, self.attn_drop, self.training) @ v)


@configurable
class T2TTransformerLayer(BaseModule):
    """Attention and a feed-forward network; the attention may change the number of channels.

    Args:
        embed_dims: Number of channels C of the output.
        num_heads: Number of attention heads.
        feedforward_channels: Number of hidden channels of the feed-forward network.
        input_dims: Number of channels of the input; the values then replace the residual connection of the
            attention. By default ``embed_dims``, with a residual connection.
        drop_rate: Dropout rate after both branches.
        attn_drop_rate: Dropout rate of the attention weights.
        drop_path_rate: Stochastic-depth rate of both branches.
        num_fcs: Number of linear layers of the feed-forward network.
        qkv_bias: Give queries, keys and values a bias.
        qk_scale: Scale of the products of queries and keys; by default they are multiplied by the square
            root of the channels of a head, see :class:`SharpAttention`.
        act: The activation.
        norm: The normalisation.
        init_cfg: How the weights are initialised.
    """

    def __init__(
        self,
        embed_dims: int,
        num_heads: int,
        feedforward_channels: int,
        input_dims: int | None = None,
        drop_rate: float = 0.0,
        attn_drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        num_fcs: int = 2,
        qkv_bias: bool = False,
        qk_scale: float | None = None,
        act: Act = nn.GELU,
        norm: Norm = nn.LayerNorm,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.v_shortcut = input_dims is not None
        input_dims = input_dims or embed_dims
        self.ln1 = norm(input_dims)
        self.attn = (SharpAttention if qk_scale is None else MultiheadAttention)(
            embed_dims,
            num_heads,
            input_dims,
            attn_drop=attn_drop_rate,
            proj_drop=drop_rate,
            drop_path=drop_path_rate,
            qkv_bias=qkv_bias,
            qk_scale=qk_scale,
            v_shortcut=self.v_shortcut,
        )
        self.ln2 = norm(embed_dims)
        self.ffn = FFN(
            embed_dims,
            feedforward_channels,
            num_fcs=num_fcs,
            ffn_drop=drop_rate,
            drop_path=drop_path_rate,
            act=act,
        )

    def forward(self, x: Tensor) -> Tensor:
        """Transform tokens (B, N, input_dims) to (B, N, C)."""
        attended = self.attn(self.ln1(x))
        x = attended if self.v_shortcut else x + attended
        return self.ffn(self.ln2(x), identity=x)


class T2TModule(BaseModule):
    """Makes tokens of overlapping patches, then twice of overlapping patches of tokens, after attention.

    Args:
        img_size: The usual size of images.
        in_channels: Number of channels of an image.
        embed_dims: Number of channels C of a token.
        token_dims: Number of channels between the steps.
        use_performer: Not supported.
        paper_scale: Scale attention as the authors do, see :class:`T2T_ViT`.
        init_cfg: How the weights are initialised.
    """

    def __init__(
        self,
        img_size: int | Sequence[int] = 224,
        in_channels: int = 3,
        embed_dims: int = 384,
        token_dims: int = 64,
        use_performer: bool = False,
        paper_scale: bool = False,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        if use_performer:
            raise ArgumentError("T2T-ViT has no Performer: use_performer must be False", key="use_performer")
        self.embed_dims = embed_dims
        self.soft_split0 = nn.Unfold(7, stride=4, padding=2)
        self.soft_split1 = nn.Unfold(3, stride=2, padding=1)
        self.soft_split2 = nn.Unfold(3, stride=2, padding=1)
        shape: dict[str, Any] = {"embed_dims": token_dims, "num_heads": 1, "feedforward_channels": token_dims}
        for name, dims in (("attention1", in_channels * 7 * 7), ("attention2", token_dims * 3 * 3)):
            scale = dims**-0.5 if paper_scale else None
            self.add_module(name, T2TTransformerLayer(input_dims=dims, qk_scale=scale, **shape))
        self.project = nn.Linear(token_dims * 3 * 3, embed_dims)
        height, width = to_2tuple(img_size)
        self.init_out_size = (height // 16, width // 16)

    def forward(self, x: Tensor) -> tuple[Tensor, tuple[int, int]]:
        """Make tokens (B, h * w, C) of images (B, in_channels, H, W), and their grid (h, w)."""
        hw = _windows(self.soft_split0, (x.shape[2], x.shape[3]))
        x = self.soft_split0(x).transpose(1, 2)
        for step, split in ((1, self.soft_split1), (2, self.soft_split2)):
            x = getattr(self, f"attention{step}")(x).transpose(1, 2).unflatten(2, hw)
            hw = _windows(split, hw)
            x = split(x).transpose(1, 2)
        return self.project(x), hw


def _windows(split: nn.Unfold, size: tuple[int, int]) -> tuple[int, int]:
    """The grid of windows that a split makes of a map."""
    kernel, stride, padding = (to_2tuple(v) for v in (split.kernel_size, split.stride, split.padding))  # type: ignore[arg-type]
    return conv_out_size(size, kernel, stride, padding, (1, 1))


def sinusoid_encoding(num_positions: int, embed_dims: int) -> Tensor:
    """Position embeddings (1, num_positions, embed_dims): sines and cosines in turn, ever slower."""
    position = torch.arange(num_positions, dtype=torch.float64)[:, None]
    channel = torch.arange(embed_dims, dtype=torch.float64)[None, :]
    angle = position / 10000 ** (2 * (channel // 2) / embed_dims)
    return torch.where(channel % 2 == 0, angle.sin(), angle.cos()).float().unsqueeze(0)


@MODELS.register_module()
class T2T_ViT(TransformerBackbone):
    """T2T-ViT (`Training Vision Transformers from Scratch on ImageNet <https://arxiv.org/abs/2101.11986>`_).

    Args:
        img_size: The usual size of images; other sizes work too.
        in_channels: Number of channels of an image.
        embed_dims: Number of channels C of a token.
        num_layers: Number of layers after the tokens are made.
        out_indices: Layers whose output is returned; negative indices count from the end.
        drop_rate: Dropout rate of the tokens.
        drop_path_rate: Stochastic-depth rate of the last layer; it grows from 0 at the first.
        norm_cfg: The normalisation.
        final_norm: Normalise the output of the last layer.
        out_type: What is returned: ``'cls_token'`` (B, C), ``'featmap'`` (B, C, h, w), ``'avg_featmap'``
            (B, C), or ``'raw'`` (B, N, C).
        with_cls_token: Have a class token.
        interpolate_mode: How position embeddings are interpolated for other image sizes.
        t2t_cfg: Further arguments of :class:`T2TModule`.
        layer_cfgs: Further arguments of the layers, for all or one by one.
        init_cfg: How the weights are initialised.
        paper_scale: Scale the products of queries and keys by the inverse square root of the channels of a
            head, as the authors do and as published weights need. MMPretrain 1.2 multiplies by that root.
        frozen_stages, norm_eval, with_cp, freeze: See :class:`BaseBackbone`.
    """

    def __init__(
        self,
        img_size: int | Sequence[int] = 224,
        in_channels: int = 3,
        embed_dims: int = 384,
        num_layers: int = 14,
        out_indices: int | Sequence[int] = -1,
        drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        norm_cfg: Mapping[str, Any] = {"type": "LN"},
        final_norm: bool = True,
        out_type: OutType = "cls_token",
        with_cls_token: bool = True,
        interpolate_mode: str = "bicubic",
        t2t_cfg: Mapping[str, Any] = {},
        layer_cfgs: Mapping[str, Any] | Sequence[Mapping[str, Any]] = {},
        init_cfg: dict | list[dict] | None = None,
        *,
        paper_scale: bool = False,
        frozen_stages: int = -1,
        norm_eval: bool = False,
        with_cp: bool = False,
        freeze: str | None = None,
    ) -> None:
        super().__init__(
            init_cfg, frozen_stages=frozen_stages, norm_eval=norm_eval, with_cp=with_cp, freeze=freeze
        )
        norm = norm_from(norm_cfg)
        self.embed_dims, self.num_layers = embed_dims, num_layers
        self.tokens_to_token = T2TModule(
            **{
                "img_size": img_size,
                "in_channels": in_channels,
                "embed_dims": embed_dims,
                "paper_scale": paper_scale,
                **t2t_cfg,
            }
        )
        self.patch_resolution = self.tokens_to_token.init_out_size
        self.with_cls_token = with_cls_token
        self.extra_tokens = self.extra_tokens if with_cls_token else ()
        self.cls_token = nn.Parameter(torch.zeros(1, 1, embed_dims)) if with_cls_token else None
        self.register_parameter("register_tokens", None)
        self.interpolate_mode = interpolate_mode
        self.register_buffer("pos_embed", sinusoid_encoding(self.num_positions, embed_dims))
        self.register_load_state_dict_pre_hook(_fit_positions)
        self.drop_after_pos = nn.Dropout(drop_rate)
        self.set_out_type(out_type)
        self.out_indices = self.take_indices(out_indices, num_layers)
        shape = {"embed_dims": embed_dims, "num_heads": 6, "feedforward_channels": 3 * embed_dims}
        self.encoder = ModuleList(
            _layer({**shape, "drop_path_rate": rate, "norm": norm, **cfg}, paper_scale)
            for rate, cfg in zip(
                drop_path_rates(drop_path_rate, num_layers), per_layer(layer_cfgs, num_layers)
            )
        )
        self.final_norm = final_norm
        self.norm = norm(embed_dims) if final_norm else nn.Identity()
        self.ln2 = nn.Identity()  # the mean of the patches is not normalised
        self.freeze_declared(__class__)

    # The base class runs its layers and its last norm under other names.

    @property
    def layers(self) -> ModuleList:
        """The layers."""
        return self.encoder

    @property
    def ln1(self) -> nn.Module:
        """The norm after the last layer."""
        return self.norm

    def init_weights(self) -> None:
        """Start with a small random class token; the position embeddings are fixed."""
        if self.cls_token is not None:
            nn.init.trunc_normal_(self.cls_token, std=0.02)
        BaseModule.init_weights(self)

    def freeze_groups(self) -> list[list[str]]:
        """The stem, then each layer; the last one with the norm after it."""
        groups = self.layer_groups()
        return [*groups[:-1], [*groups[-1], "norm"]]

    def layer_groups(self) -> list[list[str]]:
        """The stem, then each layer."""
        stem = ["tokens_to_token", "drop_after_pos", "cls_token"]
        return [stem, *([f"encoder.{i}"] for i in range(self.num_layers))]

    def embed(self, x: Tensor) -> tuple[Tensor, tuple[int, int]]:
        """Make tokens (B, N, C) of images, and the grid (h, w) of their patches."""
        patches, hw = self.tokens_to_token(x)
        return self.add_tokens(patches, hw), hw


def _layer(options: dict[str, Any], paper_scale: bool) -> T2TTransformerLayer:
    """Make a layer that keeps the number of channels."""
    if paper_scale:
        options.setdefault("qk_scale", (options["embed_dims"] // options["num_heads"]) ** -0.5)
    return T2TTransformerLayer(**options)


def _fit_positions(module: T2T_ViT, state_dict: dict[str, Tensor], prefix: str, *_: Any) -> None:
    grid, mode = module.patch_resolution, module.interpolate_mode
    fit_pos_embed(state_dict, f"{prefix}pos_embed", module.pos_embed, grid, mode, module.num_extra_tokens)
