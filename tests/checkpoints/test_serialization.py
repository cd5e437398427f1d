"""Checkpoint files: of any age, and from anyone."""

from __future__ import annotations

import collections
import os
import pickle
import struct
import zipfile
from pathlib import Path, PurePosixPath

import numpy as np
import pytest
import torch
from torch import nn

from mmpretrain.checkpoints import serialization
from mmpretrain.errors import CheckpointError, MissingFileError
from mmpretrain.models.base import BaseModel
from tests.engine import tiny

DATA = Path(__file__).parent / "data"


class Calls:
    """Pickles as a call of any function."""

    def __init__(self, function, *args):
        self.call = (function, args)

    def __reduce__(self):
        return self.call


class SetsState:
    """Pickles as an object whose state is set by a call."""

    def __init__(self, function, *args):
        self.call = (function, args)

    def __reduce__(self):
        return collections.OrderedDict, (), None, iter(()), iter([("x", Calls(*self.call))])


def payloads(mark: Path) -> dict[str, object]:
    touch = f"touch {mark}"
    write = f"open({str(mark)!r}, 'w').close()"
    return {
        "os.system": Calls(os.system, touch),
        "eval": Calls(eval, write),
        "exec": Calls(exec, write),
        "getattr chain": Calls(getattr, Calls(__import__, "os"), "system"),
        "numpy": Calls(np.save, str(mark), 1),
        "torch.load": Calls(torch.load, str(mark)),
        "torch function": Calls(torch.save, 1, str(mark)),
        "nested": {"state_dict": [Calls(os.system, touch)]},
        "in an item": SetsState(os.system, touch),
        "codecs": Calls(__import__("_codecs").encode, "x", "zlib"),
        "subprocess": Calls(__import__("subprocess").getoutput, touch),
        "builtins.open": Calls(open, str(mark), "w"),
    }


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
@pytest.mark.parametrize("name", list(payloads(Path("x"))))
def test_code_in_a_checkpoint_does_not_run(tmp_path, name, zipped):
    mark, path = tmp_path / "mark", tmp_path / "evil.pth"
    payload = payloads(mark)[name]
    torch.save({"meta": payload, "state_dict": {}}, path, _use_new_zipfile_serialization=zipped)
    try:
        content = serialization.load(path)
    except CheckpointError:
        content = {}
    assert not mark.exists()
    assert not mark.with_suffix(".npy").exists()
    if isinstance(payload, Calls) and content and name != "codecs":
        assert isinstance(content["meta"], serialization.Placeholder)


def test_raw_pickles_and_opcodes_are_inert(tmp_path):
    mark, path = tmp_path / "mark", tmp_path / "evil.pth"
    for program in (
        f"cos\nsystem\n(S'touch {mark}'\ntR.".encode(),
        f"(S'touch {mark}'\nios\nsystem\n.".encode(),
        pickle.dumps({"a": Calls(os.system, f"touch {mark}")}, protocol=0),
        pickle.dumps({"a": Calls(os.system, f"touch {mark}")}, protocol=5),
    ):
        path.write_bytes(program)
        with pytest.raises(CheckpointError, match="damaged or no checkpoint"):
            serialization.load(path)
        assert not mark.exists()


class Reduced:
    """Pickles as a call whose result gets a state."""

    def __init__(self, *parts):
        self.parts = parts

    def __reduce__(self):
        return self.parts


def test_bytes_never_become_addresses_of_objects(tmp_path):
    """NumPy believes a pickled type that says it has no objects, and fills an array of objects from bytes."""
    liar = Reduced(np.dtype, ("O8", False, True), (3, "|", None, None, None, -1, -1, 0))
    fields = (3, "|", None, ("a",), {"a": (liar, 0)}, 8, 1, 0)
    shell = (np._core.multiarray._reconstruct, (np.ndarray, (0,), b"b"))
    number = np.dtype("f8")
    for name, payload in {
        "array": Reduced(*shell, (1, (1,), liar, False, bytes(8))),
        "list": Reduced(*shell, (1, (1,), number, False, ["x"])),
        "fields": Reduced(*shell, (1, (1,), Reduced(np.dtype, ("V8", False, True), fields), False, bytes(8))),
        "scalar": Calls(np._core.multiarray.scalar, liar, bytes(8)),
        "buffer": Calls(np._core.numeric._frombuffer, bytes(8), liar, (1,), "C"),
    }.items():
        torch.save({"meta": payload}, tmp_path / "evil.pth")
        with pytest.raises(CheckpointError, match=r"Python objects|evil\.pth is damaged"):
            print(name, serialization.load(tmp_path / "evil.pth"))
    torch.save({"meta": Calls(np.ndarray, (1,), "O", bytes(8))}, tmp_path / "evil.pth")
    assert isinstance(serialization.load(tmp_path / "evil.pth")["meta"], serialization.Placeholder)


def test_nothing_outside_of_a_checkpoint_is_changed(tmp_path):
    """Neither a type that all arrays share, nor a class of this process."""
    other_order = (3, ">", None, None, None, -1, -1, 0)
    torch.save({"meta": Reduced(np.dtypes.Float64DType, (), other_order)}, tmp_path / "a.pth")
    serialization.load(tmp_path / "a.pth")
    assert np.array([1.0]).tobytes() == struct.pack("=d", 1)
    torch.save({"meta": "REPLACED"}, tmp_path / "b.pth")
    program = b"\x80\x02cpathlib\nPurePosixPath\nN}X\x04\x00\x00\x00nameK\x01s\x86b."
    with zipfile.ZipFile(tmp_path / "b.pth") as good, zipfile.ZipFile(tmp_path / "c.pth", "w") as evil:
        for name in good.namelist():
            evil.writestr(name, program if name.endswith("data.pkl") else good.read(name))
    with pytest.raises(CheckpointError):
        serialization.load(tmp_path / "c.pth")
    assert isinstance(PurePosixPath.name, property)


def test_weights_of_a_torchscript_archive_are_read_and_its_code_is_not(tmp_path):
    model = nn.Sequential(nn.Conv2d(1, 2, 1), nn.Sequential(nn.BatchNorm2d(2)))
    torch.jit.script(model).save(str(tmp_path / "script.pt"))
    expected = model.state_dict()
    with zipfile.ZipFile(tmp_path / "script.pt") as archive, zipfile.ZipFile(tmp_path / "bad.pt", "w") as bad:
        for name in archive.namelist():
            bad.writestr(name, b"this is no code" if "/code/" in name else archive.read(name))
    for name in ("script.pt", "bad.pt"):
        weights = serialization.load(tmp_path / name)["state_dict"]
        assert weights.keys() == expected.keys()
        assert all(torch.equal(value, expected[key]) for key, value in weights.items())


def test_placeholders_keep_their_data():
    class Unknown:
        pass

    content = serialization.load(DATA / "mmengine_0.10.pth")
    history = content["message_hub"]["log_scalars"]["train/loss"]
    assert isinstance(history, serialization.Placeholder)
    assert len(history._log_history) == 2
    assert "HistoryBuffer" in repr(history)


def test_ordinary_content_survives(tmp_path):
    content = {
        "tensors": [torch.arange(3), torch.rand(2, dtype=torch.float16), nn.Parameter(torch.ones(2))],
        "numpy": (np.arange(4.0), np.float32(1.5), np.int64(7), np.array(["a", "b"])),
        "plain": {"set": {1, 2}, "range": range(3), "bytes": b"x", "none": None, "path": Path("a/b")},
        "order": collections.OrderedDict(a=1),
        "dtype": torch.bfloat16,
    }
    serialization.save(content, tmp_path / "a.pth")
    back = serialization.load(tmp_path / "a.pth")
    assert torch.equal(back["tensors"][0], content["tensors"][0])
    assert np.array_equal(back["numpy"][0], content["numpy"][0])
    assert back["numpy"][1:3] == content["numpy"][1:3]
    assert back["numpy"][3].tolist() == ["a", "b"]
    assert {**back["plain"], "path": str(back["plain"]["path"])} == {**content["plain"], "path": "a/b"}
    assert back["order"] == content["order"]
    assert back["dtype"] is torch.bfloat16


def test_safetensors_in_and_out(tmp_path):
    weights = {"a": torch.rand(2, 3), "b": torch.arange(4)}
    serialization.save({"state_dict": weights, "meta": {}}, tmp_path / "a.safetensors")
    back = serialization.load(tmp_path / "a.safetensors")["state_dict"]
    assert all(torch.equal(back[key], value) for key, value in weights.items())


def test_a_flipped_bit_is_found(tmp_path):
    path = tmp_path / "a.pth"
    serialization.save({"weights": torch.zeros(1000)}, path)
    with zipfile.ZipFile(path) as archive:
        place = next(info.header_offset for info in archive.infolist() if "/data/" in info.filename) + 2000
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)
    with pytest.raises(CheckpointError):
        serialization.verify(path)


class OldModel(BaseModel):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 2)
        self.bn = nn.BatchNorm1d(2)

    def forward(self, inputs, data_samples=None, mode="tensor"):
        return {"loss": self.bn(self.fc(inputs)).square().mean()}


class OldData(torch.utils.data.Dataset):
    def __len__(self):
        return 8

    def __getitem__(self, index):
        return {"inputs": torch.arange(4.0) + index, "data_samples": (index, index % 2)}


def resume_old(make_runner, name):
    runner = make_runner(
        model=OldModel(),
        train_dataloader={**tiny.loader(shuffle=False), "dataset": OldData()},
        train_cfg=dict(by_epoch=True, max_epochs=2),
        val_dataloader=None, val_cfg=None, val_evaluator=None,
        param_scheduler=dict(type="MultiStepLR", milestones=[1]),
        custom_hooks=[dict(type="EMAHook")] if "mmengine" in name else None,
        load_from=str(DATA / name), resume=True,
    )  # fmt: skip
    runner.train()
    return runner


def test_a_run_of_mmengine_goes_on_here(make_runner):
    """One of two epochs was trained there; after the other one the weights are those that it got."""
    runner = resume_old(make_runner, "mmengine_0.10.pth")
    assert (runner.epoch, runner.iter, runner.seed) == (2, 4, 7)
    weight = torch.tensor(
        [
            [-0.0037250053137540817, 0.26824018359184265, -0.4115041494369507, -0.36795109510421753],
            [-0.19264882802963257, 0.13400694727897644, -0.00997845083475113, 0.39637279510498047],
        ]
    )
    torch.testing.assert_close(runner.model.fc.weight.data, weight, rtol=1e-5, atol=1e-6)
    mean = torch.tensor([-1.2241591215133667, 0.9002233743667603])
    torch.testing.assert_close(runner.model.bn.running_mean, mean, rtol=1e-5, atol=1e-6)


def test_a_run_of_mmcv_goes_on_here(make_runner):
    """There are no schedulers in the file: new ones are brought to where the run was."""
    runner = resume_old(make_runner, "mmcv_1.x.pth")
    assert (runner.epoch, runner.iter) == (2, 4)
    assert runner.message_hub.get_scalar("train/lr").current() == pytest.approx(0.01)


def test_a_file_of_one_tensor(tmp_path):
    torch.save(torch.arange(3), tmp_path / "a.pth")
    assert serialization.read_tensor(tmp_path / "a.pth").tolist() == [0, 1, 2]
    torch.save({"a": 1}, tmp_path / "b.pth")
    with pytest.raises(CheckpointError, match="holds a dict, and not a tensor"):
        serialization.read_tensor(tmp_path / "b.pth")
    (tmp_path / "c.pth").write_bytes(b"x" * 100)
    with pytest.raises(CheckpointError, match="is damaged"):
        serialization.read_tensor(tmp_path / "c.pth")
    with pytest.raises(MissingFileError):
        serialization.read_tensor(tmp_path / "d.pth")
