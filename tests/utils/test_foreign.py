"""Texts that come from a stranger."""

from __future__ import annotations

import copy
import pickle

import pytest

from mmpretrain.errors import ConfigError
from mmpretrain.utils.foreign import Foreign, refuse_foreign


def test_the_mark_stays():
    text = Foreign.of("my.module.Class", "evil.pth")
    assert text == "my.module.Class"
    for other in (copy.deepcopy(text), pickle.loads(pickle.dumps(text))):
        assert type(other) is Foreign
        assert other.origin == "evil.pth"


def test_only_marked_texts_are_refused():
    refuse_foreign("my.module.Class", "is imported")
    with pytest.raises(ConfigError, match=r"'my.module.Class' is imported only for .* inside evil.pth. If"):
        refuse_foreign(Foreign.of("my.module.Class", "evil.pth"), "is imported")
