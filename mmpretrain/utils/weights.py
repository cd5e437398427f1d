"""Weights by path or address: local files, the cache, mirrors, the published address.

Environment:
    MMPRETRAIN_CACHE: Folder for downloads; by default ``mmpretrain`` in the cache folder of the user.
    MMPRETRAIN_MIRRORS: Addresses, separated by commas, to try before the published one. The path of the
        published address is appended: with ``https://mirror.org/mm``, the file
        ``https://download.openmmlab.com/mmclassification/v0/a.pth`` is looked for at
        ``https://mirror.org/mm/mmclassification/v0/a.pth``.
"""

from __future__ import annotations

import hashlib
import os
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from mmpretrain.errors import CheckpointError, MissingFileError
from mmpretrain.utils.progress import download_progress

#: The hash that is part of published file names: ``resnet50_8xb32_in1k_20210831-ea4938fa.pth``.
_HASH = re.compile(r"-([0-9a-f]{8,64})\.\w+$")
_CHUNK = 1 << 20
_TIMEOUT = 30


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
        CheckpointError: If a file does not have the hash in its name.
    """
    if not is_address(source):
        return Path(source).expanduser()
    address = str(source)
    cached = cache_dir() / Path(urlsplit(address).path).name
    if cached.is_file():
        return cached
    problems = []
    for candidate in _candidates(address):
        try:
            return _download(candidate, cached)
        except (OSError, urllib.error.URLError) as error:
            problems.append(f"{candidate} ({getattr(error, 'reason', None) or error})")
    known = _HASH.search(cached.name)
    digest = f" (its SHA-256 begins with {known[1]})" if known else ""
    raise MissingFileError(
        f"the weights {cached.name} could not be had; tried {', '.join(problems)}",
        hint=f"Put the file{digest} into {cached.parent}, or set MMPRETRAIN_MIRRORS.",
    )


def _candidates(address: str) -> Iterator[str]:
    if address.startswith("hf://"):
        organisation, repository, file = address.removeprefix("hf://").split("/", 2)
        endpoint = os.environ.get("HF_ENDPOINT", "https://huggingface.co")
        yield f"{endpoint}/{organisation}/{repository}/resolve/main/{file}"
        return
    for mirror in filter(None, os.environ.get("MMPRETRAIN_MIRRORS", "").split(",")):
        yield mirror.strip().rstrip("/") + urlsplit(address).path
    yield address


def _download(address: str, target: Path) -> Path:
    """Download to ``target`` by way of a partial file that a later try goes on with."""
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(target.name + ".part")
    have = partial.stat().st_size if partial.is_file() else 0
    request = urllib.request.Request(address, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        response = urllib.request.urlopen(request, timeout=_TIMEOUT)
    except urllib.error.HTTPError as error:
        if error.code != 416:  # 416: the partial file is whole already
            raise
    else:
        resumes = response.status == 206
        expected = int(response.headers.get("Content-Length") or 0) + (have if resumes else 0)
        mode = "ab" if resumes else "wb"
        with response, open(partial, mode) as file, download_progress() as progress:
            bar = progress.add_task(target.name, total=expected or None, completed=file.tell())
            while chunk := response.read(_CHUNK):
                file.write(chunk)
                progress.advance(bar, len(chunk))
        if expected and partial.stat().st_size != expected:
            raise ConnectionError(f"broke off after {partial.stat().st_size} of {expected} bytes")
    _check_hash(partial, target.name)
    os.replace(partial, target)
    return target


def _check_hash(path: Path, name: str) -> None:
    known = _HASH.search(name)
    if known is None:
        return
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    if not digest.hexdigest().startswith(known[1]):
        path.unlink()
        raise CheckpointError(
            f"{name} does not have the hash in its name: its SHA-256 is {digest.hexdigest()}",
            hint="The download was removed; try again, or another source.",
        )
