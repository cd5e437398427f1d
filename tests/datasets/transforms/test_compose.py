"""Tests of :mod:`mmpretrain.datasets.transforms.compose`."""

from __future__ import annotations

import copy
import pickle

import cv2
import numpy as np
import pytest

from mmpretrain.config import Config
from mmpretrain.datasets import BaseDataset
from mmpretrain.datasets.transforms import BaseTransform, Compose
from mmpretrain.errors import ConfigError, DataError, TransformError, notes_of
from tests.datasets.transforms.blame_cases import IMAGE, Faulty, sample


class AddMask(BaseTransform):
    def transform(self, results):
        results["img"] = results["img"] * results["mask"]
        return results


def test_the_error_of_a_users_transform_keeps_its_type():
    with pytest.raises(KeyError, match="mask") as caught:
        Compose([lambda results: results, AddMask()])(sample())
    assert notes_of(caught.value) == [f"pipeline.1: AddMask fails on {IMAGE}"]


def test_functions_are_steps_too():
    def halve(results):
        return results["img"] / results["nothing"]

    with pytest.raises(KeyError) as caught:
        Compose([halve])(sample())
    assert notes_of(caught.value) == [f"pipeline.0: halve fails on {IMAGE}"]


def test_an_error_of_our_transform_is_one_sentence():
    with pytest.raises(TransformError) as caught:
        Compose([Faulty()])(sample())
    assert str(caught.value) == f"pipeline.0: Faulty fails on {IMAGE}: ValueError: first line second line"
    assert isinstance(caught.value.__cause__, ValueError)
    assert isinstance(caught.value, DataError)


def test_transforms_in_transforms():
    inner = dict(type="RandomApply", prob=1.0, transforms=[lambda results: results, AddMask()])
    with pytest.raises(KeyError) as caught:
        Compose([inner])(sample())
    assert notes_of(caught.value) == [f"pipeline.0: RandomApply > AddMask fails on {IMAGE}"]


def test_the_line_of_the_config(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cfg.py").write_text(
        "steps = [\n    dict(type='RandomFlip', prob=0.5),\n    dict(type='Equalize', prob=1.0)]\n"
        "data = dict(dataset=dict(pipeline=steps))\n"
    )
    pipeline = Compose(Config.fromfile("cfg.py").data.dataset.pipeline)
    for twin in (pipeline, copy.deepcopy(pipeline), pickle.loads(pickle.dumps(pipeline))):
        with pytest.raises(TransformError) as caught:
            twin({**sample(), "img": np.zeros((4, 6), np.uint16)})
        assert str(caught.value).startswith(
            "cfg.py:3 (data.dataset.pipeline.1): Equalize fails on a/cat.jpg (sample 3) "
            "[6x4, 1 channel, uint16]: it takes images of 8 bits, or floats from 0 to 255, and gets uint16"
        )


def test_a_setting_that_does_not_suit_the_image():
    with pytest.raises(
        ConfigError, match=r"pipeline.0: Pad fails on a/cat.jpg.*pad_val needs a value"
    ) as caught:
        Compose([dict(type="Pad", size=(9, 9), pad_val=dict(img=(1, 2)))])(sample())
    assert caught.value.key == "pad_val"


def test_the_two_steps_that_run_as_one(tmp_path):

    cv2.imwrite(str(tmp_path / "a.jpg"), np.zeros((8, 8, 3), np.uint8))
    pipeline = Compose([dict(type="LoadImageFromFile"), dict(type="RandomCrop", crop_size=4)])
    pipeline.transforms[1].window = lambda shape: 1 / 0
    with pytest.raises(
        TransformError, match=r"pipeline.1: LoadImageFromFile > RandomCrop fails on .*a.jpg.*by zero"
    ):
        pipeline({"img_path": str(tmp_path / "a.jpg")})


def test_an_unreadable_file_names_itself_once(tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"no image")
    with pytest.raises(DataError) as caught:
        Compose([dict(type="LoadImageFromFile"), dict(type="Resize", scale=4)])(
            {"img_path": str(tmp_path / "a.jpg")}
        )
    assert not isinstance(caught.value, TransformError)
    assert str(caught.value).count("a.jpg") == 1
    assert notes_of(caught.value) == []


def test_an_image_that_does_not_suit_can_be_left_out(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    class Records(BaseDataset):
        def load_data_list(self):
            return [sample(img_path="odd.png", img=np.zeros((4, 6, 3), np.uint16)), sample()]

    steps = [dict(type="ColorTransform", magnitude=0.5, prob=1.0)]
    strict = Records(pipeline=steps, serialize_data=False)
    with pytest.raises(
        TransformError, match=r"odd.png .*takes images of 8 bits, .*and gets uint16"
    ) as caught:
        strict[0]
    assert "on_error" not in str(caught.value)
    assert Records(pipeline=steps, serialize_data=False, on_error="skip")[0] is None


def test_compose_follows_changes_of_its_list(jpeg):
    pipeline = Compose([dict(type="LoadImageFromFile"), dict(type="CenterCrop", crop_size=8)])
    assert pipeline(dict(img_path=jpeg(64, 64)))["img"].shape == (8, 8, 3)
    pipeline.transforms.pop()
    assert pipeline(dict(img_path=jpeg(64, 64)))["img"].shape == (64, 64, 3)


def test_compose_stops_at_none_and_refuses_what_is_no_transform():
    assert Compose([lambda results: None, lambda results: 1 / 0])({}) is None
    with pytest.raises(ConfigError, match="callable"):
        Compose(["Resize"])
