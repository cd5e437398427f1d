"""Models on one device, and spread over several."""

from __future__ import annotations

import pytest
import torch

from mmpretrain import ImageClassificationInferencer, get_model, init_model
from mmpretrain.apis.placement import place
from mmpretrain.errors import ConfigError, MissingFileError, OptionalDependencyError

NAME = "resnet18_8xb16_cifar10"


def test_one_device():
    layer = torch.nn.Linear(2, 2)
    assert place(layer, "cpu") is layer
    assert place(torch.nn.Linear(2, 2), "meta").weight.device.type == "meta"


def test_what_is_no_map():
    with pytest.raises(ConfigError, match=r"device_map is one of auto, balanced.*got 'everywhere'"):
        get_model(NAME, device_map="everywhere")
    with pytest.raises(ConfigError, match=r"offload_folder keeps parts.*Add device_map='auto'"):
        get_model(NAME, offload_folder="somewhere")


def test_without_accelerate(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "accelerate", None)
    for build in (get_model, init_model):
        with pytest.raises(OptionalDependencyError, match=r"pip install 'mmpretrain\[spread\]'"):
            build(NAME, device_map="auto")
    with pytest.raises(OptionalDependencyError, match=r"accelerate"):
        ImageClassificationInferencer(NAME, pretrained=False, device_map={"": "cpu"})


@pytest.mark.parametrize(
    "device_map", ["auto", "sequential", {"": "cpu"}, {"backbone": "disk", "head": "cpu"}]
)
def test_with_accelerate(device_map, tmp_path):
    pytest.importorskip("accelerate")
    torch.manual_seed(0)
    plain = get_model(NAME)
    image = torch.rand(1, 3, 32, 32)
    expected = plain(image)
    model = place(plain, None, device_map, tmp_path)
    torch.testing.assert_close(model(image), expected)
    if device_map == {"backbone": "disk", "head": "cpu"}:
        assert list(tmp_path.iterdir()), "weights were put on disk"
        with pytest.raises(ConfigError, match=r"on disk.*offload_folder"):
            place(get_model(NAME), None, device_map)


def test_another_address_of_the_weights(tmp_path):
    name = "resnet18_8xb32_in1k"
    with pytest.raises(MissingFileError, match=r"resnet18_8xb32_in1k_20210831-fbbb1da6.pth"):
        get_model(name, pretrained=True, url_mapping=("https://.*/", f"{tmp_path}/"))
    file = tmp_path / "resnet18_8xb32_in1k_20210831-fbbb1da6.pth"
    torch.manual_seed(1)
    state = get_model(name).state_dict()
    torch.save({"state_dict": state}, file)
    model = get_model(name, pretrained=True, url_mapping=("https://.*/", f"{tmp_path}/"))
    assert torch.equal(model.head.fc.weight, state["head.fc.weight"])
    for mapping in ("https", ("(", "x"), ("a", r"\9")):
        with pytest.raises(ConfigError, match=r"url_mapping is a regular expression and its replacement"):
            get_model(name, pretrained=True, url_mapping=mapping)
