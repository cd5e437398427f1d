"""Files of data sets: their checksums, and how they get into a folder."""

from __future__ import annotations

import hashlib
import os
import tarfile
import zipfile
from pathlib import Path

from mmpretrain.errors import DataError
from mmpretrain.utils.download import download


def rm_suffix(s: str, suffix: str | None = None) -> str:
    """Return a name without a suffix; by default, without what follows its last dot."""
    return s[: s.rfind(".")] if suffix is None else s[: s.rfind(suffix)]


def calculate_md5(fpath: str, chunk_size: int = 1024 * 1024) -> str:
    """Return the MD5 sum of a file."""
    total = hashlib.md5(usedforsecurity=False)
    with open(fpath, "rb") as file:
        while chunk := file.read(chunk_size):
            total.update(chunk)
    return total.hexdigest()


def check_md5(fpath: str, md5: str, **kwargs: int) -> bool:
    """Whether a file has this MD5 sum."""
    return calculate_md5(fpath, **kwargs) == md5


def check_integrity(fpath: str, md5: str | None = None) -> bool:
    """Whether a file is there and, if the sum is given, whole."""
    return os.path.isfile(fpath) and (md5 is None or check_md5(fpath, md5))


def download_url(url: str, root: str, filename: str | None = None, md5: str | None = None) -> None:
    """Put a file from the web into a folder, unless it is there already."""
    target = Path(root).expanduser() / (filename or os.path.basename(url))
    download(url, target, None if md5 is None else f"md5:{md5}")


def download_url_to_file(url: str, dst: str, hash_prefix: str | None = None, progress: bool = True) -> None:
    """Put a file from the web at a path; its SHA-256 must begin with ``hash_prefix``."""
    download(url, dst, None if hash_prefix is None else f"sha256:{hash_prefix}")


def extract_archive(from_path: str, to_path: str | None = None, remove_finished: bool = False) -> None:
    """Unpack a tar or zip file; what would land outside of the folder is refused.

    Args:
        from_path: The archive.
        to_path: The folder; by default that of the archive.
        remove_finished: Delete the archive afterwards.
    """
    folder = Path(to_path or os.path.dirname(from_path))
    if tarfile.is_tarfile(from_path):
        with tarfile.open(from_path) as archive:
            for member in archive:
                _check_inside(member.name, from_path)
                archive.extract(member, folder, filter="data")
    elif zipfile.is_zipfile(from_path):
        with zipfile.ZipFile(from_path) as archive:
            for name in archive.namelist():
                _check_inside(name, from_path)
            archive.extractall(folder)
    else:
        raise DataError("This is neither a tar nor a zip file", where=from_path)
    if remove_finished:
        os.unlink(from_path)


def _check_inside(name: str, archive: str) -> None:
    if os.path.isabs(name) or ".." in Path(name).parts:
        raise DataError(f"{name!r} in this archive would be written outside of the folder", where=archive)


def download_and_extract_archive(
    url: str,
    download_root: str,
    extract_root: str | None = None,
    filename: str | None = None,
    md5: str | None = None,
    remove_finished: bool = False,
) -> None:
    """Put an archive from the web into a folder, and unpack it."""
    name = filename or os.path.basename(url)
    download_url(url, download_root, name, md5)
    root = os.path.expanduser(download_root)
    extract_archive(os.path.join(root, name), extract_root or root, remove_finished)
