"""The packages that users of ``mim`` name, and what of them is here."""

from __future__ import annotations

from importlib import metadata

from mmpretrain.errors import ConfigError
from mmpretrain.utils.former import FORMER

#: Toolboxes whose models and commands are those of this package.
OURS = ("mmpretrain", "mmcls", "mmselfsup")
#: Packages that this one does without, as their parts are in it.
INSIDE = (*sorted(FORMER), "mmcv-full", "mmcv-lite", "openmim")


def require_ours(package: str) -> None:
    """Check that a package is one of those that became this one.

    Raises:
        ConfigError: If it is another one.
    """
    if package.lower() not in OURS:
        raise ConfigError(
            f"this mim serves mmpretrain, and not {package!r}",
            hint="For other packages: pip install openmim.",
        )


def base_name(requirement: str) -> str:
    """Return the name in what is to be installed: ``'mmcv>=2.0'`` -> ``'mmcv'``."""
    name = requirement.strip()
    for mark in "[<>=!~; ":
        name = name.partition(mark)[0]
    return name.lower().replace("_", "-")


def installed(everything: bool = False) -> list[tuple[str, str, str]]:
    """Return name, version and place of installed packages of OpenMMLab; of all packages on demand."""
    found = []
    for item in metadata.distributions():
        name = item.metadata["Name"]
        if name and (
            everything or name.lower().startswith(("mmpretrain", "mmcv", "mmengine", "mmdet", "openmim"))
        ):
            found.append((name, item.version, str(item.locate_file(""))))
    return sorted(set(found))
