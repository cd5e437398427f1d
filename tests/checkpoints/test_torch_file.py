"""Files of ``torch.save``, of both layouts, come back as ``torch.load`` gives them."""

from __future__ import annotations

import zipfile

import pytest
import torch
from torch import nn

from mmpretrain.checkpoints import torch_file


class Marked(torch.Tensor):
    """A subclass of a tensor, as data sets of images have."""


def contents() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    base = torch.rand(100)
    with_attribute = nn.Parameter(torch.rand(3))
    with_attribute.mark = 1
    return {
        "parameter": nn.Parameter(torch.rand(3, 4)),
        "frozen": nn.Parameter(torch.rand(3), requires_grad=False),
        "with attribute": with_attribute,
        "integers": torch.arange(5),
        "half": torch.rand(3, dtype=torch.float16),
        "bfloat16": torch.rand(3).bfloat16(),
        "complex": torch.rand(2, dtype=torch.complex64),
        "conjugated": torch.rand(2, dtype=torch.complex64).conj(),
        "part": base[10:20],
        "transposed": base[:20].view(4, 5).t(),
        "expanded": torch.ones(1).expand(10),
        "empty": torch.zeros(0, 3),
        "number": torch.tensor(3.0, requires_grad=True),
        "bools": torch.tensor([True, False]),
        "unsigned": torch.tensor([1, 2], dtype=torch.uint16),
        "eight bits": torch.rand(4).to(torch.float8_e4m3fn),
        "sparse": torch.eye(3).to_sparse(),
        "rows": torch.eye(3).to_sparse_csr(),
        "subclass": torch.rand(3).as_subclass(Marked),
    }


def plain(tensor: torch.Tensor) -> torch.Tensor:
    tensor = tensor.detach()
    tensor = tensor.as_subclass(torch.Tensor) if tensor.layout is torch.strided else tensor.to_dense()
    return tensor.float() if tensor.dtype in (torch.float8_e4m3fn, torch.uint16) else tensor


@pytest.mark.filterwarnings("ignore:Sparse CSR")
@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "old"])
def test_tensors(tmp_path, zipped):
    saved = contents()
    torch.save(saved, tmp_path / "a.pth", _use_new_zipfile_serialization=zipped)
    read = torch_file.read(tmp_path / "a.pth")
    assert read.keys() == saved.keys()
    for name, tensor in saved.items():
        back = read[name]
        assert torch.equal(plain(back), plain(tensor)), name
        assert (back.dtype, back.layout, back.requires_grad) == (
            tensor.dtype,
            tensor.layout,
            tensor.requires_grad,
        )
        assert isinstance(back, nn.Parameter) == isinstance(tensor, nn.Parameter)
        if tensor.layout is torch.strided:
            assert back.stride() == tensor.stride()


def test_other_places(tmp_path):
    torch.save({"a": torch.rand(3)}, tmp_path / "a.pth")
    seen = []
    torch_file.read(tmp_path / "a.pth", lambda storage, place: seen.append((storage.nbytes(), place)))
    assert seen == [(12, "cpu")]
    assert torch_file.read(tmp_path / "a.pth", torch.device("meta"))["a"].is_meta


def test_the_other_order_of_bytes(tmp_path):
    torch.save({"a": torch.tensor([1.5, -2.0])}, tmp_path / "a.pth")
    with zipfile.ZipFile(tmp_path / "a.pth") as old, zipfile.ZipFile(tmp_path / "b.pth", "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name.endswith("byteorder"):
                data = b"big"
            elif "/data/" in name:
                data = data[3::-1] + data[7:3:-1]
            new.writestr(name, data)
    assert torch_file.read(tmp_path / "b.pth")["a"].tolist() == [1.5, -2.0]
