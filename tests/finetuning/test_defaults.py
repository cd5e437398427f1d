"""The defaults, and the page that explains them."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Literal

import pytest

from mmpretrain.datasets.labelled import Task
from mmpretrain.errors import ConfigError
from mmpretrain.finetuning import defaults
from mmpretrain.finetuning.defaults import Wanted, choose
from mmpretrain.finetuning.facts import DataFacts

DOCS = Path(__file__).parents[2] / "docs"


def facts(
    images: int = 400, classes: int = 4, edge: int | None = 300, grey: bool = False, rare: int = 1
) -> DataFacts:
    counts = [images // classes] * classes
    counts[-1] = max(1, counts[-1] // rare)
    return DataFacts("single", tuple(counts), images, edge, grey)


@pytest.mark.parametrize("page", ["finetuning.md", "finetuning.zh-CN.md"])
def test_the_page_has_the_table(page: str) -> None:
    text = (DOCS / page).read_text()
    found = re.findall(r"^\| (?:[\d,]+|more|更多) \| (\d+) \| (\d+) \| (\d+) \|$", text, re.MULTILINE)
    assert [tuple(map(int, row)) for row in found] == [row[1:] for row in defaults.BY_SIZE]
    for value in (*defaults.RATE.values(), defaults.RATE_HEAD, defaults.LAYER_DECAY, defaults.WEIGHT_DECAY):
        assert f"{value:g}" in text
    assert str(defaults.CPU_EDGE) in text
    assert f"{100 * defaults.CROP[0]:g}" in text
    assert f"{100 * defaults.CROP_DRAWN[0]:g}" in text
    assert f"{defaults.MARGIN:g}/√N" in text


@pytest.mark.parametrize(("images", "epochs", "batch"), [(150, 60, 8), (1_000, 40, 16), (70_000, 6, 64)])
def test_size_decides(images: int, epochs: int, batch: int) -> None:
    choices = choose(facts(images), "cnn", 224, False)
    assert (choices.epochs, choices.batch) == (epochs, batch)
    assert choices.lr == pytest.approx(2e-3 * math.sqrt(batch / 32), rel=1e-2)
    assert choose(facts(images), "scratch", 224, False).epochs == 2 * epochs


def test_device_and_family_decide() -> None:
    assert choose(facts(), "cnn", 224, False).image_size == 160
    assert choose(facts(), "cnn", 224, True).image_size == 224
    assert choose(facts(), "transformer", 224, False).image_size == 224
    assert choose(facts(), "transformer", 224, True).lr < choose(facts(), "cnn", 224, True).lr
    assert choose(facts(), "cnn", 224, True).batch == 32


@pytest.mark.parametrize(("edge", "size"), [(8, 64), (28, 64), (40, 96), (79, 160), (100, 160), (None, 160)])
def test_small_images_are_not_enlarged_much(edge: int | None, size: int) -> None:
    assert choose(facts(edge=edge), "cnn", 224, False).image_size == size


def test_small_network_keeps_its_size() -> None:
    assert choose(facts(edge=8), "cnn", 32, False).image_size == 32


def test_digits_are_not_mirrored() -> None:
    assert not choose(facts(edge=28, grey=True), "cnn", 224, False).flip
    assert choose(facts(edge=28), "cnn", 224, False).flip
    assert choose(facts(edge=500, grey=True), "cnn", 224, False).flip


def test_unequal_and_few_images() -> None:
    assert not choose(facts(rare=2), "cnn", 224, False).weighted
    assert choose(facts(rare=4), "cnn", 224, False).weighted
    few = choose(facts(images=12), "cnn", 224, False)
    assert few.freeze == "backbone"
    assert few.lr == pytest.approx(5e-3 * math.sqrt(6 / 32), rel=1e-2)
    assert few.batch == 6
    assert choose(facts(images=12), "scratch", 224, False).freeze == -1


def test_what_is_wanted_counts() -> None:
    wanted = Wanted(epochs=3, batch=4, lr=0.5, freeze=2, image_size=48, weighted=True)
    choices = choose(facts(), "cnn", 224, False, wanted)
    assert (choices.epochs, choices.batch, choices.lr, choices.freeze) == (3, 4, 0.5, 2)
    assert (choices.image_size, choices.weighted) == (48, True)


@pytest.mark.parametrize("task", ["ordinal", "regression"])
def test_losses_without_weights_of_classes(task: Literal["ordinal", "regression"]) -> None:
    ordered = DataFacts(task, (90, 5), 95)
    with pytest.raises(ConfigError, match="takes no weights of classes"):
        choose(ordered, "cnn", 224, False, Wanted(weighted=True))
    assert not choose(ordered, "cnn", 224, False).weighted


@pytest.mark.parametrize(("processes", "batch"), [(1, 32), (4, 32), (3, 33)])
def test_processes_share_a_batch(processes: int, batch: int) -> None:
    choices = choose(facts(), "cnn", 224, True, Wanted(processes=processes))
    assert choices.batch == batch


@pytest.mark.parametrize(
    ("task", "images", "margin"),
    [("single", 100, 1.0), ("multi", 10_000, 0.1), ("ordinal", 100, 0.01), ("regression", 100, 0.0)],
)
def test_margin_of_the_best_epoch(task: Task, images: int, margin: float) -> None:
    assert defaults.best_margin(task, images) == pytest.approx(margin)


def test_a_model_without_a_head_of_its_own_is_not_frozen_whole() -> None:
    few = facts(images=8)
    assert choose(few, "cnn", 224, False).freeze == "backbone"
    assert choose(few, "cnn", 224, False, has_head=False).freeze == -1
