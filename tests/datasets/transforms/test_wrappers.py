"""Transforms made of transforms, packing, texts, and what came from 0.x."""

from __future__ import annotations

import logging
import random

import numpy as np
import pytest
import torch
from PIL import Image

from mmpretrain.datasets.transforms import (
    ApplyToList,
    BaseTransform,
    CleanCaption,
    Collect,
    ColorJitter,
    Compose,
    ImageToTensor,
    KeyMapper,
    MAERandomResizedCrop,
    MultiScaleFlipAug,
    MultiView,
    OFAAddObjects,
    PackInputs,
    PackMultiTaskInputs,
    RandomCrop,
    Resize,
    TestTimeAug,
    ToTensor,
    TransformBroadcaster,
    avoid_cache_randomness,
    cache_randomness,
    get_transform_idx,
    remove_transform,
    to_tensor,
)
from mmpretrain.errors import ConfigError, DataError


class Add(BaseTransform):
    """Adds a random number, or a given one, to ``value``."""

    def __init__(self, number=None):
        self.number = number

    @cache_randomness
    def draw(self):
        return random.random() if self.number is None else self.number

    def transform(self, results):
        results["value"] = results["value"] + self.draw()
        return results


def image():
    return np.random.RandomState(5).randint(0, 256, (32, 40, 3), dtype=np.uint8)


def test_key_mapper_maps_there_and_back():
    results = KeyMapper([Add(1)], mapping=dict(value="other"))(dict(other=5, value=0))
    assert results == dict(other=6, value=0)
    results = KeyMapper([Add(1)], mapping=dict(value="other"), remapping=dict(value="new"))(dict(other=5))
    assert results == dict(other=5, new=6)


def test_key_mapper_nested_hidden_and_absent_keys():
    def swap(results):
        return dict(pair=(results["pair"][1], results["pair"][0]), inner=results["inner"])

    mapper = KeyMapper(swap, mapping=dict(pair=("a", "b"), inner=dict(x="c")))
    assert mapper(dict(a=1, b=2, c=3)) == dict(a=2, b=1, c=3)
    hidden = KeyMapper(lambda r: dict(seen=sorted(r)), mapping=dict(value=...), remapping=dict(seen="seen"))
    assert hidden(dict(value=1, a=2))["seen"] == ["a"]
    lenient = KeyMapper(lambda r: r, mapping=dict(value="none"), allow_nonexist_keys=True)
    assert lenient(dict(a=1)) == dict(a=1)
    with pytest.raises(DataError, match="None"):
        KeyMapper([lambda r: None])(dict(a=1))


def test_broadcaster_shares_draws():
    mapping = dict(value=["left", "right"])
    apart = TransformBroadcaster([Add()], mapping=mapping)(dict(left=0, right=0))
    assert apart["left"] != apart["right"]
    shared = TransformBroadcaster([Add(), Add()], mapping=mapping, share_random_params=True)
    together = shared(dict(left=0, right=0))
    assert together["left"] == together["right"]
    # Each transform draws its own number, and the next sample other ones.
    assert shared(dict(left=0, right=0))["left"] != together["left"]


def test_broadcaster_over_all_keys_and_crops():
    crop = TransformBroadcaster([RandomCrop(8)], mapping=dict(img="img"), share_random_params=True)
    first, second = crop(dict(img=[image(), image()]))["img"]
    assert np.array_equal(first, second)
    assert TransformBroadcaster([Add(1)])(dict(value=[1, 2])) == dict(value=[2, 3])
    with pytest.raises(ConfigError, match="one length"):
        TransformBroadcaster([Add(1)], mapping=dict(value="a", b="b"))(dict(a=[1], b=[1, 2]))


def test_some_transforms_cannot_share():
    @avoid_cache_randomness
    class Alone(Add):
        pass

    with pytest.raises(ConfigError, match="Alone"):
        TransformBroadcaster([Alone()], mapping=dict(value=["a", "b"]), share_random_params=True)(
            dict(a=1, b=1)
        )


def test_multi_view_and_apply_to_list():
    views = MultiView([[RandomCrop(8)], [RandomCrop(6)]], [2, 1])(dict(img=image(), gt_label=1))
    assert [v.shape[0] for v in views["img"]] == [8, 8, 6]
    assert views["gt_label"] == 1
    apply = ApplyToList([Add(1), lambda r: {**r, "path": r["path"].upper()}], "path", ["value"])
    assert apply(dict(path=["a", "b"], value=1, x=2)) == dict(path=["A", "B"], value=[2, 2], x=2)
    assert apply(dict(path="a", value=1)) == dict(path="A", value=2)


def test_test_time_augmentation():
    aug = TestTimeAug(
        [[dict(type="Resize", scale=8), dict(type="Resize", scale=12)], [dict(type="PackInputs")]]
    )
    out = aug(dict(img=image(), gt_label=1))
    assert [tuple(x.shape) for x in out["inputs"]] == [(3, 8, 8), (3, 12, 12)]
    assert len(out["data_samples"]) == 2
    flips = MultiScaleFlipAug([dict(type="PackInputs")], scales=[(20, 16), (30, 24)], allow_flip=True)
    out = flips(dict(img=image()))
    assert len(out["inputs"]) == 4
    assert torch.equal(out["inputs"][0].flip(-1), out["inputs"][1])
    assert [s.flip for s in out["data_samples"]] == [False, True, False, True]


def test_pack_inputs():
    mask = np.ones((2, 2), int)
    packed = PackInputs(algorithm_keys=["extra"], meta_keys=["img_path", "absent"])(
        dict(
            img=image(), gt_label=[1, 2], gt_score=np.array([0.5, 0.5]), mask=mask, extra=7, img_path="x.jpg"
        )
    )
    assert torch.equal(packed["inputs"], torch.from_numpy(image()).permute(2, 0, 1))
    assert packed["inputs"].is_contiguous()
    sample = packed["data_samples"]
    assert sample.gt_label.tolist() == [1, 2]
    assert sample.gt_score.tolist() == [0.5, 0.5]
    assert sample.mask.shape == (2, 2)
    assert sample.extra == 7
    assert sample.metainfo == dict(img_path="x.jpg", num_classes=2)
    assert "inputs" not in PackInputs()(dict(gt_label=1))


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        (image()[..., 0], (1, 32, 40)),
        (image()[:, ::-1], (3, 32, 40)),
        (image().astype(np.float32), (3, 32, 40)),
        (np.zeros((5, 32, 40, 3)), (5, 32, 40, 3)),
        (Image.fromarray(image()), (3, 32, 40)),
        (Image.fromarray(image()).convert("L"), (1, 32, 40)),
        (torch.zeros(3, 4, 5), (3, 4, 5)),
    ],
)
def test_inputs_of_any_kind(value, shape):
    assert tuple(PackInputs.format_input(value).shape) == shape
    assert [tuple(x.shape) for x in PackInputs.format_input([value, value])] == [shape, shape]


def test_pack_refuses_other_inputs():
    with pytest.raises(TypeError, match="str"):
        PackInputs.format_input("image")


def test_pack_multi_task_inputs():
    packed = PackMultiTaskInputs(["gt_label", "gt_score"], task_handlers=dict(b=dict(type="PackInputs")))(
        dict(img=image(), gt_label=dict(a=1, b=2), gt_score=dict(b=np.array([1.0, 0.0])), img_path="x")
    )
    assert packed["inputs"].shape == (3, 32, 40)
    sample = packed["data_samples"]
    assert sample.a.gt_label.tolist() == [1]
    assert sample.b.gt_score.tolist() == [1, 0]
    assert sample.b.img_path == "x"


def test_0x_endings():
    steps = [
        dict(type="Resize", size=(20, -1)),
        dict(type="CenterCrop", crop_size=16),
        dict(type="Normalize", mean=[0, 0, 0], std=[255, 255, 255], to_rgb=True),
        dict(type="ImageToTensor", keys=["img"]),
        dict(type="ToTensor", keys=["gt_label", "nested.value"]),
        dict(type="Collect", keys=["img", "gt_label"], meta_keys=["ori_shape", "absent"]),
    ]
    out = Compose(steps)(dict(img=image(), gt_label=3, nested=dict(value=1.5), ori_shape=(32, 40)))
    assert out["img"].shape == (3, 16, 16)
    assert out["img"].dtype == torch.float32
    assert out["img"].max() <= 1
    assert out["gt_label"].tolist() == [3]
    assert out["img_metas"] == dict(ori_shape=(32, 40))
    assert Collect(["img"])(dict(img=1, x=2)) == dict(img=1)
    assert ImageToTensor(["img"])(dict(img=image()[..., 0]))["img"].shape == (1, 32, 40)
    with pytest.raises(DataError, match="nested"):
        ToTensor(["nested.value"])(dict(img=1))


def test_resize_in_0x_spelling():
    assert Resize(size=(256, -1))(dict(img=image()))["img"].shape == (256, 320, 3)
    assert Resize(size=(10, 20))(dict(img=image()))["img"].shape == (10, 20, 3)
    assert Resize(size=10)(dict(img=image()))["img"].shape == (10, 10, 3)


def test_to_tensor():
    assert to_tensor(3).tolist() == [3]
    assert to_tensor(0.5).dtype == torch.float32
    assert to_tensor([1, 2]).tolist() == [1, 2]
    assert to_tensor(np.arange(3)).shape == (3,)
    with pytest.raises(TypeError, match="str"):
        to_tensor("a")


def test_padding_mode_counts_for_explicit_padding():
    """The original pads with a constant, whatever the mode."""
    np.random.seed(0)
    crop = RandomCrop((40, 48), padding=4, padding_mode="edge")(dict(img=image()))["img"]
    assert np.array_equal(crop[0, 4:-4], image()[0])
    sides = RandomCrop((36, 40), padding=(0, 2), pad_val=(9, 9, 9))(dict(img=image()))["img"]
    assert (sides[:2] == 9).all()
    assert (sides[-2:] == 9).all()


def test_mae_crop():
    torch.manual_seed(0)
    crop = MAERandomResizedCrop((16, 20), interpolation=3)
    out = crop(dict(img=Image.fromarray(image())))["img"]
    assert out.size == (20, 16)
    boxes = [crop.get_params(Image.fromarray(image()), (0.5, 0.5), (1.0, 1.0)) for _ in range(5)]
    assert {(h, w) for _, _, h, w in boxes} == {(25, 25)}


def test_hue_shifts_in_both_directions():
    """With NumPy 2, the original fails on negative shifts."""
    for backend in ("cv2", "pillow"):
        there = ColorJitter(hue=(-0.25, -0.25), backend=backend)(dict(img=image()))["img"]
        assert not np.array_equal(there, image())
        full = ColorJitter(hue=(0.5, 0.5), backend=backend)(dict(img=image()))["img"]
        assert np.abs(full.astype(int).max(-1) - image().max(-1)).max() <= 3  # the value stays


def test_jitter_ranges_are_cut(caplog):
    with caplog.at_level(logging.WARNING, logger="mmpretrain"):
        logging.getLogger("mmpretrain").propagate = True
        assert ColorJitter(hue=0.9).hue == (-0.5, 0.5)
        assert ColorJitter(brightness=0).brightness is None


def test_texts():
    clean = CleanCaption(["a", "b"])
    assert clean(dict(a=" A cat,  two  dogs! ", b=["X.", "y"])) == dict(a="a cat two dogs", b=["x", "y"])
    with pytest.raises(DataError, match="int"):
        clean(dict(a=1, b="x"))
    out = OFAAddObjects()(dict(objects=["cat", "dog"], question="what is it?"))
    assert out["question"] == out["decoder_prompt"] == "what is it? object: cat dog"
    with pytest.raises(DataError, match="objects"):
        OFAAddObjects()(dict(question="x"))


def test_editing_pipelines():
    pipeline = [
        dict(type="Resize", scale=8),
        dict(type=RandomCrop, crop_size=4),
        Add(1),
        dict(type="Resize", scale=9),
    ]
    assert get_transform_idx(pipeline, "RandomCrop") == 1
    assert get_transform_idx(pipeline, "Add") == 2
    assert get_transform_idx(pipeline, "Pad") == -1
    assert len(remove_transform(pipeline, "Resize")) == 2
    assert len(pipeline) == 4
    assert remove_transform(pipeline, "Resize", inplace=True) is pipeline
    assert len(pipeline) == 2
