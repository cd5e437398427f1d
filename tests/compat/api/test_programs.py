"""Tests of :mod:`mmpretrain.compat.api.programs`."""

from __future__ import annotations

import mmcv
import mmengine
import pytest
from mmengine.registry import DefaultScope, init_default_scope

# (version, numbers) as MMEngine 0.10.7 gives them
VERSIONS = [
    ("1.2", (1, 2, 0, 0, 0, 0)),
    ("2.2.0+cu118", (2, 2, 0, 0, 0, 0)),
    ("1.0.0rc1", (1, 0, 0, 0, -1, 1)),
    ("1.3.1b2", (1, 3, 1, 0, -2, 2)),
    ("0.4.0a1", (0, 4, 0, 0, -3, 1)),
    ("1.0.post2", (1, 0, 0, 0, 1, 2)),
]


@pytest.mark.parametrize(("version", "numbers"), VERSIONS)
def test_versions(version, numbers):
    assert mmcv.digit_version(version) == numbers
    assert mmcv.digit_version(mmcv.__version__) > mmcv.digit_version("2.0.0rc4")


def test_there_is_one_scope():
    init_default_scope("mmcls")
    assert DefaultScope.get_current_instance().scope_name == "mmpretrain"
    assert DefaultScope.get_instance("x", scope_name="mmcls").scope_name == "mmcls"


def test_renamed_arguments():
    @mmengine.deprecated_api_warning({"old": "new"}, cls_name="Thing")
    def call(new=1):
        return new

    with pytest.warns(DeprecationWarning, match='"old" of Thing.call is deprecated'):
        assert call(old=3) == 3
    with pytest.raises(TypeError, match="'old'"):
        call(old=1, new=2)


def test_what_is_needed():
    @mmcv.requires_package("no_such_package")
    def call():
        return 1

    with pytest.raises(RuntimeError, match="no_such_package"):
        call()
    assert mmengine.utils.is_installed("numpy")
    assert mmcv.import_modules_from_strings("os.path") is not None
    with pytest.warns(UserWarning, match="left out"):
        assert mmcv.import_modules_from_strings(["no_such"], allow_failed_imports=True) == [None]
