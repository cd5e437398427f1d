"""Transforms of users: what they define is called, or an error says that it is not."""

from __future__ import annotations

import pytest

from mmpretrain.datasets.transforms import BaseTransform
from mmpretrain.errors import ConfigError
from mmpretrain.registry import TRANSFORMS


def test_transform_without_a_call():
    with pytest.raises(ConfigError, match=r"Lonely.transform would never be called.*Lonely\(BaseTransform\)"):

        @TRANSFORMS.register_module()
        class Lonely:
            def transform(self, results):
                return results


def test_a_call_that_leaves_it_out():
    with pytest.raises(ConfigError, match=r"Both.transform would never be called: its __call__"):

        @TRANSFORMS.register_module()
        class Both(BaseTransform):
            def transform(self, results):
                return results

            def __call__(self, results):
                return results


def test_both_forms():
    @TRANSFORMS.register_module()
    class Old:
        def __call__(self, results):
            return {**results, "old": True}

    @TRANSFORMS.register_module()
    class New(BaseTransform):
        def transform(self, results):
            return {**results, "new": True}

    @TRANSFORMS.register_module()
    class Calling(BaseTransform):
        def transform(self, results):
            return {**results, "calling": True}

        def __call__(self, results):
            return self.transform(results)

    try:
        for kind in ("Old", "New", "Calling"):
            assert TRANSFORMS.build({"type": kind})({"a": 1}) == {"a": 1, kind.lower(): True}
    finally:
        for kind in ("Old", "New", "Calling"):
            TRANSFORMS.module_dict.pop(kind)
