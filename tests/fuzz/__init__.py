"""A fuzzer: whatever the input, mmpretrain answers with a sentence, in bounded time and memory.

``python -m tests.fuzz`` (or ``make fuzz``) runs every target and prints a table;
``python -m tests.fuzz configs --count 5000 --seed 7`` runs one. What failed is kept in ``fuzz-failures/``;
``python -m tests.fuzz --again fuzz-failures/configs-0-17`` runs it once more, with its traceback.

To add a target, write a module ``tests/fuzz/targets/NAME.py`` with one object::

    TARGET = Target(
        name="annotations",
        make=make,  # (rng, number) -> Case: the files and arguments of mutated input `number`
        run=run,  # (case) -> None: feeds them to mmpretrain, in a working folder that holds the files
    )

and add ``NAME`` to ``tests.fuzz.targets.NAMES``; the tests and the command find it there. ``make`` takes all
its randomness from ``rng``, so that a case is known by (target, seed, number). ``run`` returns if the input
was accepted, and lets every exception out: a :class:`~mmpretrain.errors.MMPretrainError` counts as an answer,
anything else as a failure. Each case runs in a forked process with a limit on its address space; a case that
takes more than ``Target.seconds``, or grows the process by more than ``Target.megabytes``, is a failure too.
Mutators of bytes, text and nested values are in :mod:`tests.fuzz.mutate`.
"""
