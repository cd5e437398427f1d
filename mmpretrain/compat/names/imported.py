"""Names that modules of 1.x had only because they imported them, and that code of users takes from there.

``from mmpretrain.models.backbones.swin_transformer import *`` gave ``torch`` and ``BaseBackbone`` too.
"""

from __future__ import annotations

import importlib
from typing import Any

#: Module -> names of the standard library and of torch that modules of 1.x imported from it; ``=`` as in
#: ``import torch.nn.functional as F``.
_FROM = {
    "abc": "ABCMeta abstractmethod",
    "collections": "Counter defaultdict OrderedDict",
    "copy": "deepcopy",
    "functools": "partial reduce wraps",
    "itertools": "chain product repeat",
    "numbers": "Number",
    "pathlib": "Path",
    "torch": "Tensor",
    "torch.optim": "Optimizer",
    "torch.utils.data": "DataLoader Dataset Sampler",
    "typing": "Any Callable Dict Iterable Iterator List Optional Sequence Tuple Union",
}
_MODULES = {
    "cp": "torch.utils.checkpoint",
    "cv2": "cv2",
    "dist": "torch.distributed",
    "F": "torch.nn.functional",
    "Image": "PIL.Image",
    "mmcv": "mmcv",
    "mmengine": "mmengine",
    "nn": "torch.nn",
    "np": "numpy",
    "osp": "os.path",
    **{name: name for name in (
        "collections", "copy", "functools", "inspect", "itertools", "json", "logging", "math", "os", "pickle",
        "random", "re", "sys", "tempfile", "torch", "warnings",
    )},
}  # fmt: skip
_HOMES = {name: module for module, names in _FROM.items() for name in names.split()}

#: What a star import of a module brings along, besides the module's own names.
STAR = """
    ABCMeta BaseBackbone BaseModule Callable ConvModule DataSample Dict DropPath F FFN List MODELS ModuleList
    Optional OrderedDict Sequence Sequential Tensor Tuple Union abstractmethod build_activation_layer
    build_conv_layer build_norm_layer constant_init copy cp deepcopy kaiming_init math nn np partial to_2tuple
    torch trunc_normal_ warnings
""".split()


def is_imported(name: str) -> bool:
    """Whether modules of 1.x imported a name from the standard library, torch or the like."""
    return name in _MODULES or name in _HOMES


def load(name: str) -> Any:
    """Return what such a name stands for."""
    if name in _MODULES:
        return importlib.import_module(_MODULES[name])
    return getattr(importlib.import_module(_HOMES[name]), name)
