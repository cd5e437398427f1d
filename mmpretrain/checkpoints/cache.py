"""Weights by path or address: local files, the cache, mirrors, the published address.

Environment:
    MMPRETRAIN_CACHE: Folder for downloads; by default ``mmpretrain`` in the cache folder of the user.
    MMPRETRAIN_MIRRORS: Addresses, separated by commas, to try before the published one. The path of the
        published address is appended: with ``https://mirror.org/mm``, the file
        ``https://download.openmmlab.com/mmclassification/v0/a.pth`` is looked for at
        ``https://mirror.org/mm/mmclassification/v0/a.pth``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from mmpretrain.errors import MissingFileError
from mmpretrain.utils.download import download

#: The hash that is part of published file names: ``resnet50_8xb32_in1k_20210831-ea4938fa.pth``.
_HASH = re.compile(r"-([0-9a-f]{8,64})\.\w+$")


def cache_dir() -> Path:
    """Return the folder in which downloaded weights are kept."""
    own = os.environ.get("MMPRETRAIN_CACHE")
    if own:
        return Path(own).expanduser()
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "mmpretrain"


def is_address(source: str | os.PathLike[str]) -> bool:
    """Whether ``source`` is to be downloaded."""
    return str(source).startswith(("http://", "https://", "hf://"))


def local_weights(source: str | os.PathLike[str]) -> Path:
    """Return a local file for weights, downloading them if they are not in the cache.

    Args:
        source: A path, an ``http(s)://`` address, or ``hf://organisation/repository/file``.

    Raises:
        MissingFileError: If nothing is there, with everything that was tried and where to put the file.
        DataError: If what came does not have the hash in the file's name.
    """
    if not is_address(source):
        return Path(source).expanduser()
    address = str(source)
    cached = cache_dir() / Path(urlsplit(address).path).name
    if cached.is_file():  # was checked when it came, or was put there on purpose
        return cached
    known = _HASH.search(cached.name)
    digest = f"sha256:{known[1]}" if known else None
    try:
        return Path(download(list(_candidates(address)), cached, digest))
    except MissingFileError as error:
        named = f"the file (its SHA-256 begins with {known[1]})" if known else "the file"
        raise MissingFileError(
            error.message, hint=f"Put {named} into {cached.parent}, or set MMPRETRAIN_MIRRORS."
        ) from error


def _candidates(address: str) -> Iterator[str]:
    if address.startswith("hf://"):
        organisation, repository, file = address.removeprefix("hf://").split("/", 2)
        endpoint = os.environ.get("HF_ENDPOINT", "https://huggingface.co")
        yield f"{endpoint}/{organisation}/{repository}/resolve/main/{file}"
        return
    for mirror in filter(None, os.environ.get("MMPRETRAIN_MIRRORS", "").split(",")):
        yield mirror.strip().rstrip("/") + urlsplit(address).path
    yield address
