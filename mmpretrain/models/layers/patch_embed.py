"""Embedding images as tokens, and merging tokens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmpretrain.models.base.module import BaseModule
from mmpretrain.models.layers.configurable import Conv, Norm, configurable, conv_from
from mmpretrain.models.layers.shape import to_2tuple, to_image, to_tokens

Size = int | Sequence[int]
Pair = tuple[int, int]


def conv_out_size(size: Pair, kernel: Pair, stride: Pair, padding: Pair, dilation: Pair) -> Pair:
    """Height and width that a convolution makes of ``size``."""
    height, width = (
        (n + 2 * p - d * (k - 1) - 1) // s + 1
        for n, k, s, p, d in zip(size, kernel, stride, padding, dilation)
    )
    return height, width


class AdaptivePadding(nn.Module):
    """Zero padding such that windows cover the whole input.

    Args:
        kernel_size: Size of the windows.
        stride: Step from one window to the next.
        dilation: Spacing within a window.
        padding: ``'corner'`` pads at the bottom right, ``'same'`` on all sides.
    """

    def __init__(
        self,
        kernel_size: Size = 1,
        stride: Size = 1,
        dilation: Size = 1,
        padding: str = "corner",
    ) -> None:
        super().__init__()
        if padding not in ("same", "corner"):
            raise ValueError(f"padding must be 'same' or 'corner', got {padding!r}")
        self.padding = padding
        self.kernel_size = to_2tuple(kernel_size)
        self.stride = to_2tuple(stride)
        self.dilation = to_2tuple(dilation)

    def get_pad_shape(self, input_shape: Sequence[int]) -> Pair:
        """Rows and columns to add to an input of height and width ``input_shape``."""
        bottom, right = (
            max((-(-size // stride) - 1) * stride + (kernel - 1) * dilation + 1 - size, 0)
            for size, kernel, stride, dilation in zip(
                input_shape, self.kernel_size, self.stride, self.dilation
            )
        )
        return bottom, right

    def forward(self, x: Tensor) -> Tensor:
        """Pad ``x`` (B, C, H, W)."""
        height, width = self.get_pad_shape(x.shape[-2:])
        if not (height or width):
            return x
        top, left = (height // 2, width // 2) if self.padding == "same" else (0, 0)
        return F.pad(x, (left, width - left, top, height - top))


class _Windows(BaseModule):
    """Base class for cutting images into windows, with padding as a number or a rule."""

    def set_windows(
        self, kernel_size: Size, stride: Size | None, padding: Size | str, dilation: Size
    ) -> None:
        self.kernel_size = to_2tuple(kernel_size)
        self.stride = to_2tuple(stride or kernel_size)
        self.dilation = to_2tuple(dilation)
        self.adaptive_padding = None
        self.padding = (0, 0)
        if isinstance(padding, str):
            self.adaptive_padding = AdaptivePadding(self.kernel_size, self.stride, self.dilation, padding)
        else:
            self.padding = to_2tuple(padding)

    def out_size(self, height: int, width: int) -> Pair:
        """Number of windows along the height and the width of an image."""
        if self.adaptive_padding is not None:
            bottom, right = self.adaptive_padding.get_pad_shape((height, width))
            height, width = height + bottom, width + right
        return conv_out_size((height, width), self.kernel_size, self.stride, self.padding, self.dilation)


@configurable
class PatchEmbed(_Windows):
    """Embed the patches of an image with a convolution.

    Args:
        in_channels: Number of channels of the image.
        embed_dims: Number of channels C of a token.
        conv: The convolution.
        kernel_size: Size of a patch.
        stride: Step from one patch to the next; ``kernel_size`` by default.
        padding: Padding of the convolution, or ``'corner'`` or ``'same'`` to cover the whole image.
        dilation: Dilation of the convolution.
        bias: Give the convolution a bias.
        norm: Normalisation of the tokens, or None.
        input_size: The usual size of images, for ``init_out_size``.
        init_cfg: How the weights are initialised.
    """

    def __init__(
        self,
        in_channels: int = 3,
        embed_dims: int = 768,
        conv: Conv = nn.Conv2d,
        kernel_size: Size = 16,
        stride: Size | None = 16,
        padding: Size | Literal["same", "corner"] = "corner",
        dilation: Size = 1,
        bias: bool = True,
        norm: Norm | None = None,
        input_size: Size | None = None,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.embed_dims = embed_dims
        self.set_windows(kernel_size, stride, padding, dilation)
        self.projection = conv(
            in_channels=in_channels,
            out_channels=embed_dims,
            kernel_size=self.kernel_size,
            stride=self.stride,
            padding=self.padding,
            dilation=self.dilation,
            bias=bias,
        )
        self.norm = None if norm is None else norm(embed_dims)
        self.init_input_size = to_2tuple(input_size) if input_size else None
        #: The grid of patches of an image of ``input_size``.
        self.init_out_size = self.out_size(*self.init_input_size) if self.init_input_size else None

    def forward(self, x: Tensor) -> tuple[Tensor, Pair]:
        """Embed images (B, in_channels, H, W).

        Returns:
            Tokens (B, h * w, C), and the grid (h, w).
        """
        if self.adaptive_padding is not None:
            x = self.adaptive_padding(x)
        x = self.projection(x)
        tokens = to_tokens(x)
        return tokens if self.norm is None else self.norm(tokens), (x.shape[2], x.shape[3])


def _pointwise(cfg: Mapping[str, Any] | None) -> Conv:
    return conv_from({"type": nn.Conv2d, "kernel_size": 1, **(cfg or {})})


@partial(configurable, conv_cfg=("conv", _pointwise))
class HybridEmbed(BaseModule):
    """Embed each position of a feature map that a CNN makes of an image.

    Args:
        backbone: The CNN; of several feature maps, the last is used.
        img_size: Size of images, to find out the size of the map where ``feature_size`` is not given.
        feature_size: Size of the map.
        in_channels: Number of channels of the image.
        embed_dims: Number of channels C of a token.
        conv: The convolution, given the numbers of channels; a 1 x 1 one by default.
        init_cfg: How the weights are initialised.
    """

    def __init__(
        self,
        backbone: nn.Module,
        img_size: Size = 224,
        feature_size: Size | None = None,
        in_channels: int = 3,
        embed_dims: int = 768,
        conv: Conv = partial(nn.Conv2d, kernel_size=1),  # noqa: B008
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.img_size = to_2tuple(img_size)
        self.backbone = backbone
        if feature_size is None:
            channels, *hw = self._probe(in_channels)
        else:
            hw = to_2tuple(feature_size)
            info = getattr(backbone, "feature_info", None)
            channels = info.channels()[-1] if info is not None else backbone.num_features
        self.num_patches = hw[0] * hw[1]
        self.projection = conv(in_channels=channels, out_channels=embed_dims)

    @torch.no_grad()
    def _probe(self, in_channels: int) -> tuple[int, ...]:
        training = self.backbone.training
        self.backbone.eval()
        features = self._features(torch.zeros(1, in_channels, *self.img_size))
        self.backbone.train(training)
        return tuple(features.shape[1:])

    def _features(self, x: Tensor) -> Tensor:
        features = self.backbone(x)
        return features[-1] if isinstance(features, (list, tuple)) else features

    def forward(self, x: Tensor) -> Tensor:
        """Embed images (B, in_channels, H, W) as tokens (B, h * w, C)."""
        return to_tokens(self.projection(self._features(x)))


@configurable
class PatchMerging(_Windows):
    """Merge the tokens of a window to one, by a linear layer.

    The values of a window are ordered as by ``nn.Unfold``: channels first, then positions.

    Args:
        in_channels: Number of channels of a token.
        out_channels: Number of channels of a merged token.
        kernel_size: Size of a window.
        stride: Step from one window to the next; ``kernel_size`` by default.
        padding: Padding of the map, or ``'corner'`` or ``'same'`` to cover it.
        dilation: Spacing within a window.
        bias: Give the linear layer a bias.
        norm: Normalisation of the windows, or None.
        use_post_norm: Normalise the merged tokens instead.
        init_cfg: How the weights are initialised.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size = 2,
        stride: Size | None = None,
        padding: Size | Literal["same", "corner"] = "corner",
        dilation: Size = 1,
        bias: bool = False,
        norm: Norm | None = nn.LayerNorm,
        use_post_norm: bool = False,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.use_post_norm = use_post_norm
        self.set_windows(kernel_size, stride, padding, dilation)
        sample_dim = self.kernel_size[0] * self.kernel_size[1] * in_channels
        norm_dim = out_channels if use_post_norm else sample_dim
        norm_layer = None if norm is None else norm(norm_dim)
        if not use_post_norm:  # defined in order of use
            self.norm = norm_layer
        self.reduction = nn.Linear(sample_dim, out_channels, bias=bias)
        if use_post_norm:
            self.norm = norm_layer

    def forward(self, x: Tensor, input_size: Sequence[int]) -> tuple[Tensor, Pair]:
        """Merge tokens.

        Args:
            x: Tokens (B, H * W, in_channels).
            input_size: The grid (H, W).

        Returns:
            Tokens (B, h * w, out_channels), and the grid (h, w).
        """
        image = to_image(x, (input_size[0], input_size[1]))
        out_size = self.out_size(*image.shape[-2:])
        if self.adaptive_padding is not None:
            image = self.adaptive_padding(image)
        x = self._windows(image, out_size)
        if self.norm is not None and not self.use_post_norm:
            x = self.norm(x)
        x = self.reduction(x)
        if self.norm is not None and self.use_post_norm:
            x = self.norm(x)
        return x, out_size

    def _windows(self, image: Tensor, out_size: Pair) -> Tensor:
        size = self.kernel_size[0]
        apart = self.kernel_size == self.stride == (size, size)
        if apart and self.dilation == (1, 1) and self.padding == (0, 0):
            # Windows that do not overlap are only another order: faster than unfolding.
            image = image[..., : out_size[0] * size, : out_size[1] * size]
            return F.pixel_unshuffle(image, size).flatten(2).transpose(1, 2)
        columns = F.unfold(image, self.kernel_size, self.dilation, self.padding, self.stride)
        return columns.transpose(1, 2)
