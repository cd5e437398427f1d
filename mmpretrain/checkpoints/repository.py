"""A model as a repository of the Hugging Face Hub: weights, config, facts, and a page about it.

================== ====================================================================
file               content
================== ====================================================================
model.safetensors  weights; config and class names in its metadata, so that it is enough
config.py          the config, for people and for ``mmpretrain train``
config.json        facts for the hub: architecture, names of the classes
README.md          the page
================== ====================================================================
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmpretrain.checkpoints.hub import HubSource
from mmpretrain.checkpoints.publishing import cleaned
from mmpretrain.checkpoints.serialization import save
from mmpretrain.errors import CheckpointError, ConfigError, MissingFileError
from mmpretrain.utils.atomic import write_atomic
from mmpretrain.utils.brief import said
from mmpretrain.utils.optional import optional_import

WEIGHTS = "model.safetensors"

PAGE = """\
---
library_name: mmpretrain
pipeline_tag: {task}
tags:
- mmpretrain
---

# {title}

```python
from mmpretrain import ImageClassificationInferencer

inferencer = ImageClassificationInferencer("hf://{name}")
print(inferencer("image.jpg")[0])
```

`mmpretrain predict image.jpg --model hf://{name}` does the same.
{classes}"""


def write_repository(
    source: str | os.PathLike[str],
    folder: str | os.PathLike[str],
    name: str | None = None,
    *,
    ema: bool = True,
    force: bool = False,
    version: str | None = None,
) -> list[Path]:
    """Write a checkpoint as the files of a repository.

    Args:
        source: The checkpoint, which has its config inside; see :func:`mmpretrain.checkpoints.find`.
        folder: Where to write; it is made if need be.
        name: ``organisation/name`` of the repository, for its page.
        ema: Take averaged weights, if the run kept any.
        force: Overwrite files.
        version: Version to write, if the checkpoint does not say.

    Returns:
        The files.

    Raises:
        CheckpointError: If the checkpoint has no weights, or no config.
        ConfigError: If there are such files already.
    """
    target = Path(folder).expanduser()
    names = (WEIGHTS, "config.py", "config.json", "README.md")
    there = [item for item in names if (target / item).exists()]
    if there and not force:
        raise ConfigError(
            f"the folder {str(target)!r} has {', '.join(there)} already",
            hint="Name another folder, or overwrite them with --force.",
        )
    content = cleaned(source, ema=ema, version=version)
    config = content["meta"].get("cfg")
    if not isinstance(config, str):
        raise CheckpointError(
            f"{os.fspath(source)} does not hold its config, without which no one can use it",
            hint="Checkpoints of training runs have it.",
        )
    texts = {
        "config.py": config,
        "config.json": json.dumps(_facts(content["meta"]), indent=2, ensure_ascii=False) + "\n",
        "README.md": _page(content["meta"], name or target.resolve().name),
    }
    try:
        target.mkdir(parents=True, exist_ok=True)
        save(content, target / WEIGHTS)
        for item, text in texts.items():
            write_atomic(target / item, lambda file, text=text: file.write(text.encode()))
    except OSError as error:
        raise MissingFileError(
            f"{str(target)!r} cannot be written ({error.strerror})", hint="Name another folder."
        ) from error
    return [target / item for item in names]


def upload(
    source: str | os.PathLike[str],
    address: str,
    *,
    ema: bool = True,
    private: bool = False,
    version: str | None = None,
) -> str:
    """Write a checkpoint into a repository of the hub, which is made if need be.

    Args:
        source: The checkpoint, which has its config inside.
        address: ``hf://organisation/name``, with ``@branch`` if need be.
        ema: Take averaged weights, if the run kept any.
        private: Make a new repository private.
        version: Version to write, if the checkpoint does not say.

    Returns:
        The address of its page.

    Raises:
        OptionalDependencyError: If ``huggingface_hub`` is not installed.
        MissingFileError: If the hub does not take it, with what it says.
    """
    place = HubSource.parse(address)
    hub: Any = optional_import("huggingface_hub", feature="Uploading to the Hugging Face Hub", extra="hub")
    with tempfile.TemporaryDirectory(prefix="mmpretrain-") as folder:
        write_repository(source, folder, place.repository, ema=ema, version=version)
        api = hub.HfApi(token=os.environ.get("HF_TOKEN") or None)
        try:
            api.create_repo(place.repository, private=private, exist_ok=True)
            api.upload_folder(
                repo_id=place.repository,
                folder_path=folder,
                revision=place.revision,
                commit_message="Upload by mmpretrain",
            )
        except Exception as error:  # of several libraries, and of the network
            raise MissingFileError(
                f"{place} could not be written ({said(error)})",
                hint="HF_TOKEN must allow to write there.",
            ) from error
    return f"{(os.environ.get('HF_ENDPOINT') or 'https://huggingface.co').rstrip('/')}/{place.repository}"


def _classes(meta: Mapping[str, Any]) -> list[str]:
    known = meta.get("dataset_meta")
    names = known.get("classes") if isinstance(known, Mapping) else meta.get("CLASSES")
    return [str(name) for name in names] if isinstance(names, (list, tuple)) else []


def _facts(meta: Mapping[str, Any]) -> dict[str, Any]:
    classes = _classes(meta)
    return {
        "library_name": "mmpretrain",
        "mmpretrain_version": str(meta.get("mmpretrain_version", "")),
        "num_labels": len(classes) or None,
        "id2label": {str(number): name for number, name in enumerate(classes)},
        "label2id": {name: number for number, name in enumerate(classes)},
    }


def _page(meta: Mapping[str, Any], name: str) -> str:
    classes = _classes(meta)
    shown = ", ".join(classes[:50]) + (", ..." if len(classes) > 50 else "")
    return PAGE.format(
        task="image-classification" if classes else "image-feature-extraction",
        title=name.rpartition("/")[2],
        name=name,
        classes=f"\nIt knows {len(classes)} classes: {shown}.\n" if classes else "",
    )
