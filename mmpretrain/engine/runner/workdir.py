"""The work folder of a training run: no other run writes to it, and the files of an earlier run are kept."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mmpretrain.checkpoints.archive import is_between_runs, make_room, make_room_remotely
from mmpretrain.checkpoints.run_folder import Record
from mmpretrain.engine.hooks.checkpoint_hook import CheckpointHook
from mmpretrain.errors import MMPretrainError
from mmpretrain.utils import fileio
from mmpretrain.utils.dist import barrier, broadcast_object, is_main_process
from mmpretrain.utils.locks import FolderLock
from mmpretrain.utils.logging import going_on_without

if TYPE_CHECKING:
    from mmpretrain.engine.runner.runner import Runner


@contextmanager
def held(folder: str) -> Iterator[None]:
    """Keep other runs out of a work folder; of several processes, the first one holds the lock for all.

    Raises:
        ConfigError: On every process, if another run is writing to it.
    """
    lock, problem = FolderLock(folder), None
    if is_main_process():
        try:
            lock.__enter__()
        except MMPretrainError as error:
            problem = error
    problem = broadcast_object(problem)
    if problem is not None:
        raise problem
    try:
        yield
    finally:
        lock.__exit__(None, None, None)


def latest(runner: Runner) -> str | None:
    """Return the checkpoint from which a run continues by itself, and say which one it is, or why none."""
    source = None
    if runner.is_main:
        folder = Path(runner.work_dir)
        if is_between_runs(folder):
            _make_room(runner)  # a new run has begun, and has not written anything yet
        source = runner.store.latest()
    source = broadcast_object(source)
    earlier = f" {runner.store.run.earlier_in_words()}".rstrip()
    if source is None:
        runner.logger.info(
            f"No checkpoint to resume in {runner.work_dir}: starting from the beginning.{earlier}"
        )
    else:
        runner.logger.info(f"Auto-resuming from {source}.{earlier}")
    return source


def settle(runner: Runner) -> None:
    """Before the first file is written: move those of an earlier run, unless it is the one that continues."""
    barrier()  # all have read the checkpoint that they start from, which may be one of these files
    state, run = runner.state, runner.store.run
    source = state.resumed_from
    state.at_home = source is not None and any(runner.store.holds(home, source) for home in _homes(runner))
    if runner.is_main and not state.at_home:
        _make_room(runner)
    elif runner.is_main:
        record = run.record() or Record(_stamp(runner))
        files = dict.fromkeys([*record.files, _config_name(runner)])
        with going_on_without("The record of the run"):
            run.write_record(replace(record, files=tuple(files), moving=False))
    barrier()


def _make_room(runner: Runner) -> None:
    patterns = [hook.pattern() for hook in runner.hooks_of(CheckpointHook)]
    keep = getattr(runner.cfg, "filename", None)
    for folder in _homes(runner):
        if not fileio.is_local(folder):
            make_room_remotely(folder, _stamp(runner), patterns)
        elif Path(folder).is_dir():
            make_room(Path(folder), _stamp(runner), patterns, _config_name(runner), keep)


def _homes(runner: Runner) -> list[str]:
    """Return the folders in which this run's checkpoints are, the work folder first."""
    folders = [runner.work_dir, *(hook.folder(runner) for hook in runner.hooks_of(CheckpointHook))]
    return list(dict.fromkeys(folders))


def _stamp(runner: Runner) -> str:
    return Path(runner.log_dir).name


def _config_name(runner: Runner) -> str:
    return Path(runner.config_file).name
