"""EVA-02: https://arxiv.org/abs/2303.11331."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor, nn

from mmpretrain.models.backbones.base_transformer import OutType, TransformerBackbone, vit_arch
from mmpretrain.models.base.module import BaseModule
from mmpretrain.models.layers.configurable import Norm, configurable, norm_from
from mmpretrain.models.layers.drop import DropPath
from mmpretrain.models.layers.ffn import SwiGLUFFN
from mmpretrain.models.layers.rotary import AttentionWithRoPE, RotaryEmbedding
from mmpretrain.registry import MODELS


@configurable
class EVA02EncoderLayer(BaseModule):
    """Attention with rotary positions and a gated network, each after a norm and with a residual connection.

    Args:
        embed_dims: Number of channels C.
        num_heads: Number of attention heads.
        feedforward_channels: Number of hidden channels of the gated network.
        rope: Rotates the queries and keys of patches.
        sub_ln: Normalise the hidden channels too.
        attn_drop: Dropout rate of the attention weights.
        proj_drop: Dropout rate after the attention.
        qkv_bias: Give queries, keys and values a bias.
        qk_scale: Scale of the products of queries and keys.
        proj_bias: Give the output projection of the attention a bias.
        drop_rate: Dropout rate after the gated network.
        drop_path_rate: Stochastic-depth rate of both branches.
        norm: The normalisation.
        init_cfg: How the weights are initialised.
    """

    def __init__(
        self,
        embed_dims: int,
        num_heads: int,
        feedforward_channels: int,
        rope: nn.Module,
        sub_ln: bool = False,
        attn_drop: float = 0.0,
        proj_drop: float = 0.0,
        qkv_bias: bool = False,
        qk_scale: float | None = None,
        proj_bias: bool = True,
        drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        norm: Norm = nn.LayerNorm,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.norm1 = norm(embed_dims)
        self.attn = AttentionWithRoPE(
            embed_dims,
            num_heads,
            rope,
            attn_drop=attn_drop,
            proj_drop=proj_drop,
            qkv_bias=qkv_bias,
            qk_scale=qk_scale,
            proj_bias=proj_bias,
        )
        self.norm2 = norm(embed_dims)
        self.mlp = SwiGLUFFN(
            embed_dims,
            feedforward_channels,
            drop_path=nn.Dropout(drop_rate),
            norm=norm if sub_ln else None,
            add_identity=False,
        )
        self.drop_path = DropPath(drop_path_rate)

    def forward(self, x: Tensor, hw: tuple[int, int]) -> Tensor:
        """Transform tokens (B, N, C), the last of which are the patches of a grid ``hw``."""
        x = x + self.drop_path(self.attn(self.norm1(x), hw))
        return x + self.drop_path(self.mlp(self.norm2(x)))


@MODELS.register_module()
class ViTEVA02(TransformerBackbone):
    """Vision Transformer with rotary positions and gated networks.

    From `EVA-02: A Visual Representation for Neon Genesis <https://arxiv.org/abs/2303.11331>`_.

    =========== ========== ========== ========= ====================
    arch        embed_dims num_layers num_heads feedforward_channels
    =========== ========== ========== ========= ====================
    t, ti, tiny 192        12         3         512
    s, small    384        12         6         1024
    b, base     768        12         12        2048
    l, large    1024       24         16        2730
    =========== ========== ========== ========= ====================

    Args:
        arch: A name in ``arch_settings``, or a dict with ``embed_dims``, ``num_layers``, ``num_heads`` and
            ``feedforward_channels``.
        sub_ln: Normalise the hidden channels of the gated networks.
        drop_rate: Dropout rate of the tokens, and after the gated networks.
        attn_drop_rate: Dropout rate of the attention weights.
        proj_drop_rate: Dropout rate after the attention.
        drop_path_rate: Stochastic-depth rate of the last layer; it grows from 0 at the first.
        qkv_bias: Give queries, keys and values a bias.
        norm_cfg: The normalisation.
        with_cls_token: Have a class token.
        layer_cfgs: Further arguments of the layers, for all or one by one.
        img_size: The usual size of images; other sizes work too.
        patch_size: Size of a patch.
        in_channels: Number of channels of an image.
        out_indices: Layers whose output is returned; negative indices count from the end.
        final_norm: Normalise the output of the last layer.
        out_type: What is returned, as for :class:`VisionTransformer`.
        interpolate_mode: How position embeddings are interpolated for other image sizes.
        patch_cfg: Further arguments of :class:`PatchEmbed`.
        init_cfg: How the weights are initialised.
        frozen_stages, norm_eval, with_cp, freeze: See :class:`BaseBackbone`.
    """

    arch_settings = {
        ("t", "ti", "tiny"): vit_arch(192, 12, 3, 512),
        ("s", "small"): vit_arch(384, 12, 6, 1024),
        ("b", "base"): vit_arch(768, 12, 12, 2048),
        ("l", "large"): vit_arch(1024, 24, 16, 2730),
    }

    def __init__(
        self,
        arch: str | Mapping[str, int] = "tiny",
        sub_ln: bool = False,
        drop_rate: float = 0.0,
        attn_drop_rate: float = 0.0,
        proj_drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        qkv_bias: bool = True,
        norm_cfg: Mapping[str, Any] = {"type": "LN"},
        with_cls_token: bool = True,
        layer_cfgs: Mapping[str, Any] | Sequence[Mapping[str, Any]] = {},
        img_size: int | Sequence[int] = 224,
        patch_size: int | Sequence[int] = 16,
        in_channels: int = 3,
        out_indices: int | Sequence[int] = -1,
        final_norm: bool = True,
        out_type: OutType = "cls_token",
        interpolate_mode: str = "bicubic",
        patch_cfg: Mapping[str, Any] = {},
        init_cfg: dict | list[dict] | None = None,
        *,
        frozen_stages: int = -1,
        norm_eval: bool = False,
        with_cp: bool = False,
        freeze: str | None = None,
    ) -> None:
        super().__init__(
            init_cfg, frozen_stages=frozen_stages, norm_eval=norm_eval, with_cp=with_cp, freeze=freeze
        )
        norm = norm_from(norm_cfg)
        settings = self.set_arch(arch)
        stem = {"in_channels": in_channels, "kernel_size": patch_size, "stride": patch_size, **patch_cfg}
        self.set_stem(img_size, stem, with_cls_token, interpolate_mode=interpolate_mode, drop_rate=drop_rate)
        rope = RotaryEmbedding(self.embed_dims // settings["num_heads"], self.patch_resolution)
        self.set_layers(
            EVA02EncoderLayer,
            settings,
            drop_path_rate,
            layer_cfgs,
            rope=rope,
            sub_ln=sub_ln,
            norm=norm,
            proj_drop=proj_drop_rate,
            attn_drop=attn_drop_rate,
            drop_rate=drop_rate,
            qkv_bias=qkv_bias,
        )
        # State dicts have its angles here and in each layer, in this order.
        self.rope = rope
        self.set_output(out_indices, out_type, norm, final_norm)
        self.freeze_declared(__class__)

    def layer_inputs(self, hw: tuple[int, int]) -> tuple[tuple[int, int]]:
        """The grid of patches."""
        return (hw,)
