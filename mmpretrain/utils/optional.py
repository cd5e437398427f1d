"""Imports of packages that mmpretrain can do without."""

from __future__ import annotations

import importlib
from types import ModuleType

from mmpretrain.errors import OptionalDependencyError


def optional_import(module: str, *, feature: str, extra: str | None = None) -> ModuleType:
    """Import ``module``, or say which extra brings it.

    Args:
        module: Dotted module name, such as ``'tensorboard'``.
        feature: What needs it, as the subject of the message: ``'TensorboardVisBackend'``.
        extra: The extra of mmpretrain that installs it; without one, the package itself is named.

    Raises:
        OptionalDependencyError: If the module is absent or fails to import.
    """
    try:
        return importlib.import_module(module)
    except (ImportError, RuntimeError, OSError) as error:  # also a wheel built for another version of torch
        target = f"'mmpretrain[{extra}]'" if extra else module.partition(".")[0]
        missing = isinstance(error, ModuleNotFoundError) and error.name == module.partition(".")[0]
        problem = "which is not installed" if missing else f"which does not import here ({error})"
        hint = f"Run: pip install {target}"
        if "torchvision" in str(error) and not missing:
            hint = _fitting_torchvision()
        raise OptionalDependencyError(f"{feature} needs {module}, {problem}", hint=hint) from error


def _fitting_torchvision() -> str:
    """What to do when torchvision was built for another torch, as pip brings it beside one for CPUs."""
    import torch

    major, minor = (int(number) for number in torch.__version__.split(".")[:2])
    version = f"==0.{minor + 15}.*" if major == 2 else ""  # 0.15 belongs to torch 2.0, and so on
    build = f"cu{torch.version.cuda.replace('.', '')}" if torch.version.cuda else "cpu"
    return (
        f"The installed torchvision was not built for torch {torch.__version__}. Run: pip install "
        f"--force-reinstall --no-deps 'torchvision{version}' --index-url https://download.pytorch.org/whl/{build}"
    )
