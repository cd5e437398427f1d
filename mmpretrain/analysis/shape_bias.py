"""Whether models go by shape or by texture, from the tables that ``ShapeBiasMetric`` writes.

See `ImageNet-trained CNNs are biased towards texture <https://arxiv.org/abs/1811.12231>`_: each image has the
shape of one category and the texture of another, and is named after both, as in ``cat7-elephant1.png``. The
shape bias is the share of decisions for the shape among all decisions for one of the two.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from mmpretrain.errors import DataError, MissingFileError
from mmpretrain.evaluation.metrics.shape_bias import CATEGORIES
from mmpretrain.utils.fileio import read_text
from mmpretrain.utils.suggest import did_you_mean

_NAME = re.compile(r"([a-z]+)\d+-([a-z]+)\d+\.\w+")


@dataclass
class Decisions:
    """How often shape and texture decided, by the category of the shape.

    Attributes:
        name: Who decided.
        shape: Decisions for the shape.
        texture: Decisions for the texture.
        count: All decisions on images whose shape and texture differ.
    """

    name: str
    shape: dict[str, int] = field(default_factory=lambda: dict.fromkeys(CATEGORIES, 0))
    texture: dict[str, int] = field(default_factory=lambda: dict.fromkeys(CATEGORIES, 0))
    count: int = 0

    def bias(self, category: str | None = None) -> float | None:
        """Return the shape bias of one category, or of all; None if neither ever decided."""
        chosen = CATEGORIES if category is None else [category]
        shape, texture = (sum(counts[name] for name in chosen) for counts in (self.shape, self.texture))
        return None if shape + texture == 0 else shape / (shape + texture)

    def add(self, image: str, decision: str) -> None:
        """Count a decision; images whose shape and texture agree do not count.

        Raises:
            ValueError: If the name of the image does not say what it shows.
        """
        match = _NAME.search(image)
        if match is None or not {match[1], match[2]} <= CATEGORIES.keys():
            raise ValueError(f"{image!r} does not name a shape and a texture")
        shape, texture = match[1], match[2]
        if shape == texture:
            return
        self.count += 1
        self.shape[shape] += decision == shape
        self.texture[shape] += decision == texture


def read_tables(paths: Iterable[Path], name: str) -> Decisions:
    """Read the tables of one model, or of one person.

    Raises:
        DataError: If one is no such table.
    """
    decisions = Decisions(name)
    for path in paths:
        rows = csv.DictReader(io.StringIO(read_text(path)))
        if not {"imagename", "object_response"} <= set(rows.fieldnames or ()):
            raise DataError("this table has no columns imagename and object_response", where=str(path))
        for number, row in enumerate(rows, 2):
            try:
                decisions.add(row["imagename"] or "", (row["object_response"] or "").strip())
            except ValueError as error:
                raise DataError(str(error), where=f"{path}:{number}") from error
    return decisions


def find_tables(folder: str | Path, model: str) -> list[Path]:
    """Return the tables of a model in a folder.

    Raises:
        MissingFileError: If there are none.
    """
    folder = Path(folder).expanduser()
    pattern = re.compile(rf"cue[-_]conflict_{re.escape(model)}_session[-_]\d+\.csv")
    files = sorted(folder.glob("*.csv")) if folder.is_dir() else []
    found = [path for path in files if pattern.fullmatch(path.name)]
    if not found:
        known = sorted(
            {re.sub(r"cue[-_]conflict_(.*)_session[-_]\d+\.csv", r"\1", path.name) for path in files}
        )
        raise MissingFileError(
            f"the folder {str(folder)!r} has no table cue_conflict_{model}_session-1.csv",
            hint=did_you_mean(model, known) or "Test the model with ShapeBiasMetric first.",
        )
    return found


def people(folder: str | Path) -> Decisions | None:
    """Return the decisions of all people whose tables are in a folder; None if there are none."""
    found = sorted(Path(folder).expanduser().glob("cue[-_]conflict_subject-*_session[-_]*.csv"))
    return read_tables(found, "humans") if found else None
