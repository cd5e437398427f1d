"""The folder that ``mmpretrain finetune`` fills."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mmpretrain.cli import outputs
from mmpretrain.errors import ConfigError, MissingFileError


def new_folder(out: Path | None, data: str) -> Path:
    """The folder to fill: one that is not there, or empty."""
    if out is not None:
        out = out.expanduser()
        if out.is_dir() and any(out.iterdir()):
            raise ConfigError(
                f"the folder {str(out)!r} is not empty",
                where="--out",
                hint="Name another one, or go on with what is there: --resume.",
            )
        return outputs.new_folder(out, "--out")
    stem = re.sub(r"[^\w.-]+", "_", Path(data.rstrip("/")).stem or "data").strip("._") or "data"
    base = Path("work_dirs") / f"finetune_{stem}"
    numbered = (base.with_name(f"{base.name}_{number}") for number in range(2, 10_000))
    return next(path for path in (base, *numbered) if not path.exists())


@contextmanager
def leaving_nothing(folder: Path) -> Iterator[None]:
    """Remove what was written into a new folder if the preparation fails, so that it can be tried again."""
    from mmpretrain.finetuning.folded import RESULTS
    from mmpretrain.finetuning.plan import PLAN

    was_there = folder.is_dir()
    try:
        yield
    except BaseException:
        for written in (folder / PLAN, *folder.glob("fold[0-9]*")):
            shutil.rmtree(written, ignore_errors=True)
        (folder / RESULTS).unlink(missing_ok=True)
        if not was_there and folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
        raise


def to_resume(out: Path | None) -> Path:
    """The folder of a fine-tuning that can be continued."""
    from mmpretrain.finetuning.folded import is_half_written
    from mmpretrain.finetuning.plan import CONFIG

    if out is None:
        raise ConfigError(
            "--resume does not say which fine-tuning to continue", where="--resume", hint="Add --out DIR."
        )
    folder = out.expanduser()
    if not (folder / CONFIG).is_file():
        raise MissingFileError(
            f"there is no fine-tuning to continue in {str(folder)!r}",
            where="--out",
            hint="Start one: leave out --resume.",
        )
    if is_half_written(folder):
        raise ConfigError(
            f"the plans of the folds in {str(folder)!r} are not complete",
            where="--out",
            hint="Nothing was trained yet: delete the folder, and start again without --resume.",
        )
    return folder
