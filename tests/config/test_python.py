"""Tests of :mod:`mmpretrain.config.python`."""

from __future__ import annotations

from mmpretrain.config import Config, ConfigDict
from tests.config.language_cases import BASE


def test_base_as_an_expression_and_as_a_target(write):
    write("base.py", BASE)
    cfg = Config.fromfile(
        write(
            "child.py",
            """
            _base_ = ['base.py']
            reversed_names = [s['name'] for s in _base_.model.stages][::-1]
            _base_.model.norm.eps = 1e-3
            _base_['model']['stages'][1]['name'] = 'z'
            model = dict(depth=_base_.model['depth'] * 2)
            """,
        )
    )
    assert cfg.reversed_names == ["b", "a"]
    assert cfg.model.norm.eps == 1e-3
    assert cfg.model.stages[1].name == "z"
    assert cfg.model.depth == 100
    assert cfg.source("model.norm.eps").place == "child.py:3"
    assert cfg.source("model.stages.1.name").place == "child.py:4"


def test_computed_values_imports_and_intermediate_variables(write):
    cfg = Config.fromfile(
        write(
            "a.py",
            """
            import math
            from os.path import join
            from functools import partial
            norm = dict(mean=[1, 2], std=[3, 4])
            def double(x):
                return 2 * x
            size = int(math.sqrt(50176))
            pipeline = [dict(type='Normalize', **norm), dict(type='Crop', size=double(112))]
            data = {'pipeline': pipeline, **dict(root=join('a', 'b'))}
            squares = {str(i): i * i for i in range(3)}
            if size > 100:
                big = True
            for index in range(2):
                pass
            """,
        )
    )
    assert cfg.to_dict() == dict(
        norm=dict(mean=[1, 2], std=[3, 4]),
        size=224,
        pipeline=[dict(type="Normalize", mean=[1, 2], std=[3, 4]), dict(type="Crop", size=224)],
        data=dict(
            pipeline=[dict(type="Normalize", mean=[1, 2], std=[3, 4]), dict(type="Crop", size=224)],
            root="a/b",
        ),
        squares={"0": 0, "1": 1, "2": 4},
        big=True,
        index=1,
    )


def test_in_file_dicts_behave_as_dicts(write):
    cfg = Config.fromfile(
        write(
            "a.py",
            """
            a = dict(x=dict(y=1), z=2)
            b = a.copy()
            b.update(x=dict(q=1))
            b['new'] = 5
            del b['z']
            c = b | {'w': 1}
            kind = isinstance(a, dict)
            shared = [1]
            d = dict(s=shared)
            shared.append(2)
            """,
        )
    )
    assert cfg.a == dict(x=dict(y=1), z=2)
    assert cfg.b == dict(x=dict(q=1), new=5)
    assert cfg.c == dict(x=dict(q=1), new=5, w=1)
    assert cfg.kind is True
    assert cfg.d.s == [1, 2]
    assert isinstance(cfg.b.x, ConfigDict)
