"""The records in the work folder of a run: its latest and best checkpoints, and earlier runs.

Two small files next to the checkpoints say so: ``last_checkpoint``, as 1.x writes it, names the latest one;
``run.json`` names the best ones, with metric, value and rule, and the run's own folder (the name of its first
time-stamped log folder). Both may come from a stranger: they choose what is read, never what is deleted.
"""

from __future__ import annotations

import json
import math
import os
import re
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path, PureWindowsPath
from typing import Any, Literal

from mmpretrain.checkpoints import serialization
from mmpretrain.errors import MissingFileError, MMPretrainError
from mmpretrain.utils import fileio
from mmpretrain.utils.atomic import write_atomic
from mmpretrain.utils.better import which_is_better
from mmpretrain.utils.logging import get_logger, going_on_without

#: The file that names the latest checkpoint.
POINTER = "last_checkpoint"
#: The file that names the best checkpoints.
RECORD = "run.json"
#: How the folder of a start of a run is named after its time.
FORMAT = "%Y%m%d_%H%M%S"
TIMESTAMP = re.compile(r"\d{8}_\d{6}")
#: No record of a run comes near this size, in bytes.
LARGEST_RECORD = 1 << 20

Rule = Literal["greater", "less"]


#: Names that Windows keeps for devices.
DEVICES = frozenset(["CON", "PRN", "AUX", "NUL", *(f"{d}{n}" for d in ("COM", "LPT") for n in range(1, 10))])


def is_plain_name(name: object) -> bool:
    """Whether a value names a file inside a folder, on any system: no path, no drive, nothing hidden."""
    return (
        isinstance(name, str)
        and 0 < len(name) <= 255
        and name.isprintable()
        and not name.startswith(".")
        and not name.endswith((".", " "))
        and "/" not in name
        and PureWindowsPath(name).name == name
        and name.partition(".")[0].upper() not in DEVICES
    )


@dataclass(frozen=True)
class Best:
    """The best checkpoint of a run by one metric.

    Attributes:
        metric: Name of the metric.
        value: Its value.
        rule: Which values are better.
        file: The checkpoint: a name in the work folder, or a path if checkpoints go elsewhere.
        epoch: Epochs done.
        iter: Iterations done.
    """

    metric: str
    value: float
    rule: Rule
    file: str
    epoch: int = 0
    iter: int = 0

    def beats(self, other: Best) -> bool:
        """Whether this value is better than another one."""
        return self.value > other.value if self.rule == "greater" else self.value < other.value

    def __str__(self) -> str:
        return f"best {self.metric} = {self.value:.4f} ({self.rule} is better)"


@dataclass(frozen=True)
class Record:
    """What ``run.json`` holds.

    Attributes:
        run: Name of the run's own folder.
        best: The best checkpoints; the first metric decides which one is taken.
        files: Names of files that the run wrote next to its checkpoints, such as its copy of the config.
        moving: Whether the run is over, and its files are being moved into its own folder.
    """

    run: str
    best: tuple[Best, ...] = ()
    files: tuple[str, ...] = ()
    moving: bool = False

    @classmethod
    def parse(cls, data: Any) -> Record:
        """Read a record; raise ``ValueError`` for one that no run writes."""
        if not isinstance(data, dict) or not TIMESTAMP.fullmatch(str(data.get("run"))):
            raise ValueError("it does not name the folder of a run")
        time.mktime(time.strptime(data["run"], FORMAT))  # a ValueError if that is no time
        files = [name for name in data.get("files") or () if is_plain_name(name)]
        best = tuple(_parse_best(item) for item in data.get("best") or ())
        return cls(data["run"], best, tuple(files), data.get("moving") is True)


def _parse_best(item: Any) -> Best:
    best = Best(**item) if isinstance(item, dict) else None
    texts = (best.metric, best.file) if best is not None else ()
    if best is None or not all(isinstance(text, str) and text.isprintable() for text in texts):
        raise ValueError("an entry of 'best' is not as a run writes it")
    if best.rule not in ("greater", "less") or not math.isfinite(best.value):
        raise ValueError(f"an entry of 'best' has value={best.value!r} and rule={best.rule!r}")
    return best


@dataclass(frozen=True)
class Choice:
    """A checkpoint, and why it was chosen."""

    path: Path
    why: str


class RunFolder:
    """The work folder of a run, or the folder of an earlier run inside it.

    Args:
        path: The folder; it need not exist yet.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)

    # -- the latest ---------------------------------------------------------------------------------

    def point_to(self, path: str | os.PathLike[str]) -> None:
        """Make ``path`` the latest checkpoint; on a full disk, the pointer keeps naming the one before."""
        with going_on_without(f"{POINTER}, which should name {path},"):
            write_atomic(self.path / POINTER, lambda file: file.write(str(path).encode()))

    def last(self) -> str | None:
        """Return the checkpoint that the pointer names, if there is one: a path, or a URL."""
        try:
            name = (self.path / POINTER).read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            get_logger().warning(f"{POINTER} in {self.path} cannot be read ({error}).")
            return None
        found = self.locate(name)
        if found is None:
            get_logger().warning(f"{POINTER} in {self.path} names {name[:200]!r}, which is not there.")
        return found

    def locate(self, file: str) -> str | None:
        """Return where a checkpoint is that this folder's files name, or None if it is not there.

        One of that name in this folder comes first: the folder may be a copy of the one that was written.
        """
        name = PureWindowsPath(file).name  # knows both kinds of separators
        if is_plain_name(name) and os.path.lexists(self.path / name):
            return str(self.path / name)
        if not file.isprintable() or not fileio.is_absolute(file) or len(file) > 4096:
            return None
        return file if fileio.exists(file) else None

    # -- the record ---------------------------------------------------------------------------------

    def record(self) -> Record | None:
        """Return what ``run.json`` says, or None where there is none, or a damaged one, which is reported."""
        path = self.path / RECORD
        try:
            if path.stat().st_size > LARGEST_RECORD:
                raise ValueError("it is too large")
            return Record.parse(json.loads(path.read_text(encoding="utf-8")))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, OverflowError, RecursionError, TypeError, ValueError) as error:
            get_logger().warning(f"{path} is not as a run writes it, and is ignored ({error}).")
            return None

    def write_record(self, record: Record) -> None:
        """Write ``run.json``."""
        data = json.dumps(asdict(record), indent=1)
        write_atomic(self.path / RECORD, lambda file: file.write(data.encode()))

    def note_best(self, best: Best) -> None:
        """Note the best checkpoint by a metric in the record."""
        record = self.record() or Record(
            self.path.name if TIMESTAMP.fullmatch(self.path.name) else time.strftime(FORMAT)
        )
        others = [item for item in record.best if item.metric != best.metric]
        place = next((i for i, item in enumerate(record.best) if item.metric == best.metric), len(others))
        others.insert(place, best)
        with going_on_without(f"{RECORD}, which should name {best.file},"):
            self.write_record(replace(record, best=tuple(others)))

    # -- choosing -----------------------------------------------------------------------------------

    def choose(self) -> Choice:
        """Return the best checkpoint by its value, or the last where no best one was kept.

        The folder of a checkpoint in pieces is one itself.

        Raises:
            MissingFileError: If there is no checkpoint.
        """
        if serialization.is_sharded(self.path):
            return Choice(self.path, "a checkpoint in pieces")
        record = self.record()
        for best in record.best if record is not None else ():
            found = self.locate(best.file)
            if found is not None:
                return Choice(Path(found), str(best))
        files = [path for path in self.path.glob("best_*.pth") if not path.is_symlink()]
        scored = [item for item in map(_best_of_file, files) if item is not None]
        if scored:
            return _best_by_value(scored)
        if files:
            newest = max(files, key=lambda path: path.stat().st_mtime)
            return Choice(newest, "the newest of the best ones; none says how good it is")
        last = self.last()
        if last is not None:
            return Choice(Path(last), "the latest; no best one was kept")
        earlier = self.earlier_in_words()
        raise MissingFileError(
            f"There is no checkpoint in the folder {str(self.path)!r}", hint=earlier or None
        )

    # -- earlier runs -------------------------------------------------------------------------------

    def earlier(self) -> list[RunFolder]:
        """Return the folders of earlier runs whose files were moved there, oldest first."""
        try:
            folders = [path for path in self.path.iterdir() if TIMESTAMP.fullmatch(path.name)]
        except OSError:
            return []
        return [RunFolder(path) for path in sorted(folders) if (path / RECORD).is_file()]

    def earlier_in_words(self) -> str:
        """Return a sentence that names the earlier runs with their best results, or an empty text."""
        names = []
        for folder in self.earlier():
            record = folder.record()
            best = f" ({record.best[0].metric} {record.best[0].value:.4f})" if record and record.best else ""
            names.append(f"{folder.path.name}{best}")
        if not names:
            return ""
        runs = "An earlier run is" if len(names) == 1 else "Earlier runs are"
        return f"{runs} in {self.path}: {', '.join(names)}."


def _best_by_value(scored: list[tuple[Path, Best]]) -> Choice:
    """Return the best of several files; where they differ in metric, the metric of the newest decides."""
    path, best = max(scored, key=lambda item: item[0].stat().st_mtime)
    for other_path, other in scored:
        if other.metric == best.metric and other.beats(best):
            path, best = other_path, other
    return Choice(path, str(best))


def _best_of_file(path: Path) -> tuple[Path, Best] | None:
    """Read metric and value from a checkpoint that a run kept as its best; 1.x writes them, too."""
    try:
        info = serialization.load(path)["message_hub"]["runtime_info"]
        for key, file in info.items():
            if key.startswith("best_ckpt") and PureWindowsPath(str(file)).name == path.name:
                metric = key.removeprefix("best_ckpt").removeprefix("_") or info.get("best_key")
                metric = metric or re.sub(r"^best_|_[a-z]+_\d+\.pth$", "", path.name)
                value = float(info[key.replace("ckpt", "score", 1)])
                return path, Best(metric, value, which_is_better(metric), path.name)
    except (MMPretrainError, AttributeError, LookupError, TypeError, ValueError):
        get_logger().debug("%s does not say how good it is", path, exc_info=True)
    return None
