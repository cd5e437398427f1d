"""Tests of :mod:`mmpretrain.compat.api.kinds`."""

from __future__ import annotations

import mmcv
import mmengine
import pytest


def test_types():
    assert mmcv.is_list_of([1, 2], int)
    assert not mmcv.is_tuple_of([1], int)
    assert mmengine.is_seq_of(("a",), str)
    assert mmengine.slice_list([1, 2, 3], [1, 2]) == [[1], [2, 3]]
    with pytest.raises(ValueError, match="add up to 2"):
        mmengine.slice_list([1, 2, 3], [1, 1])
    assert mmengine.concat_list([[1], [2, 3]]) == [1, 2, 3]
    assert mmengine.utils.to_3tuple(2) == (2, 2, 2)
    assert mmengine.utils.to_2tuple([1, 2]) == (1, 2)
    assert mmengine.list_cast(["1"], int) == [1]
    assert mmengine.has_method("", "upper")

    class Base:
        def f(self): ...

    class Own(Base):
        def f(self): ...

    assert mmengine.is_method_overridden("f", Base, Own())
    assert not mmengine.is_method_overridden("f", Base, Base)
