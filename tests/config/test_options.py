"""``--cfg-options`` and ``merge_from_dict``."""

from __future__ import annotations

import argparse
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmpretrain.config import Config, ConfigDict, DictAction, parse_options
from mmpretrain.config.pretty import format_value
from mmpretrain.errors import ConfigError
from tests.config.property_cases import fast, same


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("-3", -3),
        ("1e-3", 1e-3),
        ("0.5", 0.5),
        ("true", True),
        ("False", False),
        ("None", None),
        ("none", "none"),
        ("abc", "abc"),
        ("", ""),
        ("a/b_c.py", "a/b_c.py"),
        ("'quoted'", "quoted"),
        ("1,2,3", [1, 2, 3]),
        ("[1, a, None]", [1, "a", None]),
        ("(1, 2)", (1, 2)),
        ("(1,)", (1,)),
        ("[]", []),
        ("()", ()),
        ("[(train,1),(val,1)]", [("train", 1), ("val", 1)]),
        ("[(1, 2, 3), [a, 'b'], c]", [(1, 2, 3), ["a", "b"], "c"]),
        ('"(256, 256)"', (256, 256)),
        ("(1,2),(3,4)", [(1, 2), (3, 4)]),
        ("{'type': 'BN', 'eps': 1}", {"type": "BN", "eps": 1}),
        ("my run", "my run"),
        ("a=b", "a=b"),
        ("a)b", "a)b"),
    ],
)
def test_values(text, value):
    parsed = parse_options([f"key={text}"])["key"]
    assert parsed == value
    assert type(parsed) is type(value)


@pytest.mark.parametrize("text", ["no_equals", "=1", "a=[1, (2, 3]", "a=1,)"])
def test_broken_options(text):
    with pytest.raises(ConfigError, match="--cfg-options"):
        parse_options([text])


def test_dict_action():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cfg-options", nargs="+", action=DictAction)
    args = parser.parse_args(["--cfg-options", "a.b=1", "c=[x,y]", "--cfg-options", "a.b=2"])
    assert args.cfg_options == {"a.b": 2, "c": ["x", "y"]}
    assert parser.parse_args([]).cfg_options is None


@pytest.fixture
def cfg():
    return Config(
        dict(
            model=dict(backbone=dict(depth=50, init_cfg=None), head=dict(topk=(1, 5))),
            pipeline=[dict(type="Load"), dict(type="Crop", scale=224)],
            pair=(dict(a=1), 2),
        )
    )


def test_merge_by_dotted_key(cfg):
    cfg.merge_from_dict(
        {
            "model.backbone.depth": 18,
            "model.head.topk": (1,),
            "new.key": [dict(a=1)],
            "model.backbone.init_cfg.type": "Pretrained",
            "pipeline.1.scale": (256, 256),
            "pair.0.a": 5,
        }
    )
    assert cfg.model == dict(backbone=dict(depth=18, init_cfg=dict(type="Pretrained")), head=dict(topk=(1,)))
    assert cfg.new == dict(key=[dict(a=1)])
    assert cfg.new["key"][0].a == 1
    assert cfg.pipeline == [dict(type="Load"), dict(type="Crop", scale=(256, 256))]
    assert cfg.pair == (dict(a=5), 2)
    assert str(cfg.source("pipeline.1.scale")) == "--cfg-options (pipeline.1.scale)"


def test_merge_replaces_list_items(cfg):
    cfg.merge_from_dict({"pipeline.0": dict(_delete_=True, type="Other"), "pipeline.-1.type": "Last"})
    assert cfg.pipeline == [dict(type="Other"), dict(type="Last", scale=224)]


def test_merge_errors(cfg):
    with pytest.raises(ConfigError, match=r"pipeline has 2 items, so there is no item 7"):
        cfg.merge_from_dict({"pipeline.7.type": "X"})
    with pytest.raises(ConfigError, match=r"pipeline is a list: 'x' is no index"):
        cfg.merge_from_dict({"pipeline.x": 1})
    with pytest.raises(ConfigError, match=r"model.backbone.depth is a dict here"):
        cfg.merge_from_dict({"model.backbone.depth.x": 1})
    with pytest.raises(ConfigError, match=r"pipeline is a dict here"):
        cfg.merge_from_dict({"pipeline.1.type": "X"}, allow_list_keys=False)


def test_merge_accepts_a_nested_dict(cfg):
    cfg.merge_from_dict(dict(model=ConfigDict(backbone=dict(_delete_=True, type="ViT"))))
    assert cfg.model.backbone == dict(type="ViT")


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("a=" + "[" * 3000 + "]" * 3000, "More than 100 brackets inside of each other in 'a=[["),
        (".".join("a" * 3000) + "=1", "has more than 100 parts"),
        ("param_scheduler.x=1", "param_scheduler is a list: 'x' is no index into it"),
        ("a" * 5000, "An option is KEY=VALUE, got 'aaa"),
    ],
)
def test_odd_options(option, message):
    cfg = Config({"param_scheduler": [1]})
    with pytest.raises(ConfigError) as caught:
        cfg.merge_from_dict(parse_options([option]))
    assert message in str(caught.value)
    assert len(str(caught.value)) < 500


def test_a_dict_in_an_option_may_be_wrong_in_any_way():
    assert parse_options(["a={[]:1}", "b={'x': f()}"]) == {"a": "{[]:1}", "b": "{'x': f()}"}


plain_text = st.text("abc/._-", min_size=1, max_size=6).filter(lambda text: not _is_number(text))

option_values = st.recursive(
    st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.booleans() | st.none() | plain_text,
    lambda inner: st.lists(inner, max_size=3) | st.lists(inner, max_size=3).map(tuple),
    max_leaves=6,
)


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text)) or True
    except ValueError:
        return False


@fast
@given(option_values)
def test_options_mean_what_they_look_like(value):
    assert same(parse_options([f"key={value}"])["key"], value)
    assert same(parse_options([f"key={format_value(value)}"])["key"], value)
