"""From data and a model to a config, with lists of the samples beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mmpretrain.config import Config
from mmpretrain.datasets.labelled import Labelled
from mmpretrain.errors import ConfigError
from mmpretrain.finetuning.config import finetuning_config
from mmpretrain.finetuning.defaults import Choices, Wanted, choose
from mmpretrain.finetuning.facts import DataFacts, class_weights, positive_weights
from mmpretrain.finetuning.images import Reading, for_images
from mmpretrain.finetuning.lists import write_lists
from mmpretrain.finetuning.model import Seen, classifies_in_backbone, fit_model, look_at
from mmpretrain.finetuning.start import Start
from mmpretrain.finetuning.timing import PLANNED, epochs_within, seconds_per_epoch
from mmpretrain.utils.env import find_device, usable_cores

#: Folder in that of the run, and the config in it; beside it are the lists of samples. It is the user's to
#: change, as the run keeps a copy of its own.
PLAN, CONFIG = "plan", "plan/finetune.py"
#: Fingerprints of the images, so that the report does not read them again.
PRINTS = "plan/fingerprints.npz"
#: So few images are read by the process that trains.
FEW = 64


@dataclass(frozen=True)
class Plan:
    """What will be done.

    Attributes:
        start: What it starts from.
        seen: What its network is like.
        choices: The settings.
        facts: Facts of the data.
        seed: The seed.
        device: Where to run.
        processes: Number of processes that train.
        reading: How images are read; None for pictures of 8 bits.
        seconds: How long it may train; None for as long as it takes.
    """

    start: Start
    seen: Seen
    choices: Choices
    facts: DataFacts
    seed: int = 0
    device: str | None = None
    processes: int = 1
    reading: Reading | None = None
    seconds: float | None = None


def make_plan(
    start: Start,
    facts: DataFacts,
    wanted: Wanted,
    *,
    seed: int = 0,
    device: str | None = None,
    reading: Reading | None = None,
) -> Plan:
    """Look at the network, and choose what the user leaves open.

    Args:
        start: Where it starts from.
        facts: Facts of the data.
        wanted: What the user asks for.
        seed: The seed.
        device: Where to run.
        reading: How images are read; None for pictures of 8 bits.

    Raises:
        ConfigError: If the network does not take such images, or not of the size that is asked for.
    """
    start = for_images(start, reading)
    accelerated = find_device(device).type != "cpu"
    seen = look_at(start, start.image_size)
    family = seen.family if start.pretrained else "scratch"
    has_head = not classifies_in_backbone(start.model, facts.task)
    choices = choose(facts, family, start.image_size, accelerated, wanted, has_head)
    if choices.freeze == "backbone" and not has_head:
        raise ConfigError(
            f"{start.name} classifies in its backbone: with all of it frozen, nothing could be trained",
            where="--freeze",
            hint="Leave it out, or say how many stages.",
        )
    tried = look_at(start, choices.image_size)
    if not tried.works:
        if wanted.image_size is not None or not seen.works:
            raise ConfigError(
                f"{start.name} does not take images of {choices.image_size} pixels",
                where="--image-size",
                hint=f"Try {start.image_size}.",
            )
        tried, choices = seen, replace(choices, image_size=start.image_size)
    return Plan(start, tried, choices, facts, seed, device, wanted.processes, reading)


def write_plan(
    plan: Plan, parts: Mapping[str, Labelled], folder: Path, *, workers: int | None = None
) -> Path:
    """Write the lists of samples and the config, and return the path of the config.

    Args:
        plan: What to do.
        parts: ``train``, ``val`` and perhaps ``test``.
        folder: Where to write.
        workers: Number of data workers; by default as many as there are cores, up to 8.
    """
    train, choices = parts["train"], plan.choices
    datasets = write_lists(parts, folder / PLAN)
    weights = None
    if choices.weighted and train.task in ("single", "multi"):
        multi = train.task == "multi"
        count = len(train.classes)
        weights = positive_weights(train.labels, count) if multi else class_weights(plan.facts.counts)
    model = fit_model(
        plan.start, plan.seen, len(train.classes), train.task, freeze=choices.freeze, weights=weights
    )
    if workers is None:
        workers = 0 if len(train) <= FEW else min(8, usable_cores())
    facts = replace(plan.facts, images=len(train))
    content = finetuning_config(
        plan.start, plan.seen, model, datasets, facts, choices,
        workers=workers, seed=plan.seed, half=find_device(plan.device).type == "cuda",
        processes=plan.processes, validated=len(parts["val"]), load=plan.reading and plan.reading.load,
        seconds=plan.seconds,
    )  # fmt: skip
    path = folder / CONFIG
    Config(content).dump(path)
    return path


def within(plan: Plan, cfg: Mapping[str, Any], budget: float) -> tuple[Plan, float]:
    """Return the plan with as many epochs as fit into ``budget`` seconds, and the seconds that one takes.

    Args:
        plan: The plan with the usual number of epochs.
        cfg: Its config.
        budget: Seconds.
    """
    per_epoch = seconds_per_epoch(cfg, plan.device)
    epochs = epochs_within(budget, per_epoch, plan.choices.epochs)
    choices = replace(plan.choices, epochs=epochs)
    return replace(plan, choices=choices, seconds=max(round(PLANNED * budget, 1), 0.1)), per_epoch
