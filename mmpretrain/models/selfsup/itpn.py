"""Integrally pre-trained transformer pyramid networks: https://arxiv.org/abs/2211.12735."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import torch
from torch import Tensor, nn

from mmpretrain.errors import ArgumentError
from mmpretrain.models.backbones.hivit import HiViT
from mmpretrain.models.init import has_pretrained
from mmpretrain.models.selfsup.mae import MaskedAutoencoder, MaskedHiViT
from mmpretrain.models.selfsup.masking import need_hidden, replace_hidden, stack_masks
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample


@MODELS.register_module()
class iTPNHiViT(MaskedHiViT):
    """HiViT that keeps the features of its stages, of images a part of which is hidden.

    From `Integrally Pre-Trained Transformer Pyramid Networks <https://arxiv.org/abs/2211.12735>`_.

    Args:
        arch: A name in ``arch_settings``, or a dict; see :class:`HiViT`.
        img_size: The usual size of images.
        patch_size: Size of a patch.
        inner_patches: Number of parts of a patch along each side.
        stem_mlp_ratio: Width of the feed-forward networks of the first stages.
        mlp_ratio: Width of those of the main stage.
        qkv_bias: Give queries, keys and values a bias.
        qk_scale: Scale of the products of queries and keys.
        drop_rate: Dropout rate of the tokens, and after attention and feed-forward networks.
        attn_drop_rate: Dropout rate of the attention weights.
        drop_path_rate: Stochastic-depth rate of the last block; it grows from 0 at the first.
        norm_cfg: The normalisation.
        ape: Add position embeddings.
        rpe: Have biases by relative position.
        layer_scale_init_value: Start value of the scales of the branches; 0 for none.
        mask_ratio: Part of the patches that is hidden, for ``'pixel'``.
        reconstruction_type: ``'pixel'``: the backbone sees a random part of the patches. ``'clip'``: it sees
            a learnable token in the place of hidden patches.
        **kwargs: Further arguments of :class:`HiViT`.
    """

    def __init__(
        self,
        arch: str | Mapping[str, Any] = "base",
        img_size: int | Sequence[int] = 224,
        patch_size: int = 16,
        inner_patches: int = 4,
        stem_mlp_ratio: float = 3.0,
        mlp_ratio: float = 4.0,
        qkv_bias: bool = True,
        qk_scale: float | None = None,
        drop_rate: float = 0.0,
        attn_drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        norm_cfg: Mapping[str, Any] = {"type": "LN", "eps": 1e-6},
        ape: bool = True,
        rpe: bool = False,
        layer_scale_init_value: float = 0.0,
        mask_ratio: float = 0.75,
        reconstruction_type: Literal["pixel", "clip"] = "pixel",
        **kwargs: Any,
    ) -> None:
        if reconstruction_type not in ("pixel", "clip"):
            raise ArgumentError(
                f"reconstruction_type must be 'pixel' or 'clip', got {reconstruction_type!r}",
                key="reconstruction_type",
            )
        super().__init__(
            arch=arch,
            img_size=img_size,
            patch_size=patch_size,
            inner_patches=inner_patches,
            stem_mlp_ratio=stem_mlp_ratio,
            mlp_ratio=mlp_ratio,
            qkv_bias=qkv_bias,
            qk_scale=qk_scale,
            drop_rate=drop_rate,
            attn_drop_rate=attn_drop_rate,
            drop_path_rate=drop_path_rate,
            norm_cfg=norm_cfg,
            ape=ape,
            rpe=rpe,
            layer_scale_init_value=layer_scale_init_value,
            **kwargs,
        )
        self.set_masking(mask_ratio)
        self.reconstruction_type = reconstruction_type
        if reconstruction_type == "clip":
            self.mask_token = nn.Parameter(torch.zeros(1, 1, self.embed_dims))
        self.freeze_declared(__class__)

    def init_embedding(self) -> None:
        """Start with fixed positions; for ``'clip'``, with small random ones and a small token."""
        if self.reconstruction_type == "pixel":
            super().init_embedding()
            return
        HiViT.init_embedding(self)
        nn.init.trunc_normal_(self.mask_token, std=0.02)

    def init_weights(self) -> None:
        """Initialise; for ``'clip'``, with smaller weights the deeper a block is."""
        super().init_weights()
        if self.reconstruction_type == "clip" and not has_pretrained(self.init_cfg):
            blocks: Any = self.blocks
            shrink_by_depth(blocks)

    def forward(self, x: Tensor, mask: Tensor | bool | None = True) -> tuple[Any, ...]:  # type: ignore[override]
        """Run images (B, 3, H, W).

        Args:
            x: The images.
            mask: For ``'clip'``, 1 where patches are hidden, (B, h, w). None or False hides nothing, and this
                is a :class:`HiViT`.

        Returns:
            For ``'pixel'``, the features of the stages, a mask and an order, see
            :meth:`MaskedHiViT.encode_visible`; for ``'clip'``, the features.
        """
        if mask is None or mask is False:
            return HiViT.forward(self, x)
        if self.reconstruction_type == "pixel":
            features, hidden, restore = self.encode_visible(x)
            return tuple(features), hidden, restore
        if not isinstance(mask, Tensor):
            raise ArgumentError("reconstruction_type='clip' needs a mask (B, h, w) of the patches")
        parts, hw = self.patch_embed(x)
        tokens, pyramid = self.merge_and_keep(parts)
        tokens = replace_hidden(tokens, mask, self.mask_token)
        if self.pos_embed is not None:
            tokens = tokens + self.pos_embed_for(hw)
        tokens = self.pos_drop(tokens)
        for block in self.blocks[-self.num_main_blocks :]:
            tokens = self.run(block, tokens)
        return (*pyramid, tokens)


def shrink_by_depth(blocks: Sequence[Any]) -> None:
    """Divide the last weights of the branches of the i-th of HiViT's blocks by the square root of 2 * i."""
    with torch.no_grad():
        for i, block in enumerate(blocks):
            if getattr(block, "attn", None) is not None:
                block.attn.proj.weight.div_((2 * (i + 1)) ** 0.5)
            if hasattr(block, "mlp"):
                block.mlp.fc2.weight.div_((2 * (i + 1)) ** 0.5)


@MODELS.register_module()
class iTPN(MaskedAutoencoder):
    """Train a backbone with its feature pyramid (`iTPN <https://arxiv.org/abs/2211.12735>`_).

    The target is pixels, or CLIP's features, as ``reconstruction_type`` of the backbone says. With CLIP's
    features the lower levels of the pyramid see hidden patches, as in 1.x. Where a patch alone tells its
    target, as with a small CLIP, the main stage then learns little: take ``num_outs=1`` in the neck. Its
    arguments are those of :class:`BaseSelfSupervisor`.
    """

    required = ("neck", "head")

    def loss(self, inputs: Any, data_samples: list[DataSample]) -> dict[str, Tensor]:
        """Return the loss.

        Args:
            inputs: For pixels, images (B, C, H, W); for CLIP's features, images for the backbone, and
                the same images for CLIP.
            data_samples: For CLIP's features, their masks (h, w).
        """
        if self.backbone.reconstruction_type == "pixel":
            need_hidden(self.backbone)
            latent, mask, restore = self.backbone(inputs)
            return {"loss": self.head.loss(self.neck(latent, restore), inputs, mask)}
        images, pictures = self.views_of(inputs, 2)
        mask = stack_masks(data_samples)
        with torch.no_grad():
            target, _ = self.target_generator(pictures)
        return {"loss": self.head.loss(self.neck(self.backbone(images, mask)), target[:, 1:], mask)}
