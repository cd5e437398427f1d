"""B15, B18: several tasks; class names for each output; what is no image."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from mmpretrain import ImageClassificationInferencer, inference_model
from mmpretrain.config import Config
from mmpretrain.errors import ConfigError, DataError, notes_of
from mmpretrain.registry import MODELS
from tests.cases.conftest import CLASSES

from .nets import make, write_images

TASKS = """
_base_='./base.py'
def head(classes):
    return dict(type='LinearClsHead', num_classes=classes, in_channels=64, loss=dict(type='CrossEntropyLoss'))
model=dict(head=dict(_delete_=True, type='MultiTaskHead', task_heads=dict(colour=head(3), size=head(2))))
handlers=dict(colour=dict(type='PackInputs'), size=dict(type='PackInputs'))
pack=dict(type='PackMultiTaskInputs', multi_task_fields=['gt_label'], task_handlers=handlers)
steps=[dict(type='LoadImageFromFile'), dict(type='Resize', scale=32), {pack}]
test_dataloader=dict(dataset=dict(pipeline=steps))
"""

PICTURE = "data/pets/test/{}/000.jpg"


def inferencer(text: str = "_base_='./base.py'\n", classes=None, stored=None):
    """An inferencer of a model with random weights, that always predicts its last class."""
    Path("cfg.py").write_text(text)
    cfg = Config.fromfile("cfg.py")
    model = MODELS.build({"data_preprocessor": cfg.data_preprocessor, **cfg.model})
    meta = {"dataset_meta": {"classes": stored}} if stored else {}
    torch.save({"state_dict": model.state_dict(), "meta": {**meta, "cfg": cfg.pretty_text}}, "model.pth")
    return ImageClassificationInferencer("cfg.py", pretrained="model.pth", classes=classes, device="cpu")


@pytest.mark.parametrize("classes", [["a", "b"], list("abcdefg"), "abcdef"])
def test_class_names_are_as_many_as_outputs(case, classes):
    with pytest.raises(ConfigError, match="for a model of 6 outputs") as caught:
        inferencer(classes=classes)
    assert caught.value.key == "classes"


def test_class_names_that_fit(case):
    found = inferencer(classes=CLASSES)(PICTURE.format("ant"))[0]
    assert found["pred_class"] == CLASSES[found["pred_label"]]


def test_stored_names_that_do_not_fit_are_left_out(case, caplog):
    found = inferencer(stored=["a", "b"])
    assert "The checkpoint has 2 class names for a model of 6 outputs" in caplog.text
    assert "pred_class" not in found(PICTURE.format("ant"))[0]


def test_images_of_all_kinds_give_the_same_scores(case):
    infer = inferencer()
    path = PICTURE.format("cat")
    image = Image.open(path)
    bgr = np.asarray(image)[..., ::-1]
    inputs = [path, image, image.convert("RGBA"), np.ascontiguousarray(bgr), Path(path).read_bytes()]
    scores = [result["pred_scores"] for result in infer(inputs, batch_size=2)]
    for other in scores[1:]:
        assert np.allclose(other, scores[0], atol=1e-3)
    stack = np.stack([bgr, bgr])
    assert len(infer(stack)) == 2


def test_a_grey_image_for_a_colour_model(case):
    grey = Image.open(PICTURE.format("cat")).convert("L")
    infer = inferencer()
    first, second = infer([grey, grey.convert("RGB")])
    assert np.allclose(first["pred_scores"], second["pred_scores"])


def test_what_is_no_image(case):
    with pytest.raises(
        DataError, match=r"^input 1: a tensor of shape \(5, 4, 6\) is no image. Give a tensor"
    ):
        inferencer()([PICTURE.format("cat"), torch.zeros(5, 4, 6)], on_error="raise")


def test_a_failing_step_names_the_images(case):
    infer = inferencer()
    infer.model.test_step = lambda batch: 1 / 0
    with pytest.raises(ZeroDivisionError) as caught:
        infer([PICTURE.format("cat"), PICTURE.format("dog")], batch_size=2)
    assert notes_of(caught.value) == [
        f"This was prediction, with {PICTURE.format('cat')}, {PICTURE.format('dog')}"
    ]


@pytest.mark.parametrize("pack", ["pack", "dict(type='PackInputs')"])
def test_several_tasks(case, cli, pack):
    infer = inferencer(TASKS.replace("{pack}", pack))
    (result,) = infer(PICTURE.format("ant"))
    assert set(result) == {"colour", "size"}
    assert len(result["colour"]["pred_scores"]) == 3
    assert len(result["size"]["pred_scores"]) == 2
    pictures = infer.visualize(
        [PICTURE.format("ant")], infer(PICTURE.format("ant"), return_datasamples=True), ["x"]
    )
    plain = np.asarray(Image.open(PICTURE.format("ant")).resize((320, 320)))
    assert (pictures[0].shape[:2] > plain.shape[:2]) or (pictures[0] != plain).any()

    words = [
        "predict",
        PICTURE.format("ant"),
        PICTURE.format("bee"),
        "--model",
        "cfg.py",
        "--checkpoint",
        "model.pth",
    ]
    done = cli(*words)
    assert done.code == 0, done.text
    assert "colour" in done.out
    assert "size" in done.out
    rows = list(csv.DictReader(io.StringIO(cli(*words, "--out", "csv", "--top-k", "2").out)))
    assert [(row["task"], row["rank"]) for row in rows[:4]] == [
        ("colour", "1"), ("colour", "2"), ("size", "1"), ("size", "2")
    ]  # fmt: skip
    assert len(rows) == 8
    found = json.loads(cli(*words, "--out", "json").out)
    assert [row["task"] for row in found] == ["colour", "size", "colour", "size"]
    assert set(found[0]) == {"image", "task", "rank", "label", "class", "score"}


def test_one_task_has_no_column(case, cli):
    inferencer()
    done = cli(
        "predict", PICTURE.format("ant"), "--model", "cfg.py", "--checkpoint", "model.pth", "--out", "csv"
    )
    assert done.out.startswith("image,rank,label,class,score\n")


def test_one_label(tmp_path):
    paths = write_images(tmp_path, 2)
    result = ImageClassificationInferencer(make())(paths)[1]
    assert set(result) == {"pred_scores", "pred_label", "pred_score", "pred_class"}
    assert result["pred_scores"].shape == (4,)
    assert result["pred_label"] == result["pred_scores"].argmax()
    assert result["pred_class"] == ("ant", "bee", "cat", "dog")[result["pred_label"]]
    assert inference_model(make(), paths[1])["pred_class"] == result["pred_class"]


def test_several_labels(tmp_path):
    model = make("multi")
    model.head.thr = 0.0
    result = ImageClassificationInferencer(model)(write_images(tmp_path, 1))[0]
    assert result["pred_labels"] == [0, 1, 2, 3]
    assert result["pred_classes"] == ["ant", "bee", "cat", "dog"]
    assert result["pred_label"] == result["pred_scores"].argmax()
    model.head.thr = 1.0
    assert ImageClassificationInferencer(model)(write_images(tmp_path, 1))[0]["pred_labels"] == []


def test_labels_of_several_tasks(tmp_path):
    result = ImageClassificationInferencer(make("tasks", classes=None))(write_images(tmp_path, 1))[0]
    assert set(result) == {"shape", "colours"}
    assert set(result["shape"]) == {"pred_scores", "pred_label", "pred_score"}
    assert result["colours"]["pred_scores"].shape == (4,)
    assert isinstance(result["colours"]["pred_labels"], list)
