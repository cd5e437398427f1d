"""Publishing a checkpoint: its weights and the data needed to use them, in a file named by its hash."""

from __future__ import annotations

import hashlib
import logging
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

from torch import Tensor

from mmpretrain import checkpoints
from mmpretrain.checkpoints.layouts import weights_of
from mmpretrain.checkpoints.serialization import save
from mmpretrain.errors import CheckpointError, ConfigError

logger = logging.getLogger(__name__)

SUFFIXES = (".pth", ".safetensors")
#: Digits of the hash in a file's name, as downloads are checked against.
DIGITS = 8
#: Facts about the run and its machine that are of no use to others.
PRIVATE = ("env_info", "data", "hook_msgs", "validated_at", "iters_per_epoch")


def publish(
    source: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    ema: bool = True,
    dataset_meta: Mapping[str, Any] | None = None,
    version: str | None = None,
) -> Path:
    """Write the weights of a checkpoint and its config into a file named by its hash.

    The state of optimizer, schedulers, random generators and hooks stays behind, and tensors are on the CPU.

    Args:
        source: The checkpoint; see :func:`mmpretrain.checkpoints.find`.
        out: The file: ``name.pth`` becomes ``name-0a1b2c3d.pth``; ``.safetensors`` works, too.
        ema: Publish averaged weights, if the run kept any; False for those that were trained.
        dataset_meta: What to write about the data, if the checkpoint does not say: ``dict(classes=...)``.
        version: Version to write, if the checkpoint does not say.

    Returns:
        The path of the file.

    Raises:
        ConfigError: If the suffix is another one.
        CheckpointError: If the checkpoint has no weights, or not those that are asked for.
    """
    out = Path(out).expanduser()
    if out.suffix not in SUFFIXES:
        raise ConfigError(f"the output {str(out)!r} must end with {' or '.join(SUFFIXES)}")
    if out.is_dir():
        raise ConfigError(f"the output {str(out)!r} is a folder", hint="Name a file in it.")
    return _write(cleaned(source, ema=ema, dataset_meta=dataset_meta, version=version), out)


def cleaned(
    source: str | os.PathLike[str],
    *,
    ema: bool = True,
    dataset_meta: Mapping[str, Any] | None = None,
    version: str | None = None,
) -> dict[str, Any]:
    """Return the weights of a checkpoint as ``state_dict``, and what tells how to use them as ``meta``.

    Arguments and errors as for :func:`publish`.
    """
    found = checkpoints.find(source)
    content = checkpoints.read(found)
    weights = _trained_weights(content, found.name) if not ema else weights_of(content)
    if not weights:
        raise CheckpointError(f"{found.name} holds no weights")
    meta = _meta(content, dataset_meta, version, found.name)
    return {"meta": meta, "state_dict": {key: _on_cpu(value) for key, value in weights.items()}}


def _trained_weights(content: Mapping[str, Any], name: str) -> dict[str, Tensor]:
    """Return weights without averaging; EMAHook puts the averages into ``state_dict``."""
    averages = content.get("ema_state_dict")
    if not isinstance(averages, Mapping):
        raise CheckpointError(
            f"{name} has no averaged weights next to the trained ones", hint="Leave out --no-ema."
        )
    own = {k.removeprefix("module."): v for k, v in averages.items() if k.startswith("module.")}
    return {**weights_of(content), **own}


def _meta(
    content: Mapping[str, Any], dataset_meta: Mapping[str, Any] | None, version: str | None, name: str
) -> dict[str, Any]:
    given = content.get("meta")
    meta = (
        {key: value for key, value in given.items() if key not in PRIVATE}
        if isinstance(given, Mapping)
        else {}
    )
    if version is not None:
        meta.setdefault("mmpretrain_version", version)
    if not meta.get("dataset_meta") and "CLASSES" not in meta:
        meta["dataset_meta"] = dict(dataset_meta or {})
    if not meta.get("dataset_meta") and "CLASSES" not in meta:
        logger.warning(
            "%s has no names of classes: add those of a data set with --dataset-type, such as ImageNet.", name
        )
    return meta


def _on_cpu(value: Any) -> Any:
    """Return a tensor on the CPU that holds no more memory than it shows."""
    if not isinstance(value, Tensor):
        return value
    value = value.detach().cpu()
    return value.clone() if value.untyped_storage().nbytes() > value.nbytes else value


def _write(content: dict[str, Any], out: Path) -> Path:
    """Write a file, and give it a name with its hash; an equal one that is there already is left alone."""
    out.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(prefix=f".{out.stem}-", suffix=out.suffix, dir=out.parent)
    os.close(descriptor)
    try:
        save(content, temporary)
        with open(temporary, "rb") as file:
            digest = _sha256(file)
        final = out.with_name(f"{out.stem}-{digest[:DIGITS]}{out.suffix}")
        if not final.exists():
            os.chmod(temporary, 0o666 & ~_umask())
            os.replace(temporary, final)
        return final
    finally:
        Path(temporary).unlink(missing_ok=True)


def _sha256(file: BinaryIO) -> str:
    digest = hashlib.sha256()
    while block := file.read(1 << 20):
        digest.update(block)
    return digest.hexdigest()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
