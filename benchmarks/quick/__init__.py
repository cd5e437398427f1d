"""The cases of the quick set, one a module; `turns.py` says what a case is."""
