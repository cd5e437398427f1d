"""Configs of pre-training: a method, a network and a folder of images."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from mmpretrain import signature
from mmpretrain.apis.pretraining import masked, views
from mmpretrain.apis.pretraining.archs import ARCHS, Arch, Family, backbone
from mmpretrain.apis.pretraining.plain import plain_backbone
from mmpretrain.errors import ConfigError
from mmpretrain.registry import MODELS
from mmpretrain.utils.suggest import did_you_mean

Steps = list[dict[str, Any]]

ANY: tuple[Family, ...] = ("resnet", "convnext", "vit", "swin", "hivit", "maps")
CONV: tuple[Family, ...] = ("resnet", "convnext", "swin", "hivit", "maps")


@dataclass(frozen=True)
class Method:
    """A method.

    Attributes:
        model: Makes its model from a network and the size of images.
        arch: The network by default.
        families: Kinds of networks that it can train.
        input: ``'pair'`` for two views, ``'crops'`` for two large and four small ones, ``'image'`` for one,
            ``'blocks'`` or ``'squares'`` for one with a mask.
        multiple: The size of images is a multiple of this number.
        about: When to choose it.
    """

    model: Callable[[Arch, int], dict[str, Any]]
    arch: str
    families: tuple[Family, ...]
    input: Literal["pair", "crops", "image", "blocks", "squares"]
    about: str
    multiple: int = 8


#: Name -> method.
METHODS: dict[str, Method] = {
    "simclr": Method(views.simclr, "resnet18", ANY, "pair", "the simplest; large batches help"),
    "mocov2": Method(views.mocov2, "resnet18", ANY, "pair", "as SimCLR, for small batches"),
    "mocov3": Method(views.mocov3, "vit-tiny", ANY, "pair", "contrastive, for Vision Transformers"),
    "byol": Method(views.byol, "resnet18", ANY, "pair", "no negatives: for few or similar images"),
    "simsiam": Method(views.simsiam, "resnet18", ANY, "pair", "as BYOL, without a second network"),
    "barlowtwins": Method(views.barlowtwins, "resnet18", ANY, "pair", "no negatives, no second network"),
    "vicreg": Method(views.vicreg, "resnet18", ANY, "pair", "as Barlow Twins, for small batches"),
    "nnclr": Method(views.nnclr, "resnet18", ANY, "pair", "SimCLR with neighbours: weaker augmentation"),
    "swav": Method(views.swav, "resnet18", ANY, "crops", "clusters and small crops: quick to good features"),
    "densecl": Method(views.densecl, "resnet18", CONV, "pair", "for detection and segmentation"),
    "dino": Method(views.dino, "vit-tiny", ("vit",), "crops", "features for kNN and retrieval", 16),
    "ibot": Method(views.ibot, "vit-tiny", ("vit",), "crops", "DINO with features of patches", 16),
    "dinov2": Method(views.dinov2, "vit-tiny", ("vit",), "crops", "iBOT for large data", 16),
    "mae": Method(masked.mae, "vit-tiny", ("vit", "hivit"), "image", "quick; made for fine-tuning"),
    "mff": Method(masked.mff, "vit-tiny", ("vit",), "image", "MAE with features of several layers"),
    "ijepa": Method(masked.ijepa, "vit-tiny", ("vit",), "image", "no augmentation, no pixels"),
    "maskfeat": Method(masked.maskfeat, "vit-tiny", ("vit",), "blocks", "gradient histograms as target"),
    "simmim": Method(masked.simmim, "swin-tiny", ("swin",), "squares", "masked images for Swin", 32),
    "mixmim": Method(
        masked.mixmim, "mixmim-base", ("mixmim",), "image", "MAE for a hierarchical network", 32
    ),
    "itpn": Method(masked.itpn, "hivit-tiny", ("hivit",), "image", "with the feature pyramid", 16),
    "spark": Method(masked.spark, "resnet50", ("resnet", "convnext"), "image", "masked images for CNNs", 32),
    "continued": Method(
        masked.continued,
        "vit-small",
        (*ANY, "dinov3", "tokens"),
        "pair",
        "continue from a checkpoint (--from) on images of your own",
    ),
}


def pretraining_config(
    method: str,
    dataset: Mapping[str, Any],
    *,
    arch: str | None = None,
    epochs: int = 100,
    image_size: int = 224,
    batch_size: int = 64,
    lr: float | None = None,
    workers: int = 4,
    init: str | None = None,
    network: Arch | None = None,
) -> dict[str, Any]:
    """Return the config that pre-trains a network without labels.

    Args:
        method: A name in :data:`METHODS`.
        dataset: Config of the images, without a pipeline.
        arch: A name in :data:`ARCHS`; by default that of the method.
        epochs: Passes over the images.
        image_size: Edge of the crops.
        batch_size: Images in a batch.
        lr: Learning rate; by default it grows with the batch size.
        workers: Number of data workers.
        init: Checkpoint that the backbone begins with, or ``timm/NAME``.
        network: The network that ``init`` is for, in place of ``arch``; see
            :func:`~mmpretrain.apis.pretraining.given.network_to_train`.

    Raises:
        ConfigError: If there is no such method or arch, or they do not fit.
    """
    recipe, network = _checked(method, arch, image_size, network, init)
    if method == "continued" and init is None:
        raise ConfigError(
            "continued pre-training continues from a checkpoint, and none is given",
            where="--from",
            hint="Give one with --from CKPT, or choose another method to start from random weights.",
        )
    model = recipe.model(network, image_size)
    if init is not None and not network.fetches:
        model["backbone"]["init_cfg"] = {"type": "Pretrained", "checkpoint": init, "prefix": "backbone."}
    _check_taken(model["backbone"], method, init)
    gentle = method == "continued"
    base = 5e-5 if gentle else 1e-3
    rate = base * min(1.0, batch_size / 256) if lr is None else lr
    warm = max(1, epochs // 20)
    return {
        "default_scope": "mmpretrain",
        "model": model,
        "data_preprocessor": {
            "type": "SelfSupDataPreprocessor",
            "mean": [123.675, 116.28, 103.53],
            "std": [58.395, 57.12, 57.375],
            "to_rgb": True,
        },
        "train_dataloader": {
            "batch_size": batch_size,
            "num_workers": workers,
            "persistent_workers": workers > 0,
            "drop_last": True,
            "dataset": {**dataset, "pipeline": pipeline(recipe, network, image_size)},
            "sampler": {"type": "DefaultSampler", "shuffle": True},
            "collate_fn": {"type": "default_collate"},
        },
        "optim_wrapper": {
            "type": "OptimWrapper",
            "optimizer": {"type": "AdamW", "lr": rate, "weight_decay": 0.05, "betas": (0.9, 0.95)},
            "clip_grad": {"max_norm": 3.0},
            **(_layer_decay() if gentle else _no_decay()),
        },
        "param_scheduler": [
            {"type": "LinearLR", "start_factor": 0.01, "end": warm, "convert_to_iter_based": True},
            *[
                {
                    "type": "CosineAnnealingLR", "T_max": epochs - warm, "begin": warm, "end": epochs,
                    "eta_min": rate / 100, "convert_to_iter_based": True,
                }
            ][: epochs - warm],
        ],
        "train_cfg": {"by_epoch": True, "max_epochs": epochs},
        "default_hooks": {
            "timer": {"type": "IterTimerHook"},
            "logger": {"type": "LoggerHook", "interval": 50},
            "param_scheduler": {"type": "ParamSchedulerHook"},
            "checkpoint": {"type": "CheckpointHook", "interval": max(1, epochs // 10), "max_keep_ckpts": 2},
            "sampler_seed": {"type": "DistSamplerSeedHook"},
        },
        "custom_hooks": [
            {"type": "SaveBackboneHook", "backbone": plain_backbone(model["backbone"])}
        ],
        "randomness": {"seed": 0},
    }  # fmt: skip


def _checked(
    method: str, arch: str | None, image_size: int, given: Arch | None, init: str | None
) -> tuple[Method, Arch]:
    """Return the method and the network, if they fit each other and the images."""
    if method not in METHODS:
        raise ConfigError(
            f"there is no method {method!r}",
            hint=did_you_mean(method, METHODS) or f"There are: {', '.join(METHODS)}.",
        )
    recipe = METHODS[method]
    name = arch or (init if given is not None and init is not None else recipe.arch)
    if given is None and name not in ARCHS:
        raise ConfigError(
            f"there is no arch {name!r}",
            where="--arch",
            hint=did_you_mean(name, ARCHS) or f"There are: {', '.join(ARCHS)}.",
        )
    network = ARCHS[name] if given is None else given
    if network.family not in recipe.families:
        fitting = [other for other, found in ARCHS.items() if found.family in recipe.families]
        raise ConfigError(
            f"{method} cannot train {name}", where="--arch", hint=f"It can train: {', '.join(fitting)}."
        )
    step = network.step(image_size)
    if network.family != "vit" or "patch_size" not in network.settings:
        step = max(recipe.multiple, step)
    # Of images in patches of a fixed size, one patch must stay visible and one be hidden.
    least = 2 * step if recipe.input == "image" and network.family != "vit" else step
    least = max(least, network.least(image_size))
    if image_size % step or image_size < least:
        fits = max(least, round(image_size / step) * step)
        raise ConfigError(
            f"{method} with {name} takes images whose edge is a multiple of {step} from {least} on, "
            f"got {image_size}",
            where="--image-size",
            hint=f"Try {fits}.",
        )
    return recipe, network


def _check_taken(backbone: Mapping[str, Any], method: str, init: str | None) -> None:
    """Fail if the backbone of a method lacks a part of the network that the weights are for."""
    takes = None if init is None else signature.read(MODELS.get(backbone["type"]))
    if takes is not None and (lacking := takes.unknown(key for key in backbone if key != "type")):
        raise ConfigError(
            f"{method} cannot go on from {init}: its {backbone['type']} has no {', '.join(lacking)}",
            where="--from",
            hint="mmpretrain pretrain continued trains the network as it is.",
        )


def _no_decay() -> dict[str, Any]:
    # SwAV's prototypes belong to the head and to the loss in it.
    return {"paramwise_cfg": {"norm_decay_mult": 0.0, "bias_decay_mult": 0.0, "bypass_duplicate": True}}


def _layer_decay() -> dict[str, Any]:
    return {
        "constructor": "LearningRateDecayOptimWrapperConstructor",
        "paramwise_cfg": {"layer_decay_rate": 0.8, "norm_decay_mult": 0.0, "bias_decay_mult": 0.0},
    }


def pipeline(recipe: Method, network: Arch, size: int) -> Steps:
    """From an image file to what the method takes."""
    packing: Steps = [{"type": "PackInputs"}]
    loading: Steps = [{"type": "LoadImageFromFile"}]
    if recipe.input == "pair":
        view = augmented(size, (0.2, 1.0))
        return [*loading, {"type": "MultiView", "num_views": [2], "transforms": [view]}, *packing]
    if recipe.input == "crops":
        small = small_size(size, network)
        crops = [augmented(size, (0.3, 1.0)), augmented(small, (0.08, 0.3))]
        return [*loading, {"type": "MultiView", "num_views": [2, 4], "transforms": crops}, *packing]
    steps = [*loading, crop(size, (0.3, 1.0)), {"type": "RandomFlip", "prob": 0.5}]
    if recipe.input == "blocks":
        side = size // network.patch(size)
        hidden = round(0.4 * side**2)
        mask = {"type": "BEiTMaskGenerator", "input_size": side, "num_masking_patches": hidden}
        steps.append({**mask, "min_num_patches": 1 if side < 12 else 16})
    if recipe.input == "squares":
        square = 32 if size >= 128 else 16 if size >= 64 else 8
        mask = {"type": "SimMIMMaskGenerator", "input_size": size, "mask_patch_size": square}
        steps.append({**mask, "model_patch_size": 4, "mask_ratio": 0.6})
    return [*steps, *packing]


def small_size(size: int, network: Arch) -> int:
    """Edge of small crops, about 0.43 of the large ones, in whole patches."""
    edge = network.patch(size) if network.family == "vit" else max(8, network.step(size))
    least = 2 * edge if network.family == "vit" else max(edge, network.least(size))
    return max(least, round(size * 3 / 7 / edge) * edge)


def crop(size: int, area: Sequence[float]) -> dict[str, Any]:
    """A random crop."""
    return {
        "type": "RandomResizedCrop", "scale": size, "crop_ratio_range": tuple(area), "backend": "pillow",
        "interpolation": "bicubic",
    }  # fmt: skip


def augmented(size: int, area: Sequence[float]) -> Steps:
    """A view: a random crop, flipped, with other colours, perhaps grey or blurred."""
    colours = {"type": "ColorJitter", "brightness": 0.4, "contrast": 0.4, "saturation": 0.4, "hue": 0.1}
    grey = {"type": "RandomGrayscale", "prob": 0.2, "keep_channels": True}
    blur = {"type": "GaussianBlur", "magnitude_range": (0.1, 2.0), "magnitude_std": "inf", "prob": 0.5}
    steps: Steps = [
        crop(size, area),
        {"type": "RandomFlip", "prob": 0.5},
        {"type": "RandomApply", "transforms": [colours], "prob": 0.8},
        {**grey, "channel_weights": (0.114, 0.587, 0.2989)},
    ]
    return [*steps, blur] if size >= 64 else steps


__all__ = ["ARCHS", "METHODS", "backbone", "pretraining_config"]
