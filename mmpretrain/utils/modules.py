"""What scripts of 1.x call first."""


def register_all_modules(init_default_scope: bool = True) -> None:
    """Do nothing: components are found by name.

    Args:
        init_default_scope: Without effect; there is one scope.
    """
