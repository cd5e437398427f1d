"""The head of distilled vision transformers."""

from __future__ import annotations

from torch import Tensor, nn

from mmpretrain.models.heads.base import Features, last_stage
from mmpretrain.models.heads.vision_transformer_head import VisionTransformerClsHead
from mmpretrain.registry import MODELS


@MODELS.register_module()
class DeiTClsHead(VisionTransformerClsHead):
    """The mean of two linear layers, on the class token and on the distillation token.

    See `DeiT <https://arxiv.org/abs/2012.12877>`_. There is no teacher: training fits the mean to the labels.

    Args:
        num_classes: Number of classes C.
        in_channels: Number of channels of the tokens.
        hidden_dim: Width of the hidden layer, shared by the tokens; None for no hidden layer.
        act_cfg: Activation of the hidden layer.
        init_cfg: How the weights are initialised.
        **kwargs: See :class:`ClsHead`.
    """

    def _init_layers(self) -> None:
        super()._init_layers()
        self.layers.add_module("head_dist", nn.Linear(self.hidden_dim or self.in_channels, self.num_classes))

    def pre_logits(self, feats: Features) -> tuple[Tensor, Tensor]:
        """Return class and distillation token of the last stage, each (B, C')."""
        *_, cls_token, dist_token = last_stage(feats)  # the patches come first, if they are there
        return self._hidden(cls_token), self._hidden(dist_token)

    def forward(self, feats: Features) -> Tensor:
        """Return the scores before softmax, (B, C)."""
        cls_token, dist_token = self.pre_logits(feats)
        return (self.layers.head(cls_token) + self.layers.head_dist(dist_token)) / 2
