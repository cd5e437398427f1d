"""ConvNeXt for masked images (`SparK <https://arxiv.org/abs/2301.03580>`_)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from mmpretrain.models.backbones.base_sparse import SparseBackbone
from mmpretrain.models.backbones.base_staged import Norm
from mmpretrain.models.backbones.convnext import ConvNeXt, ConvNeXtBlock
from mmpretrain.models.layers.sparse import ActiveMap, make_sparse
from mmpretrain.registry import MODELS


class SparseConvNeXtBlock(ConvNeXtBlock):
    """A block whose branch is zero where the image is hidden."""

    active: ActiveMap

    def branch(self, x: Tensor) -> Tensor:
        """What is added to ``x`` (B, C, H, W)."""
        return self.active.hide(super().branch(x))


@MODELS.register_module()
class SparseConvNeXt(SparseBackbone, ConvNeXt):
    """ConvNeXt that can compute only where an image is visible.

    From `Designing BERT for Convolutional Networks <https://arxiv.org/abs/2301.03580>`_ (SparK). Within
    ``with backbone.masked(mask):`` what is hidden stays zero; otherwise it is a ConvNeXt without final norms.

    The archs are those of :class:`ConvNeXt`: atto, femto, pico, nano, tiny, small, base, large, xlarge and
    huge.

    Args:
        arch: A name in ``arch_settings``, or a dict with ``depths`` and ``channels`` of the stages.
        in_channels: Number of channels of an image.
        stem_patch_size: Size of a patch that the stem embeds.
        norm_cfg: The normalisation.
        act_cfg: The activation.
        linear_pw_conv: Use linear layers on (B, H, W, C) instead of 1 x 1 convolutions.
        use_grn: Use global response normalisation.
        drop_path_rate: Stochastic-depth rate of the last block; it grows from 0 at the first.
        layer_scale_init_value: Start value of the scales of the branches; 0 for none.
        out_indices: Stages whose output is returned; negative indices count from the end.
        frozen_stages: Freeze so many stages, the stem with the first.
        gap_before_output: Return the mean (B, C) of a map instead of the map (B, C, H, W).
        init_cfg: How the weights are initialised.
        norm_eval, with_cp, freeze: See :class:`BaseBackbone`.
    """

    block_class = SparseConvNeXtBlock

    def __init__(
        self,
        arch: str | Mapping[str, Sequence[int]] = "small",
        in_channels: int = 3,
        stem_patch_size: int = 4,
        norm_cfg: Mapping[str, Any] = {"type": "SparseLN2d", "eps": 1e-6},
        act_cfg: Mapping[str, Any] = {"type": "GELU"},
        linear_pw_conv: bool = True,
        use_grn: bool = False,
        drop_path_rate: float = 0.0,
        layer_scale_init_value: float = 1e-6,
        out_indices: int | Sequence[int] = -1,
        frozen_stages: int = 0,
        gap_before_output: bool = True,
        with_cp: bool = False,
        init_cfg: dict | list[dict] | None = [  # noqa: B006
            {"type": "TruncNormal", "layer": ["Conv2d", "Linear"], "std": 0.02, "bias": 0.0},
            {"type": "Constant", "layer": ["LayerNorm"], "val": 1.0, "bias": 0.0},
        ],
        *,
        norm_eval: bool = False,
        freeze: str | None = None,
    ) -> None:
        ConvNeXt.__init__(
            self,
            arch,
            in_channels,
            stem_patch_size,
            norm_cfg,
            act_cfg,
            linear_pw_conv,
            use_grn,
            drop_path_rate,
            layer_scale_init_value,
            out_indices,
            frozen_stages,
            gap_before_output,
            with_cp,
            init_cfg,
            norm_eval=norm_eval,
            freeze=freeze,
        )
        self.active = ActiveMap()
        make_sparse(self, self.active)
        for module in self.modules():
            if isinstance(module, SparseConvNeXtBlock):
                module.active = self.active
        self.freeze_declared(__class__)

    def set_output(
        self, out_indices: int | Sequence[int], norm: Norm, gap_before_final_norm: bool = True
    ) -> None:
        """Keep what is returned; there are no norms."""
        self.out_indices = self.take_indices(out_indices, self.num_stages)
        self.gap_before_output = gap_before_final_norm

    def format(self, x: Tensor, stage: int) -> Tensor:
        """Make an output of the map (B, C, H, W) after a stage."""
        return x.mean((-2, -1)) if self.gap_before_output else x
