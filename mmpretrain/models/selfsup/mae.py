"""Masked autoencoders: https://arxiv.org/abs/2111.06377."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from mmpretrain.models.backbones.base_transformer import OutType
from mmpretrain.models.backbones.hivit import HiViT
from mmpretrain.models.backbones.vision_transformer import VisionTransformer
from mmpretrain.models.layers.attention import merge_heads, split_heads
from mmpretrain.models.layers.position_embed import build_2d_sincos_position_embedding, check_patches
from mmpretrain.models.layers.window_attention import WindowMSA
from mmpretrain.models.selfsup.base import BaseSelfSupervisor
from mmpretrain.models.selfsup.masking import (
    check_mask_ratio,
    choose_visible,
    need_hidden,
    random_order,
    take,
)
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample


def xavier_patches(projection: nn.Module) -> None:
    """Initialise the convolution that embeds patches as the linear layer that it is."""
    weight: Any = projection.weight
    nn.init.xavier_uniform_(weight.data.flatten(1))


@MODELS.register_module()
class MAEViT(VisionTransformer):
    """Vision Transformer that sees a random part of the patches.

    From `Masked Autoencoders Are Scalable Vision Learners <https://arxiv.org/abs/2111.06377>`_. Positions are
    fixed sines and cosines.

    Args:
        arch: A name in ``arch_settings``, or a dict; see :class:`VisionTransformer`.
        img_size: The usual size of images; other sizes work too.
        patch_size: Size of a patch.
        out_indices: Layers whose output is returned when nothing is masked.
        drop_rate: Dropout rate after attention and feed-forward networks.
        drop_path_rate: Stochastic-depth rate of the last layer; it grows from 0 at the first.
        norm_cfg: The normalisation.
        final_norm: Normalise the output of the last layer.
        out_type: What is returned when nothing is masked; see :class:`VisionTransformer`.
        interpolate_mode: How position embeddings are interpolated for other image sizes.
        patch_cfg: Further arguments of :class:`PatchEmbed`.
        layer_cfgs: Further arguments of the layers, for all or one by one.
        mask_ratio: Part of the patches that is hidden.
        init_cfg: How the weights are initialised.
        frozen_stages, norm_eval, with_cp, freeze: See :class:`BaseBackbone`.
    """

    def __init__(
        self,
        arch: str | Mapping[str, int] = "b",
        img_size: int | Sequence[int] = 224,
        patch_size: int | Sequence[int] = 16,
        out_indices: int | Sequence[int] = -1,
        drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        norm_cfg: Mapping[str, Any] = {"type": "LN", "eps": 1e-6},
        final_norm: bool = True,
        out_type: OutType = "raw",
        interpolate_mode: str = "bicubic",
        patch_cfg: Mapping[str, Any] = {},
        layer_cfgs: Mapping[str, Any] | Sequence[Mapping[str, Any]] = {},
        mask_ratio: float = 0.75,
        init_cfg: dict | list[dict] | None = None,
        *,
        frozen_stages: int = -1,
        norm_eval: bool = False,
        with_cp: bool = False,
        freeze: str | None = None,
    ) -> None:
        super().__init__(
            arch=arch,
            img_size=img_size,
            patch_size=patch_size,
            out_indices=out_indices,
            drop_rate=drop_rate,
            drop_path_rate=drop_path_rate,
            norm_cfg=norm_cfg,
            final_norm=final_norm,
            out_type=out_type,
            interpolate_mode=interpolate_mode,
            patch_cfg=patch_cfg,
            layer_cfgs=layer_cfgs,
            init_cfg=init_cfg,
            frozen_stages=frozen_stages,
            norm_eval=norm_eval,
            with_cp=with_cp,
            freeze=freeze,
        )
        assert self.pos_embed is not None
        self.pos_embed.requires_grad = False
        self.num_patches = self.patch_resolution[0] * self.patch_resolution[1]
        self.mask_ratio = check_mask_ratio(mask_ratio, self.num_patches)
        self.freeze_declared(__class__)

    def init_embedding(self) -> None:
        """Start with fixed positions and a small class token."""
        assert self.pos_embed is not None
        assert self.cls_token is not None
        self.pos_embed.data.copy_(
            build_2d_sincos_position_embedding(self.patch_resolution, self.embed_dims, cls_token=True)
        )
        xavier_patches(self.patch_embed.projection)
        nn.init.normal_(self.cls_token, std=0.02)

    def random_masking(self, x: Tensor, mask_ratio: float = 0.75) -> tuple[Tensor, Tensor, Tensor]:
        """Hide a random part of patches (B, L, C).

        Returns:
            The visible patches (B, K, C); a mask (B, L), 1 where a patch is hidden; and where each
            patch is in "the visible ones, then the hidden ones" (B, L).
        """
        seen = choose_visible(random_order(x.shape[0], x.shape[1], x.device), mask_ratio)
        return take(x, seen.keep), seen.mask, seen.restore

    def forward(self, x: Tensor, mask: bool | None = True) -> tuple[Any, ...]:  # type: ignore[override]
        """Run images (B, 3, H, W).

        Args:
            x: The images.
            mask: Hide patches. Otherwise, this is a :class:`VisionTransformer`.

        Returns:
            The class token and the visible patches (B, 1 + K, C), and the last two of
            :meth:`random_masking`; without a mask, what a :class:`VisionTransformer` returns.
        """
        if not mask:
            return super().forward(x)
        patches, positions, hw = self.embed_patches(x)
        visible, hidden, restore = self.random_masking(patches, self.mask_ratio)
        return self.encode_visible(visible, positions, hw), hidden, restore

    def embed_patches(self, x: Tensor) -> tuple[Tensor, Tensor, tuple[int, int]]:
        """Patches (B, L, C) with their positions, all positions (1, 1 + L, C), and the grid."""
        patches, hw = self.patch_embed(x)
        positions = self.pos_embed_for(hw)
        return patches + positions[:, 1:], positions, hw

    def encode_visible(self, visible: Tensor, positions: Tensor, hw: tuple[int, int]) -> Tensor:
        """Run the class token and visible patches (B, K, C) through all layers, to (B, 1 + K, C)."""
        token = (self.cls_token + positions[:, :1]).expand(len(visible), -1, -1)
        return self.encode_last(torch.cat((token, visible), dim=1), hw)

    def encode_last(self, x: Tensor, hw: tuple[int, int]) -> Tensor:
        """Run tokens (B, N, C) through all layers and the last norm."""
        for layer in self.layers:
            x = self.run(layer, x, *self.layer_inputs(hw))
        return self.ln1(x) if self.final_norm else x


class MaskedHiViT(HiViT):
    """HiViT that sees a random part of the patches, with fixed positions."""

    mask_ratio: float

    def set_masking(self, mask_ratio: float) -> None:
        """Fix the positions, and check and keep the part of the patches that is hidden."""
        if self.pos_embed is not None:
            self.pos_embed.requires_grad = False
        self.num_patches = self.patch_resolution[0] * self.patch_resolution[1]
        self.mask_ratio = check_mask_ratio(mask_ratio, self.num_patches)

    def init_embedding(self) -> None:
        """Start with fixed positions."""
        if self.pos_embed is not None:
            positions = build_2d_sincos_position_embedding(self.patch_resolution, self.embed_dims)
            self.pos_embed.data.copy_(positions)
        xavier_patches(self.patch_embed.proj)

    def masking_id(self, batch_size: int, mask_ratio: float) -> tuple[Tensor, Tensor, Tensor]:
        """Choose visible patches.

        Returns:
            Their numbers (B, K); where each patch is in "the visible ones, then the hidden ones" (B, L); and
            a mask (B, L), 1 where a patch is hidden.
        """
        device = next(self.parameters()).device
        seen = choose_visible(random_order(batch_size, self.num_patches, device), mask_ratio)
        return seen.keep, seen.restore, seen.mask

    def encode_visible(self, x: Tensor) -> tuple[list[Tensor], Tensor, Tensor]:
        """Hide patches of images (B, 3, H, W) and run the rest.

        Returns:
            What comes before each merging of parts, (B, K, p, p, c), and at last the tokens (B, K, C); the
            mask; and the order, both as in :meth:`masking_id`.
        """
        size = self.patch_size
        check_patches((x.shape[2] // size) * (x.shape[3] // size), self.num_patches, "backbone")
        keep, restore, mask = self.masking_id(len(x), self.mask_ratio)
        parts, hw = self.patch_embed(x)
        tokens, pyramid = self.merge_and_keep(take(parts, keep))
        if self.pos_embed is not None:
            positions = self.pos_embed_for(hw, interpolated=keep.shape[1] < hw[0] * hw[1])
            tokens = tokens + take(positions.expand(len(x), -1, -1), keep)
        tokens = self.pos_drop(tokens)
        for block in self.blocks[-self.num_main_blocks :]:
            tokens = self.run(_block_without_bias, block, tokens)
        return [*pyramid, tokens], mask, restore

    def merge_and_keep(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Run parts (B, N, p, p, c) to tokens (B, N, C); return also what comes before each merging."""
        pyramid = []
        for block in self.blocks[: -self.num_main_blocks]:
            if hasattr(block, "reduction"):
                pyramid.append(x)
            x = self.run(block, x)
        return x[..., 0, 0, :], pyramid


def _block_without_bias(block: Any, x: Tensor) -> Tensor:
    """Run a block on some of the patches (B, K, C); as in 1.x, attention has no bias by position then."""
    if isinstance(block.attn, WindowMSA):
        attn = block.attn
        q, k, v = split_heads(attn.qkv(block.norm1(x)), 3, attn.num_heads)
        dropout = attn.attn_drop if attn.training else 0.0
        mixed = nn.functional.scaled_dot_product_attention(q, k, v, dropout_p=dropout, scale=attn.scale)
        x = x + block.branch(attn.proj_drop(attn.proj(merge_heads(mixed))), block.gamma_1)
        return x + block.branch(block.mlp(block.norm2(x)), block.gamma_2)
    return block(x)


@MODELS.register_module()
class MAEHiViT(MaskedHiViT):
    """HiViT that sees a random part of the patches.

    From `Masked Autoencoders Are Scalable Vision Learners <https://arxiv.org/abs/2111.06377>`_ and `HiViT
    <https://arxiv.org/abs/2205.14949>`_.

    Args:
        arch: A name in ``arch_settings``, or a dict; see :class:`HiViT`.
        img_size: The usual size of images; other sizes work too.
        patch_size: Size of a patch.
        inner_patches: Number of parts of a patch along each side.
        out_indices: Blocks of the main stage whose map is returned when nothing is masked; the default stands
            for the last one, whatever the arch.
        drop_rate: Dropout rate of the tokens, and after attention and feed-forward networks.
        drop_path_rate: Stochastic-depth rate of the last block; it grows from 0 at the first.
        norm_cfg: The normalisation.
        ape: Add position embeddings.
        rpe: Have biases by relative position, used when nothing is masked.
        layer_scale_init_value: Start value of the scales of the branches; 0 for none.
        mask_ratio: Part of the patches that is hidden.
        init_cfg: How the weights are initialised.
        frozen_stages, norm_eval, with_cp, freeze: See :class:`BaseBackbone`.
    """

    def __init__(
        self,
        arch: str | Mapping[str, Any] = "b",
        img_size: int | Sequence[int] = 224,
        patch_size: int = 16,
        inner_patches: int = 4,
        out_indices: int | Sequence[int] = (23,),
        drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        norm_cfg: Mapping[str, Any] = {"type": "LN", "eps": 1e-6},
        ape: bool = True,
        rpe: bool = False,
        layer_scale_init_value: float = 0.0,
        mask_ratio: float = 0.75,
        init_cfg: dict | list[dict] | None = None,
        *,
        frozen_stages: int = -1,
        norm_eval: bool = False,
        with_cp: bool = False,
        freeze: str | None = None,
    ) -> None:
        if out_indices == (23,):  # the last block of the base arch
            out_indices = -1
        super().__init__(
            arch=arch,
            img_size=img_size,
            patch_size=patch_size,
            inner_patches=inner_patches,
            out_indices=out_indices,
            drop_rate=drop_rate,
            drop_path_rate=drop_path_rate,
            norm_cfg=norm_cfg,
            ape=ape,
            rpe=rpe,
            layer_scale_init_value=layer_scale_init_value,
            init_cfg=init_cfg,
            frozen_stages=frozen_stages,
            norm_eval=norm_eval,
            with_cp=with_cp,
            freeze=freeze,
        )
        self.set_masking(mask_ratio)
        self.freeze_declared(__class__)

    def forward(self, x: Tensor, mask: bool | None = True) -> tuple[Any, ...]:  # type: ignore[override]
        """Return the visible tokens (B, K, C), mask and order; without a mask, as :class:`HiViT`."""
        if not mask:
            return super().forward(x)
        features, hidden, restore = self.encode_visible(x)
        return features[-1], hidden, restore


class MaskedAutoencoder(BaseSelfSupervisor):
    """Base of the methods whose backbone hides patches itself, unless it is called with ``mask=None``."""

    def extract_feat(self, inputs: Tensor) -> tuple:
        """Return the features of images (B, C, H, W), nothing of which is hidden."""
        return self.backbone(inputs, mask=None)


@MODELS.register_module()
class MAE(MaskedAutoencoder):
    """Predict the pixels of hidden patches (`MAE <https://arxiv.org/abs/2111.06377>`_).

    Its arguments are those of :class:`BaseSelfSupervisor`.
    """

    required = ("neck", "head")

    def loss(self, inputs: Tensor, data_samples: list[DataSample]) -> dict[str, Tensor]:
        """Return the loss of images (B, C, H, W)."""
        need_hidden(self.backbone)
        latent, mask, restore = self.backbone(inputs)
        return {"loss": self.head.loss(self.neck(latent, restore), inputs, mask)}
