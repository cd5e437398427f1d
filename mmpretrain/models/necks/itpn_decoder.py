"""The feature pyramid of iTPN: https://arxiv.org/abs/2211.12735.

Shapes: B images, L patches of an image, K of which the backbone saw, C channels of the backbone, F of the
pyramid, D of the decoder, P of a prediction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import torch
from torch import Tensor, nn

from mmpretrain.errors import ArgumentError
from mmpretrain.models.backbones.hivit import HiViTBlock
from mmpretrain.models.base.module import BaseModule
from mmpretrain.models.layers.configurable import Norm, configurable, norm_from
from mmpretrain.models.layers.encoder_layer import TransformerEncoderLayer
from mmpretrain.models.layers.position_embed import build_2d_sincos_position_embedding
from mmpretrain.models.necks.mae_decoder import restore_order, square_side
from mmpretrain.registry import MODELS


@configurable
class PatchSplit(nn.Module):
    """Split each part of a patch in 2 x 2.

    Args:
        dim: Number of channels of a part.
        fpn_dim: Number of channels F of what it is split into.
        norm: The normalisation.
    """

    def __init__(self, dim: int, fpn_dim: int, norm: Norm) -> None:
        super().__init__()
        self.norm = norm(dim)
        self.reduction = nn.Linear(dim, fpn_dim * 4, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Parts (B, K, p, p, c) to (B, K, 2 p, 2 p, F)."""
        x = self.reduction(self.norm(x)).unflatten(-1, (2, 2, -1))  # (B, K, p, p, 2, 2, F)
        return x.transpose(3, 4).flatten(4, 5).flatten(2, 3)


@MODELS.register_module()
class iTPNPretrainDecoder(BaseModule):
    """Builds a feature pyramid from the stages of a backbone, and predicts patches from it.

    Args:
        num_patches: Number L of patches of an image.
        patch_size: Edge of a patch.
        in_chans: Number of channels of an image.
        embed_dim: Number of channels C of the backbone's last stage.
        fpn_dim: Number of channels F of the pyramid.
        fpn_depth: Number of blocks after a step of the pyramid.
        decoder_embed_dim: Number of channels D of the decoder.
        decoder_depth: Number of its layers, for ``'pixel'``.
        decoder_num_heads: Number of its attention heads.
        mlp_ratio: Width of the feed-forward networks.
        norm_cfg: The normalisation.
        reconstruction_type: ``'pixel'`` for a decoder that predicts patches, ``'clip'`` for the sum of the
            pyramid.
        num_outs: Number of levels of the pyramid, 1 to 3.
        qkv_bias, qk_scale, attn_drop_rate: Not used: the blocks of the pyramid have no attention.
        drop_rate: Dropout rate after the feed-forward networks of the pyramid.
        predict_feature_dim: Number P of predictions for a patch; by default its pixels.
        init_cfg: How the weights are initialised.
    """

    def __init__(
        self,
        num_patches: int = 196,
        patch_size: int = 16,
        in_chans: int = 3,
        embed_dim: int = 512,
        fpn_dim: int = 256,
        fpn_depth: int = 2,
        decoder_embed_dim: int = 512,
        decoder_depth: int = 6,
        decoder_num_heads: int = 16,
        mlp_ratio: float = 4,
        norm_cfg: Mapping[str, Any] = {"type": "LN", "eps": 1e-6},
        reconstruction_type: Literal["pixel", "clip"] = "pixel",
        num_outs: int = 3,
        qkv_bias: bool = True,
        qk_scale: float | None = None,
        drop_rate: float = 0.0,
        attn_drop_rate: float = 0.0,
        predict_feature_dim: int | None = None,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        norm = norm_from(norm_cfg)
        if reconstruction_type not in ("pixel", "clip"):
            raise ArgumentError(
                f"reconstruction_type must be 'pixel' or 'clip', got {reconstruction_type!r}",
                key="reconstruction_type",
            )
        if num_outs not in (1, 2, 3):
            raise ArgumentError(
                f"num_outs must be 1, 2 or 3, as HiViT has three stages, got {num_outs}", key="num_outs"
            )
        self.num_patches = num_patches
        self.reconstruction_type = reconstruction_type
        self.num_outs = num_outs
        block = {"dim": fpn_dim, "mlp_ratio": mlp_ratio, "drop": drop_rate, "norm": norm}
        self._make_pyramid(embed_dim, fpn_dim, fpn_depth, block, norm)
        self.decoder_embed = nn.ModuleList(
            nn.Sequential(nn.LayerNorm(fpn_dim), nn.Linear(fpn_dim, decoder_embed_dim // 4**i))
            for i in range(num_outs)
        )
        if reconstruction_type == "clip":
            self.norm = norm(embed_dim)
            return
        square_side(num_patches)
        self.mask_token = nn.Parameter(torch.zeros(1, 1, decoder_embed_dim))
        positions = torch.zeros(1, num_patches, decoder_embed_dim)
        self.decoder_pos_embed = nn.Parameter(positions, requires_grad=False)
        hidden = int(mlp_ratio * decoder_embed_dim)
        self.decoder_blocks = nn.ModuleList(
            TransformerEncoderLayer(decoder_embed_dim, decoder_num_heads, hidden, norm=norm)
            for _ in range(decoder_depth)
        )
        self.ln1 = norm(decoder_embed_dim)
        self.decoder_pred = nn.Linear(decoder_embed_dim, predict_feature_dim or patch_size**2 * in_chans)

    def _make_pyramid(
        self,
        embed_dim: int,
        fpn_dim: int,
        depth: int,
        block: Mapping[str, Any],
        norm: Norm,
    ) -> None:
        """Make the steps from the last stage down to the first."""
        self.align_dim_16tofpn = nn.Linear(embed_dim, fpn_dim) if embed_dim != fpn_dim else None
        self.fpn_modules = nn.ModuleList(HiViTBlock(**block) for _ in range(self.num_outs))
        steps = [("16to8", embed_dim, embed_dim // 2), ("8to4", fpn_dim, embed_dim // 4)]
        for name, above, stage in steps[: self.num_outs - 1]:
            self.add_module(f"align_dim_{name}", nn.Linear(stage, fpn_dim, bias=False))
            self.add_module(f"split_{name}", PatchSplit(above, fpn_dim, norm))
            self.add_module(f"block_{name}", nn.Sequential(*(HiViTBlock(**block) for _ in range(depth))))

    def init_weights(self) -> None:
        """Start with fixed positions and a small token, or with smaller weights the deeper a block is."""
        if self.reconstruction_type == "pixel":
            side, width = square_side(self.num_patches), self.mask_token.shape[-1]
            self.decoder_pos_embed.data.copy_(build_2d_sincos_position_embedding(side, width))
            nn.init.normal_(self.mask_token, std=0.02)
        else:
            with torch.no_grad():
                for i, block in enumerate(self.fpn_modules):
                    block.mlp.fc2.weight.div_((2 * (i + 1)) ** 0.5)  # type: ignore[union-attr]
        super().init_weights()

    def pyramid(self, x: Sequence[Tensor]) -> list[Tensor]:
        """The levels of the pyramid, (B, K, p, p, F), the coarsest first."""
        top = x[-1][..., None, None, :]
        levels = [top if self.align_dim_16tofpn is None else self.align_dim_16tofpn(top)]
        for name, stage in zip(("16to8", "8to4")[: self.num_outs - 1], reversed(x[:-1])):
            split, align = getattr(self, f"split_{name}"), getattr(self, f"align_dim_{name}")
            top = getattr(self, f"block_{name}")(split(top) + align(stage))
            levels.append(top)
        return [block(level) for block, level in zip(self.fpn_modules, levels)]

    def forward(self, x: Sequence[Tensor], ids_restore: Tensor | None = None) -> Tensor:
        """Predict patches.

        Args:
            x: Features of the stages: (B, K, 4, 4, C / 4), (B, K, 2, 2, C / 2) and (B, K, C).
            ids_restore: Where each patch is in "the visible ones, then the hidden ones", (B, L), for
                ``'pixel'``.

        Returns:
            For ``'pixel'`` predictions (B, L, P); for ``'clip'`` normalised features (B, L, D).
        """
        levels = [
            embed(level).flatten(2) for embed, level in zip(self.decoder_embed, self.pyramid(x))
        ]  # each (B, K, D)
        if self.reconstruction_type == "clip":
            return self.norm(sum(levels[1:], levels[0]))
        assert ids_restore is not None
        levels = [restore_order(level, self.mask_token, ids_restore) for level in levels]
        tokens = sum(levels[1:], levels[0] + self.decoder_pos_embed)
        for block in self.decoder_blocks:
            tokens = block(tokens)
        return self.decoder_pred(self.ln1(tokens))
