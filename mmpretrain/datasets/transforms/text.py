"""Transforms of texts, for tasks with images and language."""

from __future__ import annotations

import re
import string
from collections.abc import Sequence
from typing import Any

from mmpretrain.datasets.transforms.base import BaseTransform
from mmpretrain.errors import DataError
from mmpretrain.registry import TRANSFORMS


@TRANSFORMS.register_module()
class CleanCaption(BaseTransform):
    """Bring texts into a common form.

    Args:
        keys: Keys of texts, or of lists of them.
        remove_chars: Characters to remove.
        lowercase: Convert to lower case.
        remove_dup_space: Replace runs of white space by one space.
        strip: Remove white space at both ends.
    """

    def __init__(
        self,
        keys: str | Sequence[str] = "gt_caption",
        remove_chars: str = string.punctuation,
        lowercase: bool = True,
        remove_dup_space: bool = True,
        strip: bool = True,
    ) -> None:
        self.keys = [keys] if isinstance(keys, str) else keys
        self.remove_chars = remove_chars
        self.lowercase = lowercase
        self.remove_dup_space = remove_dup_space
        self.strip = strip

    def clean(self, text: str | Sequence[str]) -> Any:
        """Return the cleaned text, or the list of cleaned texts."""
        if isinstance(text, (list, tuple)):
            return [self.clean(item) for item in text]
        if not isinstance(text, str):
            raise DataError(
                f"CleanCaption takes a text or a list of texts, got {type(text).__name__}: {text!r}"
            )
        if self.strip:
            text = text.strip()
        text = text.translate(str.maketrans("", "", self.remove_chars))
        if self.remove_dup_space:
            text = re.sub(r"\s{2,}", " ", text)
        return text.lower() if self.lowercase else text

    def transform(self, results: dict) -> dict:
        for key in self.keys:
            results[key] = self.clean(results[key])
        return results


@TRANSFORMS.register_module()
class OFAAddObjects(BaseTransform):
    """Add the ``objects`` of an image to the ``question``, for fine-tuned OFA models.

    Sets ``question`` and ``decoder_prompt``.
    """

    def transform(self, results: dict) -> dict:
        if "objects" not in results:
            raise DataError(
                "OFAAddObjects needs the key 'objects', which the data set does not have",
                hint="Objects were found by VinVL for the fine-tuned models; or take a zero-shot config.",
            )
        if "question" in results:
            prompt = f"{results['question']} object: {' '.join(results['objects'])}"
            results["question"] = results["decoder_prompt"] = prompt
        return results
