"""BEiT: https://arxiv.org/abs/2106.08254."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import torch
from torch import Tensor, nn

from mmpretrain.errors import ArgumentError, DataError
from mmpretrain.models.backbones.base_transformer import VIT_ARCHS, OutType, TransformerBackbone
from mmpretrain.models.base.module import BaseModule
from mmpretrain.models.layers.attention import BEiTAttention
from mmpretrain.models.layers.configurable import Act, Norm, configurable, norm_from
from mmpretrain.models.layers.drop import DropPath
from mmpretrain.models.layers.ffn import FFN
from mmpretrain.models.layers.relative_position import BIAS_TABLE, RelativePositionBias, resize_bias_tables
from mmpretrain.registry import MODELS

logger = logging.getLogger(__name__)


@configurable
class BEiTTransformerEncoderLayer(BaseModule):
    """Attention with relative positions and a feed-forward network, each scaled by channel.

    Args:
        embed_dims: Number of channels C.
        num_heads: Number of attention heads.
        feedforward_channels: Number of hidden channels of the feed-forward network.
        layer_scale_init_value: Start value of the scales ``gamma_1`` and ``gamma_2``; 0 for none.
        window_size: The grid of patches.
        use_rel_pos_bias: Have a table of biases by relative position in this layer.
        with_cls_token: There is a class token before the patches.
        drop_rate: Dropout rate after both branches.
        attn_drop_rate: Dropout rate of the attention weights.
        drop_path_rate: Stochastic-depth rate of both branches.
        num_fcs: Number of linear layers of the feed-forward network.
        bias: Whether queries, keys and values have a bias; ``'qv_bias'`` leaves out the keys.
        act: The activation.
        norm: The normalisation.
        attn_cfg: Further arguments of :class:`BEiTAttention`.
        ffn_cfg: Further arguments of :class:`FFN`.
        init_cfg: How the weights are initialised.
    """

    def __init__(
        self,
        embed_dims: int,
        num_heads: int,
        feedforward_channels: int,
        layer_scale_init_value: float,
        window_size: Sequence[int] | None,
        use_rel_pos_bias: bool,
        with_cls_token: bool = True,
        drop_rate: float = 0.0,
        attn_drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        num_fcs: int = 2,
        bias: bool | Literal["qv_bias"] = "qv_bias",
        act: Act = nn.GELU,
        norm: Norm = nn.LayerNorm,
        attn_cfg: Mapping[str, Any] = {},
        ffn_cfg: Mapping[str, Any] = {},
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.embed_dims = embed_dims
        self.ln1 = norm(embed_dims)
        attn = {
            "window_size": window_size,
            "use_rel_pos_bias": use_rel_pos_bias,
            "with_cls_token": with_cls_token,
            "attn_drop_rate": attn_drop_rate,
            "proj_drop_rate": drop_rate,
            "bias": bias,
        }
        self.attn = BEiTAttention(embed_dims, num_heads, **{**attn, **attn_cfg})
        self.ln2 = norm(embed_dims)
        ffn = {"num_fcs": num_fcs, "ffn_drop": drop_rate, "act": act, "add_identity": False}
        self.ffn = FFN(embed_dims, feedforward_channels, **{**ffn, **ffn_cfg})
        self.drop_path = DropPath(drop_path_rate)
        scaled = layer_scale_init_value > 0
        scale = torch.full((embed_dims,), float(layer_scale_init_value))
        self.gamma_1 = nn.Parameter(scale) if scaled else None
        self.gamma_2 = nn.Parameter(scale.clone()) if scaled else None

    def init_weights(self) -> None:
        """Initialise as ``init_cfg`` says, and the feed-forward network as in Vision Transformers."""
        super().init_weights()
        self.ffn.init_as_vit()

    def forward(self, x: Tensor, rel_pos_bias: Tensor | None = None) -> Tensor:
        """Transform tokens.

        Args:
            x: Tokens (B, N, C).
            rel_pos_bias: A bias (num_heads, N, N) of the attention that layers share.
        """
        x = x + self._branch(self.attn(self.ln1(x), rel_pos_bias=rel_pos_bias), self.gamma_1)
        return x + self._branch(self.ffn(self.ln2(x)), self.gamma_2)

    def _branch(self, x: Tensor, gamma: Tensor | None) -> Tensor:
        return self.drop_path(x if gamma is None else gamma * x)


@MODELS.register_module()
class BEiTViT(TransformerBackbone):
    """Vision Transformer with relative positions.

    From `BEiT: BERT Pre-Training of Image Transformers <https://arxiv.org/abs/2106.08254>`_; also that of
    `BEiT v2 <https://arxiv.org/abs/2208.06366>`_.

    The archs are those of :class:`VisionTransformer`: small, base, large, huge, eva-g, deit-t, deit-s and
    dinov2-g, and their other names.

    Args:
        arch: A name in ``arch_settings``, or a dict with ``embed_dims``, ``num_layers``, ``num_heads`` and
            ``feedforward_channels``.
        img_size: Size of images; with relative positions, others are not accepted.
        patch_size: Size of a patch.
        in_channels: Number of channels of an image.
        out_indices: Layers whose output is returned; negative indices count from the end.
        drop_rate: Dropout rate of the tokens, and after attention and feed-forward networks.
        drop_path_rate: Stochastic-depth rate of the last layer; it grows from 0 at the first.
        bias: Whether queries, keys and values have a bias; ``'qv_bias'`` leaves out the keys.
        norm_cfg: The normalisation.
        final_norm: Normalise the output of the last layer.
        out_type: What is returned: ``'cls_token'`` (B, C), ``'featmap'`` (B, C, h, w), ``'avg_featmap'``
            (B, C), or ``'raw'`` (B, N, C).
        with_cls_token: Have a class token.
        use_abs_pos_emb: Add position embeddings.
        use_rel_pos_bias: Have a table of biases by relative position in each layer.
        use_shared_rel_pos_bias: Have one such table for all layers.
        interpolate_mode: How position embeddings are interpolated for other image sizes.
        layer_scale_init_value: Start value of the layer scales; 0 for none.
        patch_cfg: Further arguments of :class:`PatchEmbed`.
        layer_cfgs: Further arguments of the layers, for all or one by one.
        init_cfg: How the weights are initialised.
        frozen_stages, norm_eval, with_cp, freeze: See :class:`BaseBackbone`.
    """

    arch_settings = VIT_ARCHS

    def __init__(
        self,
        arch: str | Mapping[str, int] = "base",
        img_size: int | Sequence[int] = 224,
        patch_size: int | Sequence[int] = 16,
        in_channels: int = 3,
        out_indices: int | Sequence[int] = -1,
        drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        bias: bool | Literal["qv_bias"] = "qv_bias",
        norm_cfg: Mapping[str, Any] = {"type": "LN", "eps": 1e-6},
        final_norm: bool = False,
        out_type: OutType = "avg_featmap",
        with_cls_token: bool = True,
        frozen_stages: int = -1,
        use_abs_pos_emb: bool = False,
        use_rel_pos_bias: bool = True,
        use_shared_rel_pos_bias: bool = False,
        interpolate_mode: str = "bicubic",
        layer_scale_init_value: float = 0.1,
        patch_cfg: Mapping[str, Any] = {},
        layer_cfgs: Mapping[str, Any] | Sequence[Mapping[str, Any]] = {},
        init_cfg: dict | list[dict] | None = None,
        *,
        norm_eval: bool = False,
        with_cp: bool = False,
        freeze: str | None = None,
    ) -> None:
        super().__init__(
            init_cfg, frozen_stages=frozen_stages, norm_eval=norm_eval, with_cp=with_cp, freeze=freeze
        )
        norm = norm_from(norm_cfg)
        if use_rel_pos_bias and use_shared_rel_pos_bias:
            raise ArgumentError(
                "use_rel_pos_bias and use_shared_rel_pos_bias exclude each other", key="use_rel_pos_bias"
            )
        settings = self.set_arch(arch)
        self.set_stem(
            img_size,
            {
                "in_channels": in_channels,
                "kernel_size": patch_size,
                "stride": patch_size,
                **patch_cfg,
            },
            with_cls_token=with_cls_token,
            with_pos_embed=use_abs_pos_emb,
            interpolate_mode=interpolate_mode,
            drop_rate=drop_rate,
        )
        self.use_rel_pos_bias = use_rel_pos_bias
        self.rel_pos_bias = None
        if use_shared_rel_pos_bias:
            self.rel_pos_bias = RelativePositionBias(
                self.patch_resolution, settings["num_heads"], with_cls_token
            )
        self.set_layers(
            BEiTTransformerEncoderLayer,
            settings,
            drop_path_rate,
            layer_cfgs,
            layer_scale_init_value=layer_scale_init_value,
            window_size=self.patch_resolution,
            use_rel_pos_bias=use_rel_pos_bias,
            with_cls_token=with_cls_token,
            drop_rate=drop_rate,
            bias=bias,
            norm=norm,
        )
        self.set_output(out_indices, out_type, norm, final_norm)
        self.register_load_state_dict_pre_hook(_fit_relative_positions)
        self.freeze_declared(__class__)

    def init_embedding(self) -> None:
        """Start with small random position embeddings; the class token stays zero."""
        if self.pos_embed is not None:
            nn.init.trunc_normal_(self.pos_embed, std=0.02)

    def layer_inputs(self, hw: tuple[int, int]) -> tuple[Tensor | None]:
        """The bias of the attention that layers share."""
        if hw != self.patch_resolution and (self.use_rel_pos_bias or self.rel_pos_bias is not None):
            raise DataError(
                f"{type(self).__name__} with relative positions takes images of {self.img_size}, "
                f"got {hw} patches instead of {self.patch_resolution}",
                hint="Resize the images, or set img_size in model.backbone.",
            )
        return (None if self.rel_pos_bias is None else self.rel_pos_bias(),)


def _fit_relative_positions(module: BEiTViT, state_dict: dict[str, Tensor], prefix: str, *_: Any) -> None:
    """Before a checkpoint is loaded, hand out a shared bias table to all layers, and resize tables."""
    shared = f"{prefix}rel_pos_bias.{BIAS_TABLE}"
    if module.use_rel_pos_bias and shared in state_dict:
        table = state_dict.pop(shared)
        index = state_dict.pop(f"{prefix}rel_pos_bias.relative_position_index", None)
        for i in range(module.num_layers):
            state_dict[f"{prefix}layers.{i}.attn.{BIAS_TABLE}"] = table.clone()
            if index is not None:
                state_dict[f"{prefix}layers.{i}.attn.relative_position_index"] = index
        logger.info("Gave each of %d layers a copy of %s", module.num_layers, shared)
    extra_rows = 3 if module.with_cls_token else 0
    resize_bias_tables(module, state_dict, prefix, extra_rows)
