"""Storage systems of the old configs as fsspec file systems: HTTP, S3 (Petrel), LMDB and memcached.

Each is read through the same few methods (``cat_file``, ``info``, ``ls``), so that other code need not know
where bytes come from. File systems are made once per process: forked workers open their own
connections and handles.
"""

from __future__ import annotations

import configparser
import hashlib
import json
import os
import re
import threading
from collections.abc import Callable, Mapping
from http.client import HTTPException
from pathlib import Path
from typing import Any

from fsspec import AbstractFileSystem
from fsspec.spec import AbstractBufferedFile

from mmpretrain.errors import ConfigError, DataError, MissingFileError
from mmpretrain.utils import web
from mmpretrain.utils.optional import optional_import

#: Servers refuse larger items unless they are told otherwise: 1 MiB with the key and a header.
MEMCACHED_LIMIT = (1 << 20) - 512


class HttpFileSystem(AbstractFileSystem):
    """Files behind ``http://`` and ``https://``, without the event loop that forked workers cannot share.

    Args:
        timeout: Seconds without an answer after which an attempt counts as failed.
        headers: What to send along with each request, such as ``{'Authorization': 'Bearer ...'}``.
        **options: Ignored options of other backends.
    """

    protocol = ("http", "https")

    def __init__(
        self, timeout: float = 30.0, headers: Mapping[str, str] | None = None, **options: Any
    ) -> None:
        super().__init__(**options)
        self.timeout = timeout
        self.headers = dict(headers or {})

    @classmethod
    def _strip_protocol(cls, path: Any) -> Any:
        return path

    def cat_file(self, path: str, start: int | None = None, end: int | None = None, **kwargs: Any) -> bytes:
        """Bytes ``start`` to ``end`` of what is behind the address ``path``."""
        if start is None and end is None:
            return self._read(path)[0]
        first, last = start or 0, "" if end is None else end - 1
        data, status = self._read(path, {"Range": f"bytes={first}-{last}"})
        return data if status == 206 else data[first:end]

    def _read(self, url: str, headers: Mapping[str, str] | None = None) -> tuple[bytes, int]:
        """Content and status of an answer; one that breaks off is asked for again."""
        for last in (False, False, True):
            with web.request(url, {**self.headers, **(headers or {})}, seconds=self.timeout) as answer:
                try:
                    return answer.read(), answer.status
                except (HTTPException, OSError) as error:
                    if last:
                        raise web.explain(error, self.timeout) from error
        raise AssertionError("the last attempt returns or raises")

    def info(self, path: str, **kwargs: Any) -> dict[str, Any]:
        """Size and type of what is behind the address ``path``."""
        with web.request(path, self.headers, method="HEAD", seconds=self.timeout) as answer:
            size = answer.headers.get("Content-Length") or ""
        return {"name": path, "type": "file", "size": int(size) if size.isdecimal() else None}

    def _open(self, path: str, mode: str = "rb", block_size: Any = None, **kwargs: Any) -> Any:
        return _HttpFile(self, path, mode, size=self.info(path)["size"])


class _HttpFile(AbstractBufferedFile):
    def _fetch_range(self, start: int, end: int) -> bytes:
        return self.fs.cat_file(self.path, start, end)


class LmdbFileSystem(AbstractFileSystem):
    """Values of an LMDB database; a path is a key.

    Args:
        db_path: File or folder of the database.
        readonly: Open it without the right to write.
        lock: Whether to use LMDB's lock file; readers that share a read-only database need none.
        readahead: Whether the system reads ahead; random access is faster without.
        **options: Ignored options of other backends.
    """

    protocol = "lmdb"

    def __init__(
        self, db_path: str, readonly: bool = True, lock: bool = False, readahead: bool = False, **options: Any
    ) -> None:
        super().__init__(**options)
        if not os.path.exists(db_path):
            raise MissingFileError(f"There is no LMDB database {db_path!r}", hint="Check db_path.")
        self.env = _environment(
            os.path.abspath(db_path), readonly=readonly, lock=lock, readahead=readahead, max_readers=512
        )

    @classmethod
    def _strip_protocol(cls, path: Any) -> Any:
        return path

    def cat_file(self, path: str, start: int | None = None, end: int | None = None, **kwargs: Any) -> bytes:
        """The value of the key ``path``."""
        with self.env.begin() as transaction:
            value = transaction.get(path.encode())
        if value is None:
            raise FileNotFoundError(f"no key {path!r} in {self.env.path()}")
        return value[start:end]

    def info(self, path: str, **kwargs: Any) -> dict[str, Any]:
        """Size of the value of the key ``path``."""
        return {"name": path, "type": "file", "size": len(self.cat_file(path))}

    def ls(self, path: str, detail: bool = True, **kwargs: Any) -> list[Any]:
        """Keys that start with ``path``, in order."""
        with self.env.begin() as transaction:
            cursor = transaction.cursor()
            cursor.set_range(path.encode())
            found = []
            for key, value in cursor:
                name = key.decode()
                if not name.startswith(path):
                    break
                found.append({"name": name, "type": "file", "size": len(value)} if detail else name)
        return found


_environments: dict[str, tuple[int, Any]] = {}


def _environment(path: str, **options: Any) -> Any:
    """Open an LMDB database; a process may do so only once, and must not use what it inherited by a fork."""
    lmdb = optional_import("lmdb", feature="The 'lmdb' backend", extra="storage")
    owner, environment = _environments.get(path, (None, None))
    if owner != os.getpid():
        if environment is not None:
            environment.close()
        try:
            environment = lmdb.open(path, subdir=os.path.isdir(path), **options)
        except lmdb.Error as error:
            raise DataError(f"This is not an LMDB database ({error})", where=path) from error
        _environments[path] = (os.getpid(), environment)
    return environment


class MemcachedFileSystem(AbstractFileSystem):
    """Local files behind memcached: a file that the servers do not hold is read from disk and stored there.

    Args:
        server_list_cfg: File with one ``host:port`` a line.
        client_cfg: File with ``connect_timeout = seconds``, ``timeout = seconds`` and ``largest = bytes`` (of
            a file that is stored); other keys are ignored.
        sys_path: Ignored; it told the old client where its library was.
        **options: Ignored options of other backends.
    """

    protocol = "memcached"

    def __init__(
        self, server_list_cfg: str, client_cfg: str | None = None, sys_path: str | None = None, **options: Any
    ) -> None:
        super().__init__(**options)
        client = optional_import("pymemcache", feature="The 'memcached' backend", extra="storage").HashClient
        settings = _key_values(client_cfg) if client_cfg else {}
        self.largest = int(settings.get("largest", MEMCACHED_LIMIT))
        self.client = client(
            _servers(server_list_cfg),
            connect_timeout=float(settings.get("connect_timeout", 3)),
            timeout=float(settings.get("timeout", 10)),
            ignore_exc=True,  # a server that is down costs speed, not the run: the disk has everything
        )

    @classmethod
    def _strip_protocol(cls, path: Any) -> Any:
        return path

    @staticmethod
    def key(path: str) -> str:
        """The path itself where memcached accepts it as a key, else its hash."""
        accepted = path.isascii() and len(path) <= 250 and not re.search(r"[\s\x00-\x1f\x7f]", path)
        return path if accepted else hashlib.sha1(path.encode()).hexdigest()

    def cat_file(self, path: str, start: int | None = None, end: int | None = None, **kwargs: Any) -> bytes:
        """Contents of the file ``path``."""
        value = self.client.get(self.key(path))
        if value is None:
            value = Path(path).read_bytes()
            if len(value) <= self.largest:
                self.client.set(self.key(path), value, noreply=False)
        return value[start:end]

    def info(self, path: str, **kwargs: Any) -> dict[str, Any]:
        """Size of the file ``path``, cached or on disk."""
        return {"name": path, "type": "file", "size": len(self.cat_file(path))}


def _servers(path: str) -> list[str]:
    lines = [line.partition("#")[0].strip() for line in _config_text(path).splitlines()]
    servers = [re.sub(r"\s+", ":", line) for line in lines if line]
    if not servers:
        raise ConfigError("No memcached server is listed", where=path, hint="Give one host:port a line.")
    return servers


def _key_values(path: str) -> dict[str, str]:
    pairs = (line.partition("#")[0].partition("=") for line in _config_text(path).splitlines())
    return {key.strip(): value.strip() for key, equals, value in pairs if equals}


def _config_text(path: str) -> str:
    try:
        return Path(path).expanduser().read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise MissingFileError(
            f"There is no file {path!r}",
            hint="The 'memcached' backend reads its server list and settings from files.",
        ) from error


def s3_filesystem(conf_path: str | None = None, **options: Any) -> AbstractFileSystem:
    """Open S3, with the credentials of a Petrel ``conf`` file where there is one.

    Args:
        conf_path: INI file with ``access_key``, ``secret_key`` and ``host_base`` in its first section; by
            default ``~/petreloss.conf`` if that exists.
        **options: Options of s3fs (``key``, ``secret``, ``endpoint_url``, ``anon``, ...); those that only the
            Petrel client knew are dropped.
    """
    fsspec = optional_import("s3fs", feature="Reading s3:// paths", extra="storage")
    for petrel_only in ("enable_mc", "enable_multi_cluster", "path_mapping"):
        options.pop(petrel_only, None)
    conf = Path(conf_path or "~/petreloss.conf").expanduser()
    if conf.exists():
        parser = configparser.ConfigParser()
        parser.read(conf, encoding="utf-8")
        section = parser[parser.sections()[0]]
        options.setdefault("key", section.get("access_key"))
        options.setdefault("secret", section.get("secret_key"))
        host = section.get("host_base")
        if host:
            options.setdefault("endpoint_url", host if "://" in host else f"http://{host}")
    elif conf_path:
        raise MissingFileError(f"There is no file {conf_path!r}", hint="Check conf_path of the backend.")
    return fsspec.S3FileSystem(**options)


OPENERS: dict[str, Callable[..., AbstractFileSystem]] = {
    "http": HttpFileSystem,
    "https": HttpFileSystem,
    "lmdb": LmdbFileSystem,
    "memcached": MemcachedFileSystem,
    "s3": s3_filesystem,
}

_opened: dict[str, AbstractFileSystem] = {}


def filesystem(protocol: str, options: Mapping[str, Any]) -> AbstractFileSystem:
    """Return the file system for ``protocol``, made once per process, thread and set of options."""
    key = json.dumps(
        [os.getpid(), threading.get_ident(), protocol, dict(options)], sort_keys=True, default=str
    )
    if key not in _opened:
        if protocol in OPENERS:
            _opened[key] = OPENERS[protocol](**options)
        else:
            import fsspec

            _opened[key] = fsspec.filesystem(protocol, **options)
    return _opened[key]
