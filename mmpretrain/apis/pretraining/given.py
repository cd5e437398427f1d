"""The network that pre-training begins with, where weights say which one they are for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmpretrain.apis.pretraining.archs import ARCHS, Arch, Family
from mmpretrain.apis.pretraining.plain import plain_backbone
from mmpretrain.errors import ConfigError

#: Type of a plain backbone -> kind of network.
FAMILIES: dict[str, Family] = {
    "ResNet": "resnet", "ResNet_CIFAR": "resnet", "ConvNeXt": "convnext", "VisionTransformer": "vit",
    "DINOv3ViT": "dinov3", "SwinTransformer": "swin", "HiViT": "hivit", "MixMIMTransformer": "mixmim",
}  # fmt: skip
#: Arguments of a plain backbone that are not the network's.
OWN = (
    "img_size", "out_indices", "out_type", "with_cls_token", "final_norm", "init_cfg", "drop_rate",
    "drop_path_rate", "frozen_stages", "norm_eval", "with_cp", "freeze",
)  # fmt: skip
#: Values that every network has unless its config says another one.
USUAL = {
    "in_channels": 3, "in_chans": 3, "num_registers": 0, "use_grn": False, "qkv_bias": True,
    "stem_mlp_ratio": 3.0, "mlp_ratio": 4.0,
}  # fmt: skip
TIMM = "timm/"


def network_to_train(init: str, arch: str | None, image_size: int) -> Arch | None:
    """Return the network of the weights that a backbone begins with; None for that which ``arch`` names.

    Args:
        init: A checkpoint, or ``timm/NAME``.
        arch: What the user says, if anything.
        image_size: Edge of the images.

    Raises:
        ConfigError: If the weights do not tell and the user does not say it, or both say another thing.
    """
    given = network_of_weights(init, image_size)
    if given is None and arch is None:
        raise ConfigError(
            f"{init} does not say which network its weights are for",
            where="--from",
            hint=f"Name it with --arch: {', '.join(ARCHS)}.",
        )
    named = None if arch is None else ARCHS.get(arch)
    if given is not None and named is not None and not given.is_like(named):
        raise ConfigError(
            f"{init} holds the weights of {given.in_words()}, not of {arch}",
            where="--arch",
            hint="Leave out --arch: the network is that of the weights.",
        )
    return given


def network_of_weights(init: str, image_size: int) -> Arch | None:
    """Return the network of a checkpoint or of ``timm/NAME``; None if the checkpoint does not tell.

    Raises:
        MissingFileError: If there is no such checkpoint.
        ConfigError: If timm's network does not take images of the size.
    """
    if init.startswith(TIMM):
        return _of_timm(init.removeprefix(TIMM), image_size)
    from mmpretrain import checkpoints
    from mmpretrain.checkpoints.layouts import network_of, weights_of

    content = checkpoints.read(checkpoints.find(init))
    if not isinstance(content, Mapping):
        return None
    network, settings = network_of(weights_of(content)), _embedded(content, init)
    if settings is None:
        if network is None:
            return None
        settings = dict(network.backbone)
    channels = _channels(settings, image_size) if network is None else network.channels
    family = FAMILIES[settings["type"]]
    if family == "swin" and "window_size" in settings:  # where the backbone of SimMIM takes it
        window = {"window_size": settings.pop("window_size")}
        settings.setdefault("stage_cfgs", {"block_cfgs": window})
        settings = {k: v for k, v in settings.items() if (k, v) != ("patch_size", 4)}
    kept = {k: v for k, v in settings.items() if k not in OWN and (k not in USUAL or v != USUAL[k])}
    return Arch(family, kept, channels)


def _channels(settings: Mapping[str, Any], image_size: int) -> int:
    """Number of channels that a backbone puts out."""
    import torch

    from mmpretrain.registry import MODELS
    from mmpretrain.utils.seeding import preserved_rng

    size = settings.get("img_size", image_size)
    with preserved_rng(), torch.no_grad():
        model = MODELS.build(dict(settings)).eval()
        return model(torch.zeros(1, settings.get("in_channels", 3), size, size))[-1].shape[1]


def _embedded(content: Mapping[str, Any], init: str) -> dict[str, Any] | None:
    """The plain backbone of the config in a checkpoint, which knows more than shapes tell."""
    from mmpretrain.checkpoints.meta import meta_of
    from mmpretrain.config.embedded import read_embedded

    cfg = meta_of(content).get("cfg")
    if not isinstance(cfg, (str, Mapping)):
        return None
    backbone = (read_embedded(cfg, init).modern().get("model") or {}).get("backbone")
    if not isinstance(backbone, Mapping) or not isinstance(backbone.get("type"), str):
        return None
    plain = plain_backbone(backbone)
    return plain if plain["type"] in FAMILIES else None


def _of_timm(name: str, image_size: int) -> Arch:
    """Build a network of timm without weights, and look at what it puts out."""
    import torch

    from mmpretrain.registry import MODELS
    from mmpretrain.utils.seeding import preserved_rng

    settings = {"type": "TIMMBackbone", "model_name": name}
    with preserved_rng(), torch.no_grad():
        model = MODELS.build(dict(settings)).eval()
        try:
            out = model(torch.zeros(1, 3, image_size, image_size))[-1]
        except (AssertionError, RuntimeError, ValueError) as error:
            reason = " ".join(str(error).split())[:200]
            raise ConfigError(
                f"timm/{name} does not take images of {image_size} x {image_size}: {reason}",
                where="--image-size",
                hint="Name the size that it was trained on.",
            ) from error
    if out.ndim not in (3, 4):
        raise ConfigError(
            f"timm/{name} puts out neither a map nor tokens, but {tuple(out.shape)}", where="--from"
        )
    family: Family = "maps" if out.ndim == 4 else "tokens"
    channels = out.shape[1] if out.ndim == 4 else out.shape[2]
    return Arch(family, {**settings, "pretrained": True}, channels)
