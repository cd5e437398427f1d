"""Making room for a new run in the folder of an earlier one, without losing anything."""

from __future__ import annotations

import filecmp
import os
import re
import shutil
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from mmpretrain.checkpoints.run_folder import FORMAT, POINTER, RECORD, TIMESTAMP, Record, RunFolder
from mmpretrain.checkpoints.serialization import is_sharded
from mmpretrain.errors import ConfigError
from mmpretrain.utils import fileio
from mmpretrain.utils.logging import get_logger, going_on_without

#: What runs call their files, whatever the config says.
USUAL = re.compile(
    r"(epoch|iter)_[0-9]+.*\.pth|best_.+\.pth|interrupted\.pth|queue[0-9]*\.pth|bad_files\.txt"
)


def make_room(
    folder: Path, run: str, own: Iterable[str] = (), config: str | None = None, keep: str | None = None
) -> Path | None:
    """Move what an earlier run left in a work folder into that run's own time-stamped folder.

    A process may be killed at any moment: the next call continues. Files of other names stay where they are.

    Args:
        folder: The work folder.
        run: Name of the folder of the run that begins.
        own: Patterns of the names of its checkpoints.
        config: Name of its copy of the config, which takes the place of one of that name.
        keep: A file that is copied instead of being moved, as the new run was started with it.

    Returns:
        The folder of the earlier run, or None if there was nothing to move.
    """
    here = RunFolder(folder)
    record = here.record()
    patterns = [USUAL, *map(re.compile, own)]
    left = [path for path in sorted(folder.iterdir()) if _is_left(path, record, patterns)]
    found = [*left, *(folder / name for name in [config] if left and name and (folder / name).is_file())]
    found = list(dict.fromkeys(found))
    target = None
    if found:
        try:
            if record is None or not record.moving:
                # From here on, the folder is known to be between two runs.
                record = record or Record(_latest_log(folder, run) or _time_of(found))
                record = replace(record, run=_free_name(folder, record.run, run), moving=True)
                here.write_record(record)
            target = folder / record.run
            target.mkdir(exist_ok=True)
            RunFolder(target).write_record(replace(record, moving=False))
            for path in found:
                _move(path, target, copy=keep is not None and _same(path, keep))
        except OSError as error:
            raise ConfigError(
                f"{folder} holds an earlier run, which cannot be moved out of the way: {error}",
                hint="Choose another folder with --work-dir, or continue with that run: --resume.",
            ) from error
        get_logger().info(f"{folder} held an earlier run: its {len(found)} files are now in {target}.")
    with going_on_without(f"{RECORD} in {folder}"):
        here.write_record(Record(run, files=(config,) if config else ()))
    return target


def make_room_remotely(folder: str, run: str, own: Iterable[str]) -> None:
    """Move checkpoints of an earlier run out of a folder that is not on this machine; see :func:`make_room`.

    Such a folder has no logs and no record: its older checkpoints get a folder named after the new run.
    """
    system, inner = fileio.resolve(folder)
    patterns = [USUAL, *map(re.compile, own)]
    paths = [path.rstrip("/") for path in system.ls(inner, detail=False)] if system.exists(inner) else []
    target = f"{inner.rstrip('/')}/before_{run}"
    for path in paths:
        name = path.rpartition("/")[2]
        if any(pattern.fullmatch(name) for pattern in patterns):
            system.makedirs(target, exist_ok=True)
            system.mv(path, f"{target}/{name}")
            get_logger().info(f"{folder} held an earlier run: its {name} is now in {target}.")


def is_between_runs(folder: Path) -> bool:
    """Whether a new run was killed while it made room for itself."""
    record = RunFolder(folder).record()
    return record is not None and record.moving


def _is_left(path: Path, record: Record | None, patterns: list[re.Pattern[str]]) -> bool:
    """Whether a run has written a file, or a checkpoint in pieces."""
    if path.is_dir() and not is_sharded(path):
        return False
    named = path.name == POINTER or (record is not None and path.name in record.files)
    return named or any(pattern.fullmatch(path.name) for pattern in patterns)


def _latest_log(folder: Path, run: str) -> str | None:
    """Return the log folder of a run that has left no record, as those of 1.x."""
    names = [path.name for path in folder.iterdir() if TIMESTAMP.fullmatch(path.name) and path.is_dir()]
    return max((name for name in names if name < run and not (folder / name / RECORD).exists()), default=None)


def _time_of(files: list[Path]) -> str:
    return time.strftime(FORMAT, time.localtime(max(path.lstat().st_mtime for path in files)))


def _free_name(folder: Path, name: str, run: str) -> str:
    """Return the name of a run's own folder, or a slightly earlier one if something else has it."""
    moment = time.mktime(time.strptime(name, FORMAT))
    while True:
        path = folder / name
        usable = not path.is_symlink() and (path.is_dir() or not path.exists())
        if name != run and usable and not (path / RECORD).exists():
            return name
        moment -= 1
        name = time.strftime(FORMAT, time.localtime(moment))


def _move(path: Path, target: Path, copy: bool) -> None:
    """Move or copy a file into a folder, under another name where there is one of that name already."""
    place, number = target / path.name, 1
    if copy and os.path.exists(place) and filecmp.cmp(path, place, shallow=False):
        return  # done before the process was killed
    while os.path.lexists(place):
        place, number = target / f"{path.stem}_{number}{path.suffix}", number + 1
    if copy:
        shutil.copy2(path, place)
    else:
        os.rename(path, place)


def _same(path: Path, other: str) -> bool:
    return os.path.exists(other) and os.path.samefile(path, other)
