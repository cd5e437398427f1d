"""B05, B07, B11, B20: what would come out otherwise than meant is said before the first step."""

# ruff: noqa: E501

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mmpretrain.errors import DataError
from tests.cases.conftest import CLASSES
from tests.cases.preflight_cases import check

SEVERAL = """
_base_='./base.py'
loss=dict(type='CrossEntropyLoss',use_sigmoid=True)
head=dict(_delete_=True,type='MultiLabelLinearClsHead',num_classes=6,in_channels=64,thr=0.5,loss=loss)
model=dict(head=head)
data_preprocessor=dict(num_classes=6,to_onehot=True)
pipeline=[dict(type='LoadImageFromFile'),dict(type='Resize',scale=32),dict(type='PackInputs')]
data=dict(_delete_=True,type='MultiLabelDataset',data_root='data/pets',data_prefix=dict(img_path='train'),pipeline=pipeline)
train_dataloader=dict(dataset=dict(ann_file='{name}.json', **data))
val_dataloader=dict(dataset=dict(ann_file='index.json', **data))
test_dataloader=val_dataloader
val_evaluator=[dict(type="MultiLabelMetric",thr=0.5),dict(type='AveragePrecision')]
test_evaluator=val_evaluator
"""

ENCODINGS = {
    "vectors": lambda i: [int(k in (i, (i + 1) % 6)) for k in range(6)],
    "names": lambda i: [CLASSES[i], CLASSES[(i + 1) % 6]],
    "index": lambda i: [i, (i + 1) % 6],
}


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("vectors", "labels look like vectors of 0 and 1 of length 6, such as [1, 1, 0, 0, 0, 0]"),
        ("names", "labels are names, such as 'ant'"),
        ("index", None),
    ],
)
def test_encodings_of_labels(case, name, says):
    for key, encode in ENCODINGS.items():
        items = [
            dict(img_path=f"{folder}/{number:03d}.jpg", gt_label=encode(label))
            for label, folder in enumerate(CLASSES)
            for number in range(12)
        ]
        content = dict(metainfo=dict(classes=CLASSES), data_list=items)
        Path(f"data/pets/{key}.json").write_text(json.dumps(content))
    if says is None:
        check(SEVERAL.format(name=name))
        return
    with pytest.raises(DataError) as caught:
        check(SEVERAL.format(name=name))
    assert says in str(caught.value)


ITERATIONS = """
_base_='./base.py'
train_cfg=dict(_delete_=True,by_epoch=False,max_iters=40,val_interval=20)
param_scheduler=[dict(type='MultiStepLR',by_epoch=True,milestones=[2,3],gamma=0.1)]
"""

GROUPS = """
_base_='./base.py'
optim_wrapper=dict(_delete_=True, optimizer=dict(type='AdamW', lr=0.1, weight_decay=0.05),
    paramwise_cfg=dict(norm_decay_mult=0., custom_keys={'backbone': dict(lr_mult=0.1)}))
param_scheduler=[dict(type='CosineAnnealingLR', T_max=2, eta_min=0.05, begin=0,end=2, by_epoch=True)]
train_cfg=dict(max_epochs=3)
"""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            ITERATIONS,
            [
                "cfg.py:3 (train_cfg): the loop counts iterations, but param_scheduler.0 and "
                "default_hooks.checkpoint and log_processor count epochs"
            ],
        ),
        (
            GROUPS,
            [
                "cfg.py:4 (optim_wrapper.paramwise_cfg.custom_keys.backbone): norm_decay_mult=0.0 does not hold for "
                "parameters that custom_keys 'backbone' match: without decay_mult",
                "cfg.py:5 (param_scheduler.0.eta_min): eta_min=0.05 is absolute: that of custom_keys 'backbone' "
                "(0.01) rises to it. eta_min_ratio is relative",
            ],
        ),
        ("_base_='./base.py'\nparam_scheduler=dict(type='LinearLR', _delete_=True, by_epoch=False, end=500)",
         ["cfg.py:2 (param_scheduler.end): LinearLR continues to 500, but the run ends after 18 iterations"]),
        ("_base_='./base.py'", []),
    ],
)  # fmt: skip
def test_what_takes_no_effect(case, caplog, text, said):
    check(text)
    found = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert len(found) == len(said), found
    assert all(text.startswith(start) for text, start in zip(found, said)), found


def test_check_says_it_too(case, cli):
    Path("cfg.py").write_text(ITERATIONS)
    done = cli("check", "cfg.py")
    assert done.code == 0
    assert "note: cfg.py:3 (train_cfg): the loop counts iterations" in done.out


def test_a_last_batch_of_one(case):
    with pytest.raises(
        DataError, match="72 samples in batches of 71 leave a last batch of one, on which batch norm"
    ):
        check("_base_ = './base.py'\ntrain_dataloader = dict(batch_size=71)")
    check("_base_ = './base.py'\ntrain_dataloader = dict(batch_size=71, drop_last=True)")


def test_unreadable_files_of_a_small_data_set(case, cli):
    Path("data/pets/train/fox/007.jpg").write_bytes(b"not an image")
    Path("cfg.py").write_text("_base_ = './base.py'\ntrain_cfg = dict(max_epochs=1)\n")
    done = cli("train", "cfg.py", "--work-dir", "wd")
    assert done.code == 2
    assert "1 of 72 images cannot be read, first data/pets/train/fox/007.jpg" in done.err
    assert "--skip-bad" in done.err
    done = cli("train", "cfg.py", "--work-dir", "wd", "--skip-bad")
    assert done.code == 0, done.text
    assert Path("wd/bad_files.txt").read_text().startswith("data/pets/train/fox/007.jpg\t")
