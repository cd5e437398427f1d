"""The index of the zoo, and what users add to it."""

from __future__ import annotations

import pytest

import mmpretrain
from mmpretrain.apis import ModelHub, get_model
from mmpretrain.apis.model import open_model
from mmpretrain.checkpoints import serialization, zoo
from mmpretrain.cli.list_models import list_models
from mmpretrain.errors import ConfigError, MissingFileError
from mmpretrain.registry import MODELS

MODEL = {"type": "ImageClassifier", "backbone": {"type": "LeNet5", "num_classes": 3}}
INDEX = """
Import: [configs/mine/metafile.yml]
Models:
  - Name: bare
    Config: configs/mine/net.py
    In Collection:
    Metadata: [1]
    Results: {}
"""
METAFILE = """
Models:
  - Name: Mine_1xb1
    Config: configs/mine/net.py
    In Collection: Mine
    Metadata: {FLOPs: 10, Parameters: many}
    Weights: %s
    Results:
      - {Task: Image Classification, Dataset: Own, Metrics: null}
      - {Task: Image Classification, Dataset: Own, Metrics: {Top 1 Accuracy: 12.5}}
      - nonsense
"""


@pytest.fixture
def project(tmp_path):
    """The project of somebody else, with a model index."""
    folder = tmp_path / "configs" / "mine"
    folder.mkdir(parents=True)
    (folder / "net.py").write_text(f"model = {MODEL!r}")
    serialization.save({"state_dict": MODELS.build(MODEL).state_dict()}, tmp_path / "net.pth")
    (folder / "metafile.yml").write_text(METAFILE % (tmp_path / "net.pth"))
    (tmp_path / "model-index.yml").write_text(INDEX)
    yield tmp_path
    zoo._added.clear()


@pytest.mark.parametrize("file", ["model-index.yml", "configs/mine/metafile.yml"])
def test_models_of_another_project(project, file, capsys):
    assert not ModelHub.has("mine_1xb1")
    ModelHub.register_model_index(project / file)
    assert ModelHub.has("MINE_1xb1")
    entry = ModelHub.get("mine_1XB1")
    assert (entry.name, entry.in_collection, entry.weights) == ("Mine_1xb1", "Mine", str(project / "net.pth"))
    assert (entry.metadata.flops, entry.metadata.parameters) == (10, None)
    assert entry.config.model.backbone.type == "LeNet5"
    assert [result["Metrics"] for result in entry.results] == [{}, {"Top 1 Accuracy": 12.5}]
    assert mmpretrain.list_models("mine") == ["Mine_1xb1"]
    weights = serialization.load(project / "net.pth")["state_dict"]
    for model in (get_model("mine_1xb1", pretrained=True), open_model("mine_1xb1", device="cpu")):
        assert model.state_dict()["backbone.features.0.bias"].equal(weights["backbone.features.0.bias"])
    list_models("mine")
    assert "12.5" in capsys.readouterr().out
    with pytest.raises(ConfigError, match="already has a model"):
        ModelHub.register_model_index(project / file)


def test_configs_from_another_folder(project):
    metafile = project / "elsewhere.yml"
    metafile.write_text((METAFILE % "null").replace("configs/mine/", ""))
    with pytest.raises(MissingFileError, match=r"'Mine_1xb1' has no config file.*Give config_prefix"):
        ModelHub.register_model_index(metafile)
    assert not ModelHub.has("mine_1xb1")
    ModelHub.register_model_index(metafile, config_prefix=project / "configs" / "mine")
    with pytest.raises(ConfigError, match=r"(?i)no weights were published for 'mine_1xb1'"):
        open_model("mine_1xb1")
    assert open_model("mine_1xb1", False, "cpu").training is False


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Models: [{Name: a}]", "the entry 'a' of 'Models' has no 'Config'"),
        ("Models: [{Config: a}]", "has no 'Name'"),
        ("Models: [a]", "an entry of 'Models' is 'a', and not a mapping"),
        ("- a", "this is not an index of models"),
        ("a: [", "this is not YAML"),
        ("Import: [model-index.yml]", "imports itself"),
    ],
)
def test_what_is_no_index(tmp_path, text, said):
    (tmp_path / "model-index.yml").write_text(text)
    with pytest.raises(ConfigError, match=said) as caught:
        ModelHub.register_model_index(tmp_path / "model-index.yml")
    assert "model-index.yml" in str(caught.value)
    with pytest.raises(MissingFileError, match="cannot be read"):
        ModelHub.register_model_index(tmp_path / "none.yml")


def test_all_models_are_listed(capsys):
    """Two entries of the zoo state no metrics."""
    list_models()
    assert f"{len(zoo.zoo())} models" in capsys.readouterr().out


@pytest.mark.parametrize("pretrained", [False, True, None])
def test_pretrained_says_whether_there_are_weights(project, pretrained):
    from mmpretrain.apis import ImageClassificationInferencer

    text = (project / "configs" / "mine" / "net.py").read_text()
    text += """
pipeline = [dict(type="LoadImageFromFile"), dict(type="PackInputs")]
test_dataloader = dict(dataset=dict(type="CustomDataset", pipeline=pipeline))
"""
    (project / "configs" / "mine" / "net.py").write_text(text)
    ModelHub.register_model_index(project / "model-index.yml")
    model = ImageClassificationInferencer("mine_1xb1", pretrained=pretrained, device="cpu").model
    weights = serialization.load(project / "net.pth")["state_dict"]["backbone.features.0.bias"]
    assert model.state_dict()["backbone.features.0.bias"].equal(weights) is (pretrained is not False)
    config = project / "configs" / "mine" / "net.py"
    if pretrained is False:
        ImageClassificationInferencer(config, pretrained=False, device="cpu")
    else:
        with pytest.raises(ConfigError, match="has no weights"):
            ImageClassificationInferencer(config, pretrained=pretrained, device="cpu")


def test_short_names():
    """What comes before the first ``_`` is enough, if one classifier with weights has that alone."""
    assert zoo.find_model("EfficientNet-Lite0").name == "efficientnet-lite0_3rdparty_in1k"
    assert not zoo.has_model("resnet50")  # several
    assert not zoo.has_model("beit")  # no classifier
