"""The training of configs/lenet/lenet5_digits.py without config, registry, Runner or hooks.

    python examples/plain_train.py --epochs 20 --out lenet5.pth

It gives the losses of ``mmpretrain train lenet5_digits``, bit for bit: read it to see what the framework
does, or start from it when you want a loop of your own.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator
from typing import Any

import torch

from mmpretrain.datasets import DefaultSampler, Digits, default_collate
from mmpretrain.datasets.transforms import PackInputs, RandomCrop, Resize
from mmpretrain.models import ClsDataPreprocessor, ClsHead, ImageClassifier, LeNet5
from mmpretrain.utils.seeding import preserved_rng, seed_everything

LR, WARMUP_EPOCHS, BATCH_SIZE = 2e-3, 1, 64


def build_model() -> ImageClassifier:
    """Return LeNet-5 for grey images (B, 1, 32, 32)."""
    model = ImageClassifier(
        backbone=LeNet5(num_classes=10),
        head=ClsHead(loss=dict(type="CrossEntropyLoss"), topk=(1, 5)),
        data_preprocessor=ClsDataPreprocessor(mean=[77.8], std=[95.9], num_classes=10),
    )
    model.init_weights()
    return model


def build_data() -> tuple[Digits, Digits]:
    """Return the digits to train on and those held out."""
    augmented = [Resize(scale=32), RandomCrop(crop_size=32, padding=2), PackInputs()]
    plain = [Resize(scale=32), PackInputs()]
    return Digits("train", pipeline=augmented), Digits("val", pipeline=plain, test_mode=True)


def batches(data: Digits, epoch: int, seed: int, shuffle: bool, size: int) -> Iterator[dict[str, Any]]:
    """Yield ``inputs`` (B, 1, 32, 32), uint8, and ``data_samples``."""
    sampler = DefaultSampler(data, shuffle=shuffle, seed=seed)
    sampler.set_epoch(epoch)
    order = list(sampler)
    for start in range(0, len(order), size):
        samples = []
        with preserved_rng():
            for index in order[start : start + size]:
                # What is random about a sample depends on (seed, epoch, index) only.
                seed_everything(seed, epoch, index, 0)
                samples.append(data[index])
        yield default_collate(samples)


def learning_rate(step: int, warmup: int, total: int) -> float:
    """Return the rate of an iteration: linear warm-up from a tenth, then half a cosine wave."""
    if step < warmup:
        return LR * (0.1 + 0.9 * step / (warmup - 1))
    return LR * 0.5 * (1 + math.cos(math.pi * (step - warmup) / (total - warmup)))


def train_epoch(
    model: ImageClassifier, optimizer: torch.optim.Optimizer, data: Digits, epoch: int, epochs: int, seed: int
) -> list[float]:
    """Train for one epoch; return the loss of each iteration."""
    model.train()
    per_epoch = math.ceil(len(data) / BATCH_SIZE)
    losses = []
    for i, batch in enumerate(batches(data, epoch, seed, shuffle=True, size=BATCH_SIZE)):
        step = epoch * per_epoch + i
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, WARMUP_EPOCHS * per_epoch, epochs * per_epoch)
        loss = model(**model.data_preprocessor(batch, training=True), mode="loss")["loss"]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


@torch.no_grad()
def evaluate(model: ImageClassifier, data: Digits) -> float:
    """Return the top-1 accuracy in percent."""
    model.eval()
    correct = 0
    for batch in batches(data, 0, 0, shuffle=False, size=128):
        for sample in model(**model.data_preprocessor(batch), mode="predict"):
            correct += int(sample.pred_label.item() == sample.gt_label.item())
    return 100 * correct / len(data)


def train(epochs: int, seed: int = 0, stop_after: int | None = None) -> tuple[ImageClassifier, list[float]]:
    """Train; return the model and the loss of each iteration.

    Args:
        epochs: Length of the schedule.
        seed: Of weights, order and augmentation.
        stop_after: Leave after so many epochs of the schedule.
    """
    seed_everything(seed)
    model = build_model()
    training, held_out = build_data()
    optimizer = torch.optim.AdamW(model.parameters(), lr=LR, weight_decay=0.05)
    losses: list[float] = []
    for epoch in range(stop_after or epochs):
        losses += train_epoch(model, optimizer, training, epoch, epochs, seed)
        print(f"epoch {epoch + 1}: loss {losses[-1]:.4f}, top-1 {evaluate(model, held_out):.2f} %")
    return model, losses


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", help="where to save the weights")
    options = parser.parse_args()
    model, _ = train(options.epochs, options.seed)
    if options.out:
        torch.save({"state_dict": model.state_dict()}, options.out)


if __name__ == "__main__":
    main()
