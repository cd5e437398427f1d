"""RepMLPNet (`RepMLP: Re-parameterizing Convolutions <https://arxiv.org/abs/2105.01883>`_)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmpretrain.errors import ArgumentError
from mmpretrain.models.backbones.base import BaseBackbone
from mmpretrain.models.base import BaseModule, ModuleList, Sequential
from mmpretrain.models.layers import ConvModule, PatchEmbed, SELayer
from mmpretrain.models.layers.configurable import Conv, Norm, configurable, conv_from, norm_from
from mmpretrain.models.layers.reparam import fuse_conv_norm, pad_kernel
from mmpretrain.models.layers.shape import to_2tuple
from mmpretrain.registry import MODELS

BATCH_NORM: dict[str, Any] = {"type": "BN", "requires_grad": True}


class MapEmbed(PatchEmbed):
    """Patches with a norm and a ReLU, which stay a map; the arguments are those of :class:`PatchEmbed`."""

    def forward(self, x: Tensor) -> Tensor:
        """Embed images (B, 3, H, W) as a map (B, C, h, w)."""
        x = self.projection(x if self.adaptive_padding is None else self.adaptive_padding(x))
        return F.relu(x if self.norm is None else self.norm(x))


@configurable
class RepMLPBlock(BaseModule):
    """A linear layer among all places of a map in parallel with convolutions, which can be merged into it.

    The weights of the linear layer are shared by the channels of a group: the channels c with the same
    ``c % num_sharesets``. The result is scaled by channel (squeeze and excitation).

    Args:
        channels: Channels in and out.
        grid: Rows and columns of the map.
        kernels: Sizes of the convolutions; None for none.
        globalperceptron_ratio: How much the channels are squeezed.
        num_sharesets: Number of groups.
        conv: Type of convolution.
        norm: Type of norm; only a batch norm can be merged.
        deploy: Build the deployed form.
    """

    def __init__(
        self,
        channels: int,
        grid: tuple[int, int],
        kernels: Sequence[int] | None,
        globalperceptron_ratio: int,
        num_sharesets: int,
        conv: Conv,
        norm: Norm,
        deploy: bool,
    ) -> None:
        super().__init__()
        if channels % num_sharesets:
            raise ArgumentError(f"{channels} channels cannot be divided among {num_sharesets} sharesets")
        self.deploy = deploy
        self.grid, self.num_sharesets = grid, num_sharesets
        self.make_conv = conv
        self.gp = SELayer(channels, ratio=globalperceptron_ratio, return_weight=True)
        self.fc3: Any = self.linear(bias=deploy)
        self.fc3_bn: Any = nn.Identity() if deploy else norm(num_sharesets)
        self.kernels: tuple[int, ...] = () if deploy else tuple(kernels or ())
        for size in self.kernels:
            shape = {"padding": size // 2, "groups": num_sharesets, "norm": norm, "act": None}
            branch = ConvModule(num_sharesets, num_sharesets, size, conv=conv, **shape)
            self.add_module(f"repconv{size}", branch)

    def linear(self, bias: bool) -> nn.Module:
        """The linear layer, as a 1×1 convolution of the flattened groups."""
        width = self.grid[0] * self.grid[1] * self.num_sharesets
        return self.make_conv(width, width, 1, bias=bias, groups=self.num_sharesets)

    def forward(self, x: Tensor) -> Tensor:
        """Transform ``x`` (B, C, h, w)."""
        groups = x.unflatten(1, (-1, self.num_sharesets)).flatten(0, 1)  # (B * C / S, S, h, w)
        out = self.fc3(groups.flatten(1)[..., None, None]).view_as(groups)
        out = self.fc3_bn(out)
        for size in self.kernels:
            out = out + self.get_submodule(f"repconv{size}")(groups)
        return out.reshape(x.shape) * self.gp(x)

    @torch.no_grad()
    def local_inject(self) -> None:
        """Merge the convolutions and the norms into the linear layer, for evaluation."""
        if self.deploy:
            return
        convs: list[Any] = [self.get_submodule(f"repconv{size}") for size in self.kernels]
        norms = [self.fc3_bn, *(conv.norm for conv in convs)]
        if not all(isinstance(norm, nn.modules.batchnorm._BatchNorm) for norm in norms):
            raise ArgumentError("Only batch norms can be folded into linear layers", key="norm_cfg")
        places = self.grid[0] * self.grid[1]
        # One row of the weight for each place of each group, whose norm they share.
        weight, bias = fuse_conv_norm(self.fc3.weight.unflatten(0, (-1, places)), self.fc3_bn)
        weight, bias = weight.flatten(0, 1), bias.repeat_interleave(places)
        if convs:
            largest = max(self.kernels)
            folded = [fuse_conv_norm(conv.conv.weight, conv.norm) for conv in convs]
            kernel = torch.stack([pad_kernel(kernel, largest) for kernel, _ in folded]).sum(0)
            weight = weight + self.as_linear(kernel)
            bias = bias + torch.stack([b for _, b in folded]).sum(0).repeat_interleave(places)
        self.fc3 = self.linear(bias=True).to(weight)
        self.fc3.weight.data, self.fc3.bias.data = weight, bias
        self.fc3_bn = nn.Identity()
        for size in self.kernels:
            delattr(self, f"repconv{size}")
        self.kernels, self.deploy = (), True

    def as_linear(self, kernel: Tensor) -> Tensor:
        """The weight (S * h * w, h * w, 1, 1) that does what a kernel (S, 1, k, k) does."""
        places = self.grid[0] * self.grid[1]
        dots = torch.eye(places).to(kernel).view(places, 1, *self.grid)
        dots = dots.expand(-1, self.num_sharesets, -1, -1)
        answers = F.conv2d(dots, kernel, padding=kernel.shape[-1] // 2, groups=self.num_sharesets)
        return answers.flatten(1).t()[..., None, None]


class ConvFFN(nn.Module):
    """Two 1×1 convolutions with norms and an activation.

    Args:
        channels: Channels in and out.
        hidden: Channels in the middle.
        parts: ``conv`` and ``norm``.
    """

    def __init__(self, channels: int, hidden: int, parts: Mapping[str, Any]) -> None:
        super().__init__()
        self.ffn_fc1 = ConvModule(channels, hidden, 1, act=None, **parts)
        self.ffn_fc2 = ConvModule(hidden, channels, 1, act=None, **parts)
        self.act = nn.GELU()

    def forward(self, x: Tensor) -> Tensor:
        """Transform ``x`` (B, C, h, w)."""
        return self.ffn_fc2(self.act(self.ffn_fc1(x)))


class RepMLPNetUnit(BaseModule):
    """A :class:`RepMLPBlock` and a feed-forward network, each after a norm and with a residual connection.

    Args:
        channels: Channels in and out.
        parts: ``conv`` and ``norm``.
        ffn_expand: Width of the feed-forward network, relative to the channels.
        **block: Other arguments of the block.
    """

    def __init__(self, channels: int, parts: Mapping[str, Any], ffn_expand: int = 4, **block: Any) -> None:
        super().__init__()
        self.repmlp_block = RepMLPBlock(channels, **block, **parts)
        self.ffn_block = ConvFFN(channels, channels * ffn_expand, parts)
        self.norm1 = parts["norm"](channels)
        self.norm2 = parts["norm"](channels)

    def forward(self, x: Tensor) -> Tensor:
        """Transform ``x`` (B, C, h, w)."""
        x = x + self.repmlp_block(self.norm1(x))
        return x + self.ffn_block(self.norm2(x))


@MODELS.register_module()
class RepMLPNet(BaseBackbone):
    """RepMLPNet: linear layers among all places of a map, which learn in parallel with convolutions.

    From `RepMLP: Re-parameterizing Convolutions into Fully-connected Layers for Image Recognition
    <https://arxiv.org/abs/2105.01883>`_.

    ======= ================= =========== ==============
    arch    channels          depths      sharesets_nums
    ======= ================= =========== ==============
    b, base 96, 192, 384, 768 2, 2, 12, 2 1, 4, 32, 128
    ======= ================= =========== ==============

    Args:
        arch: A name of the table, or a dict with its columns.
        img_size: Size of images.
        in_channels: Channels of the image.
        patch_size: Size of a patch.
        out_indices: Stages to output; all but the last after the halving that follows them.
        reparam_conv_kernels: Sizes of the convolutions in parallel with the linear layers; None for none.
        globalperceptron_ratio: How much the channels are squeezed.
        conv_cfg: Type of convolution.
        norm_cfg: Type of norm.
        patch_cfg: Further arguments of :class:`PatchEmbed`.
        final_norm: Normalise the output of the last stage.
        deploy: Build the deployed form.
        init_cfg: How the weights are initialised.
        frozen_stages: Freeze the stem (0) and the stages up to this one; -1 freezes nothing.
        norm_eval: Keep batch-norm statistics as they are when training.
        with_cp: Recompute activations in the backward pass to save memory.
        freeze: Freeze the parameters whose name this regular expression finds.
    """

    arch_settings: Mapping[Any, Mapping[str, Sequence[int]]] = {
        ("b", "base"): {
            "channels": [96, 192, 384, 768],
            "depths": [2, 2, 12, 2],
            "sharesets_nums": [1, 4, 32, 128],
        },
    }
    num_extra_tokens = 0
    stages: Any  # a ModuleList of Sequentials, which a type checker takes for plain modules

    def __init__(
        self,
        arch: str | Mapping[str, Sequence[int]],
        img_size: int | Sequence[int] = 224,
        in_channels: int = 3,
        patch_size: int | Sequence[int] = 4,
        out_indices: int | Sequence[int] = (3,),
        reparam_conv_kernels: Sequence[int] | None = (3,),
        globalperceptron_ratio: int = 4,
        conv_cfg: dict | None = None,
        norm_cfg: dict = BATCH_NORM,
        patch_cfg: Mapping[str, Any] = {},
        final_norm: bool = True,
        deploy: bool = False,
        init_cfg: dict | list[dict] | None = None,
        frozen_stages: int = -1,
        norm_eval: bool = False,
        with_cp: bool = False,
        freeze: str | None = None,
    ) -> None:
        super().__init__(
            init_cfg, frozen_stages=frozen_stages, norm_eval=norm_eval, with_cp=with_cp, freeze=freeze
        )
        norm, conv = norm_from(norm_cfg), conv_from(conv_cfg)
        settings = self.get_arch(arch)
        self.channels, self.depths = settings["channels"], settings["depths"]
        self.sharesets_nums = settings["sharesets_nums"]
        if not len(self.channels) == len(self.depths) == len(self.sharesets_nums):
            raise ArgumentError(
                f"arch needs as many depths and sharesets_nums as channels, got {settings!r}", key="arch"
            )
        self.num_stages = len(self.channels)
        self.out_indices = self.take_indices(out_indices, self.num_stages)
        self.img_size, self.deploy = to_2tuple(img_size), deploy
        parts = {"conv": conv, "norm": norm}
        patch: dict[str, Any] = {
            "in_channels": in_channels, "input_size": self.img_size, "embed_dims": self.channels[0],
            "kernel_size": patch_size, "stride": patch_size, "norm": norm, "bias": False,
        }  # fmt: skip
        self.patch_embed = MapEmbed(**{**patch, **patch_cfg})
        assert self.patch_embed.init_out_size is not None
        height, width = self.patch_resolution = self.patch_embed.init_out_size
        block = {"kernels": reparam_conv_kernels, "deploy": deploy}
        block["globalperceptron_ratio"] = globalperceptron_ratio
        self.stages, self.downsample_layers = ModuleList(), ModuleList()
        for i, channels in enumerate(self.channels):
            own = {"grid": (height // 2**i, width // 2**i), "num_sharesets": self.sharesets_nums[i]}
            units = (RepMLPNetUnit(channels, parts, **own, **block) for _ in range(self.depths[i]))
            self.stages.append(Sequential(*units))
            if i < self.num_stages - 1:
                self.downsample_layers.append(
                    ConvModule(channels, self.channels[i + 1], 2, stride=2, **parts)
                )
        self.final_norm = norm(self.channels[-1]) if final_norm else nn.Identity()
        self.freeze_declared(__class__)

    def freeze_groups(self) -> Sequence[Sequence[str]]:
        """The stem; each stage with the halving before it; the last with the norm."""
        later = ([f"downsample_layers.{i - 1}", f"stages.{i}"] for i in range(1, self.num_stages))
        groups = [["patch_embed"], ["stages.0"], *later]
        groups[-1].append("final_norm")
        return groups

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """(B, 3, H, W) to stages, the last of shape (B, C, H / 32, W / 32)."""
        if tuple(x.shape[2:]) != self.img_size:
            raise ArgumentError(
                f"RepMLPNet was built for images of {self.img_size}, not of {tuple(x.shape[2:])}",
                hint="Resize the images, or build the model with their img_size.",
                key="img_size",
            )
        x = self.patch_embed(x)
        outs = []
        for i, stage in enumerate(self.stages):
            for unit in stage:
                x = self.run(unit, x)
            x = self.downsample_layers[i](x) if i < self.num_stages - 1 else self.final_norm(x)
            if i in self.out_indices:
                outs.append(x)
        return tuple(outs)

    def switch_to_deploy(self) -> None:
        """Merge the convolutions into the linear layers, for evaluation."""
        for module in self.modules():
            if isinstance(module, RepMLPBlock):
                module.local_inject()
        self.deploy = True
