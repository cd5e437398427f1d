"""Config files by path or by name; those of the zoo are part of the package."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from mmpretrain.errors import MissingFileError
from mmpretrain.utils.former import compat
from mmpretrain.utils.resources import resource_root
from mmpretrain.utils.suggest import did_you_mean

#: What the names of config files end with.
SUFFIXES = (".py", ".yaml", ".yml", ".json")


def zoo_configs() -> dict[str, Path]:
    """Return the path of every config of the zoo by its name (the file name without suffix)."""
    root = resource_root() / "configs"
    return {path.stem: path for path in sorted(root.glob("*/**/*.py")) if "_base_" not in path.parts}


def find_config(name: str | os.PathLike[str]) -> Path:
    """Return the config file that a path, or the name of a zoo config, stands for.

    The work folder of a run stands for the config that the run has written there. A path that starts with
    ``configs/`` is also looked for in the installed package, so that the commands of the documentation work
    from any folder.

    Raises:
        MissingFileError: With the closest names.
    """
    path = Path(name).expanduser()
    if path.is_file():
        return path
    if path.is_dir() and str(name) not in zoo_configs():
        return _config_of_run(path)
    if path.suffix in SUFFIXES:
        shipped = resource_root() / path
        if not path.is_absolute() and path.parts[0] == "configs" and shipped.is_file():
            return shipped
        renamed = compat("v0.file_names").name_today(path, zoo_configs())
        if renamed is not None:
            shown = renamed.relative_to(resource_root())
            logging.getLogger("mmpretrain").warning("%s is called %s today", path, shown)
            return renamed
        siblings = (
            [str(other) for other in path.parent.glob(f"*{path.suffix}")] if path.parent.is_dir() else []
        )
        hint = did_you_mean(str(path), siblings)
        raise MissingFileError(
            f"there is no config file {str(path)!r}",
            hint=hint or f"The current folder is {Path.cwd()}; `mmpretrain list` shows the zoo's configs.",
        )
    configs = zoo_configs()
    if str(name) in configs:
        return configs[str(name)]
    raise MissingFileError(
        f"{str(name)!r} is neither a config file nor the name of a config of the zoo",
        hint=did_you_mean(str(name), configs) or "`mmpretrain list` shows the names.",
    )


def _config_of_run(folder: Path) -> Path:
    """Return the latest config file in the work folder of a run."""
    from mmpretrain.checkpoints.sources import runs_below

    found = [
        path
        for path in folder.iterdir()
        if path.suffix in SUFFIXES and path.is_file() and path.name != "run.json"
    ]
    if found:
        return max(found, key=lambda path: (path.stat().st_mtime, path.name))
    below = ", ".join(map(str, runs_below(folder)))
    raise MissingFileError(
        f"There is no config in the folder {str(folder)!r}",
        hint=f"There are runs below it: name one of {below}."
        if below
        else "Name a config file, or the work folder of a run.",
    )
