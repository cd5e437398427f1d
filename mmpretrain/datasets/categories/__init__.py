"""Class names of public data sets, one a line in a text file each; the position of a line is the label.

>>> from mmpretrain.datasets.categories import IMAGENET_CATEGORIES, load_categories
>>> load_categories('imagenet') == IMAGENET_CATEGORIES
True
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

#: Names under which the lists can be imported, and their files.
FILES = {
    "CALTECH101_CATEGORIES": "caltech101",
    "CIFAR100_CATEGORIES": "cifar100",
    "CIFAR100_CATEGORIES_CN": "cifar100_cn",
    "CIFAR10_CATEGORIES": "cifar10",
    "CUB_CATEGORIES": "cub",
    "DTD_CATEGORIES": "dtd",
    "FASHIONMNIST_CATEGORITES": "fashionmnist",
    "FGVCAIRCRAFT_CATEGORIES": "fgvcaircraft",
    "FOOD101_CATEGORIES": "food101",
    "IMAGENET_CATEGORIES": "imagenet",
    "IMAGENET_SIMPLE_CATEGORIES": "imagenet_simple",
    "MNIST_CATEGORITES": "mnist",
    "OxfordIIITPet_CATEGORIES": "oxfordiiitpet",
    "PLACES205_CATEGORIES": "places205",
    "STANFORDCARS_CATEGORIES": "stanfordcars",
    "SUN397_CATEGORIES": "sun397",
    "VOC2007_CATEGORIES": "voc2007",
}

__all__ = ["load_categories", *sorted(FILES)]


@cache
def load_categories(name: str) -> tuple[str, ...]:
    """Read a list of class names by the name of its file."""
    text = (Path(__file__).parent / f"{name}.txt").read_text(encoding="utf-8")
    return tuple(text.splitlines())


def __getattr__(name: str) -> tuple[str, ...]:
    if name in FILES:
        return load_categories(FILES[name])
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
