"""ResNet for masked images (`SparK <https://arxiv.org/abs/2301.03580>`_)."""

from __future__ import annotations

from typing_extensions import Unpack

from mmpretrain.models.backbones.base_sparse import SparseBackbone
from mmpretrain.models.backbones.resnet import ResNet, ResNetStemOptions
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
        *,
        frozen_stages: int = -1,
        norm_eval: bool = False,
        with_cp: bool = False,
        freeze: str | None = None,
        **kwargs: Unpack[ResNetStemOptions],
    ) -> None:
        kwargs.setdefault("norm_cfg", {"type": "SparseSyncBatchNorm2d"})
        kwargs.setdefault("zero_init_residual", False)
        ResNet.__init__(
            self,
            depth,
            frozen_stages=frozen_stages,
            norm_eval=norm_eval,
            with_cp=with_cp,
            freeze=freeze,
            **kwargs,
        )
        self.active = ActiveMap()
        make_sparse(self, self.active, sync="Sync" in str(self.norm_cfg["type"]))
        self.freeze_declared(__class__)
