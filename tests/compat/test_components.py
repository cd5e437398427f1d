"""Components of 1.x that are not here."""

from __future__ import annotations

import pytest

from mmpretrain.compat.components import NOT_YET
from mmpretrain.errors import NotRegisteredError
from mmpretrain.registry import METRICS, MODELS
from mmpretrain.utils.suggest import close_matches


def test_a_part_that_is_not_implemented_is_no_misspelling():
    for name in sorted(NOT_YET.difference(MODELS.names(), METRICS.names())):
        with pytest.raises(
            NotRegisteredError, match=r"MMPretrain 1\.x has it; it is not implemented here yet"
        ):
            MODELS.build({"type": f"mmpretrain.{name}"})


def test_what_was_typed_is_not_suggested():
    assert close_matches("resnet50", ["resnet50", "resnet500", "ResNet50"]) == ["ResNet50", "resnet500"]
