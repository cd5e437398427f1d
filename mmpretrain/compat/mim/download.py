"""``mim download``: a config with all that it inherits, and the weights that were published for it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from mmpretrain.checkpoints import zoo
from mmpretrain.checkpoints.cache import cache_dir, fetch, is_address
from mmpretrain.checkpoints.packages import find_in_package
from mmpretrain.checkpoints.zoo import ModelInfo
from mmpretrain.compat.v0.file_names import name_today
from mmpretrain.config import Config
from mmpretrain.config.zoo import zoo_configs
from mmpretrain.errors import ConfigError
from mmpretrain.utils.atomic import write_atomic


@dataclass(frozen=True)
class Step:
    """The outcome for one file.

    Attributes:
        text: A line for people.
        path: The file; None if there is none.
    """

    text: str
    path: Path | None = None


def default_folder() -> Path:
    """Return the folder for downloads without ``--dest``."""
    return cache_dir() / "mim"


def names_in(values: Sequence[str]) -> list[str]:
    """Return the names in ``a,b c.py``."""
    names = [name.strip().removesuffix(".py") for value in values for name in value.split(",")]
    return [Path(name).name for name in names if name]


def known_name(name: str) -> str:
    """Return today's name of a config that 0.x had under another one; other names as they are."""
    if zoo.has_model(name) or name in zoo_configs():
        return name
    renamed = name_today(Path(f"{name}.py"), zoo_configs())
    return name if renamed is None else renamed.stem


def find(name: str) -> ModelInfo:
    """Return the model of the zoo for the name of a model or of its config.

    Raises:
        ConfigError: If there is none, with the closest names.
    """
    name = known_name(name)
    if zoo.has_model(name):
        return zoo.find_model(name)
    same = [info for info in zoo.zoo().values() if info.config.stem == name]
    if not same:
        return zoo.find_model(name)  # its error suggests similar names
    return next((info for info in same if info.weights), same[0])


def download(name: str, folder: Path) -> Iterator[Step]:
    """Bring the weights and the config of a model into a folder, and say what was done.

    Raises:
        ConfigError: If there is no such model, or another file in the way.
        MissingFileError: If the weights cannot be found anywhere.
    """
    info = find(name)
    yield Step(f"processing {name}...")
    folder.mkdir(parents=True, exist_ok=True)
    if info.weights is None:
        yield Step(f"no weights were published for {info.name}")
    else:
        yield _weights(info.weights, folder)
    yield _config(info, name, folder)


def _weights(address: str, folder: Path) -> Step:
    published = is_address(address)
    target = folder / Path(urlsplit(address).path).name
    source = None if target.exists() else fetch(address) if published else find_in_package(address)
    if source is None:
        return Step(f"{target.name} exists in {folder.absolute()}", target)
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        shutil.copyfile(source, temporary)
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)
    return Step(f"Successfully downloaded {target.name} to {folder.absolute()}", target)


def _config(info: ModelInfo, name: str, folder: Path) -> Step:
    target = folder / f"{name}.py"
    text = Config.fromfile(info.config).pretty_text
    if target.exists():
        if target.read_text(encoding="utf-8") != text:
            raise ConfigError(f"{str(target)!r} exists, and is another config", hint="Choose another --dest.")
        return Step(f"{target.name} exists in {folder.absolute()}", target)
    write_atomic(target, lambda file: file.write(text.encode()))
    return Step(f"Successfully dumped {target.name} to {folder.absolute()}", target)
