"""The file client that 0.x components hold."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any

from mmpretrain.utils import fileio, listing
from mmpretrain.utils.fileio import BackendArgs, PathLike


class FileClient:
    """The functions of this file bound to one backend, under the names that old components call.

    Args:
        backend: ``'disk'``, ``'petrel'``, ``'lmdb'``, ``'memcached'``, ``'http'``, ...
        prefix: The same as the scheme of URLs.
        **options: Options of the backend.

    Example:
        >>> FileClient(backend='disk').get('data/a.jpg')
    """

    def __init__(self, backend: str | None = None, prefix: str | None = None, **options: Any) -> None:
        name = backend or prefix
        self.backend_args = {**({"backend": name} if name else {}), **options} or None

    @classmethod
    def infer_client(cls, file_client_args: BackendArgs = None, uri: PathLike | None = None) -> FileClient:
        """Make a client from its settings; the scheme of each path decides where there are none."""
        return cls(**(file_client_args or {}))

    def get(self, filepath: PathLike) -> bytes:
        """See :func:`mmpretrain.utils.fileio.read_bytes`."""
        return fileio.read_bytes(filepath, self.backend_args)

    def get_text(self, filepath: PathLike, encoding: str = "utf-8") -> str:
        """See :func:`mmpretrain.utils.fileio.read_text`."""
        return fileio.read_text(filepath, encoding, self.backend_args)

    def put(self, obj: bytes, filepath: PathLike) -> None:
        """See :func:`mmpretrain.utils.fileio.write_bytes`."""
        fileio.write_bytes(obj, filepath, self.backend_args)

    def put_text(self, obj: str, filepath: PathLike, encoding: str = "utf-8") -> None:
        """See :func:`mmpretrain.utils.fileio.write_text`."""
        fileio.write_text(obj, filepath, encoding, self.backend_args)

    def exists(self, filepath: PathLike) -> bool:
        """See :func:`mmpretrain.utils.fileio.exists`."""
        return fileio.exists(filepath, self.backend_args)

    def isfile(self, filepath: PathLike) -> bool:
        """See :func:`mmpretrain.utils.fileio.is_file`."""
        return fileio.is_file(filepath, self.backend_args)

    def isdir(self, filepath: PathLike) -> bool:
        """See :func:`mmpretrain.utils.fileio.is_folder`."""
        return fileio.is_folder(filepath, self.backend_args)

    def join_path(self, filepath: PathLike, *filepaths: PathLike) -> str:
        """See :func:`mmpretrain.utils.fileio.join`."""
        return fileio.join(filepath, *filepaths)

    def get_local_path(self, filepath: PathLike) -> AbstractContextManager[str]:
        """See :func:`mmpretrain.utils.fileio.local_path`."""
        return fileio.local_path(filepath, self.backend_args)

    def list_dir_or_file(
        self,
        dir_path: PathLike,
        list_dir: bool = True,
        list_file: bool = True,
        suffix: str | tuple[str, ...] | None = None,
        recursive: bool = False,
    ) -> Iterator[str]:
        """See :func:`mmpretrain.utils.listing.list_dir`."""
        return listing.list_dir(
            dir_path,
            folders=list_dir,
            files=list_file,
            suffix=suffix,
            recursive=recursive,
            backend_args=self.backend_args,
        )


def get_file_backend(
    uri: PathLike | None = None, *, backend_args: BackendArgs = None, enable_singleton: bool = False
) -> FileClient:
    """Return the client for a path, as old components ask for it."""
    return FileClient.infer_client(backend_args, uri)
