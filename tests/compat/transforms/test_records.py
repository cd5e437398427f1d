"""Records get the keys that transforms for 0.x read."""

from __future__ import annotations

from mmpretrain.registry import TRANSFORMS


def test_keys_of_0x():
    step = TRANSFORMS.build({"type": "OldRecord", "prefix": "data/images"})
    results = step({"img_path": "data/images/cat/1.png"})
    assert (results["img_prefix"], results["img_info"]) == ("data/images", {"filename": "cat/1.png"})
    results = step({"img_path": "elsewhere/1.png"})
    assert (results["img_prefix"], results["img_info"]) == (None, {"filename": "elsewhere/1.png"})
    assert step({"img_path": "a", "img_info": 3})["img_info"] == 3
    assert step({"img": 1}) == {"img": 1}


def test_own_transforms_get_them(old_run):
    parts = """
from mmcls.datasets import PIPELINES

names = []

@PIPELINES.register_module()
class Note:
    def __call__(self, results):
        names.append((results['img_prefix'], results['img_info']['filename']))
        return results
"""
    old_run.train(
        "train_pipeline = [train_pipeline[0], dict(type='Note'), *train_pipeline[1:]]\n"
        "data['train']['pipeline'] = train_pipeline\n",
        parts,
    )
    import parts_0

    assert set(parts_0.names) == {("images", f"class{index % 2}/{index}.png") for index in range(4)}
    cfg = old_run.config()
    assert cfg.train_dataloader.dataset.pipeline[0].type == "LoadImageFromFile", "nobody asks for them here"


def test_sign():
    from mmpretrain.datasets.transforms.auto_augment import random_negative

    assert random_negative(3.0, 0.0) == 3.0
    assert random_negative(3.0, 1.0) == -3.0
