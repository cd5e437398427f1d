"""Feed-forward networks of transformers."""

from __future__ import annotations

from functools import partial
from itertools import pairwise

from torch import Tensor, nn
from torch.nn import functional as F

from mmpretrain.models.base.module import BaseModule
from mmpretrain.models.layers.configurable import Act, Norm, configurable, make_drop_path
from mmpretrain.models.layers.layer_scale import layer_scale
from mmpretrain.registry import MODELS


class _Residual(BaseModule):
    """Base class of the networks: ``identity + drop(scale(branch(x)))``."""

    add_identity: bool
    gamma2: nn.Module
    dropout_layer: nn.Module

    def branch(self, x: Tensor) -> Tensor:
        raise NotImplementedError

    def init_as_vit(self) -> None:
        """Give linear layers Xavier weights and tiny biases, as the original Vision Transformer has."""
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                if module.bias is not None:
                    nn.init.normal_(module.bias, std=1e-6)

    def forward(self, x: Tensor, identity: Tensor | None = None) -> Tensor:
        """Transform (B, N, C) tokens.

        Args:
            x: Input of the branch, already normalised in a pre-norm block.
            identity: What the branch is added to; ``x`` by default.
        """
        out = self.dropout_layer(self.gamma2(self.branch(x)))
        if not self.add_identity:
            return out
        return (x if identity is None else identity) + out


@MODELS.register_module()
@configurable
class FFN(_Residual):
    """A stack of linear layers with an activation, and a residual connection.

    Args:
        embed_dims: Number of channels in and out.
        feedforward_channels: Number of hidden channels.
        num_fcs: Number of linear layers.
        act: The activation.
        ffn_drop: Dropout rate after the activation and after the last layer.
        drop_path: Stochastic-depth rate, or another dropout of the branch.
        add_identity: Add the residual connection.
        layer_scale_init_value: Start value of a layer scale; 0 for none.
        init_cfg: How the weights are initialised.
    """

    def __init__(
        self,
        embed_dims: int = 256,
        feedforward_channels: int = 1024,
        num_fcs: int = 2,
        act: Act = partial(nn.ReLU, inplace=True),  # noqa: B008
        ffn_drop: float = 0.0,
        drop_path: float | nn.Module | None = None,
        add_identity: bool = True,
        layer_scale_init_value: float | Tensor = 0.0,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        if num_fcs < 2:
            raise ValueError(f"FFN needs num_fcs >= 2, got {num_fcs}")
        self.embed_dims = embed_dims
        self.feedforward_channels = feedforward_channels
        self.num_fcs = num_fcs
        self.add_identity = add_identity
        widths = [embed_dims] + [feedforward_channels] * (num_fcs - 1)
        hidden = [
            nn.Sequential(nn.Linear(fan_in, fan_out), act(), nn.Dropout(ffn_drop))
            for fan_in, fan_out in pairwise(widths)
        ]
        self.layers = nn.Sequential(
            *hidden, nn.Linear(feedforward_channels, embed_dims), nn.Dropout(ffn_drop)
        )
        self.dropout_layer = make_drop_path(drop_path)
        self.gamma2 = layer_scale(embed_dims, layer_scale_init_value)

    def branch(self, x: Tensor) -> Tensor:
        """Transform without the residual connection."""
        return self.layers(x)


@configurable
class SwiGLUFFN(_Residual):
    """A feed-forward network gated by SiLU (`GLU Variants <https://arxiv.org/abs/2002.05202>`_).

    Args:
        embed_dims: Number of channels in.
        feedforward_channels: Number of hidden channels; ``embed_dims`` by default.
        out_dims: Number of channels out; without ``embed_dims`` channels there is no residual connection.
        layer_scale_init_value: Start value of a layer scale; 0 for none.
        bias: Give the linear layers a bias.
        drop_path: Stochastic-depth rate, or another dropout of the branch.
        norm: Normalisation of the hidden channels, or None.
        add_identity: Add the residual connection.
        init_cfg: How the weights are initialised.
    """

    def __init__(
        self,
        embed_dims: int,
        feedforward_channels: int | None = None,
        out_dims: int | None = None,
        layer_scale_init_value: float | Tensor = 0.0,
        bias: bool = True,
        drop_path: float | nn.Module | None = None,
        norm: Norm | None = None,
        add_identity: bool = True,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.embed_dims = embed_dims
        self.out_dims = out_dims or embed_dims
        hidden_dims = feedforward_channels or embed_dims
        self.w12 = nn.Linear(embed_dims, 2 * hidden_dims, bias=bias)
        self.norm = nn.Identity() if norm is None else norm(hidden_dims)
        self.w3 = nn.Linear(hidden_dims, self.out_dims, bias=bias)
        self.gamma2 = layer_scale(self.out_dims, layer_scale_init_value)
        self.dropout_layer = make_drop_path(drop_path)
        self.add_identity = add_identity and self.out_dims == embed_dims

    def branch(self, x: Tensor) -> Tensor:
        """Transform without the residual connection."""
        gate, value = self.w12(x).chunk(2, dim=-1)
        return self.w3(self.norm(F.silu(gate) * value))


@configurable
class SwiGLUFFNFused(SwiGLUFFN):
    """:class:`SwiGLUFFN` whose hidden width makes it as large as a plain network of that width.

    Used by the giant model of `DINOv2 <https://arxiv.org/abs/2304.07193>`_.
    """

    def __init__(
        self,
        embed_dims: int,
        feedforward_channels: int | None = None,
        out_dims: int | None = None,
        layer_scale_init_value: float | Tensor = 0.0,
        bias: bool = True,
        drop_path: float | nn.Module | None = None,
    ) -> None:
        # two thirds, as there are three matrices instead of two, rounded up to a multiple of 8
        hidden_dims = (int((feedforward_channels or embed_dims) * 2 / 3) + 7) // 8 * 8
        super().__init__(embed_dims, hidden_dims, out_dims, layer_scale_init_value, bias, drop_path)
