"""Helpers without knowledge of the rest of the package."""


def register_all_modules(init_default_scope: bool = True) -> None:
    """Do nothing: components are found by name. Scripts of 1.x call this first.

    Args:
        init_default_scope: Without effect; there is one scope.
    """
