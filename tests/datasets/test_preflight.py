from __future__ import annotations

import re

import pytest

from mmpretrain.config import Config
from mmpretrain.datasets import ConcatDataset, CustomDataset
from mmpretrain.datasets.preflight import enforce, preflight, table
from mmpretrain.errors import DataError
from tests.datasets.preflight_cases import found, image, listing


def folder(root, *classes, value=0, count=2):
    for number, name in enumerate(classes):
        for i in range(count):
            image(root / name / f"{i}.png", value + 10 * number + i)
    return CustomDataset(data_prefix=str(root))


def test_nothing_wrong(tmp_path):
    datasets = {"train": folder(tmp_path / "a", "x", "y"), "val": folder(tmp_path / "b", "x", "y", value=99)}
    assert found(datasets, num_classes=2, topk=(1,), full=True) == []


@pytest.mark.parametrize(
    ("train", "val", "message"),
    [
        (["cat", "dog"], ["cat ", "dog"], "only in train: 'cat'.*; only in val: 'cat ' \\(trailing space\\)"),
        (["cat", "dog"], [" cat", "dog"], "' cat' \\(leading space\\)"),
        (["cat", "dog"], ["Cat", "dog"], "only in val: 'Cat' \\(looks like 'cat'\\)"),
        (["big_cat", "dog"], ["big-cat", "dog"], "'big-cat' \\(looks like 'big_cat'\\)"),
        (["caf\u00e9", "dog"], ["cafe\u0301", "dog"], "another Unicode form"),
        (["cat", "dog"], ["cow", "dog"], "only in train: 'cat'; only in val: 'cow'$"),
        (["a", "b", "c"], ["b", "c"], "only in train: 'a'$"),
        (["a", "b", "c", "d", "e"], ["a", "v", "w", "x", "y"], "only in val: 'v', 'w', 'x' and 1 more"),
    ],
)
def test_different_folders(tmp_path, train, val, message):
    datasets = {"train": folder(tmp_path / "a", *train), "val": folder(tmp_path / "b", *val)}
    (problem,) = [p for p in found(datasets) if "folders" in p[2]]
    assert problem[:2] == ("hard", "val")
    assert re.search(f"val folders differ from train: .*{message}", problem[2])


def test_a_class_that_is_only_absent_is_no_obstacle(tmp_path):
    folder(tmp_path / "b", "dog", value=50)
    val = CustomDataset(data_prefix=str(tmp_path / "b"), classes=["cat", "dog"])
    datasets = {"train": folder(tmp_path / "a", "cat", "dog"), "val": val}
    (problem,) = found(datasets)
    assert problem == ("soft", "val", "val folders differ from train: only in train: 'cat'")


def test_other_order_of_classes(tmp_path):
    train = listing(tmp_path / "a", "a.png 0", "b.png 1", classes=["cat", "dog"])
    val = listing(tmp_path / "b", "a.png 0", classes=["dog", "cat"])
    (problem,) = found({"train": train, "val": val})
    assert problem[0] == "hard"
    assert "val classes differ from train: another order: 'dog' is 0 instead of 1" in problem[2]


def test_label_out_of_range(tmp_path):
    train = listing(tmp_path, "a.png 0", "b.png 3", "c d.png 7", "e.png 7")
    (problem,) = found({"train": train}, num_classes=5, num_classes_source="configs/my.py:12 (model.head)")
    assert problem == (
        "hard",
        "train",
        "Label 7 out of range: configs/my.py:12 (model.head): 5 classes, but train has labels 0..7; "
        f"2 samples, first {tmp_path}/list.txt:3",
    )
    assert found({"train": train}, num_classes=8) == []
    negative = listing(tmp_path / "n", "a.png -1", "b.png 0", classes=["x"])
    problem = found({"train": negative})[0]
    assert problem[0] == "soft", "without a head, labels may mean anything"
    assert "Label -1 out of range: there are 1 class names" in problem[2]


def test_label_out_of_range_in_a_wrapper(tmp_path):
    parts = [listing(tmp_path / "a", "a.png 0"), listing(tmp_path / "b", "b.png 9")]
    problems = found({"train": ConcatDataset(parts)}, num_classes=2)
    assert f"first {tmp_path}/b/list.txt:1" in problems[0][2]


def test_class_count_and_topk(tmp_path):
    datasets = {"train": folder(tmp_path, "x", "y")}
    assert found(datasets, num_classes=1000, topk=(1, 5)) == [
        ("soft", "", "the head has 1000 outputs, the data 2 classes"),
        ("soft", "", "only 2 classes: reporting top-1 only"),
    ]


def test_empty_class(tmp_path):
    (tmp_path / "z").mkdir()
    assert found({"train": folder(tmp_path, "x", "y")}) == [("soft", "train", "1 class has no sample: 'z'")]


def test_the_same_image_in_train_and_val(tmp_path):
    datasets = {"train": folder(tmp_path / "a", "x", "y"), "val": folder(tmp_path / "b", "x", "y", value=10)}
    assert found(datasets) == [], "contents are compared only in full"
    (problem,) = found(datasets, full=True)
    assert problem[0] == "soft"
    assert problem[2] == (
        f"2 images of val are also in train, first {tmp_path}/b/x/0.png = {tmp_path}/a/y/0.png"
    )


def config(tmp_path, text=""):
    path = tmp_path / "my.py"
    path.write_text(
        "data_preprocessor = dict(mean=[123.675, 116.28, 103.53], std=[1, 1, 1], to_rgb=True)\n"
        "model = dict(\n    type='ImageClassifier',\n    head=dict(\n        type='LinearClsHead',\n"
        "        num_classes=1))\n"
        "train_dataloader = dict(batch_size=8, dataset=dict(type='CustomDataset', "
        f"data_prefix='{tmp_path}/a', pipeline=[dict(type='LoadImageFromFile')]))\n"
        f"val_dataloader = dict(dataset=dict(type='CustomDataset', data_prefix='{tmp_path}/b'))\n"
        "val_evaluator = dict(type='Accuracy', topk=(1, 5))\n" + text
    )
    return Config.fromfile(str(path))


def test_config(tmp_path):
    folder(tmp_path / "a", "x", "y")
    folder(tmp_path / "b", "x", "y")
    problems = preflight(config(tmp_path))
    texts = [problem.text for problem in problems]
    assert any(
        re.search(r"Label 1 out of range: .*my\.py:6 .*: 1 classes, but train has labels 0\.\.1", t)
        for t in texts
    )
    assert "only 2 classes: reporting top-1 only" in texts
    assert preflight(config(tmp_path), splits=("train",))[-1].text != texts[-1]


def test_broken_annotations_are_all_reported(tmp_path):
    folder(tmp_path / "a", "x")
    text = f"train_dataloader['dataset']['ann_file'] = '{tmp_path}/list.txt'\n"
    (tmp_path / "list.txt").write_text("a.png zero\n")
    problems = [problem for problem in preflight(config(tmp_path, text)) if problem.level == "hard"]
    assert [problem.split for problem in problems] == ["train", "val"]
    assert "list.txt:1" in problems[0].text
    assert "There is no folder" in problems[1].text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("data_preprocessor['mean'] = [103.53, 116.28, 123.675]", "order blue, green, red, but to_rgb=True"),
        ("data_preprocessor['to_rgb'] = False", "order red, green, blue, but to_rgb=False"),
        ("data_preprocessor['mean'] = [0.485, 0.456, 0.406]", "for pixels from 0 to 1"),
        ("data_preprocessor['std'] = [0, 1, 1]", "std of the data_preprocessor is 0"),
        ("data_preprocessor = dict()", "not normalised"),
        (
            "train_dataloader['dataset']['pipeline'].append(dict(type='Normalize', mean=[1], std=[1]))",
            "normalised twice",
        ),
        (
            "auto_scale_lr = dict(base_batch_size=256)\noptim_wrapper = dict(optimizer=dict(lr=0.1))",
            r"lr=0\.1 was chosen for batches of 256, these have 8: --auto-scale-lr makes it 0\.00313",
        ),
    ],
)
def test_suspicious_settings(tmp_path, change, message):
    folder(tmp_path / "a", "x")
    folder(tmp_path / "b", "x", value=5)
    usual = {problem.text for problem in preflight(config(tmp_path))}
    new = [p.text for p in preflight(config(tmp_path, change)) if p.text not in usual]
    assert len(new) == 1
    assert re.search(message, new[0])


def test_data_sets_that_are_not_ours():
    assert found({"train": [(0, 1)]}, num_classes=2) == []


def test_names_that_have_nothing_in_common(tmp_path):
    train = listing(tmp_path / "a", "a.png 0", classes=["tench", "goldfish"])
    val = listing(tmp_path / "b", "a.png 0", classes=["n01440764", "n01443537"])
    assert [p[0] for p in found({"train": train, "val": val}) if "classes differ" in p[2]] == ["soft"]


def test_telling(tmp_path, caplog):
    train = listing(tmp_path, "a.png 7")
    problems = preflight({"train": train}, num_classes=5, topk=(1, 9))
    assert table(problems).splitlines()[0].startswith("  stop  train  Label 7")
    with pytest.raises(DataError, match=r"1 problem with the data \(and 1 to know about\):\s+stop") as caught:
        enforce(problems)
    assert "note         only 5 classes" in str(caught.value)
    enforce([problem for problem in problems if problem.level == "soft"])
    assert "only 5 classes: reporting top-1 only" in caplog.text
    enforce([])
