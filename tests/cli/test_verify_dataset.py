"""``mmpretrain verify-dataset``."""

from __future__ import annotations

import pytest

from mmpretrain.cli.demo_data import write_digits
from tests.cli.commands import call
from tests.datasets.packed.pack_cases import folder, packed


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    folder = tmp_path_factory.mktemp("digits")
    write_digits(folder)
    return folder


def words(digits, *more):
    root = ["--cfg-options", f"val_dataloader.dataset.data_root={digits}"]
    return ["verify_dataset", "lenet5_digits-folder", "--phase", "val", *more, *root]


def test_whole_data(capsys, digits, tmp_path):
    done = call(capsys, *words(digits, "--out-path", tmp_path / "broken.log"))
    assert (done.code, done.out) == (0, "355 images of val were read, 0 of them cannot be.\n")
    assert not (tmp_path / "broken.log").exists()


def test_broken_images(capsys, digits, tmp_path):
    (digits / "val" / "3" / "cut.png").write_bytes(
        (digits / "val" / "3").glob("*.png").__next__().read_bytes()[:60]
    )
    (digits / "val" / "4" / "text.png").write_text("hello")
    out = tmp_path / "broken.log"
    done = call(capsys, *words(digits, "--out-path", out, "--num-process", "3"))
    assert done.code == 2
    assert "357 images of val were read, 2 of them cannot be." in done.out
    lines = [line.split("\t") for line in out.read_text().splitlines()]
    assert [line[0].rpartition("/")[2] for line in lines] == ["cut.png", "text.png"]
    assert all(len(line) == 2 and line[1] for line in lines)
    again = call(capsys, *words(digits, "--out-path", out))
    assert (again.code, "add --force" in again.err) == (2, True)


def test_data_in_memory(capsys, tmp_path):
    done = call(capsys, "verify-dataset", "lenet5_digits", "--out-path", tmp_path / "b.log")
    assert (done.code, done.out) == (0, "1442 images of train were read, 0 of them cannot be.\n")


def test_other_data(capsys, digits, tmp_path):
    words = ["--data", digits, "--phase", "val", "--out-path", tmp_path / "b.log"]
    done = call(capsys, "verify-dataset", "lenet5_digits", *words)
    assert "images of val were read" in done.out
    assert int(done.out.split()[0]) in (355, 357)


def test_data_without_a_config(capsys, tmp_path):
    data = folder(tmp_path / "data")
    packed(data, tmp_path / "pack")
    for spec in (data, tmp_path / "pack"):
        done = call(capsys, "verify-dataset", "--data", spec, "--out-path", tmp_path / "b.log")
        assert (done.code, done.out) == (0, "6 images of train were read, 0 of them cannot be.\n")
    for phase, count in (("train", 4), ("val", 2)):  # one part alone is divided
        words = ["--data", tmp_path / "pack" / "train", "--phase", phase, "--out-path", tmp_path / "b.log"]
        assert call(capsys, "verify-dataset", *words).out.startswith(f"{count} images of {phase}")
    (data / "val" / "cat" / "0.jpg").write_bytes(b"\xff\xd8\xff")
    done = call(capsys, "verify-dataset", "--data", data, "--phase", "val", "--out-path", tmp_path / "b.log")
    assert (done.code, "2 images of val were read, 1 of them cannot be" in done.out) == (2, True)
    done = call(capsys, "verify-dataset")
    assert (done.code, "Give a config, or --data DATA" in done.err) == (2, True)
    done = call(capsys, "verify-dataset", "--data", data, "--cfg-options", "a=1")
    assert (done.code, "no config whose settings" in done.err) == (2, True)
