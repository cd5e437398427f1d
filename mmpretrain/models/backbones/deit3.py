"""DeiT III: https://arxiv.org/abs/2204.07118."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from mmpretrain.models.backbones.base_transformer import vit_arch
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
        *args: Arguments of :class:`VisionTransformer`.
        use_layer_scale: Use layer scales.
        **kwargs: Arguments of :class:`VisionTransformer`.
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
        self, arch: str | Mapping[str, int] = "base", *args: Any, use_layer_scale: bool = True, **kwargs: Any
    ) -> None:
        scale = 1e-5 if use_layer_scale else 0.0
        super().__init__(arch, *args, layer_scale_init_value=scale, **kwargs)

    @property
    def num_extra_positions(self) -> int:
        """None: the class token comes after the position embeddings."""
        return 0

    def add_tokens(self, patches: Tensor, hw: tuple[int, int]) -> Tensor:
        """Add position embeddings to the patches (B, h * w, C) and put the class token before them."""
        patches = self.drop_after_pos(patches + self.pos_embed_for(hw))
        return torch.cat((*self.expanded_tokens(patches.shape[0]), patches), dim=1)
