"""The predictor of I-JEPA: https://arxiv.org/abs/2301.08243."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from mmpretrain.models.base.module import BaseModule
from mmpretrain.models.layers.configurable import norm_from
from mmpretrain.models.layers.encoder_layer import TransformerEncoderLayer
from mmpretrain.models.layers.position_embed import build_2d_sincos_position_embedding
from mmpretrain.models.necks.mae_decoder import LN, square_side
from mmpretrain.registry import MODELS


@MODELS.register_module()
class IJEPAPredictor(BaseModule):
    """A narrow transformer that predicts features of target blocks from those of the context.

    Args:
        num_patches: Number of patches of an image.
        embed_dim: Number of channels C of the backbone.
        predictor_embed_dim: Number of channels of the predictor.
        depth: Number of layers.
        num_heads: Number of attention heads.
        mlp_ratio: Width of the feed-forward networks.
        norm_cfg: The normalisation.
        init_cfg: How the weights are initialised.
    """

    def __init__(
        self,
        num_patches: int = 196,
        embed_dim: int = 768,
        predictor_embed_dim: int = 384,
        depth: int = 6,
        num_heads: int = 12,
        mlp_ratio: float = 4.0,
        norm_cfg: Mapping[str, Any] = LN,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        norm = norm_from(norm_cfg)
        self.num_patches = num_patches
        self.embed = nn.Linear(embed_dim, predictor_embed_dim)
        self.mask_token = nn.Parameter(torch.zeros(1, 1, predictor_embed_dim))
        positions = build_2d_sincos_position_embedding(square_side(num_patches), predictor_embed_dim)
        self.pos_embed = nn.Parameter(positions, requires_grad=False)
        hidden = int(mlp_ratio * predictor_embed_dim)
        self.layers = nn.ModuleList(
            TransformerEncoderLayer(predictor_embed_dim, num_heads, hidden, norm=norm) for _ in range(depth)
        )
        self.norm = norm(predictor_embed_dim)
        self.project = nn.Linear(predictor_embed_dim, embed_dim)

    def init_weights(self) -> None:
        """Start with a small token and truncated normal linear layers."""
        nn.init.trunc_normal_(self.mask_token, std=0.02)
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.trunc_normal_(module.weight, std=0.02)
                nn.init.zeros_(module.bias)
        super().init_weights()

    def forward(self, x: Tensor, context: Tensor, targets: Tensor) -> Tensor:
        """Predict blocks, each on its own.

        Args:
            x: Features of the context, (B, K, C).
            context: Numbers of its patches, (B, K).
            targets: Numbers of the patches of M blocks, (B, M, T).

        Returns:
            Predictions (B, M, T, C).
        """
        batch, blocks, size = targets.shape
        seen = self.embed(x) + self.pos_embed[0, context]
        wanted = self.mask_token + self.pos_embed[0, targets.flatten(0, 1)]
        tokens = torch.cat((seen.repeat_interleave(blocks, dim=0), wanted), dim=1)  # (B * M, K + T, D)
        for layer in self.layers:
            tokens = layer(tokens)
        return self.project(self.norm(tokens[:, -size:])).unflatten(0, (batch, blocks))
