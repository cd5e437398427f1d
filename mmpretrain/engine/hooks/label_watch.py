"""Labels that a model contradicts while it learns them: no extra pass over the data."""

from __future__ import annotations

import csv
import io
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from mmpretrain.engine.hooks.access import unwrap
from mmpretrain.engine.hooks.hook import DataBatch, Hook
from mmpretrain.errors import ConfigError
from mmpretrain.evaluation.functional.label_quality import find_label_suspects
from mmpretrain.evaluation.record import Record
from mmpretrain.registry import HOOKS
from mmpretrain.structures import DataSample
from mmpretrain.structures.packed_samples import PackedSamples, has_field, joined_labels
from mmpretrain.utils.atomic import write_atomic
from mmpretrain.utils.dist import all_gather_object, is_main_process
from mmpretrain.utils.text import csv_cell

if TYPE_CHECKING:
    from mmpretrain.engine.session import Session

logger = logging.getLogger("mmpretrain")

#: Most scores that are kept, 64 MB: samples times classes.
MAX_SCORES = 2**24
#: Batches whose scores wait on the device until they are added up.
WAITING = 32
#: With fewer predictions of a sample, the model has hardly learned anything that it could contradict.
ENOUGH = 3
FOLDER, TABLE = "train_predictions", "label_suspects.csv"

#: What names a sample: the path of its image, or its number.
Key = str | int


@HOOKS.register_module()
class AuditHook(Hook):
    """Keeps what a classifier predicts for its training images in later epochs, and lists doubtful labels.

    The predictions are those of the training steps, so there is no further pass. Their mean is saved as a
    record in ``train_predictions`` in the folder of the log, with ``label_suspects.csv`` beside it, which
    :func:`find_label_suspects` orders; ``mmpretrain audit --predictions`` reads the record. It keeps quiet
    after fewer than three epochs, where images are mixed, where samples have several labels, and where the
    scores of all samples would take too much memory. After a resumption it begins anew.

    Args:
        begin: The share of training after which predictions count, from 0 to below 1.
    """

    priority = "LOW"

    def __init__(self, begin: float = 0.1) -> None:
        if isinstance(begin, bool) or not isinstance(begin, (int, float)) or not 0 <= begin < 1:
            raise ConfigError(f"begin must be a number from 0 to below 1, got {begin!r}", key="begin")
        self.begin = begin
        self._handle: Any = None
        self._logits: Any = None
        self._waiting: list[tuple[Tensor, list[Key], Tensor]] = []
        self._rows: dict[Key, int] = {}
        self._labels: list[int] = []
        self._sums = np.zeros((0, 0), np.float32)
        self._counts = np.zeros(0, np.int64)

    def before_train(self, runner: Session) -> None:
        """Watch the head, if it is one whose predictions tell something about labels."""
        model = unwrap(runner.model)
        head = getattr(model, "head", None)
        classes = getattr(head, "num_classes", None) or getattr(
            getattr(model, "backbone", None), "num_classes", None
        )
        size = len(getattr(runner.train_dataloader, "dataset", ()))
        mixes = getattr(getattr(model, "data_preprocessor", None), "batch_augments", None) is not None
        if not isinstance(head, nn.Module) or hasattr(head, "thr") or mixes or not isinstance(classes, int):
            return
        if not classes >= 2 or classes * size > MAX_SCORES:
            return
        self._sums = np.zeros((size, classes), np.float32)
        self._counts = np.zeros(size, np.int64)
        self._handle = head.register_forward_hook(self._note)

    def _note(self, head: nn.Module, inputs: Any, output: Any) -> None:
        if head.training and isinstance(output, Tensor) and output.ndim == 2:
            self._logits = output.detach()

    def after_train_iter(
        self, runner: Session, batch_idx: int, data_batch: DataBatch = None, outputs: dict | None = None
    ) -> None:
        """Keep the scores of a batch."""
        logits, self._logits = self._logits, None
        if logits is None or runner.state.iter < self.begin * runner.state.max_iters:
            return
        samples = data_batch.get("data_samples") if isinstance(data_batch, dict) else None
        if samples is None or len(samples) != len(logits) or logits.shape[1] != self._sums.shape[1]:
            return
        if (named := _named(samples)) is not None:
            self._waiting.append((logits, *named))
        if len(self._waiting) >= WAITING:
            self._add_up()

    def _add_up(self) -> None:
        """Add the waiting scores to those of their samples."""
        for logits, keys, labels in self._waiting:
            probs = logits.float().softmax(1).cpu().numpy()
            places = np.array([self._rows.setdefault(key, len(self._rows)) for key in keys])
            fresh = dict(zip(places.tolist(), labels.tolist()))
            self._labels += [fresh[place] for place in range(len(self._labels), len(self._rows))]
            counted = (places < len(self._sums)) & np.isfinite(probs).all(1)
            np.add.at(self._sums, places[counted], probs[counted])
            np.add.at(self._counts, places[counted], 1)
        self._waiting.clear()

    def after_train(self, runner: Session) -> None:
        """Save the record and the list."""
        if self._handle is None:
            return
        self._handle.remove()
        self._handle = None
        self._add_up()
        used = min(len(self._rows), len(self._sums))
        own = (list(self._rows)[:used], self._labels[:used], self._sums[:used], self._counts[:used])
        shares = all_gather_object(own)
        if is_main_process():
            record = _joined(shares, _classes(runner))
            if record is not None:
                folder = Path(runner.log_dir, FOLDER)
                record.save(folder)
                _tell(record, folder / TABLE)


def _named(samples: Sequence[DataSample]) -> tuple[list[Key], Tensor] | None:
    """Return what names each sample, and the labels (B,); None if one has no label, or several.

    Labels on a device stay there: to look at each would wait for it each time.
    """
    if not has_field(samples, "gt_label"):
        return None
    packed = PackedSamples.behind(samples)
    if packed is not None:
        paths, numbers = packed.meta("img_path"), packed.meta("sample_idx")
        single = packed.single_labels is not None and "gt_score" not in packed.stacked
    else:
        paths, numbers = ([sample.get(name) for sample in samples] for name in ("img_path", "sample_idx"))
        single = all(len(s.get("gt_label", ())) == 1 and "gt_score" not in s for s in samples)
    keys = [path or number for path, number in zip(paths, numbers)]
    if not single or not all(isinstance(key, (str, int)) for key in keys):
        return None
    return keys, joined_labels(samples)


def _classes(runner: Session) -> tuple[str, ...]:
    meta = getattr(getattr(runner.train_dataloader, "dataset", None), "metainfo", None)
    names = (meta or {}).get("classes") if isinstance(meta, Mapping) else None
    return tuple(map(str, names or ()))


def _joined(shares: Sequence[tuple], classes: tuple[str, ...]) -> Record | None:
    """Put what the processes saw together; None if that is nothing."""
    sums: dict[Key, np.ndarray] = {}
    counts: dict[Key, int] = {}
    labels: dict[Key, int] = {}
    for keys, targets, totals, numbers in shares:
        for key, target, total, number in zip(keys, targets, totals, numbers.tolist()):
            if number:
                sums[key] = sums[key] + total if key in sums else total
                counts[key] = counts.get(key, 0) + number
                labels[key] = target
    keys = sorted(sums, key=lambda key: (isinstance(key, str), key))
    if not keys or max(labels.values()) >= len(sums[keys[0]]):
        return None
    if np.median(list(counts.values())) < ENOUGH:
        return None
    scores = np.stack([sums[key] / counts[key] for key in keys]).astype(np.float32)
    paths = tuple(key if isinstance(key, str) else f"sample {key}" for key in keys)
    targets = np.array([labels[key] for key in keys], np.int64)
    fitting = classes if len(classes) == scores.shape[1] else ()
    return Record(scores, targets, paths, fitting, {"predictions": "of training, mean of the later epochs"})


def _tell(record: Record, path: Path) -> None:
    """Write the doubtful labels, and log how many they are."""
    suspects = find_label_suspects(torch.from_numpy(record.scores), torch.from_numpy(record.targets))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["path", "label", "suggested", "suspicion"])
    for index, suggested, suspicion in zip(*(column.tolist() for column in suspects)):
        names = (record.class_name(int(record.targets[index])), record.class_name(suggested))
        writer.writerow([*map(csv_cell, (record.paths[index], *names)), f"{suspicion:.4f}"])
    data = text.getvalue().encode("utf-8-sig")
    write_atomic(path, lambda file: file.write(data))
    if len(suspects.index):
        logger.info("%d of %d labels look doubtful, see %s", len(suspects.index), len(record), path)
