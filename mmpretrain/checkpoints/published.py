"""Names of weights in MMEngine and MMCV, such as ``torchvision://resnet50``, and their addresses."""

from __future__ import annotations

import functools
import importlib

from mmpretrain.errors import ConfigError
from mmpretrain.utils.suggest import did_you_mean

_TORCH = "https://download.pytorch.org/models/"
_OPENMMLAB = "https://download.openmmlab.com/pretrain/third_party/"

#: Files of torchvision's ``IMAGENET1K_V1`` weights, by the names that configs use most. For other names,
#: torchvision is asked, if it is installed.
TORCHVISION = {
    "resnet18": "resnet18-f37072fd.pth",
    "resnet34": "resnet34-b627a593.pth",
    "resnet50": "resnet50-0676ba61.pth",
    "resnet101": "resnet101-63fe2227.pth",
    "resnet152": "resnet152-394f9c45.pth",
    "resnext50_32x4d": "resnext50_32x4d-7cdf4587.pth",
    "resnext101_32x8d": "resnext101_32x8d-8ba56ff5.pth",
    "wide_resnet50_2": "wide_resnet50_2-95faca4d.pth",
    "wide_resnet101_2": "wide_resnet101_2-32ee1156.pth",
}
#: Weights that OpenMMLab converted from other libraries.
OPENMMLAB = {
    "vgg16_caffe": "vgg16_caffe-292e1171.pth",
    "resnet50_caffe": "resnet50_caffe-788b5fa3.pth",
    "resnet101_caffe": "resnet101_caffe-3ad79236.pth",
    "resnext50_32x4d": "resnext50-32x4d-0ab1a123.pth",
    "resnext101_32x4d": "resnext101_32x4d-a5af3160.pth",
    "resnext101_64x4d": "resnext101_64x4d-ee2c6f71.pth",
    "resnext101_32x8d": "resnext101_32x8d-1516f1aa.pth",
}
SCHEMES = ("torchvision://", "modelzoo://", "open-mmlab://", "openmmlab://", "mmcls://", "pavi://")


def is_name(source: str) -> bool:
    """Whether a source is such a name."""
    return source.lower().startswith(SCHEMES)


def address(source: str) -> str:
    """Return the address that a name stands for.

    Raises:
        ConfigError: If it is not known, with what to write instead.
    """
    scheme, _, name = source.partition("://")
    of_torchvision = scheme.lower() in ("torchvision", "modelzoo")
    known = TORCHVISION if of_torchvision else OPENMMLAB if "openmmlab" in scheme.replace("-", "") else {}
    if name in known:
        return (_TORCH if of_torchvision else _OPENMMLAB) + known[name]
    found = _ask_torchvision(name) if of_torchvision else None
    if found is not None:
        return found
    hint = "Write the address of the weights (https://...), or a name of the zoo (`mmpretrain list`)."
    if of_torchvision:
        hint += " With torchvision installed, all of its names are known."
    close = did_you_mean(name, known)
    raise ConfigError(
        f"no weights are known under the name {source!r}", hint=f"{close} {hint}" if close else hint
    )


@functools.cache
def _ask_torchvision(name: str) -> str | None:
    """The address that torchvision has for a name: of a model, or of a model and its weights after a dot."""
    try:
        models = importlib.import_module("torchvision.models")
        model, _, weights = name.partition(".")
        known = models.get_model_weights(model).__members__
        return known[weights.upper() or "IMAGENET1K_V1"].url
    except (ImportError, OSError, RuntimeError, AttributeError, LookupError, ValueError):
        # It is not installed, broken, too old, or does not know the name.
        return None
