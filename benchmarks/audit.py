"""Faults that are planted in data, and how many of them an audit finds.

    python benchmarks/audit.py --cleanlab PYTHON    # digits; PYTHON is one that has cleanlab
    python benchmarks/audit.py --data textiles --wheel conformal_clip_data.whl --model efficientnet-lite0
    python benchmarks/audit.py --data silhouettes --wheel wheels/animal_mnist.whl
    python benchmarks/audit.py --overhead           # what the hook adds to a training

Leaks are pictures of validation that are put into training: as they are, as JPEG, scaled, brighter, and for
textiles cropped by 1 % on each side. 5 % of the labels are flipped. cleanlab's three orders are measured on
the same probabilities, and the best of them on those that its tutorial for images makes of the same features:
logistic regression of scikit-learn in five folds.

Textiles are the 2,000 photographs of the package conformal-clip-data (MIT), a fifth of them for validation.
Thumbnails do not tell their classes, so labels are judged by the features of a model.
"""

from __future__ import annotations

import argparse
import logging
import subprocess
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from mmpretrain.audit import Samples, audit
from mmpretrain.audit.labels import out_of_fold, pixel_features
from mmpretrain.cli.audit import features_of
from mmpretrain.cli.demo_data import write_digits
from mmpretrain.config import Config
from mmpretrain.config.zoo import find_config
from mmpretrain.datasets.fingerprints import Fingerprints, fingerprints_of
from mmpretrain.datasets.labelled import read_labelled
from mmpretrain.engine.hooks import AuditHook
from mmpretrain.evaluation.functional import find_label_suspects, label_suspicion, precision_recall_area
from mmpretrain.evaluation.record import Record
from mmpretrain.registry import RUNNERS

Copies = dict[str, tuple[str, Callable[[np.ndarray], np.ndarray]]]
COPIES: Copies = {
    "equal": (".png", lambda image: image),
    "JPEG": (".jpg", lambda image: image),
    "larger": (".png", lambda image: cv2.resize(image, None, fx=1.5, fy=1.5)),
    "brighter": (".png", lambda image: cv2.convertScaleAbs(image, alpha=1.05, beta=4)),
}
#: Besides these, for photographs.
CROPPED: Copies = {
    "cropped": (".png", lambda image: image[_edge(image) : -_edge(image), _edge(image) : -_edge(image)]),
}
ORDERS = ("confidence_weighted_entropy", "normalized_margin", "self_confidence")
CLEANLAB = """
import sys, numpy as np
from cleanlab.rank import get_label_quality_scores
data = dict(np.load(sys.argv[1]))
if "features" in data:
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_predict
    model = LogisticRegression(max_iter=1000)
    data["own"] = cross_val_predict(model, data["features"], data["labels"], cv=5, method="predict_proba")
for kind in ("probs", "own"):
    for method in ("self_confidence", "normalized_margin", "confidence_weighted_entropy"):
        if kind in data:
            scores = get_label_quality_scores(data["labels"], data[kind], method=method)
            np.save(f"{sys.argv[2]}/{kind}-{method}.npy", scores)
"""


def _edge(image: np.ndarray) -> int:
    return max(1, round(image.shape[0] / 100))


def write_textiles(root: Path, wheel: str) -> None:
    """Write the photographs of a wheel as class folders below train and val."""
    with zipfile.ZipFile(wheel) as archive:
        names = sorted(name for name in archive.namelist() if name.endswith(".jpg"))
        for place in np.random.default_rng(0).permutation(len(names)).tolist():
            part = "val" if place % 5 == 0 else "train"
            target = root / part / names[place].split("/")[-2] / names[place].rpartition("/")[2]
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(archive.read(names[place]))


def write_silhouettes(root: Path, wheel: str) -> None:
    """Write 2,500 silhouettes of a wheel, a fifth of them for validation."""
    from finetune_accuracy import silhouettes

    found = list(silhouettes(Path(wheel).parent))
    for place, index in enumerate(np.random.default_rng(0).permutation(len(found))[:2500].tolist()):
        label, pixels = found[index]
        target = root / ("val" if place % 5 == 0 else "train") / label / f"{index}.png"
        target.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(target), pixels)


def plant_leaks(root: Path, count: int, seed: int, copies: Copies) -> set[str]:
    """Copy pictures of validation into training; return their names."""
    images = sorted(path for path in (root / "val").rglob("*") if path.is_file())
    chosen = np.random.default_rng(seed).permutation(len(images))[:count]
    planted = set()
    for number, place in enumerate(chosen.tolist()):
        suffix, change = list(copies.values())[number % len(copies)]
        target = root / "train" / images[place].parent.name / f"planted{number}{suffix}"
        image = cv2.imread(str(images[place]))
        if image is None:
            raise ValueError(f"{images[place]} cannot be read")
        cv2.imwrite(str(target), change(image))
        planted.add(str(target))
    return planted


def leaks(root: Path, count: int, seed: int, copies: Copies) -> str:
    """Return how many of the planted leaks are found, and how many others."""
    planted = plant_leaks(root, count, seed, copies)
    samples = Samples.of(read_labelled(str(root)))
    found = {samples.names[one.index] for one in audit(samples).of_kind("leak")}
    for name in planted:
        Path(name).unlink()
    return f"{len(found & planted)} of {len(planted)} leaks, and {len(found - planted)} others"


def average_precision(suspicion: torch.Tensor, flipped: np.ndarray) -> float:
    """Return the area under the precision-recall curve, from 0 to 1."""
    return float(precision_recall_area(suspicion, torch.from_numpy(flipped.astype(int)))) / 100


def our_order(probs: torch.Tensor, labels: np.ndarray) -> torch.Tensor:
    """Return a number for each sample by which the audit orders them: suspects first."""
    targets = torch.from_numpy(labels)
    order = label_suspicion(probs, targets)[0].double()
    order[find_label_suspects(probs, targets).index] += 100
    return order


def flip(labels: np.ndarray, share: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return labels of which a share is wrong, and which."""
    rng = np.random.default_rng(seed)
    flipped = np.zeros(len(labels), bool)
    flipped[rng.permutation(len(labels))[: round(share * len(labels))]] = True
    classes = labels.max() + 1
    moved = (labels + rng.integers(1, classes, len(labels))) % classes
    return np.where(flipped, moved, labels), flipped


def cleanlab_orders(
    probs: torch.Tensor, labels: np.ndarray, python: str, features: torch.Tensor | None = None
) -> dict[str, torch.Tensor]:
    """Return the orders of cleanlab, in another environment: ``probs-...``; by its tutorial ``own-...``."""
    with tempfile.TemporaryDirectory() as folder:
        arrays = {"probs": probs.numpy(), "labels": labels}
        if features is not None:
            arrays["features"] = features.numpy()
        np.savez(f"{folder}/in.npz", allow_pickle=False, **arrays)
        subprocess.run([python, "-c", CLEANLAB, f"{folder}/in.npz", folder], check=True)
        return {path.stem: -torch.from_numpy(np.load(path)) for path in sorted(Path(folder).glob("*.npy"))}


def labels_of(
    name: str, probs: torch.Tensor, labels: np.ndarray, flipped: np.ndarray, python: str,
    features: torch.Tensor | None = None,
) -> None:  # fmt: skip
    """Print average precisions: the audit's, cleanlab's on the same probabilities, and by its tutorial."""
    row = [average_precision(our_order(probs, labels), flipped)]
    if python:
        orders = cleanlab_orders(probs, labels, python, features)
        found = {key: average_precision(order, flipped) for key, order in orders.items()}
        row += [found[f"probs-{method}"] for method in ORDERS]
        own = [value for key, value in found.items() if key.startswith("own-")]
        row += [max(own)] if own else []
    print(f"| {name} | {' | '.join(f'{value:.3f}' for value in row)} |", flush=True)


def training_features(root: Path, model: str) -> tuple[torch.Tensor, np.ndarray]:
    """Return features and labels of a folder's training images."""
    samples = Samples.of(read_labelled(str(root)))
    train = np.flatnonzero(samples.part == 0)
    if model:
        features = features_of(samples, model, None, "cpu")[0]
    else:
        features = pixel_features(Fingerprints.join(*(fingerprints_of(part) for part in samples.datasets)))
    return features[train], samples.targets()[train]


def wrong_labels(name: str, features: torch.Tensor, labels: np.ndarray, seed: int, python: str) -> None:
    """Flip labels, and look for them out of fold."""
    labels, flipped = flip(labels, 0.05, seed)
    probs = out_of_fold(features, labels, list(range(len(labels))))
    labels_of(name, probs, labels, flipped, python, features)


def config_of(root: Path, work_dir: Path, seed: int) -> Config:
    """Return the config of a short training on class folders."""
    cfg = Config.fromfile(find_config("lenet5_digits-folder"))
    for split in ("train", "val"):
        cfg[f"{split}_dataloader"].dataset.update(data_root=str(root), data_prefix=split)
    cfg.test_dataloader = cfg.val_dataloader
    cfg.merge_from_dict({"work_dir": str(work_dir), "randomness.seed": seed})
    return cfg


def while_training(root: Path, seed: int, python: str) -> None:
    """Flip labels, train, and judge the predictions that the training made anyway."""
    with tempfile.TemporaryDirectory() as folder:
        cfg = config_of(root, Path(folder), seed)
        runner = RUNNERS.build(cfg)
        dataset = runner.train_dataloader.dataset
        labels, flipped = flip(dataset.get_gt_labels(), 0.05, seed)
        whole = [dataset.get_data_info(index) for index in range(len(dataset))]
        dataset._records = None
        dataset.data_list = [{**info, "gt_label": int(label)} for info, label in zip(whole, labels)]
        runner.register_hook(AuditHook())
        runner.train()
        record = Record.load(Path(runner.log_dir, "train_predictions"))
    place = {info["img_path"]: index for index, info in enumerate(whole)}
    order = np.array([place[path] for path in record.paths])
    labels_of(
        "digits, while training", torch.from_numpy(record.scores), record.targets, flipped[order], python
    )


class TimedHook(AuditHook):
    """Adds up the processor time that the hook takes."""

    seconds = 0.0

    def _timed(self, work: Callable[[], None]) -> None:
        start = time.thread_time()
        work()
        self.seconds += time.thread_time() - start

    def _note(self, head: torch.nn.Module, inputs: object, output: object) -> None:
        self._timed(lambda: super(TimedHook, self)._note(head, inputs, output))

    def after_train_iter(self, *args: Any, **kwargs: Any) -> None:
        """Keep the scores of a batch."""
        self._timed(lambda: super(TimedHook, self).after_train_iter(*args, **kwargs))

    def after_train(self, runner: Any) -> None:
        """Save the record."""
        self._timed(lambda: super(TimedHook, self).after_train(runner))


def overhead(root: Path, rounds: int) -> None:
    """Print the share of the processor time of a training that the hook takes."""
    shares = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            runner = RUNNERS.build(config_of(root, Path(folder), 0))
            hook = TimedHook()
            runner.register_hook(hook)
            start = time.thread_time()
            runner.train()
            shares.append(hook.seconds / (time.thread_time() - start))
    print(f"share of the training: {', '.join(f'{share:.2%}' for share in shares)}")


def main() -> None:
    """Read the command line, and print what is found."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cleanlab", default="", metavar="PYTHON")
    parser.add_argument("--data", choices=("digits", "silhouettes", "textiles"), default="digits")
    parser.add_argument("--wheel", default="", help="of the package, for textiles and silhouettes")
    parser.add_argument("--model", default="", help="whose features judge the labels; thumbnails otherwise")
    parser.add_argument("--overhead", action="store_true")
    parser.add_argument("--leaks", type=int, default=60)
    parser.add_argument("--seeds", type=int, default=3)
    args = parser.parse_args()
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        root, textiles = Path(folder, args.data), args.data == "textiles"
        if textiles:
            write_textiles(root, args.wheel)
        elif args.data == "silhouettes":
            write_silhouettes(root, args.wheel)
        else:
            write_digits(root)
        if args.overhead:
            overhead(root, rounds=2)
            return
        for seed in range(args.seeds):
            print(
                f"{args.data}: {leaks(root, args.leaks, seed, {**COPIES, **(CROPPED if textiles else {})})}"
            )
        names = ["audit", *([*ORDERS, "best by its tutorial"] if args.cleanlab else [])]
        print(f"| 5 % flipped labels | {' | '.join(names)} |\n| --- |{' --- |' * len(names)}")
        features, labels = training_features(root, args.model)
        for seed in range(args.seeds):
            wrong_labels(f"{args.data}, out of fold", features, labels, seed, args.cleanlab)
            if args.data == "digits":
                while_training(root, seed, args.cleanlab)


if __name__ == "__main__":
    main()
