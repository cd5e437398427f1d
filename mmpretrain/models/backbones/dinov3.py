"""DINOv3: https://arxiv.org/abs/2508.10104."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from mmpretrain.models.backbones.base_transformer import OutType, TransformerBackbone, vit_arch
from mmpretrain.models.layers.configurable import norm_from
from mmpretrain.models.layers.encoder_layer import TransformerEncoderLayer
from mmpretrain.models.layers.rotary import AttentionWithRoPE, AxialRotaryEmbedding
from mmpretrain.registry import MODELS


def _gated(*sizes: int) -> dict[str, Any]:
    return {**vit_arch(*sizes), "ffn_type": "swiglu"}


@MODELS.register_module()
class DINOv3ViT(TransformerBackbone):
    """Vision Transformer of `DINOv3 <https://arxiv.org/abs/2508.10104>`_.

    Queries and keys are rotated by the places of the patches, so there are no position embeddings and images
    may have any size. Registers are tokens that no head reads. Weights of the authors, of transformers and of
    timm are taken as they are. Keys have a bias here, which starts at 0 and is trained; theirs have none.

    ======================= ========== ========== ========= ==================== =====
    arch                    embed_dims num_layers num_heads feedforward_channels gated
    ======================= ========== ========== ========= ==================== =====
    t, tiny                 192        12         3         768                  no
    s, small                384        12         6         1536                 no
    s+, small-plus          384        12         6         1536                 yes
    b, base                 768        12         12        3072                 no
    l, large                1024       24         16        4096                 no
    h+, huge-plus           1280       32         20        5120                 yes
    7b                      4096       40         32        8192                 yes
    ======================= ========== ========== ========= ==================== =====

    Args:
        arch: A name in ``arch_settings``, or a dict with ``embed_dims``, ``num_layers``, ``num_heads``,
            ``feedforward_channels`` and perhaps ``ffn_type``.
        img_size: The usual size of images; other sizes work too.
        patch_size: Size of a patch.
        in_channels: Number of channels of an image.
        num_registers: Number of registers.
        rope_theta: Base of the series of periods of the rotations.
        layer_scale_init_value: Start value of the layer scales.
        out_indices: Layers whose output is returned; negative indices count from the end.
        drop_rate: Dropout rate after attention and feed-forward networks.
        drop_path_rate: Stochastic-depth rate of the last layer; it grows from 0 at the first.
        norm_cfg: The normalisation.
        final_norm: Normalise the output of the last layer.
        out_type: What is returned, as for :class:`VisionTransformer`.
        patch_cfg: Further arguments of :class:`PatchEmbed`.
        layer_cfgs: Further arguments of the layers, for all or one by one.
        init_cfg: How the weights are initialised.
        frozen_stages, norm_eval, with_cp, freeze: See :class:`BaseBackbone`.
    """

    arch_settings = {
        ("t", "tiny"): vit_arch(192, 12, 3, 768),
        ("s", "small"): vit_arch(384, 12, 6, 1536),
        ("s+", "small-plus"): _gated(384, 12, 6, 1536),
        ("b", "base"): vit_arch(768, 12, 12, 3072),
        ("l", "large"): vit_arch(1024, 24, 16, 4096),
        ("h+", "huge-plus"): _gated(1280, 32, 20, 5120),
        ("7b",): _gated(4096, 40, 32, 8192),
    }

    def __init__(
        self,
        arch: str | Mapping[str, Any] = "small",
        img_size: int | Sequence[int] = 224,
        patch_size: int | Sequence[int] = 16,
        in_channels: int = 3,
        num_registers: int = 4,
        rope_theta: float = 100.0,
        layer_scale_init_value: float = 1e-5,
        out_indices: int | Sequence[int] = -1,
        drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        norm_cfg: Mapping[str, Any] = {"type": "LN", "eps": 1e-5},
        final_norm: bool = True,
        out_type: OutType = "cls_token",
        patch_cfg: Mapping[str, Any] = {},
        layer_cfgs: Mapping[str, Any] | Sequence[Mapping[str, Any]] = {},
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
        self.set_stem(img_size, stem, with_pos_embed=False, num_registers=num_registers)
        rope = AxialRotaryEmbedding(
            self.embed_dims // settings["num_heads"], self.patch_resolution, rope_theta
        )
        self.set_layers(
            TransformerEncoderLayer,
            settings,
            drop_path_rate,
            layer_cfgs,
            layer_scale_init_value=layer_scale_init_value,
            drop_rate=drop_rate,
            norm=norm,
            attention=partial(AttentionWithRoPE, rope=rope),
        )
        self.set_output(out_indices, out_type, norm, final_norm)
        self.freeze_declared(__class__)

    def layer_inputs(self, hw: tuple[int, int]) -> tuple[tuple[int, int]]:
        """The grid of patches."""
        return (hw,)
