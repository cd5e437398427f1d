"""DeiT III: https://arxiv.org/abs/2204.07118."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from mmpretrain.models.backbones.base_transformer import OutType, vit_arch
from mmpretrain.models.backbones.vision_transformer import TransformerEncoderLayer, VisionTransformer
from mmpretrain.registry import MODELS


class DeiT3TransformerEncoderLayer(TransformerEncoderLayer):
    """A layer whose two branches share their first norm.

    That is how MMPretrain 1.x computes it; ``ln2`` only has a place in checkpoints.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Transform tokens (B, N, C)."""
        x = x + self.attn(self.ln1(x))
        return self.ffn(self.ln1(x), identity=x)


@MODELS.register_module()
class DeiT3(VisionTransformer):
    """Vision Transformer with layer scale, whose class token has no position embedding.

    From `DeiT III: Revenge of the ViT <https://arxiv.org/abs/2204.07118>`_.

    ========= ========== ========== ========= ====================
    arch      embed_dims num_layers num_heads feedforward_channels
    ========= ========== ========== ========= ====================
    s, small  384        12         6         1536
    m, medium 512        12         8         2048
    b, base   768        12         12        3072
    l, large  1024       24         16        4096
    h, huge   1280       32         16        5120
    ========= ========== ========== ========= ====================

    Args:
        arch: A name in ``arch_settings``, or a dict.
        use_layer_scale: Use layer scales.
        frozen_stages, norm_eval, with_cp, freeze: See :class:`BaseBackbone`.

    The other arguments are those of :class:`VisionTransformer`.
    """

    arch_settings = {
        ("s", "small"): vit_arch(384, 12, 6, 1536),
        ("m", "medium"): vit_arch(512, 12, 8, 2048),
        ("b", "base"): vit_arch(768, 12, 12, 3072),
        ("l", "large"): vit_arch(1024, 24, 16, 4096),
        ("h", "huge"): vit_arch(1280, 32, 16, 5120),
    }
    layer_type = DeiT3TransformerEncoderLayer

    def __init__(
        self,
        arch: str | Mapping[str, int] = "base",
        img_size: int | Sequence[int] = 224,
        patch_size: int | Sequence[int] = 16,
        in_channels: int = 3,
        out_indices: int | Sequence[int] = -1,
        drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        qkv_bias: bool = True,
        norm_cfg: Mapping[str, Any] = {"type": "LN", "eps": 1e-6},
        final_norm: bool = True,
        out_type: OutType = "cls_token",
        with_cls_token: bool = True,
        use_layer_scale: bool = True,
        interpolate_mode: str = "bicubic",
        patch_cfg: Mapping[str, Any] = {},
        layer_cfgs: Mapping[str, Any] | Sequence[Mapping[str, Any]] = {},
        init_cfg: dict | list[dict] | None = None,
        *,
        pre_norm: bool = False,
        frozen_stages: int = -1,
        norm_eval: bool = False,
        with_cp: bool = False,
        freeze: str | None = None,
    ) -> None:
        super().__init__(
            arch,
            img_size,
            patch_size,
            in_channels,
            out_indices,
            drop_rate,
            drop_path_rate,
            qkv_bias,
            norm_cfg,
            final_norm,
            out_type,
            with_cls_token,
            interpolate_mode=interpolate_mode,
            layer_scale_init_value=1e-5 if use_layer_scale else 0.0,
            patch_cfg=patch_cfg,
            layer_cfgs=layer_cfgs,
            pre_norm=pre_norm,
            init_cfg=init_cfg,
            frozen_stages=frozen_stages,
            norm_eval=norm_eval,
            with_cp=with_cp,
            freeze=freeze,
        )
        self.freeze_declared(__class__)

    @property
    def num_extra_positions(self) -> int:
        """None: the class token comes after the position embeddings."""
        return 0

    def add_tokens(self, patches: Tensor, hw: tuple[int, int]) -> Tensor:
        """Add position embeddings to the patches (B, h * w, C) and put the class token before them."""
        patches = self.drop_after_pos(patches + self.pos_embed_for(hw))
        return torch.cat((*self.expanded_tokens(patches.shape[0]), patches), dim=1)
