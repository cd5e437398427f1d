"""Objects that are found by name."""

from __future__ import annotations

import pytest
from mmengine.utils import ManagerMixin

from mmpretrain.errors import ConfigError


def test_each_class_has_objects_of_its_own():
    class Cache(ManagerMixin):
        def __init__(self, name, size=1):
            super().__init__(name)
            self.size = size

    class Other(ManagerMixin):
        pass

    with pytest.raises(RuntimeError, match="no Cache yet"):
        Cache.get_current_instance()
    first = Cache.get_instance("a", size=3)
    assert Cache.get_instance("a", size=9) is first
    second = Cache.get_instance("b")
    assert Cache.get_current_instance() is second
    assert (first.size, first.instance_name) == (3, "a")
    assert Cache.check_instance_created("b")
    assert not Other.check_instance_created("b")
    with pytest.raises(ConfigError, match="needs a name"):
        Other("")
