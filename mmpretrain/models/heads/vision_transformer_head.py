"""The head of vision transformers."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from torch import Tensor, nn

from mmpretrain.models.base import Sequential
from mmpretrain.models.heads.base import (
    ZERO_LINEAR_INIT,
    Features,
    InitCfg,
    check_num_classes,
    class_token,
    feature_layer,
)
from mmpretrain.models.heads.cls_head import ClsHead
from mmpretrain.models.layers.configurable import act_from
from mmpretrain.registry import MODELS

TANH = {"type": "Tanh"}


@MODELS.register_module()
class VisionTransformerClsHead(ClsHead):
    """A linear layer on the class token, with a hidden layer before it while pre-training.

    See `ViT <https://arxiv.org/abs/2010.11929>`_, section 3.1.

    Args:
        num_classes: Number of classes C.
        in_channels: Number of channels of the class token.
        hidden_dim: Width of the hidden layer; None for no hidden layer.
        act_cfg: Activation of the hidden layer.
        init_cfg: How the weights are initialised; the hidden layer gets LeCun's initialisation after that.
        **kwargs: See :class:`ClsHead`.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        hidden_dim: int | None = None,
        act_cfg: dict = TANH,
        init_cfg: InitCfg = ZERO_LINEAR_INIT,
        **kwargs: Any,
    ) -> None:
        super().__init__(init_cfg=init_cfg, **kwargs)
        check_num_classes(num_classes)
        self.num_classes = num_classes
        self.in_channels = in_channels
        self.hidden_dim = hidden_dim
        self.act_cfg = act_cfg
        self._init_layers()

    def _init_layers(self) -> None:
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        if self.hidden_dim is not None:
            layers["pre_logits"] = feature_layer(self.in_channels, self.hidden_dim)
            layers["act"] = act_from(self.act_cfg)()
        layers["head"] = feature_layer(self.hidden_dim or self.in_channels, self.num_classes)
        self.layers = Sequential(layers)

    def init_weights(self) -> None:
        """Initialise as ``init_cfg`` says, and the hidden layer so that it keeps the variance."""
        super().init_weights()
        if self.hidden_dim is not None:
            hidden: Any = self.layers.pre_logits
            nn.init.trunc_normal_(hidden.weight, std=hidden.in_features**-0.5)
            nn.init.zeros_(hidden.bias)

    def _hidden(self, token: Tensor) -> Tensor:
        return token if self.hidden_dim is None else self.layers.act(self.layers.pre_logits(token))

    def pre_logits(self, feats: Features) -> Any:
        """Return the class token of the last stage, through the hidden layer if there is one."""
        return self._hidden(class_token(super().pre_logits(feats)))

    def forward(self, feats: Features) -> Tensor:
        """Return the scores before softmax, (B, C)."""
        return self.layers.head(self.pre_logits(feats))
