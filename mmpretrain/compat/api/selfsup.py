"""Parts of self-supervised methods as 1.x constructs them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from mmpretrain.models.layers import sinkhorn
from mmpretrain.models.layers.configurable import act_from, norm_from
from mmpretrain.models.necks import spark_decoder
from mmpretrain.models.selfsup.dalle import DalleBlock, DalleConv
from mmpretrain.utils.dist import gather_batch, get_world_size


class GatherLayer:
    """Tensors of all processes, through which gradients flow."""

    @staticmethod
    def apply(input: Tensor) -> tuple[Tensor, ...]:
        """The tensors (B, ...) of all processes in rank order; see :func:`gather_batch`."""
        return gather_batch(input).chunk(get_world_size())


def distributed_sinkhorn(out: Tensor, sinkhorn_iterations: int, world_size: int, epsilon: float) -> Tensor:
    """Assign samples to prototypes; see :func:`mmpretrain.models.layers.sinkhorn.distributed_sinkhorn`.

    Args:
        out: Similarities (B, K).
        sinkhorn_iterations: How often to scale rows and columns.
        world_size: Ignored: the number of processes is known.
        epsilon: Small values give hard assignments.
    """
    return sinkhorn.distributed_sinkhorn(out, sinkhorn_iterations, epsilon)


class Conv2d(DalleConv):
    """A convolution of DALL-E's tokenizer.

    Args:
        n_in: Number of channels of the input.
        n_out: Number of channels of the output.
        kw: Edge of the kernel.
        use_float16: Ignored: the type of the input is kept.
        device: Where the weights are.
        requires_grad: Train the weights.
    """

    def __init__(
        self,
        n_in: int,
        n_out: int,
        kw: int,
        use_float16: bool = True,
        device: torch.device | str = "cpu",
        requires_grad: bool = False,
    ) -> None:
        super().__init__(n_in, n_out, kw)
        self.requires_grad_(requires_grad).to(device)


class EncoderBlock(DalleBlock):
    """A residual block of DALL-E's tokenizer.

    Args:
        n_in: Number of channels of the input.
        n_out: Number of channels of the output.
        n_layers: Number of blocks of the whole tokenizer.
        device: Where the weights are.
        requires_grad: Train the weights.
    """

    def __init__(
        self,
        n_in: int,
        n_out: int,
        n_layers: int,
        device: torch.device | str | None = None,
        requires_grad: bool = False,
    ) -> None:
        super().__init__(n_in, n_out, 1 / n_layers**2)
        self.post_gain = self.gain
        self.requires_grad_(requires_grad).to(device)


class ConvBlock2x(spark_decoder.ConvBlock2x):
    """Two convolutions with norms.

    Args:
        in_channels: Number of channels of the input.
        out_channels: Number of channels of the output.
        mid_channels: Number of channels between the convolutions.
        norm_cfg: The normalisation.
        act_cfg: The activation.
        last_act: Whether an activation comes last.
        init_cfg: How the weights are initialised.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        mid_channels: int,
        norm_cfg: Mapping[str, Any],
        act_cfg: Mapping[str, Any],
        last_act: bool,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(
            in_channels, out_channels, mid_channels, norm_from(norm_cfg), act_from(act_cfg), last_act
        )
        self.init_cfg = init_cfg


class DecoderConvModule(spark_decoder.DecoderConvModule):
    """An upsampling and blocks of convolutions.

    Args:
        in_channels: Number of channels of the input.
        out_channels: Number of channels of the output.
        mid_channels: Number of channels between two convolutions; 0 for those of the input.
        kernel_size: Kernel size of the upsampling.
        scale_factor: How much larger the output is.
        num_conv_blocks: Number of blocks; all of them have ``in_channels`` inputs.
        norm_cfg: The normalisation.
        act_cfg: The activation.
        last_act: Whether an activation comes last in a block.
        init_cfg: How the weights are initialised.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        mid_channels: int,
        kernel_size: int = 4,
        scale_factor: int = 2,
        num_conv_blocks: int = 1,
        norm_cfg: Mapping[str, Any] = {"type": "SyncBN"},
        act_cfg: Mapping[str, Any] = {"type": "ReLU6"},
        last_act: bool = True,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        blocks = [
            ConvBlock2x(in_channels, out_channels, mid_channels or in_channels, norm_cfg, act_cfg, last_act)
            for _ in range(num_conv_blocks)
        ]
        super().__init__(in_channels, kernel_size, scale_factor, blocks)
        self.init_cfg = init_cfg


def is_pow2n(x: int) -> bool:
    """Whether a number is a power of two."""
    return x > 0 and x & (x - 1) == 0
