"""Downloads that resume, are checked, and appear under their name only when they are complete.

Processes that want the same file fetch it once: the others wait for the first. Their lock is one of the
operating system, which a dead process does not hold.

Environment:
    MMPRETRAIN_OFFLINE: With ``1``, nothing is downloaded.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from http.client import HTTPException, HTTPResponse
from pathlib import Path

from mmpretrain.errors import DataError, MissingFileError, MMPretrainError
from mmpretrain.utils import web
from mmpretrain.utils.progress import download_progress

logger = logging.getLogger(__name__)

CHUNK = 1 << 20
#: How often an interrupted transfer is resumed before the next source is tried.
RESUMES = 5
#: What to do where a file cannot be written.
NO_ROOM = "Free some space, or choose a folder that can be written to."
#: A transfer that brings fewer bytes than this within the timeout counts as dead.
LEAST = 1024


def download(
    urls: str | Sequence[str],
    target: str | os.PathLike[str],
    digest: str | None = None,
    *,
    prove: Callable[[Path], None] | None = None,
    headers: Mapping[str, str] | None = None,
    advice: str | None = None,
) -> str:
    """Fetch a file unless it is there already and intact.

    The bytes so far are kept as ``<target>.part``. The next call continues from there if it is certain that
    the rest belongs to it: the digest is known, or the server says that the file is the same.

    Args:
        urls: Addresses of the same file, tried in order.
        target: Where to put it; missing folders are made.
        digest: ``'md5:<hex>'`` or ``'sha256:<hex>'``; the beginning of the number is enough.
        prove: Raises a deliberate error if the file that it is given is not what was wanted.
        headers: What to send along with each request.
        advice: What to do if no source has it.

    Returns:
        ``target`` as a string.

    Raises:
        MissingFileError: If no source has it, with what each said, or if it cannot be written.
        DataError: If what came is not what the digest describes.
    """
    path = Path(target).expanduser()
    if _is_whole(path, digest):
        return str(path)
    advice = advice or f"Put the file at {path} yourself."
    if is_offline():
        raise MissingFileError(
            f"MMPRETRAIN_OFFLINE is set, and {path.name} is not on this machine", hint=advice
        )
    with _writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    with _locked(path):
        if not _is_whole(path, digest):  # else another process has fetched it meanwhile
            sources = [urls] if isinstance(urls, str) else list(urls)
            _fetch_from_any(sources, path, digest, prove, headers or {}, advice)
    return str(path)


def is_offline() -> bool:
    """Whether ``MMPRETRAIN_OFFLINE`` forbids downloads."""
    return os.environ.get("MMPRETRAIN_OFFLINE", "").lower() not in ("", "0", "false", "no", "off")


def matches(path: str | os.PathLike[str], digest: str) -> bool:
    """Whether the content of a file has this digest (``'md5:<hex>'``, or its beginning)."""
    kind, _, expected = digest.partition(":")
    state = hashlib.new(kind)
    with open(path, "rb") as file:
        while chunk := file.read(CHUNK):
            state.update(chunk)
    return state.hexdigest().startswith(expected.lower())


def _is_whole(path: Path, digest: str | None) -> bool:
    return path.is_file() and (digest is None or matches(path, digest))


# -- one file, several sources -------------------------------------------------------------------------


def _fetch_from_any(
    urls: Sequence[str],
    path: Path,
    digest: str | None,
    prove: Callable[[Path], None] | None,
    headers: Mapping[str, str],
    advice: str,
) -> None:
    """Bring a file to its place from the first source that has it."""
    part = _Part(path.with_name(path.name + ".part"))
    failures: list[str] = []
    problem: MMPretrainError | None = None
    for url in urls:
        logger.info("Downloading %s to %s", web.shown(url), path)
        try:
            problem = _fetch_proven(url, part, digest, prove, headers)
        except MMPretrainError:
            raise
        except (FileNotFoundError, web.TransferError) as error:
            problem = None
            failures.append(f"{web.shown(url)}: {error}")
            continue
        if problem is None:
            with _writing(part.path):
                part.path.replace(path)
            part.forget()
            return
        failures.append(f"{web.shown(url)}: {problem.message}")
    message = f"Could not download {path.name} ({'; '.join(failures)})"
    if problem is not None:
        raise type(problem)(message, hint=problem.hint)
    raise MissingFileError(message, hint=advice)


def _fetch_proven(
    url: str,
    part: _Part,
    digest: str | None,
    prove: Callable[[Path], None] | None,
    headers: Mapping[str, str],
) -> MMPretrainError | None:
    """Complete a part from one source; return what is wrong with it, having deleted it, or None."""
    glued = part.keep_if_certain(url, digest)
    glued = _fetch(url, part, headers) or glued
    problem = _verdict(part.path, digest, prove)
    if problem is not None and glued:
        logger.info("The pieces of %s do not belong together: starting over", web.shown(url))
        part.delete()
        _fetch(url, part, headers)
        problem = _verdict(part.path, digest, prove)
    if problem is not None:
        part.delete()
    return problem


def _verdict(path: Path, digest: str | None, prove: Callable[[Path], None] | None) -> MMPretrainError | None:
    if digest is not None and not matches(path, digest):
        return DataError(f"what came does not match {digest}", hint="The file at the source has changed.")
    try:
        if prove is not None:
            prove(path)
    except MMPretrainError as error:
        return error
    return None


# -- the transfer --------------------------------------------------------------------------------------


@dataclass
class _Notes:
    """The state of a file transfer.

    Args:
        url: Where it comes from.
        validator: What the server calls this state of the file: its strong ETag, or its date.
        total: Its size in bytes.
    """

    url: str
    validator: str | None = None
    total: int | None = None


class _Part:
    """A file that is not complete yet, and the notes about it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.notes_path = path.with_name(path.name + ".json")
        self.notes: _Notes | None = None

    def size(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    def keep_if_certain(self, url: str, digest: str | None) -> bool:
        """Return whether what an earlier process left can be continued; else delete it."""
        self.notes = self._read()
        known = self.notes is not None and self.notes.url == url and self.notes.validator is not None
        if not known:
            self.notes = None
        if self.size() and (known or digest is not None):
            return True
        self.delete()
        return False

    def note(self, notes: _Notes) -> None:
        if notes != self.notes:
            self.notes = notes
            with _writing(self.notes_path):
                self.notes_path.write_text(json.dumps(asdict(notes)), encoding="utf-8")

    def _read(self) -> _Notes | None:
        try:
            data = json.loads(self.notes_path.read_text(encoding="utf-8"))
            validator = data["validator"]
            return _Notes(str(data["url"]), validator if isinstance(validator, str) else None)
        except (OSError, ValueError, LookupError, TypeError):
            return None

    def forget(self) -> None:
        self.notes = None
        self.notes_path.unlink(missing_ok=True)

    def delete(self) -> None:
        self.path.unlink(missing_ok=True)
        self.forget()


def _fetch(url: str, part: _Part, headers: Mapping[str, str]) -> bool:
    """Complete ``part`` from ``url``; return whether more than one answer was needed."""
    for attempt in range(RESUMES + 1):
        have = part.size()
        try:
            if _append(url, part, headers):
                return attempt > 0
            part.delete()  # the file at the source is another one now
            have = 0
            if _append(url, part, headers):
                return False
        except web.TransferError as error:
            if not error.passing or attempt == RESUMES or part.size() <= have:
                raise
    raise web.TransferError("it changes while it is transferred")


def _append(url: str, part: _Part, headers: Mapping[str, str]) -> bool:
    """Get the missing bytes; return whether they belong to those before."""
    have = part.size()
    ask = dict(headers)
    if have:
        ask["Range"] = f"bytes={have}-"
        if part.notes is not None and part.notes.validator is not None:
            ask["If-Range"] = part.notes.validator
    try:
        answer = web.request(url, ask)
    except web.TransferError as error:
        if error.status == 416 and have:  # nothing is left to send, unless the file has become shorter
            total = re.fullmatch(r"bytes \*/(\d+)", error.headers.get("Content-Range", ""))
            return total is None or int(total[1]) == have
        raise
    with answer:
        start = have if answer.status == 206 else 0
        notes = _notes_of(answer, url, start)
        if start and not _continues(answer, part.notes, notes, have):
            return False
        if notes.total is not None:
            _check_space(part.path, notes.total - start)
        part.note(notes)
        _receive(answer, part.path, start, notes.total)
    return True


def _notes_of(answer: HTTPResponse, url: str, start: int) -> _Notes:
    tag, date = answer.headers.get("ETag", ""), answer.headers.get("Last-Modified")
    length = answer.headers.get("Content-Length") or ""
    total = start + int(length) if length.isascii() and length.isdigit() and len(length) < 19 else None
    return _Notes(url, tag if tag.startswith('"') else date, total)


def _continues(answer: HTTPResponse, before: _Notes | None, now: _Notes, have: int) -> bool:
    """Whether a partial answer continues where the file ends, and is of the same state of the file."""
    place = re.match(r"bytes (\d+)-", answer.headers.get("Content-Range", ""))
    if place is not None and int(place[1]) != have:
        return False
    if before is None or before.url != now.url:
        return True  # the digest will tell
    pairs = ((before.total, now.total), (before.validator, now.validator))
    return all(None in pair or pair[0] == pair[1] for pair in pairs)


def _receive(answer: HTTPResponse, path: Path, start: int, total: int | None) -> None:
    """Write an answer into a file from ``start`` on."""
    with _writing(path), open(path, "ab" if start else "wb") as file, download_progress() as progress:
        bar = progress.add_task(path.stem, total=total, completed=start)
        received = start
        for chunk in _chunks(answer):
            received += len(chunk)
            file.write(chunk)
            progress.advance(bar, len(chunk))
        file.flush()
        os.fsync(file.fileno())
    if total is not None and received < total:
        raise web.TransferError(f"only {received} of {total} bytes arrived", passing=True)


def _chunks(answer: HTTPResponse) -> Iterator[bytes]:
    """Yield the bytes of a response as they arrive; give up on one that is too slow."""
    seconds = web.timeout()
    since, arrived = time.monotonic(), 0
    while True:
        try:
            chunk = answer.read1(CHUNK)
        except (HTTPException, OSError) as error:
            raise web.explain(error, seconds) from error
        if not chunk:
            return
        yield chunk
        arrived += len(chunk)
        now = time.monotonic()
        if now - since > seconds:
            if arrived < LEAST:
                raise web.TransferError(f"only {arrived} bytes came in {seconds:g} s")
            since, arrived = now, 0


# -- the disk ------------------------------------------------------------------------------------------


def _check_space(path: Path, size: int) -> None:
    free = shutil.disk_usage(path.parent).free
    if size > free:
        raise MissingFileError(
            f"{path.stem} needs {size:,} bytes, and {free:,} are free in {path.parent}",
            hint=NO_ROOM,
        )


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    """Say which file could not be written, and why."""
    try:
        yield
    except web.TransferError:
        raise
    except OSError as error:
        if isinstance(error, MMPretrainError):
            raise
        raise MissingFileError(
            f"Could not download: {path} cannot be written ({error.strerror or error})",
            hint=NO_ROOM,
        ) from error


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Let one process at a time write a file."""
    from filelock import FileLock, Timeout  # comes with torch

    lock = FileLock(path.with_name(f".{path.name}.lock"))
    with _writing(Path(lock.lock_file)):
        try:
            lock.acquire(timeout=0)
        except Timeout:
            logger.info("Another process is downloading %s: waiting for it", path)
            lock.acquire()
    try:
        yield
        with suppress(OSError):  # where an open file cannot be deleted
            os.unlink(lock.lock_file)  # the file is there now, so that the next one needs no lock
    finally:
        lock.release()
