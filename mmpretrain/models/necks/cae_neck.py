"""Regressor and decoder of CAE: https://arxiv.org/abs/2202.03026.

Shapes: B images, U visible and M hidden patches of an image, C channels, V tokens.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmpretrain.models.backbones.beit import BEiTTransformerEncoderLayer
from mmpretrain.models.base.module import BaseModule
from mmpretrain.models.init import has_pretrained
from mmpretrain.models.layers.attention import merge_heads, split_heads
from mmpretrain.models.layers.configurable import Norm, configurable, norm_from
from mmpretrain.models.layers.drop import DropPath, drop_path_rates
from mmpretrain.models.layers.ffn import FFN
from mmpretrain.registry import MODELS


class CrossMultiheadAttention(BaseModule):
    """Attention of queries to other tokens.

    Args:
        embed_dims: Number of channels C.
        num_heads: Number of heads.
        qkv_bias: Give queries and values a bias.
        qk_scale: Scale of the products of queries and keys.
        attn_drop: Dropout rate of the attention weights.
        proj_drop: Dropout rate of the output.
    """

    def __init__(
        self,
        embed_dims: int,
        num_heads: int = 8,
        qkv_bias: bool = False,
        qk_scale: float | None = None,
        attn_drop: float = 0.0,
        proj_drop: float = 0.0,
    ) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.scale = qk_scale
        self.attn_drop = attn_drop
        self.q, self.k, self.v = (nn.Linear(embed_dims, embed_dims, bias=False) for _ in range(3))
        self.q_bias = nn.Parameter(torch.zeros(embed_dims)) if qkv_bias else None
        self.v_bias = nn.Parameter(torch.zeros(embed_dims)) if qkv_bias else None
        self.proj = nn.Linear(embed_dims, embed_dims)
        self.proj_drop = nn.Dropout(proj_drop)

    def forward(self, x: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """Mix values (B, N, C) with keys (B, N, C) into queries (B, M, C)."""
        q, k, v = (
            split_heads(y, 1, self.num_heads)[0]
            for y in (
                F.linear(x, self.q.weight, self.q_bias),
                F.linear(k, self.k.weight),
                F.linear(v, self.v.weight, self.v_bias),
            )
        )
        dropout = self.attn_drop if self.training else 0.0
        mixed = F.scaled_dot_product_attention(q, k, v, dropout_p=dropout, scale=self.scale)
        return self.proj_drop(self.proj(merge_heads(mixed)))


@configurable
class CAETransformerRegressorLayer(BaseModule):
    """Hidden patches look at visible ones.

    Args:
        embed_dims: Number of channels C.
        num_heads: Number of attention heads.
        feedforward_channels: Number of hidden channels of the feed-forward network.
        qkv_bias: Give queries and values a bias.
        qk_scale: Scale of the products of queries and keys.
        drop_rate: Dropout rate after both branches.
        attn_drop_rate: Dropout rate of the attention weights.
        drop_path_rate: Stochastic-depth rate of both branches.
        layer_scale_init_value: Start value of the layer scales; with 0 they are 1 and stay so.
        norm: The normalisation.
    """

    def __init__(
        self,
        embed_dims: int,
        num_heads: int,
        feedforward_channels: int,
        qkv_bias: bool = False,
        qk_scale: float | None = None,
        drop_rate: float = 0.0,
        attn_drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        layer_scale_init_value: float = 0.0,
        norm: Norm = partial(nn.LayerNorm, eps=1e-6),  # noqa: B008
    ) -> None:
        super().__init__()
        self.norm1_q_cross = norm(embed_dims)
        self.norm1_k_cross = norm(embed_dims)
        self.norm1_v_cross = norm(embed_dims)
        self.norm2_cross = norm(embed_dims)
        self.cross_attn = CrossMultiheadAttention(
            embed_dims, num_heads, qkv_bias, qk_scale, attn_drop_rate, drop_rate
        )
        self.ffn = FFN(
            embed_dims,
            feedforward_channels,
            ffn_drop=drop_rate,
            act=nn.GELU,
            add_identity=False,
        )
        self.drop_path = DropPath(drop_path_rate)
        scaled = layer_scale_init_value > 0
        scale = torch.full((embed_dims,), layer_scale_init_value if scaled else 1.0)
        self.gamma_1_cross = nn.Parameter(scale, requires_grad=scaled)
        self.gamma_2_cross = nn.Parameter(scale.clone(), requires_grad=scaled)

    def forward(self, x_q: Tensor, x_kv: Tensor, pos_q: Tensor, pos_k: Tensor) -> Tensor:
        """Transform queries (B, M, C), which look at (B, N, C); each comes with its positions."""
        mixed = self.cross_attn(
            self.norm1_q_cross(x_q + pos_q), k=self.norm1_k_cross(x_kv + pos_k), v=self.norm1_v_cross(x_kv)
        )
        x = self.norm2_cross(x_q + self.drop_path(self.gamma_1_cross * mixed))
        return x + self.drop_path(self.gamma_2_cross * self.ffn(x))


@MODELS.register_module()
class CAENeck(BaseModule):
    """Predicts features of hidden patches, and from those their tokens.

    Args:
        num_classes: Number V of tokens; 0 for features instead of scores.
        embed_dims: Number of channels C.
        regressor_depth: Number of layers that predict features.
        decoder_depth: Number of layers that predict tokens.
        num_heads: Number of attention heads.
        mlp_ratio: Width of the feed-forward networks, relative to C.
        qkv_bias: Give queries and values a bias.
        qk_scale: Scale of the products of queries and keys.
        drop_rate: Dropout rate after attention and feed-forward networks.
        attn_drop_rate: Dropout rate of the attention weights.
        drop_path_rate: Stochastic-depth rate of the last layer of both parts.
        norm_cfg: The normalisation.
        layer_scale_init_value: Start value of the layer scales; None or 0 for none.
        mask_tokens_num: Number of hidden patches in 1.x; here it is that of the positions.
        init_cfg: How the weights are initialised.
    """

    def __init__(
        self,
        num_classes: int = 8192,
        embed_dims: int = 768,
        regressor_depth: int = 6,
        decoder_depth: int = 8,
        num_heads: int = 12,
        mlp_ratio: float = 4,
        qkv_bias: bool = True,
        qk_scale: float | None = None,
        drop_rate: float = 0.0,
        attn_drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        norm_cfg: Mapping[str, Any] = {"type": "LN", "eps": 1e-6},
        layer_scale_init_value: float | None = None,
        mask_tokens_num: int = 75,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        norm = norm_from(norm_cfg)
        self.mask_token_num = mask_tokens_num
        shape = (embed_dims, num_heads, int(mlp_ratio * embed_dims))
        common: dict[str, Any] = {"drop_rate": drop_rate, "attn_drop_rate": attn_drop_rate}
        common |= {"norm": norm, "layer_scale_init_value": layer_scale_init_value or 0.0}
        self.regressors = nn.ModuleList(
            CAETransformerRegressorLayer(
                *shape, qkv_bias=qkv_bias, qk_scale=qk_scale, drop_path_rate=rate, **common
            )
            for rate in drop_path_rates(drop_path_rate, regressor_depth)
        )
        self.decoders = nn.ModuleList(
            BEiTTransformerEncoderLayer(
                *shape, window_size=None, use_rel_pos_bias=False, drop_path_rate=rate, **common
            )
            for rate in drop_path_rates(drop_path_rate, decoder_depth)
        )
        self.norm_regressor = norm(embed_dims)
        self.norm_decoder = norm(embed_dims)
        self.head = nn.Linear(embed_dims, num_classes) if num_classes > 0 else nn.Identity()
        self.mask_token = nn.Parameter(torch.zeros(1, 1, embed_dims))

    def init_weights(self) -> None:
        """Start with Xavier's linear layers, small scores and a small token."""
        super().init_weights()
        if has_pretrained(self.init_cfg):
            return
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        nn.init.trunc_normal_(self.mask_token, std=0.02)
        if isinstance(self.head, nn.Linear):
            nn.init.trunc_normal_(self.head.weight, std=0.02)

    def forward(
        self, x_unmasked: Tensor, pos_embed_masked: Tensor, pos_embed_unmasked: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Predict hidden patches.

        Args:
            x_unmasked: Features of visible patches, (B, U, C).
            pos_embed_masked: Positions of hidden patches, (B, M, C).
            pos_embed_unmasked: Positions of visible patches, (B, U, C).

        Returns:
            Scores of tokens (B, M, V), and features (B, M, C).
        """
        x = self.mask_token.expand(len(x_unmasked), pos_embed_masked.shape[1], -1)
        positions = torch.cat((pos_embed_unmasked, pos_embed_masked), dim=1)
        for regressor in self.regressors:
            x = regressor(x, torch.cat((x_unmasked, x), dim=1), pos_embed_masked, positions)
        features = self.norm_regressor(x)
        x = features + pos_embed_masked
        for decoder in self.decoders:
            x = decoder(x)
        return self.head(self.norm_decoder(x)), features
