"""``mmpretrain analyze-results``."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pytest
from PIL import Image

from mmpretrain.cli.analyze_results import _image
from mmpretrain.cli.demo_data import write_digits
from mmpretrain.datasets.digits import load_digits
from mmpretrain.errors import DataError
from tests.analysis.test_results import REFERENCE, digits
from tests.cli.commands import call


@pytest.fixture
def result(tmp_path):
    path = tmp_path / "result.pkl"
    path.write_bytes(pickle.dumps(digits()))
    return path


def test_pictures_and_lists_of_data_in_memory(capsys, result, tmp_path):
    out = tmp_path / "out"
    done = call(
        capsys,
        "analyze_results",
        "lenet5_digits",
        result,
        "--out-dir",
        out,
        "--topk",
        "3",
        "--order",
        "lowest",
    )
    assert done.code == 0, done.err
    for name in ("success", "fail"):
        indices = REFERENCE["lowest"][name]
        assert {path.name for path in (out / name).iterdir()} == {
            f"{name}.json",
            *(f"{index:06d}.png" for index in indices),
        }
        entries = json.loads((out / name / f"{name}.json").read_text())
        right = [entry["pred_label"] == entry["gt_label"] for entry in entries]
        assert right == [name == "success"] * 3
    assert entries[0]["gt_class"] == ["9"]
    picture = np.asarray(Image.open(out / "fail" / "000332.png"))
    assert picture.shape == (320, 320, 3)
    assert "288 of 355 predictions are right" in done.out


def test_images_of_files_keep_their_names(capsys, tmp_path):
    write_digits(tmp_path / "digits")
    paths = sorted((tmp_path / "digits" / "val").glob("*/*.png"))
    records = [{**record, "img_path": str(path)} for record, path in zip(digits(), paths)]
    (tmp_path / "result.pkl").write_bytes(pickle.dumps(records))
    options = ["--cfg-options", f"data_root={tmp_path / 'digits'}"]
    options.append(f"test_dataloader.dataset.data_root={tmp_path / 'digits'}")
    done = call(
        capsys, "analyze-results", "lenet5_digits-folder", tmp_path / "result.pkl",
        "--out-dir", tmp_path / "out", "--topk", "1", "-r", "50", *options,
    )  # fmt: skip
    assert done.code == 0, done.err
    names = {path.name for path in (tmp_path / "out" / "fail").iterdir()}
    assert names == {"fail.json", paths[65].name}
    assert Image.open(tmp_path / "out" / "fail" / paths[65].name).size == (400, 400)


def test_the_image_is_that_of_the_sample():
    from mmpretrain.analysis.samples import load_image
    from mmpretrain.config import Config
    from mmpretrain.config.zoo import find_config
    from mmpretrain.registry import DATASETS

    cfg = Config.fromfile(find_config("lenet5_digits"))
    dataset = DATASETS.build(dict(type="ConcatDataset", datasets=[cfg.test_dataloader.dataset] * 2))
    images, _ = load_digits("val")
    assert (load_image(dataset, 355 + 7)[..., 0] == images[7]).all()


def test_results_of_more_samples_than_there_are():
    with pytest.raises(DataError, match="a sample 2, and the test data 1 samples"):
        _image([None], 2, {"sample_idx": 7})


def test_a_folder_with_files_is_left_alone(capsys, result, tmp_path):
    done = call(capsys, "analyze-results", "lenet5_digits", result, "--out-dir", tmp_path)
    assert (done.code, "not empty" in done.err) == (2, True)
