"""Coverage of conformal sets on 20 splits of the digits, and silhouettes of animals among digits.

    python benchmarks/calibration.py
    pip install --no-deps animal-mnist && python benchmarks/calibration.py --silhouettes

Several small LeNets are trained from scratch. For the coverage they see 300 digits, so that 1,497 are left;
half of these calibrate, and the sets of the other half are counted. For the silhouettes they see the 1,442
digits for training; half of the 355 others calibrate, and the score tells the others from 1,500
silhouettes.
"""

from __future__ import annotations

import argparse
import gzip
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
from mmpretrain.uncertainty.outputs import spoilt_images
from mmpretrain.utils.plain_data import load_pickle

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


def coverage(splits: int) -> None:
    """Print the coverage of each kind of set."""
    parts = [load_digits(split) for split in ("train", "val")]
    images, labels = (np.concatenate(column) for column in zip(*parts))
    order = np.random.default_rng(0).permutation(len(labels))
    model = trained(images[order[:300]], labels[order[:300]], epochs=20, seed=0)
    rest = order[300:]
    inputs, targets = prepared(images[rest]), torch.from_numpy(labels[rest])
    whole = outputs_of(model, inputs, targets)
    right = float((whole.logits.argmax(1) == targets).double().mean())
    print(f"accuracy on {len(rest)} digits: {right:.1%}; {splits} splits")
    print("| sets | coverage asked for | mean (lowest to highest) | classes in a set | ECE before, after |")
    print("| --- | --- | --- | --- | --- |")
    for name, settings in {
        "APS": Settings(ood="none"),
        "RAPS": Settings(ood="none", sets="raps"),
        "APS, vector scaling": Settings(ood="none", scaling="vector"),
        "APS without noise": Settings(ood="none", randomized=False),
    }.items():
        for wanted in (0.9, 0.95):
            shares, sizes, errors = [], [], []
            for seed in range(splits):
                half = torch.randperm(len(rest), generator=torch.Generator().manual_seed(seed))
                known, others = half[: len(rest) // 2], half[len(rest) // 2 :]
                part = whole.evidence.take(known)
                part = Outputs(part.logits, targets[known], part, torch.arange(len(known)))
                calibration, summary = calibrate(part, settings)
                judged = calibration.judge(whole.evidence.take(others), wanted)
                shares.append(float(judged.sets.gather(1, targets[others, None]).double().mean()))
                sizes.append(float(judged.sets.sum(1).double().mean()))
                errors.append(summary.ece)
            before, after = np.mean(errors, axis=0)
            print(
                f"| {name} | {wanted:.0%} | {np.mean(shares):.1%} ({min(shares):.1%} to {max(shares):.1%}) "
                f"| {np.mean(sizes):.2f} | {before:.1%}, {after:.1%} |"
            )


def silhouettes(folder: Path, seeds: int) -> None:
    """Print how well each score tells silhouettes of animals from digits."""
    data = gzip.decompress((folder / "data/Animal_MNIST/animal_data_version_3.gz").read_bytes())
    animals = np.asarray(load_pickle(data)).reshape(-1, 28, 28).astype(np.uint8)
    animals = animals[np.random.default_rng(0).permutation(len(animals))[:1500]]
    strange = prepared(animals)
    (images, labels), (others, truth) = load_digits("train"), load_digits("val")
    inputs, targets = prepared(others), torch.from_numpy(truth)
    print("| training | max-softmax | energy | Mahalanobis | layers | neighbours | chosen | better by |")
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
        chosen = calibrate(seen)[0].detector.kind
        gains.append(found[chosen] - plain)
        scores = " | ".join(f"{value:.3f}" for value in found.values())
        print(f"| {seed} | {plain:.3f} | {scores} | {chosen} | {gains[-1]:+.3f} |")
    print(f"mean {np.mean(gains):+.3f}, lowest {min(gains):+.3f}")


def main() -> None:
    """Read the command line, and print tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--splits", type=int, default=20)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--silhouettes", nargs="?", const="", help="folder of the package animal_mnist")
    args = parser.parse_args()
    coverage(args.splits)
    if args.silhouettes is not None:
        spec = find_spec("animal_mnist")
        folder = args.silhouettes or (str(Path(spec.origin).parent) if spec and spec.origin else "")
        if not folder:
            parser.error("pip install --no-deps animal-mnist, or name its folder")
        silhouettes(Path(folder), args.seeds)


if __name__ == "__main__":
    main()
