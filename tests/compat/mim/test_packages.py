"""Tests of :mod:`mmpretrain.compat.mim.packages`."""

from __future__ import annotations

import pytest

from mmpretrain.compat.mim.packages import INSIDE, base_name, installed, require_ours
from mmpretrain.errors import ConfigError


@pytest.mark.parametrize(
    ("requirement", "name"),
    [
        ("mmcv>=2.0", "mmcv"),
        (" MMCV_full ==1.7 ", "mmcv-full"),
        ("mmengine", "mmengine"),
        ("mmpretrain[timm]", "mmpretrain"),
    ],
)
def test_the_name_in_a_requirement(requirement, name):
    assert base_name(requirement) == name


def test_which_packages_this_mim_serves():
    require_ours("MMCls")
    with pytest.raises(ConfigError, match=r"serves mmpretrain, and not 'mmdet'.*pip install openmim"):
        require_ours("mmdet")
    assert {"mmcv", "mmengine", "openmim"} <= set(INSIDE)


def test_installed_packages():
    ours = installed()
    assert "mmpretrain" in {name for name, _, _ in ours}
    assert set(ours) < set(installed(everything=True))
