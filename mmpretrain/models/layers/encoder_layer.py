"""The layer of a plain Vision Transformer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from torch import Tensor, nn

from mmpretrain.errors import ArgumentError
from mmpretrain.models.base.module import BaseModule
from mmpretrain.models.layers.attention import MultiheadAttention
from mmpretrain.models.layers.configurable import Act, Norm, configurable
from mmpretrain.models.layers.ffn import FFN, SwiGLUFFN, SwiGLUFFNFused


@configurable
class TransformerEncoderLayer(BaseModule):
    """Attention and a feed-forward network, each after a norm and with a residual connection.

    Args:
        embed_dims: Number of channels C.
        num_heads: Number of attention heads.
        feedforward_channels: Number of hidden channels of the feed-forward network.
        layer_scale_init_value: Start value of the layer scales; 0 for none.
        drop_rate: Dropout rate after both branches.
        attn_drop_rate: Dropout rate of the attention weights.
        drop_path_rate: Stochastic-depth rate of both branches.
        num_fcs: Number of linear layers of the feed-forward network.
        qkv_bias: Give queries, keys and values a bias.
        ffn_type: ``'origin'``; ``'swiglu'`` for a gated network, or ``'swiglu_fused'`` for one with about as
            many parameters as the plain one.
        act: The activation.
        norm: The normalisation.
        attention: Makes the attention.
        init_cfg: How the weights are initialised.
    """

    def __init__(
        self,
        embed_dims: int,
        num_heads: int,
        feedforward_channels: int,
        layer_scale_init_value: float | Tensor = 0.0,
        drop_rate: float = 0.0,
        attn_drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        num_fcs: int = 2,
        qkv_bias: bool = True,
        ffn_type: Literal["origin", "swiglu", "swiglu_fused"] = "origin",
        act: Act = nn.GELU,
        norm: Norm = nn.LayerNorm,
        attention: Callable[..., nn.Module] = MultiheadAttention,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.embed_dims = embed_dims
        self.ln1 = norm(embed_dims)
        self.attn = attention(
            embed_dims,
            num_heads,
            attn_drop=attn_drop_rate,
            proj_drop=drop_rate,
            drop_path=drop_path_rate,
            qkv_bias=qkv_bias,
            layer_scale_init_value=layer_scale_init_value,
        )
        self.ln2 = norm(embed_dims)
        if ffn_type == "origin":
            self.ffn = FFN(
                embed_dims,
                feedforward_channels,
                num_fcs=num_fcs,
                ffn_drop=drop_rate,
                drop_path=drop_path_rate,
                act=act,
                layer_scale_init_value=layer_scale_init_value,
            )
        elif ffn_type in ("swiglu", "swiglu_fused"):
            self.ffn = (SwiGLUFFN if ffn_type == "swiglu" else SwiGLUFFNFused)(
                embed_dims,
                feedforward_channels,
                layer_scale_init_value=layer_scale_init_value,
                drop_path=drop_path_rate,
            )
        else:
            raise ArgumentError(
                f"ffn_type must be 'origin', 'swiglu' or 'swiglu_fused', got {ffn_type!r}", key="ffn_type"
            )

    def init_weights(self) -> None:
        """Initialise as ``init_cfg`` says, and the feed-forward network as the original does."""
        super().init_weights()
        self.ffn.init_as_vit()

    def forward(self, x: Tensor, *where: Any) -> Tensor:
        """Transform tokens (B, N, C); the attention gets what it needs to know of their places."""
        x = x + self.attn(self.ln1(x), *where)
        return self.ffn(self.ln2(x), identity=x)
