"""The mean of several classifiers."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from mmpretrain.apis.base import Answer
from mmpretrain.apis.ensemble import EnsembleInferencer
from mmpretrain.errors import ConfigError, DataError


def member(scores: list[float], classes: tuple[str, ...] | None = ("cat", "dog")) -> Any:
    """An inferencer that says the same of each input, and that inputs named "bad" are unusable."""

    def stream(inputs: list[str], **kwargs: Any) -> Any:
        for number, item in enumerate(inputs):
            if item == "bad":
                yield Answer(number, item, error=DataError("no image"))
            else:
                yield Answer(number, item, {"pred_scores": np.array(scores), "pred_label": 0})

    return SimpleNamespace(classes=classes, meta={}, stream=stream)


def test_scores_are_averaged() -> None:
    both = EnsembleInferencer([member([0.9, 0.1]), member([0.0, 1.0])])
    (result,) = both(["x"])
    assert result["pred_scores"].tolist() == pytest.approx([0.45, 0.55])
    assert (result["pred_label"], result["pred_class"]) == (1, "dog")
    assert result["pred_score"] == pytest.approx(0.55)


def test_an_unusable_image_is_named_once() -> None:
    both = EnsembleInferencer([member([1, 0]), member([1, 0])])
    answers = list(both.stream(["bad", "x"]))
    assert isinstance(answers[0].error, DataError)
    assert answers[1].result["pred_class"] == "cat"
    with pytest.raises(DataError, match="no image"):
        both(["x", "bad"])


def test_what_has_no_mean() -> None:
    with pytest.raises(ConfigError, match="model 1 has other classes than model 0"):
        EnsembleInferencer([member([1, 0]), member([1, 0], ("dog", "cat"))])
    with pytest.raises(ConfigError, match="no model"):
        EnsembleInferencer([])
    odd = member([1, 0])
    odd.stream = lambda inputs, **kwargs: iter([Answer(0, "x", {"pred_values": np.zeros(1)})])
    with pytest.raises(ConfigError, match="each class a score"):
        EnsembleInferencer([odd, odd])(["x"])
