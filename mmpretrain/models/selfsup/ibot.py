"""iBOT: https://arxiv.org/abs/2111.07832."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from mmpretrain.errors import ArgumentError
from mmpretrain.models.backbones.vision_transformer import VisionTransformer
from mmpretrain.models.selfsup.base import Views
from mmpretrain.models.selfsup.block_masks import block_masks
from mmpretrain.models.selfsup.dino import DINO
from mmpretrain.models.selfsup.momentum import Encoder
from mmpretrain.models.selfsup.multicrop import by_size
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample


@MODELS.register_module()
class MaskTokenViT(VisionTransformer):
    """Vision Transformer that can put a learned token in the place of masked patches.

    From `iBOT <https://arxiv.org/abs/2111.07832>`_. It takes the arguments of :class:`VisionTransformer`.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.mask_token = nn.Parameter(torch.zeros(1, 1, self.embed_dims))
        self.freeze_declared(__class__)

    def tokens(self, images: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return the class token and the patches (B, 1 + L, C) of images (B, 3, H, W), without registers.

        Args:
            images: The images.
            mask: True for masked patches, (B, L).
        """
        patches, hw = self.patch_embed(images)
        if mask is not None:
            patches = torch.where(mask.unsqueeze(-1), self.mask_token.to(patches.dtype), patches)
        tokens = self.encode(self.add_tokens(patches, hw), hw)[-1]
        if self.register_tokens is None:
            return tokens
        return torch.cat((tokens[:, :1], tokens[:, self.num_extra_tokens :]), dim=1)

    def grid(self, images: Tensor) -> tuple[int, int]:
        """Rows and columns of patches of images (B, 3, H, W)."""
        size: Any = self.patch_embed.projection.stride
        return images.shape[-2] // size[0], images.shape[-1] // size[1]


@MODELS.register_module()
class iBOT(DINO):
    """`iBOT <https://arxiv.org/abs/2111.07832>`_: DINO, and masked patches predict what the teacher sees.

    Args:
        backbone: A :class:`MaskTokenViT`.
        neck: A ``DINONeck`` for class tokens, and for patches unless there is a ``patch_neck``.
        head: A ``DINOHead`` for class tokens.
        patch_head: A ``DINOHead`` for patches.
        patch_neck: A ``DINONeck`` for patches.
        mask_ratio: Smallest and largest part of the patches that is masked.
        mask_prob: Part of the images of which patches are masked.
        base_momentum: See :class:`DINO`.
        num_crops: See :class:`DINO`.
        freeze_prototypes_iters: See :class:`DINO`.
        pretrained: Checkpoint to initialise from.
        data_preprocessor: By default a ``SelfSupDataPreprocessor``.
        init_cfg: How the weights are initialised.
        freeze: Freeze the parameters whose name this regular expression finds.
    """

    def __init__(
        self,
        backbone: dict | nn.Module,
        neck: dict | nn.Module,
        head: dict | nn.Module,
        patch_head: dict | nn.Module,
        patch_neck: dict | nn.Module | None = None,
        mask_ratio: tuple[float, float] = (0.1, 0.5),
        mask_prob: float = 0.5,
        base_momentum: float = 0.004,
        num_crops: Sequence[int] = (2, 8),
        freeze_prototypes_iters: int = 0,
        pretrained: str | None = None,
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | list[dict] | None = None,
        *,
        freeze: str | None = None,
    ) -> None:
        super().__init__(
            backbone, neck, head, base_momentum, num_crops, freeze_prototypes_iters, pretrained,
            data_preprocessor, init_cfg, freeze=freeze,
        )  # fmt: skip
        if not hasattr(self.backbone, "tokens"):
            raise ArgumentError(
                f"{type(self).__name__} masks patches, which {type(self.backbone).__name__} cannot",
                hint="Use backbone=dict(type='MaskTokenViT', ...).",
                key="backbone",
            )
        if not 0 < mask_ratio[0] <= mask_ratio[1] < 1:
            raise ArgumentError(
                f"mask_ratio must be two numbers between 0 and 1, ascending, got {mask_ratio!r}",
                key="mask_ratio",
            )
        self.mask_ratio = mask_ratio
        self.mask_prob = mask_prob
        self.patch_head: Any = MODELS.build(patch_head)
        self.patch_neck: Any = None
        if patch_neck is not None:
            self.patch_neck = MODELS.build(patch_neck)
            self.make_copy(base_momentum)
        self.freeze_declared(__class__)

    @property
    def trained_encoder(self) -> Encoder:
        """What the teacher follows: the backbone, then the necks."""
        patch_neck = getattr(self, "patch_neck", None)
        return Encoder(self.backbone, self.neck, *([] if patch_neck is None else [patch_neck]))

    def loss(self, inputs: Views, data_samples: list[DataSample]) -> dict[str, Tensor]:
        """Compute the losses of class tokens and of patches for crops (B, C, H, W), the large ones first."""
        crops = self.views_of(inputs, sum(self.num_crops))
        return self.losses_of(crops)[0]

    def losses_of(self, crops: Sequence[Tensor]) -> tuple[dict[str, Tensor], Tensor]:
        """Return the losses by name, and the class tokens of the student's large crops (n * B, C)."""
        count, batch = self.num_crops[0], len(crops[0])
        self.same_size(crops[:count])
        large = torch.cat(list(crops[:count]))
        mask = block_masks(
            len(large), self.backbone.grid(large), self.mask_ratio, self.mask_prob, large.device
        )
        with torch.no_grad():
            backbone, *necks = self.updated_copy().module
            tokens = backbone.tokens(large)
            targets = self.head.targets(necks[0]((tokens[:, 0],))[0]).chunk(count)
            patch_targets = self.patch_head.targets(necks[-1]((tokens[:, 1:][mask],))[0])
        train = self.train_prototypes
        tokens = self.backbone.tokens(large, mask)
        small = [self.backbone.tokens(same)[:, 0] for same in by_size(crops[count:])]
        cls_scores = self.neck((torch.cat([tokens[:, 0], *small]),), train)[0].split(batch)
        patch_neck = self.patch_neck if self.patch_neck is not None else self.neck
        patch_scores = patch_neck((tokens[:, 1:][mask],), train)[0]
        losses = {
            "loss_cls": self.head.loss(cls_scores, targets),
            "loss_patch": self.mean_over_images(
                self.patch_head.cross_entropy(patch_scores, patch_targets), mask
            ),
        }
        return losses, tokens[:, 0][: count * batch]

    @staticmethod
    def mean_over_images(losses: Tensor, mask: Tensor) -> Tensor:
        """Average losses of masked patches (N,) in each image, then over the images with a mask (B, L)."""
        counts = mask.sum(dim=1, keepdim=True)
        weights = (1 / counts.clamp(min=1)).expand(mask.shape)[mask]
        return (losses * weights).sum() / (counts > 0).sum()
