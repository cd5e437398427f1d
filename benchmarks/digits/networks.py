"""The networks that are trained, and parts that several methods share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

Cfg = dict[str, Any]
#: From the name of a stand-in teacher to the path of its weights.
Ask = Callable[[str], str]

SIDE, SMALL_SIDE, MEDIUM_SIDE, LARGE_SIDE = 16, 12, 32, 64
PATCH, GRID = 4, 4
HIDDEN, OUT = 256, 64

ARCH = {"embed_dims": 64, "num_layers": 4, "num_heads": 4, "feedforward_channels": 128}
WIDTH = ARCH["embed_dims"]
VIT: Cfg = {
    "type": "VisionTransformer", "arch": ARCH, "img_size": SIDE, "patch_size": PATCH, "in_channels": 1
}  # fmt: skip


@dataclass(frozen=True)
class Network:
    """A network that methods which compare views can train.

    Attributes:
        about: Name in the table.
        cfg: Its config.
        channels: Number of channels of its output.
        pool: Whether this is a map, to be averaged.
    """

    about: str
    cfg: Cfg
    channels: int
    pool: bool


NETWORKS = {
    "vit": Network("ViT", VIT, WIDTH, False),
    "resnet": Network(
        "ResNet-18",
        {
            "type": "ResNet", "depth": 18, "in_channels": 1, "stem_channels": 16, "base_channels": 16,
            "norm_cfg": {"type": "BN"},
        },
        128,
        True,
    ),
}  # fmt: skip

SGD = {"type": "SGD", "lr": 0.1, "momentum": 0.9, "weight_decay": 1e-4}
ADAMW = {"type": "AdamW", "lr": 1e-3, "weight_decay": 1e-4, "fused": True}
FASTER = {**ADAMW, "lr": 2e-3}


@dataclass(frozen=True)
class Method:
    """A method.

    Attributes:
        model: Makes its model from a network and the weights of teachers.
        input: ``'pair'`` for two views, ``'crops'`` for two large and two small ones, ``'image'`` for one,
            ``'blocks'`` and ``'squares'`` for one with a mask, ``'twice'`` for one in two sizes with a mask.
        optimizer: Its optimizer.
        on_resnet: Its optimizer for a ResNet.
        side: Edge of the images.
        second_side: Edge of the second image of ``'twice'``.
        channels: Their channels.
        batch: Images in a batch; methods that need no others in it take more steps in an epoch.
        network: The network, where it is not the one that all can take.
        teacher: What the targets come from, if from another network.
    """

    model: Callable[[Network, Ask], Cfg]
    input: Literal["pair", "crops", "image", "blocks", "squares", "twice"]
    optimizer: Cfg
    on_resnet: Cfg | None = None
    side: int = SIDE
    second_side: int = SIDE
    channels: int = 1
    batch: int = 64
    network: str = ""
    teacher: str = ""


CE = {"type": "CrossEntropyLoss"}
COSINE = {"type": "CosineSimilarityLoss"}
L2 = {"type": "PixelReconstructionLoss", "criterion": "L2"}


def mlp(in_channels: int, out_channels: int = OUT, layers: int = 2, **changes: Any) -> Cfg:
    """A projection with batch norm."""
    return {
        "type": "NonLinearNeck", "in_channels": in_channels, "hid_channels": HIDDEN, "num_layers": layers,
        "out_channels": out_channels, "norm_cfg": {"type": "BN1d"}, "with_avg_pool": False, **changes,
    }  # fmt: skip


def projector(net: Network, layers: int = 2, **changes: Any) -> Cfg:
    """A projection of a network's features."""
    return mlp(net.channels, layers=layers, with_avg_pool=net.pool, **changes)


def predictor(hidden: int = HIDDEN) -> Cfg:
    """The predictor of BYOL and SimSiam."""
    return mlp(OUT, hid_channels=hidden, with_last_bn=False, with_last_bias=True)


def decoder(kind: str, embed_dim: int = WIDTH, **changes: Any) -> Cfg:
    """A decoder of masked images."""
    return {
        "type": kind, "num_patches": GRID**2, "patch_size": PATCH, "in_chans": 1, "embed_dim": embed_dim,
        "decoder_embed_dim": 64, "decoder_depth": 2, "decoder_num_heads": 4, "mlp_ratio": 2, **changes,
    }  # fmt: skip


def views(
    model: Callable[[Network], Cfg], on_resnet: Cfg = SGD, optimizer: Cfg = ADAMW, network: str = ""
) -> Method:
    """A method that compares two views."""
    return Method(lambda net, ask: model(net), "pair", optimizer, on_resnet, network=network)
