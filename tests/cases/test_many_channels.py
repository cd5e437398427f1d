"""Images of 13 bands and 16 bits that are arrays: from the files to pictures, through all commands."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

CONFIG = """
bands={bands}
model=dict(
    type='ImageClassifier', backbone=dict(type='ResNet', depth=18, in_channels={channels}),
    neck=dict(type='GlobalAveragePooling'), head=dict(type='LinearClsHead', num_classes=2, in_channels=512),
    data_preprocessor=dict(mean=[30.] * bands, std=[60.] * bands))
load=dict(type='LoadImageFromFile', color_type='unchanged', value_range=(0, 10000))
steps=[load, dict(type='RandAugment', policies='timm_increasing', num_policies=2, magnitude_level=5),
       dict(type='Letterbox', scale=(40, 32)), dict(type='RandomErasing', erase_prob=0.5),
       dict(type='PackInputs')]
def loader(split):
    return dict(batch_size=4, num_workers=0, sampler=dict(type='DefaultSampler', shuffle=split == 'train'),
                dataset=dict(type='CustomDataset', data_prefix=f'sat/{{split}}', extensions=('.npy',),
                             pipeline=steps if split == 'train' else [steps[0], steps[2], steps[4]]))
train_dataloader=loader('train'); val_dataloader=loader('val'); test_dataloader=loader('val')
val_evaluator=test_evaluator=dict(type='Accuracy')
optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.01))
train_cfg=dict(by_epoch=True, max_epochs=1); val_cfg=dict(); test_cfg=dict()
"""


@pytest.fixture
def sat(case) -> None:
    random = np.random.RandomState(0)
    for split, count in (("train", 4), ("val", 2)):
        for label, name in enumerate(("field", "town")):
            folder = Path("sat", split, name)
            folder.mkdir(parents=True)
            for index in range(count):
                bands = random.randint(0, 3000 * (label + 1), (24, 40, 13))
                np.save(folder / f"{index}.npy", bands.astype(np.uint16))
    Path("cfg.py").write_text(CONFIG.format(bands=13, channels=13))


def test_from_arrays_to_pictures(sat, cli):
    assert cli("check", "cfg.py", "--data").code == 0
    done = cli("train", "cfg.py", "--work-dir", "run")
    assert done.code == 0, done.text
    done = cli("test", "cfg.py", "run", "--work-dir", "run", "--show-dir", "shown")
    assert done.code == 0, done.text
    page = next(Path("run").glob("*/report.html")).read_text(encoding="utf-8")
    assert "data:image/jpeg" in page
    done = cli("predict", "sat/val/town/0.npy", "--model", "run", "--out", "csv", "--show-dir", "drawn")
    assert "sat/val/town/0.npy,1," in done.out, done.text
    done = cli("vis-cam", "sat/val/town/0.npy", "run", "--save-path", "cam.png")
    assert done.code == 0, done.text
    done = cli("browse-dataset", "cfg.py", "-o", "browsed", "-n", "2", "--mode", "pipeline")
    assert done.code == 0, done.text
    assert Image.open("cam.png").size == (40, 32)
    assert len(list(Path("browsed").iterdir())) == 2
    assert Path("drawn/0.png").is_file()


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"bands": 13, "channels": 3}, "the backbone takes in_channels=3 (cfg.py:4"),
        ({"bands": 4, "channels": 13}, "mean has 4 values"),
    ],
)
def test_it_stops_before_the_start(sat, cli, values, says):
    Path("cfg.py").write_text(CONFIG.format(**values))
    done = cli("train", "cfg.py", "--work-dir", "run")
    assert done.code == 2
    assert says in done.err, done.text
    assert "images of train have 13 channels (sat/train/field/0.npy)" in done.err
    assert not Path("run").exists()
