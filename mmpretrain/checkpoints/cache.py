"""Downloaded weights: the folder that keeps them, mirrors, hashes.

A file whose name ends with the beginning of its SHA-256 (``resnet50_20210831-ea4938fa.pth``) is kept under
that name: whatever host it comes from, it is the same. Any other file is kept in its own folder, which
belongs to one address. Files that people put there themselves are used without being downloaded.

Environment:
    MMPRETRAIN_CACHE: Folder for downloads; by default ``mmpretrain`` in the cache folder of the user.
    MMPRETRAIN_MIRRORS: Addresses, separated by commas, to try before the published one. The path of the
        published address is appended: with ``https://mirror.org/mm``, the file
        ``https://download.openmmlab.com/mmclassification/v0/a.pth`` is looked for at
        ``https://mirror.org/mm/mmclassification/v0/a.pth``.
    MMPRETRAIN_OFFLINE: With ``1``, nothing is downloaded.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from mmpretrain.checkpoints import probe
from mmpretrain.checkpoints.hub import HubSource, headers, is_offline
from mmpretrain.errors import CheckpointError, ConfigError, MissingFileError
from mmpretrain.utils import web
from mmpretrain.utils.download import CHUNK, NO_ROOM, download

logger = logging.getLogger(__name__)

#: The hash that is part of published file names: ``resnet50_8xb32_in1k_20210831-ea4938fa.pth``.
_HASH = re.compile(r"-([0-9a-f]{8,64})\.\w+$")


def cache_dir() -> Path:
    """Return the folder in which downloaded weights are kept."""
    own = os.environ.get("MMPRETRAIN_CACHE")
    if own:
        return Path(own).expanduser()
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "mmpretrain"


def is_address(source: str) -> bool:
    """Whether a source is to be downloaded."""
    return source.lower().startswith(("http://", "https://", "hf://"))


def fetch(address: str) -> Path:
    """Return a local file for an ``http(s)://`` or ``hf://`` address, downloading it if need be.

    Raises:
        MissingFileError: If nothing is there, with everything that was tried and where to put the file.
        DataError: If what came does not have the hash in the file's name.
        CheckpointError: If what came is no checkpoint.
        ConfigError: If this is not an address.
    """
    hub = address.lower().startswith("hf://")
    return _fetch_from_hub(HubSource.parse("hf" + address[2:])) if hub else _fetch_from_web(address)


def cached(address: str) -> Path | None:
    """Return the file of an ``http(s)://`` address if it is on this machine; nothing is fetched."""
    return _Entry.of(_without_fragment(address), _file_name(address)).found()


# -- entries -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Entry:
    """A place in the cache.

    Args:
        folder: Its folder.
        name: Name of the file.
        digest: The beginning of its SHA-256, if the name says so.
    """

    folder: Path
    name: str
    digest: str | None = None

    @classmethod
    def of(cls, address: str, name: str) -> _Entry:
        digest = _digest(name)
        if digest is not None:
            return cls(cache_dir(), name, digest)
        return cls(cache_dir() / "by-address" / hashlib.sha256(address.encode()).hexdigest()[:16], name)

    def found(self) -> Path | None:
        """Return the file if it is there: under its name, or in its own folder under any name."""
        path = self.folder / self.name
        if path.is_file():
            return path
        if self.digest is not None or not self.folder.is_dir():
            return None
        own = (path for path in sorted(self.folder.iterdir()) if not _is_ours(path) and path.is_file())
        return next(own, None)

    @property
    def advice(self) -> str:
        """Where the user can put the file manually."""
        named = f" (its SHA-256 begins with {self.digest})" if self.digest else ""
        return f"Put the file {self.name}{named} into {self.folder}, or set MMPRETRAIN_MIRRORS."

    def complete(self, urls: list[str], headers: dict[str, str] | None = None) -> Path:
        """Download the file."""
        digest = f"sha256:{self.digest}" if self.digest else None
        prove = probe_only if self.digest else read_whole
        path = self.folder / self.name
        try:
            download(urls, path, digest, prove=_patiently(prove), headers=headers, advice=self.advice)
        except MissingFileError as error:
            if error.hint == NO_ROOM:
                error.hint = "Free some space, or set MMPRETRAIN_CACHE to a folder that can be written to."
            raise
        return path


def _is_ours(path: Path) -> bool:
    """Whether a file is one that downloads need, and not weights."""
    return path.name.startswith(".") or path.name.endswith((".part", ".part.json"))


def _digest(name: str) -> str | None:
    """The beginning of the SHA-256 in a file name, which is not a date."""
    known = _HASH.search(name)
    if known is None or _is_date(known[1]):
        return None
    return known[1]


def _is_date(text: str) -> bool:
    try:
        return 2000 < time.strptime(text, "%Y%m%d").tm_year < 2100
    except ValueError:
        return False


def _file_name(address: str) -> str:
    """The last part of the path of an address, as a name for a file on any system."""
    name = unquote(urlsplit(address).path).replace("\\", "/").rstrip("/").rpartition("/")[2]
    name = re.sub(r'[\x00-\x1f<>:"|?*]', "_", name).strip(". ")
    return name[-150:] or "weights"


# -- proofs --------------------------------------------------------------------------------------------


def probe_only(path: Path) -> None:
    """Raise a ``CheckpointError`` if a file is obviously no checkpoint; its hash proves the rest."""
    probe.kind_of(path)


def read_whole(path: Path) -> None:
    """Raise a ``CheckpointError`` if a file is not a whole checkpoint, as far as reading all of it tells."""
    kind = probe.kind_of(path)
    if kind == "zip":
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                _read_member(archive, member)
    elif kind != "safetensors":  # such a header says how long the file must be
        from mmpretrain.checkpoints import serialization  # imports torch

        serialization.load(path)


def _read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
    if member.compress_type != zipfile.ZIP_STORED:  # torch does not compress
        return
    try:
        with archive.open(member) as file:
            while file.read(CHUNK):
                pass
    except (zipfile.BadZipFile, OSError, EOFError, RuntimeError, NotImplementedError) as error:
        raise CheckpointError("this checkpoint is damaged: a checksum in it is wrong") from error


def _patiently(prove: Callable[[Path], None]) -> Callable[[Path], None]:
    """Add a hint to the errors of a check."""

    def checked(path: Path) -> None:
        try:
            prove(path)
        except CheckpointError as error:
            message = error.message.replace(str(path), "the file")
            raise CheckpointError(
                message, hint="Open the address in a browser to see what it leads to."
            ) from error

    return checked


# -- the web and the hub -------------------------------------------------------------------------------


def _fetch_from_web(address: str) -> Path:
    try:
        parts = urlsplit(address)
        if not parts.hostname:
            raise ValueError("it names no host")
        _ = parts.port
    except ValueError as error:
        raise ConfigError(
            f"{address!r} is not an address: {error}", hint="Write https://host/file.pth."
        ) from error
    entry = _Entry.of(_without_fragment(address), _file_name(address))
    found = entry.found() or _under_plain_name(address, entry)
    return found or entry.complete(list(_candidates(address)))


def _without_fragment(address: str) -> str:
    return address.partition("#")[0]


def _under_plain_name(address: str, entry: _Entry) -> Path | None:
    """A file without a hash in its name that was put into the cache folder by hand."""
    for name in dict.fromkeys((entry.name, urlsplit(address).path.rpartition("/")[2])):
        path = cache_dir() / name
        if entry.digest is None and name and path.is_file():
            try:
                probe.kind_of(path)
            except CheckpointError as error:
                logger.warning("%s is not used: %s", path, error.message)
                continue
            logger.warning("Using %s, which has the name of %s, for it", path, web.shown(address))
            return path
    return None


def _candidates(address: str) -> Iterator[str]:
    parts = urlsplit(address)
    for mirror in os.environ.get("MMPRETRAIN_MIRRORS", "").split(","):
        mirror = mirror.strip()
        if mirror and not is_address(mirror):
            logger.warning("MMPRETRAIN_MIRRORS names %r, which is not an address: it is passed over", mirror)
        elif mirror:
            yield mirror.rstrip("/") + parts.path + (f"?{parts.query}" if parts.query else "")
    yield address


def _fetch_from_hub(source: HubSource) -> Path:
    name = _file_name(source.file) if source.file else "weights"
    entry = _Entry(_Entry.of(str(source), "weights").folder, name)
    found = entry.found() or source.fetched()
    if found is not None:
        return found
    if is_offline():
        raise MissingFileError(
            f"HF_HUB_OFFLINE is set, and {source} is not on this machine",
            hint=f"Put the file into {entry.folder}, or unset HF_HUB_OFFLINE.",
        )
    if os.environ.get("MMPRETRAIN_OFFLINE") and source.file is None:
        return entry.complete([])  # says that it is offline
    file = source.choose()
    return _Entry(entry.folder, _file_name(file)).complete([source.url(file)], headers())
