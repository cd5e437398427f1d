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
        raise OptionalDependencyError(
            f"{feature} needs {module}, {problem}", hint=f"Run: pip install {target}"
        ) from error
