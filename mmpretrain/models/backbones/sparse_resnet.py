"""ResNet for masked images (`SparK <https://arxiv.org/abs/2301.03580>`_)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from mmpretrain.models.backbones.base import KAIMING_INIT
from mmpretrain.models.backbones.base_sparse import SparseBackbone
from mmpretrain.models.backbones.resnet import ResNet
from mmpretrain.models.layers.sparse import ActiveMap, make_sparse
from mmpretrain.registry import MODELS


@MODELS.register_module()
class SparseResNet(SparseBackbone, ResNet):
    """ResNet that can compute only where an image is visible.

    From `Designing BERT for Convolutional Networks <https://arxiv.org/abs/2301.03580>`_ (SparK). Within
    ``with backbone.masked(mask):`` what is hidden stays zero; otherwise it is a ResNet.

    The depths are those of :class:`ResNet`: 18, 34, 50, 101 and 152. So are the arguments, but batch norms
    are synchronised by default and blocks do not start as identities.
    """

    def __init__(
        self,
        depth: int,
        in_channels: int = 3,
        stem_channels: int = 64,
        base_channels: int = 64,
        expansion: int | None = None,
        num_stages: int = 4,
        strides: Sequence[int] = (1, 2, 2, 2),
        dilations: Sequence[int] = (1, 1, 1, 1),
        out_indices: int | Sequence[int] = (3,),
        style: Literal["pytorch", "caffe"] = "pytorch",
        deep_stem: bool = False,
        avg_down: bool = False,
        frozen_stages: int = -1,
        conv_cfg: dict | None = None,
        norm_cfg: dict = {"type": "SparseSyncBatchNorm2d"},  # noqa: B006
        norm_eval: bool = False,
        with_cp: bool = False,
        zero_init_residual: bool = False,
        init_cfg: dict | list[dict] | None = KAIMING_INIT,
        drop_path_rate: float = 0.0,
        *,
        freeze: str | None = None,
    ) -> None:
        ResNet.__init__(
            self,
            depth,
            in_channels,
            stem_channels,
            base_channels,
            expansion,
            num_stages,
            strides,
            dilations,
            out_indices,
            style,
            deep_stem,
            avg_down,
            frozen_stages,
            conv_cfg,
            norm_cfg,
            norm_eval,
            with_cp,
            zero_init_residual,
            init_cfg,
            drop_path_rate,
            freeze=freeze,
        )
        self.active = ActiveMap()
        make_sparse(self, self.active, sync="Sync" in str(norm_cfg["type"]))
        self.freeze_declared(__class__)
