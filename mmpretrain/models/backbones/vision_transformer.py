"""Vision Transformer: https://arxiv.org/abs/2010.11929."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor, nn

from mmpretrain.models.backbones.base_transformer import VIT_ARCHS, OutType, TransformerBackbone
from mmpretrain.models.layers.configurable import norm_from
from mmpretrain.models.layers.encoder_layer import TransformerEncoderLayer
from mmpretrain.registry import MODELS


@MODELS.register_module()
class VisionTransformer(TransformerBackbone):
    """Vision Transformer (`An Image is Worth 16x16 Words <https://arxiv.org/abs/2010.11929>`_).

    The archs ``dinov2-*`` are those of `DINOv2 <https://arxiv.org/abs/2304.07193>`_, ``eva-g`` that of `EVA
    <https://arxiv.org/abs/2211.07636>`_, ``huge`` that of `MAE <https://arxiv.org/abs/2111.06377>`_, and with
    ``pre_norm=True`` the models are those of `CLIP <https://arxiv.org/abs/2103.00020>`_.

    ========================================== ========== ========== ========= ====================
    arch                                       embed_dims num_layers num_heads feedforward_channels
    ========================================== ========== ========== ========= ====================
    s, small                                   768        8          8         2304
    b, base, deit-b, deit-base                 768        12         12        3072
    l, large                                   1024       24         16        4096
    h, huge                                    1280       32         16        5120
    eva-g, eva-giant                           1408       40         16        6144
    deit-t, deit-tiny                          192        12         3         768
    deit-s, deit-small, dinov2-s, dinov2-small 384        12         6         1536
    dinov2-g, dinov2-giant                     1536       40         24        6144
    ========================================== ========== ========== ========= ====================

    Args:
        arch: A name in ``arch_settings``, or a dict with ``embed_dims``, ``num_layers``, ``num_heads`` and
            ``feedforward_channels``.
        img_size: The usual size of images; other sizes work too.
        patch_size: Size of a patch.
        in_channels: Number of channels of an image.
        out_indices: Layers whose output is returned; negative indices count from the end.
        drop_rate: Dropout rate of the tokens, and after attention and feed-forward networks.
        drop_path_rate: Stochastic-depth rate of the last layer; it grows from 0 at the first.
        qkv_bias: Give queries, keys and values a bias.
        norm_cfg: The normalisation.
        final_norm: Normalise the output of the last layer.
        out_type: What is returned: ``'cls_token'`` (B, C), ``'featmap'`` (B, C, h, w), ``'avg_featmap'``
            (B, C), or ``'raw'`` (B, N, C).
        with_cls_token: Have a class token.
        interpolate_mode: How position embeddings are interpolated for other image sizes.
        layer_scale_init_value: Start value of the layer scales; 0 for none.
        patch_cfg: Further arguments of :class:`PatchEmbed`.
        layer_cfgs: Further arguments of the layers, for all or one by one.
        pre_norm: Normalise before the first layer, and give the patch embedding no bias.
        init_cfg: How the weights are initialised.
        num_registers: Number of tokens for no output, as `DINOv2 with registers
            <https://arxiv.org/abs/2309.16588>`_ has 4.
        frozen_stages, norm_eval, with_cp, freeze: See :class:`BaseBackbone`.
    """

    arch_settings = VIT_ARCHS
    layer_type: type[nn.Module] = TransformerEncoderLayer

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
        frozen_stages: int = -1,
        interpolate_mode: str = "bicubic",
        layer_scale_init_value: float | Tensor = 0.0,
        patch_cfg: Mapping[str, Any] = {},
        layer_cfgs: Mapping[str, Any] | Sequence[Mapping[str, Any]] = {},
        pre_norm: bool = False,
        init_cfg: dict | list[dict] | None = None,
        *,
        num_registers: int = 0,
        norm_eval: bool = False,
        with_cp: bool = False,
        freeze: str | None = None,
    ) -> None:
        super().__init__(
            init_cfg, frozen_stages=frozen_stages, norm_eval=norm_eval, with_cp=with_cp, freeze=freeze
        )
        norm = norm_from(norm_cfg)
        settings = self.set_arch(arch)
        self.set_stem(
            img_size,
            {
                "in_channels": in_channels,
                "kernel_size": patch_size,
                "stride": patch_size,
                "bias": not pre_norm,
                **patch_cfg,
            },
            with_cls_token=with_cls_token,
            interpolate_mode=interpolate_mode,
            drop_rate=drop_rate,
            num_registers=num_registers,
        )
        self.set_layers(
            self.layer_type,
            settings,
            drop_path_rate,
            layer_cfgs,
            layer_scale_init_value=layer_scale_init_value,
            drop_rate=drop_rate,
            qkv_bias=qkv_bias,
            norm=norm,
        )
        self.pre_norm = norm(self.embed_dims) if pre_norm else nn.Identity()
        self.set_output(out_indices, out_type, norm, final_norm)
        self.freeze_declared(__class__)

    def add_tokens(self, patches: Tensor, hw: tuple[int, int]) -> Tensor:
        """Put the class token before the patches, add positions, and normalise if ``pre_norm``."""
        return self.pre_norm(super().add_tokens(patches, hw))
