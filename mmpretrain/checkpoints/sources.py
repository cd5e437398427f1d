"""The single entry point for weights: finding, downloading and reading them by any kind of name.

A source is one of these, in the order in which they are tried:

- ``http://``, ``https://`` (:mod:`~mmpretrain.checkpoints.cache`), ``hf://``
  (:mod:`~mmpretrain.checkpoints.hub`);
- ``pkg://``, a file of an installed package (:mod:`~mmpretrain.checkpoints.packages`);
- ``timm/resnet50.a1_in1k``, the repository of that name on the Hugging Face Hub;
- ``torchvision://resnet50`` and the like (:mod:`~mmpretrain.checkpoints.published`);
- another address that :mod:`mmpretrain.utils.fileio` reads, such as ``s3://``;
- a checkpoint file, or the folder of a checkpoint in pieces;
- the folder of a run: its best checkpoint, or its last;
- a name of the zoo, in upper or lower case: its published weights.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mmpretrain.checkpoints import published, zoo
from mmpretrain.checkpoints.cache import fetch, is_address
from mmpretrain.checkpoints.packages import find_in_package, is_in_package
from mmpretrain.checkpoints.probe import kind_of
from mmpretrain.errors import CheckpointError, ConfigError, MissingFileError
from mmpretrain.utils import fileio, web
from mmpretrain.utils.foreign import refuse_foreign
from mmpretrain.utils.suggest import did_you_mean

if TYPE_CHECKING:
    from torch import Tensor

Source = str | os.PathLike[str]

SUFFIXES = (".pth", ".pt", ".pth.tar", ".safetensors", ".bin", ".ckpt")
#: What timm calls its pretrained models: their weights are on the Hugging Face Hub.
_TIMM = re.compile(r"timm/[\w.-]+")
_NUMBERED = re.compile(r"(?:epoch|iter)_(\d+)\.pth")


@dataclass(frozen=True)
class Found:
    """Where weights are.

    Args:
        path: The file, or the folder of a checkpoint in pieces; may be an address that is read in place.
        name: What to call them in messages.
        why: Why this one was taken, where there was a choice.
    """

    path: str
    name: str
    why: str = ""


def find(source: Source, prefer: Literal["best", "last"] = "best") -> Found:
    """Find weights, and fetch them if they are elsewhere.

    Args:
        source: See the top of this file.
        prefer: Which checkpoint of a run to take.

    Raises:
        MissingFileError: If there is nothing of that name, or it cannot be fetched.
        CheckpointError: If what is there cannot be a checkpoint.
        ConfigError: If the source does not make sense.
    """
    text = _text(source)
    if is_address(text):
        return Found(str(fetch(text)), web.shown(text))
    if is_in_package(text):
        return Found(str(find_in_package(text)), text)
    if not fileio.is_local(text):
        return Found(text, text)
    if _is_latest(text):
        return _find_here(os.path.dirname(text) or ".", "last")
    return _find_here(text, prefer)


def _is_latest(text: str) -> bool:
    """Whether a path is that of the link to the latest checkpoint, which 0.x kept in the folder of a run."""
    folder, name = os.path.split(text)
    return name == "latest.pth" and not _exists(text) and _holds_checkpoint(Path(folder).expanduser())


def check(source: Source) -> None:
    """Raise the error of :func:`find` if nothing has that name; nothing is downloaded.

    Raises:
        MissingFileError: If there is nothing of that name.
        ConfigError: If the source does not make sense, or no weights were published for that name.
    """
    text = _text(source)
    if is_in_package(text):
        find_in_package(text)
        return
    if is_address(text) or not fileio.is_local(text) or _exists(text) or _is_latest(text):
        return
    if not zoo.has_model(text):
        raise _nothing(text, Path(text).expanduser())
    _published(zoo.find_model(text))


def _text(source: Source) -> str:
    refuse_foreign(source, "is opened")
    text = os.fspath(source) if isinstance(source, (str, os.PathLike)) else ""
    if not isinstance(text, str) or not text.strip():
        raise ConfigError(
            f"{source!r} names no weights", hint="Give a path, an address or a name of the zoo."
        )
    text = text.strip().removeprefix("file://")
    if published.is_name(text):
        return published.address(text)
    if _TIMM.fullmatch(text) and not os.path.exists(text):
        return f"hf://{text}"
    return text


def open(
    source: Source,
    map_location: Any = "cpu",
    *,
    allocate: Callable[[Tensor], Tensor] | None = None,
    prefer: Literal["best", "last"] = "best",
) -> dict[str, Any]:
    """Find weights and read them.

    Args:
        source: See the top of this file.
        map_location: Where the tensors of a file go, as for :func:`torch.load`.
        allocate: Where those of a checkpoint in pieces go; see :func:`mmpretrain.checkpoints.sharded.load`.
        prefer: Which checkpoint of a run to take.

    Returns:
        What is in the checkpoint; see :func:`mmpretrain.checkpoints.serialization.load`.

    Raises:
        MissingFileError: If there is nothing of that name, or it cannot be fetched.
        CheckpointError: If what is there is not a whole checkpoint.
        ConfigError: If the source does not make sense.
    """
    return read(find(source, prefer), map_location, allocate=allocate)


def read(
    found: Found, map_location: Any = "cpu", *, allocate: Callable[[Tensor], Tensor] | None = None
) -> dict[str, Any]:
    """Read weights that :func:`find` has found."""
    from mmpretrain.checkpoints import serialization

    with fileio.local_path(found.path) as local:
        if os.path.isdir(local):
            from mmpretrain.checkpoints import sharded  # imports much of torch.distributed

            return sharded.load(local, allocate)
        return serialization.load(local, map_location)


# -- on this machine -----------------------------------------------------------------------------------


def _find_here(text: str, prefer: Literal["best", "last"]) -> Found:
    path = Path(text).expanduser()
    if _exists(text):
        if path.is_dir():
            return _find_in_folder(path, prefer)
        _check_file(path)
        return Found(str(path), text)
    if zoo.has_model(text):
        info = zoo.find_model(text)
        weights = _published(info)
        path = find_in_package(weights) if is_in_package(weights) else fetch(weights)
        return Found(str(path), info.name, "the published weights")
    raise _nothing(text, path)


def _exists(text: str) -> bool:
    try:
        return Path(text).expanduser().exists()
    except (OSError, RuntimeError, ValueError) as error:  # too long, unknown user, null byte
        raise MissingFileError(f"{text[:200]!r} is not the name of a file: {error}") from error


def _check_file(path: Path) -> None:
    """Refuse what cannot be a checkpoint before anything waits for it, or reads gigabytes of it."""
    if not path.is_file():
        raise CheckpointError(f"{path} is a pipe or a device, and not a file")
    try:
        kind_of(path)
    except CheckpointError as error:
        raise CheckpointError(
            f"{path} is damaged or no checkpoint: {error.message}", hint="Download or copy it again."
        ) from error
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read ({error.strerror})") from error


def _published(info: zoo.ModelInfo) -> str:
    if info.weights is None:
        raise ConfigError(
            f"no weights were published for {info.name!r}", hint="Name a checkpoint: a path or an address."
        )
    return info.weights


def _find_in_folder(folder: Path, prefer: Literal["best", "last"]) -> Found:
    from mmpretrain.checkpoints.run_folder import RunFolder  # imports torch
    from mmpretrain.checkpoints.serialization import is_sharded

    run = RunFolder(folder)
    last = run.last() if prefer == "last" and not is_sharded(folder) else None
    if last is not None:
        return Found(last, last, "the latest")
    try:
        choice = run.choose()
        return Found(str(choice.path), str(choice.path), choice.why)
    except MissingFileError as error:
        only = _only(folder)
        if only is not None:
            return only
        below = ", ".join(map(str, runs_below(folder)))
        hints = [error.hint, f"There are runs below it: name one of {below}." if below else None]
        error.hint = " ".join(filter(None, hints)) or "Name a checkpoint, or the work folder of a run."
        raise


def _only(folder: Path) -> Found | None:
    """The last of the numbered checkpoints in a folder without a pointer, or the only file of weights."""
    numbered = {path: match for path in folder.glob("*.pth") if (match := _NUMBERED.fullmatch(path.name))}
    files = [path for suffix in ("pth", "safetensors") for path in folder.glob(f"*.{suffix}")]
    if numbered:
        path, why = max(numbered, key=lambda path: int(numbered[path][1])), "the one with the highest number"
    elif len(files) == 1:
        path, why = files[0], "the only one"
    else:
        return None
    return Found(str(path), str(path), why)


def runs_below(folder: Path, limit: int = 10) -> list[Path]:
    """Work folders of runs, one or two levels below a folder."""
    inner = sorted(_folders(folder))
    for level in (inner, [item for outer in inner for item in sorted(_folders(outer))]):
        runs = [item for item in level if _holds_checkpoint(item)]
        if runs:
            return runs[:limit]
    return []


def _holds_checkpoint(folder: Path) -> bool:
    return (folder / "last_checkpoint").is_file() or any(folder.glob("*.pth"))


def _folders(folder: Path) -> Iterator[Path]:
    try:
        yield from (item for item in folder.iterdir() if item.is_dir() and not item.name.startswith("."))
    except OSError:
        return


def _nothing(text: str, path: Path) -> MissingFileError:
    """The error for a name that leads nowhere, with the closest files, folders and names of the zoo."""
    parent = path.parent
    siblings = [str(item) for item in parent.iterdir()] if parent.is_dir() else []
    a_path = text.endswith(SUFFIXES) or os.path.isabs(text) or text.startswith((".", "~"))
    hint = did_you_mean(str(path), siblings)
    if a_path:
        if hint is None and not parent.is_dir():
            hint = f"There is no folder {str(parent)!r} either; the current folder is {Path.cwd()}."
        return MissingFileError(
            f"There is no file or folder {text!r}", hint=hint or f"The current folder is {Path.cwd()}."
        )
    hint = hint or did_you_mean(text, zoo.zoo())
    return MissingFileError(
        f"There is no file or folder {text!r}, and the model zoo has no model of that name",
        hint=hint or f"The current folder is {Path.cwd()}; `mmpretrain list` shows the zoo's names.",
    )
