"""The builders of each kind of model, under their old names."""

import pytest

from mmpretrain import models
from mmpretrain.errors import NotRegisteredError
from mmpretrain.registry import MODELS

KINDS = {
    "backbone": "LeNet5",
    "neck": "GlobalAveragePooling",
    "head": "ClsHead",
    "loss": "FocalLoss",
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_built(kind):
    assert type(getattr(models, f"build_{kind}")(dict(type=KINDS[kind]))).__name__ == KINDS[kind]


def test_a_classifier_is_built_and_a_wrong_name_refused():
    config = dict(type="ImageClassifier", backbone=dict(type="LeNet5"))
    assert isinstance(models.build_classifier(config), models.ImageClassifier)
    with pytest.raises(NotRegisteredError, match="LeNet6"):
        models.build_backbone(dict(type="LeNet6"))


def test_the_registries_are_one():
    from mmpretrain.compat.models.builder import RETRIEVER, build_retriever

    assert {
        id(getattr(models, name)) for name in ("BACKBONES", "NECKS", "HEADS", "LOSSES", "CLASSIFIERS")
    } == {id(MODELS)}
    assert RETRIEVER is MODELS
    assert callable(build_retriever)
