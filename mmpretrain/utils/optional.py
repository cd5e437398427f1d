"""Imports of packages that mmpretrain can do without."""

from __future__ import annotations

import importlib
from types import ModuleType

from mmpretrain.errors import OptionalDependencyError

#: Packages that need torchvision, which must be built for the installed torch.
ON_TORCHVISION = ("timm",)


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
        root = module.partition(".")[0]
        missing = isinstance(error, ModuleNotFoundError) and error.name == root
        problem = "which is not installed" if missing else f"which does not import here ({error})"
        hint = f"Run: pip install {_target(root, extra)}"
        if "torchvision" in str(error):
            hint = _fitting_torchvision(isinstance(error, ModuleNotFoundError))
        elif missing and root in ON_TORCHVISION:
            hint = _beside_this_torch(root) or hint
        raise OptionalDependencyError(f"{feature} needs {module}, {problem}", hint=hint) from error


def _target(package: str, extra: str | None) -> str:
    """Return what to give to ``pip install`` for a package."""
    return f"'mmpretrain[{extra}]'" if extra else package


def _beside_this_torch(package: str) -> str | None:
    """How to install a package on torchvision if pip would replace the installed torch by PyPI's build."""
    import torch

    build = torch.__version__.partition("+")[2]
    if not build:
        return None
    return (
        f"Run: pip install --no-deps {package}, and then: {_torchvision_command()}. "
        f"Without --no-deps, pip replaces torch {torch.__version__} by another build"
    )


def _fitting_torchvision(absent: bool) -> str:
    """What to do when torchvision is absent, or was built for another torch, as PyPI's beside a CPU build."""
    import torch

    version = torch.__version__
    if absent:
        return f"It needs the torchvision that was built for torch {version}. Run: {_torchvision_command()}"
    return (
        f"The installed torchvision was not built for torch {version}. "
        f"Run: {_torchvision_command('--force-reinstall ')}"
    )


def _torchvision_command(option: str = "") -> str:
    import torch

    major, minor = (int(number) for number in torch.__version__.split(".")[:2])
    version = f"==0.{minor + 15}.*" if major == 2 else ""  # 0.15 belongs to torch 2.0, and so on
    build = f"cu{torch.version.cuda.replace('.', '')}" if torch.version.cuda else "cpu"
    index = f"https://download.pytorch.org/whl/{build}"
    return f"pip install {option}--no-deps 'torchvision{version}' --index-url {index}"
