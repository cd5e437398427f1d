"""Downloads that resume, are checked, and appear under their name only when they are complete."""

from __future__ import annotations

import hashlib
import logging
import os
import urllib.error
from collections.abc import Sequence
from pathlib import Path

from mmpretrain.errors import DataError, MissingFileError
from mmpretrain.utils.progress import download_progress
from mmpretrain.utils.storage import HttpFileSystem

logger = logging.getLogger(__name__)

CHUNK = 1 << 20
#: How often a transfer that breaks off is taken up again before the next source is tried.
RESUMES = 5


def download(urls: str | Sequence[str], target: str | os.PathLike[str], digest: str | None = None) -> str:
    """Fetch a file unless it is there already and intact.

    What has arrived is kept as ``<target>.part``, and the next call goes on from there.

    Args:
        urls: Addresses of the same file, tried in order.
        target: Where to put it; missing folders are made.
        digest: ``'md5:<hex>'`` or ``'sha256:<hex>'``; the beginning of the number is enough.

    Returns:
        ``target`` as a string.

    Raises:
        MissingFileError: If no source has it, with what each said.
        DataError: If what came is not what the digest describes.
    """
    path = Path(target).expanduser()
    if path.is_file() and (digest is None or matches(path, digest)):
        return str(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    failures = []
    for url in [urls] if isinstance(urls, str) else urls:
        logger.info("Downloading %s to %s", url, path)
        try:
            _fetch(url, part)
        except (OSError, urllib.error.URLError) as error:
            failures.append(f"{url}: {error}")
            continue
        if digest is None or matches(part, digest):
            part.replace(path)
            return str(path)
        part.unlink()
        failures.append(f"{url}: what came does not match {digest}")
        if url == urls or url == urls[-1]:
            raise DataError("; ".join(failures), where=str(path), hint="The file at the source has changed.")
    raise MissingFileError(
        f"Could not download {path.name} ({'; '.join(failures)})", hint=f"Put the file at {path} yourself."
    )


def matches(path: str | os.PathLike[str], digest: str) -> bool:
    """Whether the content of a file has this digest (``'md5:<hex>'``, or its beginning)."""
    kind, _, expected = digest.partition(":")
    state = hashlib.new(kind)
    with open(path, "rb") as file:
        while chunk := file.read(CHUNK):
            state.update(chunk)
    return state.hexdigest().startswith(expected.lower())


def _fetch(url: str, part: Path) -> None:
    """Complete ``part`` from ``url``."""
    for attempt in range(RESUMES + 1):
        have = part.stat().st_size if part.exists() else 0
        try:
            _append(url, part, have)
            return
        except (ConnectionError, TimeoutError):
            arrived = part.exists() and part.stat().st_size > have
            if attempt == RESUMES or not arrived:
                raise


def _append(url: str, part: Path, have: int) -> None:
    try:
        answer = HttpFileSystem().request(url, {"Range": f"bytes={have}-"} if have else None)
    except urllib.error.HTTPError as error:
        if error.code == 416 and have:  # nothing is left to send
            return
        raise
    mode = "ab" if have and answer.status == 206 else "wb"
    with answer, open(part, mode) as file, download_progress() as progress:
        announced = answer.headers.get("Content-Length")
        received, start = 0, file.tell()
        bar = progress.add_task(
            part.stem, total=start + int(announced) if announced else None, completed=start
        )
        while chunk := answer.read(CHUNK):
            received += len(chunk)
            file.write(chunk)
            progress.advance(bar, len(chunk))
    if announced is not None and received < int(announced):
        raise ConnectionError(f"only {received} of {announced} bytes arrived")
