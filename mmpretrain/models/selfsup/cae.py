"""Context autoencoder: https://arxiv.org/abs/2202.03026."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn

from mmpretrain.errors import ArgumentError, ConfigError, DataError
from mmpretrain.models.backbones.base_transformer import OutType
from mmpretrain.models.backbones.beit import BEiTViT
from mmpretrain.models.layers.position_embed import build_2d_sincos_position_embedding
from mmpretrain.models.selfsup.dalle import DALLEEncoder
from mmpretrain.models.selfsup.mae import MaskedAutoencoder
from mmpretrain.models.selfsup.masking import check_mask, stack_masks
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample

__all__ = ["CAE", "CAEPretrainViT", "DALLEEncoder"]

CAE_INIT: list[dict[str, Any]] = [
    {"type": "Constant", "val": 1, "layer": ["LayerNorm"]},
    {"type": "TruncNormal", "std": 0.02, "layer": ["Conv2d"]},
    {"type": "Xavier", "distribution": "uniform", "layer": ["Linear"]},
]


def select(x: Tensor, chosen: Tensor) -> Tensor:
    """The entries of ``x`` (B, L, C) where ``chosen`` (B, L) is True, as many in each row, (B, K, C)."""
    return x[chosen].unflatten(0, (len(x), -1))


@MODELS.register_module()
class CAEPretrainViT(BEiTViT):
    """BEiT's transformer that sees the patches which a mask does not hide.

    From `Context Autoencoder for Self-Supervised Representation Learning <https://arxiv.org/abs/2202.03026>`_.
    Positions are fixed sines and cosines.

    Args:
        arch: A name in ``arch_settings``, or a dict; see :class:`BEiTViT`.
        img_size: Size of images.
        patch_size: Size of a patch.
        in_channels: Number of channels of an image.
        out_indices: Layers whose output is returned when nothing is masked.
        drop_rate: Dropout rate of the tokens, and after attention and feed-forward networks.
        drop_path_rate: Stochastic-depth rate of the last layer; it grows from 0 at the first.
        bias: Whether queries, keys and values have a bias; ``'qv_bias'`` leaves out the keys.
        norm_cfg: The normalisation.
        final_norm: Normalise the output of the last layer.
        out_type: What is returned when nothing is masked; see :class:`BEiTViT`.
        frozen_stages, norm_eval, with_cp, freeze: See :class:`BaseBackbone`.
        use_abs_pos_emb: Must be True.
        use_rel_pos_bias: Must be False, as some patches are left out.
        use_shared_rel_pos_bias: Must be False.
        layer_scale_init_value: Start value of the layer scales; None or 0 for none.
        interpolate_mode: How position embeddings are interpolated for other image sizes.
        patch_cfg: Further arguments of :class:`PatchEmbed`.
        layer_cfgs: Further arguments of the layers, for all or one by one.
        init_cfg: How the weights are initialised.
    """

    def __init__(
        self,
        arch: str | Mapping[str, int] = "b",
        img_size: int | Sequence[int] = 224,
        patch_size: int | Sequence[int] = 16,
        in_channels: int = 3,
        out_indices: int | Sequence[int] = -1,
        drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        bias: bool | str = "qv_bias",
        norm_cfg: Mapping[str, Any] = {"type": "LN", "eps": 1e-6},
        final_norm: bool = True,
        out_type: OutType = "raw",
        frozen_stages: int = -1,
        use_abs_pos_emb: bool = True,
        use_rel_pos_bias: bool = False,
        use_shared_rel_pos_bias: bool = False,
        layer_scale_init_value: float | None = None,
        interpolate_mode: str = "bicubic",
        patch_cfg: Mapping[str, Any] = {},
        layer_cfgs: Mapping[str, Any] | Sequence[Mapping[str, Any]] = {},
        init_cfg: dict | list[dict] | None = CAE_INIT,
        *,
        norm_eval: bool = False,
        with_cp: bool = False,
        freeze: str | None = None,
    ) -> None:
        if not use_abs_pos_emb or use_rel_pos_bias or use_shared_rel_pos_bias:
            raise ArgumentError(
                "CAEPretrainViT works with absolute positions only",
                hint="Set use_abs_pos_emb=True, and leave out use_rel_pos_bias and use_shared_rel_pos_bias.",
                key="use_abs_pos_emb",
            )
        super().__init__(
            arch=arch,
            img_size=img_size,
            patch_size=patch_size,
            in_channels=in_channels,
            out_indices=out_indices,
            drop_rate=drop_rate,
            drop_path_rate=drop_path_rate,
            bias=bias,  # type: ignore[arg-type]
            norm_cfg=norm_cfg,
            final_norm=final_norm,
            out_type=out_type,
            frozen_stages=frozen_stages,
            use_abs_pos_emb=True,
            use_rel_pos_bias=False,
            interpolate_mode=interpolate_mode,
            layer_scale_init_value=layer_scale_init_value or 0.0,
            patch_cfg=patch_cfg,
            layer_cfgs=layer_cfgs,
            init_cfg=init_cfg,
            norm_eval=norm_eval,
            with_cp=with_cp,
            freeze=freeze,
        )
        assert self.pos_embed is not None
        self.pos_embed.requires_grad = False
        self.num_patches = self.patch_resolution[0] * self.patch_resolution[1]
        self.freeze_declared(__class__)

    def init_embedding(self) -> None:
        """Start with fixed positions and a small class token."""
        assert self.pos_embed is not None
        assert self.cls_token is not None
        self.pos_embed.data.copy_(
            build_2d_sincos_position_embedding(self.patch_resolution, self.embed_dims, cls_token=True)
        )
        nn.init.trunc_normal_(self.cls_token, std=0.02)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Any:
        """Run images (B, 3, H, W).

        Args:
            x: The images.
            mask: True where patches are hidden, as many in each image, (B, L). Without it, this is a
                :class:`BEiTViT`.

        Returns:
            With a mask, the class token and the visible patches (B, 1 + K, C) after the last layer.
        """
        if mask is None:
            return super().forward(x)
        patches, hw = self.patch_embed(x)
        check_mask(mask, patches)
        tokens = torch.cat((*self.expanded_tokens(len(x)), patches), dim=1) + self.pos_embed_for(hw)
        seen = torch.cat((mask.new_ones(len(x), 1), ~mask), dim=1)
        tokens = self.drop_after_pos(select(tokens, seen))
        for layer in self.layers:
            tokens = self.run(layer, tokens)
        return self.ln1(tokens) if self.final_norm else tokens


@MODELS.register_module()
class CAE(MaskedAutoencoder):
    """Predict features and visual tokens of hidden patches (`CAE <https://arxiv.org/abs/2202.03026>`_).

    Args:
        backbone: Encodes what is visible.
        neck: Predicts features and tokens of what is not.
        head: Computes the loss.
        target_generator: Makes the tokens.
        base_momentum: How much of the old weights the teacher keeps in a step; with 0 it is a copy.
        data_preprocessor: By default a ``SelfSupDataPreprocessor``.
        init_cfg: How the weights are initialised.
        freeze: Freeze the parameters whose name this regular expression finds.
    """

    required = ("neck", "head", "target_generator")

    def __init__(
        self,
        backbone: dict | nn.Module,
        neck: dict | nn.Module,
        head: dict | nn.Module,
        target_generator: dict | nn.Module | None = None,
        base_momentum: float = 0.0,
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | list[dict] | None = None,
        *,
        freeze: str | None = None,
    ) -> None:
        super().__init__(
            backbone=backbone,
            neck=neck,
            head=head,
            target_generator=target_generator,
            data_preprocessor=data_preprocessor,
            init_cfg=init_cfg,
            freeze=freeze,
        )
        if not 0 <= base_momentum <= 1:
            raise ConfigError(f"base_momentum must be from 0 to 1, got {base_momentum}", key="base_momentum")
        self.momentum = base_momentum
        self.teacher: Any = deepcopy(self.backbone).requires_grad_(False)

    def init_weights(self) -> None:
        """Initialise, and let the teacher begin as a copy of the backbone."""
        super().init_weights()
        self.teacher.load_state_dict(self.backbone.state_dict())

    @torch.no_grad()
    def momentum_update(self) -> None:
        """Let the teacher follow the backbone by one step."""
        followers = [p.data for p in self.teacher.parameters()]
        sources = [p.data for p in self.backbone.parameters()]
        torch._foreach_lerp_(followers, sources, 1 - self.momentum)

    def loss(self, inputs: Sequence[Tensor], data_samples: list[DataSample]) -> dict[str, Tensor]:
        """Return the losses.

        Args:
            inputs: Images for the backbone, and the same images for the tokenizer.
            data_samples: Their masks (h, w).
        """
        images, pictures = self.views_of(inputs, 2)
        mask = stack_masks(data_samples).flatten(1).bool()
        if len(counts := set(mask.sum(dim=1).tolist())) > 1:
            raise DataError(
                f"CAE needs masks that hide as many patches in each image, got {sorted(counts)}",
                hint="Use BEiTMaskGenerator, whose num_masking_patches says how many.",
            )
        visible = self.backbone(images, mask)
        with torch.no_grad():
            latent_target = self.teacher(images, ~mask)[:, 1:]
            self.momentum_update()
            tokens = self.target_generator(pictures)
        positions = self.backbone.pos_embed.expand(len(images), -1, -1)[:, 1:]
        logits, latent = self.neck(visible[:, 1:], select(positions, mask), select(positions, ~mask))
        main, align = self.head.loss(logits.flatten(0, 1), tokens, latent, latent_target, mask)
        return {"loss": main + align, "main": main, "align": align}
