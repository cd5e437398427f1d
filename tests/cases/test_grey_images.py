"""B16: grey images and transforms that know three channels."""

from __future__ import annotations

from pathlib import Path

import pytest

CFG = """
_base_='./base.py'
train_pipeline=[
    dict(type='LoadImageFromFile', color_type='grayscale'),
    dict(type='Resize', scale=32),
    {step},
    dict(type='PackInputs')]
test_pipeline=[
    dict(type='LoadImageFromFile', color_type='grayscale'),
    dict(type='Resize', scale=32),
    dict(type='PackInputs')]
model=dict(backbone=dict(in_channels=1))
data_preprocessor=dict(_delete_=True, num_classes=6, mean=[127.5], std=[60.])
train_dataloader=dict(dataset=dict(pipeline=train_pipeline))
val_dataloader=dict(dataset=dict(pipeline=test_pipeline))
test_dataloader=dict(dataset=dict(pipeline=test_pipeline))
train_cfg=dict(max_epochs=1)
"""


STEPS = """
    dict(type='RandomErasing', erase_prob=1.0, mode='rand'),
    dict(type='RandomErasing', erase_prob=1.0),
    dict(type='RandAugment', policies='timm_increasing', num_policies=2, magnitude_level=9),
    dict(type='AutoAugment', policies='imagenet')
"""


def test_it_trains(case, cli):
    Path("cfg.py").write_text(CFG.format(step=STEPS.strip()))
    done = cli("train", "cfg.py", "--work-dir", "wd")
    assert done.code == 0, done.text


@pytest.mark.parametrize(
    ("step", "says"),
    [
        (
            "dict(type='RandomErasing', erase_prob=1.0, fill_color=(1, 2, 3))",
            "fill_color has 3 different values",
        ),
        (
            "dict(type='Normalize', mean=[1., 2., 3.], std=[1., 2., 3.])",
            "mean has 3 numbers, and the image 1 ch",
        ),
        (
            "dict(type='Pad', size=(40, 40), pad_val=dict(img=(1, 2, 3)))",
            "pad_val needs a value for each of 1",
        ),
    ],
)
def test_it_stops_before_the_start(case, cli, step, says):
    Path("cfg.py").write_text(CFG.format(step=step))
    done = cli("train", "cfg.py", "--work-dir", "wd")
    assert done.code == 2
    assert "cfg.py:6 (train_dataloader.dataset.pipeline.2): " in done.err
    assert says in done.err
    assert not Path("wd").exists()
