"""Functions that need a package."""

from __future__ import annotations

import pytest
from mmpretrain.utils.dependency import satisfy_requirement

from mmpretrain.errors import OptionalDependencyError
from mmpretrain.utils import require


def test_require():
    @require("torch>=1.0")
    def there():
        return 1

    @require("no-such-package>=2", install="pip install it")
    def missing():
        return 1

    assert there() == 1
    with pytest.raises(OptionalDependencyError, match=r"missing needs no-such-package>=2.*pip install it"):
        missing()
    assert not satisfy_requirement("torch>=99")
