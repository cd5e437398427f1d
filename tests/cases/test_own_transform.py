"""B21: a transform of the user's own fails; the image, its index and the step are said."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmpretrain.errors import notes_of

CFG = """
_base_='./base.py'
custom_imports=dict(imports=['{module}'], allow_failed_imports=False)
load, resize, pack = dict(type='LoadImageFromFile'), dict(type='Resize', scale=32), dict(type='PackInputs')
train_pipeline=[load, resize, dict(type='{name}'), pack]
train_dataloader=dict(num_workers={workers}, dataset=dict(pipeline=train_pipeline))
"""
TRANSFORM = """
from mmpretrain.datasets.transforms import BaseTransform
from mmpretrain.registry import TRANSFORMS
@TRANSFORMS.register_module()
class {name}(BaseTransform):
    def transform(self, results):
        if {condition}:
            results['img'] = results['img'] * results['mask'][..., None]
        return results
"""


def write(name, condition, workers=0):
    module = f"module_of_{name.lower()}"
    Path(f"{module}.py").write_text(TRANSFORM.format(name=name, condition=condition))
    Path("cfg.py").write_text(CFG.format(module=module, name=name, workers=workers))


def test_one_that_always_fails_stops_before_the_start(case, cli):
    write("AddMask", True)
    with pytest.raises(KeyError, match="mask") as caught:
        cli("train", "cfg.py", "--work-dir", "wd")
    step, when = notes_of(caught.value)
    assert step == (
        "cfg.py:5 (train_dataloader.dataset.pipeline.2): AddMask fails on data/pets/train/ant/000.jpg "
        "(sample 0) [32x32, 3 channels, uint8]"
    )
    assert when == "This was tried before the start, on a sample of train"
    assert not Path("wd").exists()


@pytest.mark.parametrize("workers", [0, 2])
def test_one_that_fails_on_one_image(case, cli, workers):
    write(f"AddMask{workers}", "results['sample_idx'] == 44", workers)
    with pytest.raises(KeyError, match="mask") as caught:
        cli("train", "cfg.py", "--work-dir", "wd")
    step, batch = notes_of(caught.value)
    assert f"pipeline.2): AddMask{workers} fails on data/pets/train/dog/008.jpg (sample 44)" in step
    assert batch.startswith("This was batch ")
    assert batch.endswith(" of 9")
