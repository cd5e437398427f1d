"""Several classifiers as one: the mean of their scores."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from mmpretrain.apis.base import Answer
from mmpretrain.apis.image_classification import ImageClassificationInferencer
from mmpretrain.errors import ConfigError


class EnsembleInferencer:
    """Classifies images by the mean of the scores of several models.

    Args:
        members: The inferencers of the models.

    Raises:
        ConfigError: If the models have not the same classes.

    Example:
        >>> folds = [ImageClassificationInferencer(f'work_dirs/photos/fold{i}') for i in range(5)]
        >>> EnsembleInferencer(folds)('cat.jpg')[0]['pred_class']
        'cat'
    """

    def __init__(self, members: Sequence[ImageClassificationInferencer]) -> None:
        if not members:
            raise ConfigError("there is no model", key="members")
        for number, member in enumerate(members[1:], 1):
            if list(member.classes or ()) != list(members[0].classes or ()):
                raise ConfigError(
                    f"model {number} has other classes than model 0, so their scores have no mean",
                    hint=f"{_shown(members[0].classes)} and {_shown(member.classes)}.",
                )
        self.members = list(members)
        self.classes, self.meta = members[0].classes, members[0].meta

    def __call__(self, inputs: Any, batch_size: int = 1, **kwargs: Any) -> list[dict[str, Any]]:
        """Return the result of each input, as :class:`ImageClassificationInferencer` does.

        Raises:
            MMPretrainError: If an input is unusable.
        """
        results = []
        for answer in self.stream(inputs, batch_size=batch_size, **kwargs):
            if answer.error is not None:
                raise answer.error
            results.append(answer.result)
        return results

    def stream(self, inputs: Iterable[Any], **kwargs: Any) -> Iterator[Answer]:
        """Yield the answer for each input, in order; options as those of an inferencer."""
        again = inputs if isinstance(inputs, (str, bytes, Sequence)) else [inputs]
        for answers in zip(*(member.stream(again, **kwargs) for member in self.members)):
            first = answers[0]
            error = next((answer.error for answer in answers if answer.error is not None), None)
            result = None if error is not None else self._mean([answer.result for answer in answers])
            yield Answer(first.number, first.input, result, error)

    def _mean(self, results: Sequence[Any]) -> dict[str, Any]:
        if not all("pred_scores" in result for result in results):
            raise ConfigError("only models that give each class a score can be averaged")
        scores = np.mean([result["pred_scores"] for result in results], axis=0)
        label = int(scores.argmax())
        mean = {"pred_scores": scores, "pred_label": label, "pred_score": float(scores[label])}
        if self.classes is not None:
            mean["pred_class"] = self.classes[label]
        return mean


def _shown(classes: Any) -> str:
    return ", ".join(map(str, (classes or ("none",))[:5]))
