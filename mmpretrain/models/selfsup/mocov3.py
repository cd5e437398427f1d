"""MoCo v3: https://arxiv.org/abs/2104.02057."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from mmpretrain.models.backbones.base_transformer import VIT_ARCHS, vit_arch
from mmpretrain.models.backbones.vision_transformer import VisionTransformer
from mmpretrain.models.init import as_list, is_pretrained
from mmpretrain.models.layers.position_embed import build_2d_sincos_position_embedding
from mmpretrain.models.selfsup.base import Views
from mmpretrain.models.selfsup.momentum import MomentumMethod
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample


@MODELS.register_module()
class MoCoV3ViT(VisionTransformer):
    """Vision Transformer of `MoCo v3 <https://arxiv.org/abs/2104.02057>`_: its position embeddings are fixed.

    Args:
        stop_grad_conv1: Keep the patch embedding as it is drawn, which makes training stable.
        frozen_stages: See :class:`BaseBackbone`.
        norm_eval: See :class:`BaseBackbone`.
        init_cfg: How the weights are initialised.
        **kwargs: The other arguments of :class:`VisionTransformer`; there is one arch more, ``mocov3-small``.
    """

    arch_settings = {**VIT_ARCHS, ("mocov3-s", "mocov3-small"): vit_arch(384, 12, 12, 1536)}
    stop_grad_conv1 = False

    def __init__(
        self,
        stop_grad_conv1: bool = False,
        frozen_stages: int = -1,
        norm_eval: bool = False,
        init_cfg: dict | list[dict] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(frozen_stages=frozen_stages, norm_eval=norm_eval, init_cfg=init_cfg, **kwargs)
        self.stop_grad_conv1 = stop_grad_conv1
        self.freeze_declared(__class__)

    def frozen_patterns(self) -> list[str]:
        """Add the position embeddings to the frozen stages, and the patch embedding if it is frozen."""
        fixed = ["^pos_embed$", *(["^patch_embed"] if self.stop_grad_conv1 else [])]
        return super().frozen_patterns() + fixed

    @torch.no_grad()
    def init_weights(self) -> None:
        """Draw weights uniformly and compute the positions, unless a checkpoint gives them."""
        super().init_weights()
        if any(map(is_pretrained, as_list(self.init_cfg or []))):
            return
        pos_embed = build_2d_sincos_position_embedding(
            self.patch_resolution, self.embed_dims, cls_token=self.with_cls_token
        )
        self.pos_embed.copy_(pos_embed)
        for name, module in self.named_modules():
            if isinstance(module, nn.Linear):
                # Queries, keys and values count as three layers.
                _draw(module, module.out_features // (3 if name.endswith("qkv") else 1))
        _draw(self.patch_embed.projection, self.embed_dims)
        if self.cls_token is not None:
            nn.init.normal_(self.cls_token, std=1e-6)


def _draw(layer: Any, outputs: int) -> None:
    """Glorot's uniform distribution for a layer with so many outputs."""
    weight, bias = layer.weight, layer.bias
    bound = math.sqrt(6 / (weight[0].numel() + outputs))
    nn.init.uniform_(weight, -bound, bound)
    if bias is not None:
        nn.init.zeros_(bias)


@MODELS.register_module()
class MoCoV3(MomentumMethod):
    """`MoCo v3 <https://arxiv.org/abs/2104.02057>`_: a view finds the slow copy's other view in the batch.

    Args:
        backbone: From images to features, such as :class:`MoCoV3ViT`.
        neck: From features to projections.
        head: Predicts, and computes the loss.
        base_momentum: Weight of the new value in the slow copy at the start; it falls to 0.
        pretrained: Checkpoint to initialise from.
        data_preprocessor: By default a ``SelfSupDataPreprocessor``.
        init_cfg: How the weights are initialised.
        freeze: Freeze the parameters whose name this regular expression finds.
    """

    copy_name = "momentum_encoder"

    def __init__(
        self,
        backbone: dict | nn.Module,
        neck: dict | nn.Module,
        head: dict | nn.Module,
        base_momentum: float = 0.01,
        pretrained: str | None = None,
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | list[dict] | None = None,
        *,
        freeze: str | None = None,
    ) -> None:
        super().__init__(
            backbone, neck, head, base_momentum, pretrained, data_preprocessor, init_cfg, freeze=freeze
        )
        self.freeze_declared(__class__)

    def loss(self, inputs: Views, data_samples: list[DataSample]) -> dict[str, Tensor]:
        """Compute the loss of two views, each (B, C, H, W)."""
        views = self.views_of(inputs, 2)
        queries = [self.trained_encoder(view)[0] for view in views]
        with torch.no_grad():
            momentum_encoder = self.updated_copy()
            keys = [momentum_encoder(view)[0] for view in views]
        return {"loss": self.head.loss(queries[0], keys[1]) + self.head.loss(queries[1], keys[0])}
