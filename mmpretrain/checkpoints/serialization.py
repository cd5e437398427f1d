"""Reading and writing checkpoint files: no code in a file runs, and writes are atomic.

Reading knows tensors, containers, numbers and a few harmless classes. Any other class or function in the file
becomes a :class:`Placeholder` that keeps its data and does nothing (:mod:`mmpretrain.utils.pickles`).
"""

from __future__ import annotations

import io
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import torch

from mmpretrain.checkpoints import torch_file
from mmpretrain.errors import CheckpointError, MissingFileError
from mmpretrain.utils.atomic import write_atomic
from mmpretrain.utils.brief import brief_text
from mmpretrain.utils.budget import DEPTH
from mmpretrain.utils.pickles import PickleError, Placeholder, holds_placeholder

#: The file that makes a folder a checkpoint in pieces, see :mod:`mmpretrain.checkpoints.sharded`.
INDEX = "index.pth"


def load(path: str | os.PathLike, map_location: Any = "cpu") -> dict[str, Any]:
    """Read a checkpoint: a ``.pth`` of any layout, a ``.safetensors`` file, or a TorchScript archive.

    Args:
        path: The file.
        map_location: Where tensors go, as for :func:`torch.load`.

    Returns:
        The dict in the file; of a safetensors file, tensors under ``state_dict`` and metadata under ``meta``;
        of a TorchScript archive, tensors under ``state_dict``.

    Raises:
        MissingFileError: If there is no such file.
        CheckpointError: If it is not a whole checkpoint.
    """
    path = Path(path).expanduser()
    if path.is_dir():
        hint = "If a run with FSDPStrategy wrote it: `mmpretrain convert FOLDER FILE.pth` makes a file of it."
        raise MissingFileError(f"{path} is a folder, and not a checkpoint file", hint=hint)
    if not path.is_file():
        raise MissingFileError(f"There is no checkpoint {str(path)!r}", hint="Check the path.")
    try:
        if path.suffix == ".safetensors":
            return _load_safetensors(path, map_location)
        content = torch_file.read(path, map_location)
        if isinstance(content, Placeholder) and content.path.startswith("__torch__."):
            return {"state_dict": _tensors_of(content)}
    except Exception as error:  # a damaged file can make the readers fail in any way
        kind = "" if isinstance(error, ValueError) else f"{type(error).__name__}: "
        raise CheckpointError(
            f"{path} is damaged or no checkpoint ({kind}{brief_text(str(error), 400)})",
            hint="Download or copy it again, or use an older one.",
        ) from error
    if not isinstance(content, dict):
        raise CheckpointError(f"{path} holds a {type(content).__name__}, and not a dict of weights")
    return content


def read_tensor(path: str | os.PathLike) -> torch.Tensor:
    """Read a file that holds one tensor.

    Raises:
        CheckpointError: If it does not.
    """
    if not Path(path).is_file():
        raise MissingFileError(f"There is no file {str(path)!r}", hint="Check the path.")
    try:
        content = torch_file.read(Path(path))
    except Exception as error:  # a damaged file can make the reader fail in any way
        raise CheckpointError(f"{path} is damaged, or holds no tensor ({error})") from error
    if not isinstance(content, torch.Tensor):
        raise CheckpointError(f"{path} holds a {type(content).__name__}, and not a tensor")
    return content


def _load_safetensors(path: Path, map_location: Any) -> dict[str, Any]:
    from safetensors import safe_open

    device = str(map_location) if isinstance(map_location, (str, torch.device)) else "cpu"
    with safe_open(str(path), framework="pt", device=device) as file:
        meta: dict[str, Any] = dict(file.metadata() or {})
        if "dataset_meta" in meta:
            meta["dataset_meta"] = json.loads(meta["dataset_meta"])
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - not a dict
        return {"state_dict": tensors, "meta": meta}


def _tensors_of(archive: Placeholder) -> dict[str, torch.Tensor]:
    """The state dict of a module from a TorchScript archive."""
    tensors: dict[str, torch.Tensor] = {}

    def visit(module: Placeholder, prefix: str, above: tuple[int, ...]) -> None:
        if id(module) in above or len(above) > DEPTH:
            raise PickleError("its modules contain themselves")
        for name, value in vars(module).items():
            if isinstance(value, torch.Tensor):
                tensors[prefix + name] = value.detach()
            elif isinstance(value, Placeholder):
                visit(value, f"{prefix}{name}.", (*above, id(module)))

    visit(archive, "", ())
    return tensors


def verify(path: str | os.PathLike) -> dict[str, Any]:
    """Read a checkpoint's every byte, compare checksums, and return what is in it.

    Raises:
        CheckpointError: If something is wrong with it.
    """
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
        if damaged is not None:
            raise CheckpointError(f"{path} is damaged: {damaged} has a wrong checksum")
    return load(path)


def is_sharded(path: str | os.PathLike) -> bool:
    """Whether a path is a checkpoint in pieces."""
    return Path(path, INDEX).is_file()


def save(obj: Any, path: str | os.PathLike) -> None:
    """Write a checkpoint so that at any moment the file is either the old one or the new one, whole.

    Args:
        obj: What to write; for ``.safetensors``, tensors by name, or a dict with a ``state_dict``.
        path: The file; its folder is made if need be.

    Raises:
        OSError: If it cannot be written; nothing is left behind then.
    """
    if str(path).endswith(".safetensors"):
        from safetensors.torch import save as to_bytes

        tensors = _apart({key: value.detach().cpu() for key, value in obj.get("state_dict", obj).items()})
        notes = {"format": "pt", **_notes(obj.get("meta") if "state_dict" in obj else None)}
        write_atomic(path, lambda file: file.write(to_bytes(tensors, notes)))
    else:
        write_atomic(path, lambda file: torch.save(obj, file))


def _apart(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return tensors none of which shares its memory with another, as safetensors wants them."""
    seen: set[int] = set()
    apart = {}
    for key, value in tensors.items():
        place = value.untyped_storage().data_ptr()
        apart[key] = value.clone() if place in seen else value.contiguous()
        seen.add(place)
    return apart


def _notes(meta: Any) -> dict[str, str]:
    """Return what safetensors can keep of the metadata of a checkpoint: texts, and plain data as JSON."""
    notes = {}
    for key, value in meta.items() if isinstance(meta, dict) else ():
        if isinstance(value, str):
            notes[str(key)] = value
        elif key == "dataset_meta":
            notes[key] = json.dumps(
                {k: v for k, v in value.items() if isinstance(v, (str, int, list, tuple))}
            )
    return notes


def to_bytes(obj: Any) -> bytes:
    """Return what :func:`save` would write."""
    buffer = io.BytesIO()
    torch.save(obj, buffer)
    return buffer.getvalue()


__all__ = [
    "INDEX",
    "Placeholder",
    "holds_placeholder",
    "is_sharded",
    "load",
    "read_tensor",
    "save",
    "to_bytes",
    "verify",
]
