"""Configs inside of checkpoints are data."""

from __future__ import annotations

import copy
import pickle

import pytest

from mmpretrain.config import Config
from mmpretrain.config.embedded import read_embedded
from mmpretrain.errors import ConfigError
from mmpretrain.registry import MODELS, TRANSFORMS
from mmpretrain.utils.foreign import Foreign
from mmpretrain.utils.pickles import Placeholder

GOOD = """model = dict(
    type='ImageClassifier',
    backbone=dict(type='LeNet5', num_classes=10, norm=None, scale=(-1, 2.5), act={'type': 'ReLU', 'a b': 1}),
    classes=['a', 'b', ], odd=float('nan'), empty=set(), words={'x'}, big=+1e-3)
"""

BAD = {
    "import": ("import os", "An import (import os)"),
    "from": ("from os import system", "An import"),
    "call": ("a = __import__('os')", "A call of __import__"),
    "attribute call": ("a = ''.join(['x'])", "A call of ''.join"),
    "expression": ("a = 1 + 1", "An expression (1 + 1)"),
    "repeat": ("a = 'x' * 10 ** 10", "An expression"),
    "name": ("b = 1\na = b", "A name (b)"),
    "lambda": ("a = lambda: 0", "A lambda"),
    "comprehension": ("a = [x for x in range(10)]", "A comprehension"),
    "f-string": ("a = f'{open}'", "An f-string"),
    "star": ("a = [*'abc']", "An expression"),
    "spread": ("a = dict(**{})", "** in a dict"),
    "spread in braces": ("a = {**{}}", "** in a dict"),
    "base": ("_base_ = '/etc/passwd.py'", "_base_"),
    "with": ("with read_base():\n    from .a import *", "A with statement"),
    "function": ("def f(): pass", "A function"),
    "class": ("class A: pass", "A class"),
    "if": ("if True:\n    a = 1", "A statement"),
    "delete": ("del a", "A statement"),
    "two targets": ("a = b = 1", "A statement"),
    "attribute": ("a.b = 1", "A statement"),
    "item": ("open('x')['a'] = 1", "A statement"),
    "set of a text": ("a = set('abc')", "A call of set"),
    "range": ("a = list(range(10 ** 10))", "A call of range"),
    "float": ("a = float('1' * 10)", "A call of float"),
    "key": ("a = {[]: 1}", "A dict with a key that cannot be hashed"),
    "dots": ("a = ...", "An expression"),
    "template": ("a = {{ $HOME:x }}", "This is not a config"),
    "deep": ("a = " + "[" * 150 + "]" * 150, "A nest of more than"),
    "too deep": ("a = " + "[" * 5000 + "]" * 5000, "This is not a config"),
    "signs": ("a = " + "-" * 100_000 + "1", "This is not a config"),
    "syntax": ("a = (", "This is not a config"),
    "zero": ("a = '\0'", "This is not a config"),
    "long": ("a = 1 # " + "x" * 5_000_000, "more than any config"),
}


def test_literals_are_read_as_python_reads_them():
    cfg = read_embedded(GOOD, "a.pth")
    expected: dict = {}
    exec(GOOD, expected)
    expected = {"model": expected["model"]}
    assert repr(cfg.to_dict()) == repr(expected)
    assert str(cfg.source("model.backbone")) == "the config in a.pth:3 (model.backbone)"


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_literal_is_refused(name):
    text, named = BAD[name]
    with pytest.raises(ConfigError) as caught:
        read_embedded(f"first = 1\n{text}\n", "a.pth")
    assert named in caught.value.message
    assert caught.value.where.startswith("the config in a.pth")
    if "not data" in caught.value.message:
        assert "--trust" in caught.value.hint
        assert caught.value.where.split(":")[1] in ("2", "3")


def test_what_this_package_writes_is_read_again():
    cfg = Config({"a b": 1, "x": float("inf"), "set": {1}, "globals": [()], "n": {"k": (1,), 3: "x.y"}})
    assert read_embedded(cfg.pretty_text, "a.pth").to_dict() == cfg.to_dict()


def test_zoo_configs_are_data_once_they_are_written_out():
    cfg = Config.fromfile("configs/resnet/resnet50_8xb32_in1k.py")
    again = read_embedded(cfg.pretty_text, "a.pth")
    assert again.model.to_dict() == cfg.model.to_dict()
    assert again.pretty_text.count("\n") > 100


@pytest.mark.parametrize("kind", ["os.system", "subprocess.Popen", "torch.nn.Linear", "builtins.eval"])
@pytest.mark.parametrize("through", ["as it is", "copied", "merged", "pickled", "overridden"])
def test_types_are_not_imported_by_their_path(kind, through):
    cfg = read_embedded(f"model = dict(type='X', parts=[dict(type={kind!r}, x=1)])", "evil.pth")
    if through == "copied":
        cfg = copy.deepcopy(cfg).copy()
    elif through == "merged":
        base = Config({"model": {"parts": []}})
        base.merge_from_dict({"model": cfg.model})
        cfg = base
    elif through == "pickled":
        cfg = pickle.loads(pickle.dumps(cfg))
    elif through == "overridden":
        cfg.merge_from_dict({"model.parts.0.x": 2})
    with pytest.raises(ConfigError, match=r"inside evil\.pth.*--trust"):
        MODELS.build(cfg.model.parts[0])
    assert MODELS.get(cfg.model.parts[0].type) is None


def test_a_user_may_still_name_any_class():
    cfg = read_embedded("model = dict(type='X')", "a.pth")
    cfg.merge_from_dict({"model": {"type": "torch.nn.Linear", "in_features": 1, "out_features": 2}})
    assert MODELS.build(cfg.model).out_features == 2
    assert MODELS.build(dict(type="torch.nn.Linear", in_features=1, out_features=2)).in_features == 1


def test_registered_names_may_have_a_scope_or_a_path_of_ours():
    names = ("mmcls.LeNet5", "mmpretrain.models.backbones.LeNet5", "LeNet5")
    text = f"a = [{', '.join(f'dict(type={name!r})' for name in names)}]"
    for part in read_embedded(text, "a.pth").a:
        assert type(MODELS.build(part)).__name__ == "LeNet5"
    with pytest.raises(ConfigError, match="--trust"):
        MODELS.build(read_embedded("a = dict(type='mmengine.os.system')", "a.pth").a)


def test_what_points_elsewhere_is_left_out():
    text = """model = dict(type='X', pretrained='http://a/b.pth',
    init_cfg=dict(type='Pretrained', checkpoint='x'),
    neck=dict(init_cfg=[dict(type='Constant', val=1), dict(type='Pretrained', checkpoint='hf://a/b')]),
    head=dict(init_cfg=dict(type='Constant', val=1)), backbone=dict(trust_remote_code=True, x=1))
pipeline = [dict(type='LoadImageFromFile', backend_args=dict(backend='http'), file_client_args=dict(x=1))]
load_from = 'http://a/b.pth'
"""
    cfg = read_embedded(text, "a.pth")
    assert cfg.to_dict() == {
        "model": {
            "type": "X",
            "neck": {},
            "head": {"init_cfg": {"type": "Constant", "val": 1}},
            "backbone": {"x": 1},
        },
        "pipeline": [{"type": "LoadImageFromFile"}],
    }


def test_custom_imports_are_named_and_not_imported(caplog):
    text = (
        "custom_imports = dict(imports=['nowhere_module', 'mmpretrain.models'], allow_failed_imports=False)"
    )
    assert "custom_imports" not in read_embedded(text, "a.pth")
    assert "custom_imports ['nowhere_module'], which are not imported" in caplog.text
    assert "--trust" in caplog.text


def test_values_instead_of_a_text():
    cfg = read_embedded({"model": {"type": "os.system", "a": [1, (2,)]}}, "a.pth")
    assert isinstance(cfg.model.type, Foreign)
    assert cfg.to_dict() == {"model": {"type": "os.system", "a": [1, (2,)]}}
    with pytest.raises(ConfigError, match=r"'a' holds a Placeholder \(<placeholder of os\.system>\)"):
        read_embedded({"model": {"a": [Placeholder("os.system")]}}, "a.pth")
    with pytest.raises(ConfigError, match="holds a int, and not a config"):
        read_embedded(3, "a.pth")


def test_a_trusted_config_runs(tmp_path):
    cfg = read_embedded("import os\na = os.sep * 2", "a.pth", trust=True)
    assert cfg.a == "//"


def test_other_fetchers_ask_for_trust():
    kinds = ("HuggingFaceClassifier", "TIMMBackbone")
    for kind in kinds:
        text = f"model = dict(type={kind!r}, model_name='hf-hub:evil/model', num_classes=2)"
        with pytest.raises(ConfigError, match=r"inside a\.pth.*--trust"):
            MODELS.build(read_embedded(text, "a.pth").model)
    assert TRANSFORMS.get("LoadImageFromFile") is not None


def test_marked_texts_can_be_dumped(tmp_path):
    cfg = read_embedded("a = dict(type='X', path='a/b')", "a.pth")
    for suffix in (".py", ".yaml", ".json"):
        cfg.dump(tmp_path / f"a{suffix}")
        assert Config.fromfile(tmp_path / f"a{suffix}").to_dict() == cfg.to_dict()
