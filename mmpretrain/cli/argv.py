"""Option spellings of the old tools that Click-style parsers do not support.

``--cfg-options a=1 b=2`` takes several values, and ``train --resume`` takes one or none. Both are rewritten
before parsing: ``--cfg-options a=1 --cfg-options b=2`` and ``--resume auto``.
"""

from __future__ import annotations

from collections.abc import Sequence

#: Options that take one or more values, and how to tell a value from what follows.
MULTI_VALUE = {
    "--cfg-options": lambda word: "=" in word,
    "--options": lambda word: "=" in word,
    "--metric-options": lambda word: "=" in word,
    "--space": lambda word: "=" in word,
    "--metrics": lambda word: True,
    "--target-layers": lambda word: True,
    "--target-category": lambda word: True,
}

#: The same for options of single commands.
MULTI_VALUE_OF = {
    ("flops", "--shape"): str.isdecimal,
    ("analyze-logs", "--keys"): lambda word: True,
    ("analyze-logs", "--legend"): lambda word: True,
    ("vis-tsne", "--class-idx"): str.isdecimal,
    ("browse-dataset", "--skip-type"): lambda word: True,
    ("shape-bias", "--model-names"): lambda word: True,
    ("shape-bias", "--plotting-names"): lambda word: True,
    ("shape-bias", "--markers"): lambda word: True,
    ("shape-bias", "--colors"): lambda word: True,
}

#: Options whose values belong together: they become one, with this between them.
JOINED = {("eval-metric", "--metric")}
SEPARATOR = "\x1f"

#: Commands and their options whose value may be left out, and what that means.
OPTIONAL_VALUE = {("train", "--resume"): "auto", ("check", "--data"): ""}

#: A word that ends so is the config, not the value of an option before it.
CONFIG_SUFFIXES = (".py", ".yaml", ".yml", ".json")

#: Old names of options.
RENAMED = {"--options": "--cfg-options", "--local_rank": "--local-rank", "--resume-from": "--resume"}


def modernize(argv: Sequence[str]) -> list[str]:
    """Rewrite the old spellings in a command line (without the program's name).

    Example:
        >>> modernize(['train', 'a.py', '--resume', '--cfg-options', 'x=1', 'y=2'])
        ['train', 'a.py', '--resume', 'auto', '--cfg-options', 'x=1', '--cfg-options', 'y=2']
    """
    words = list(argv)
    command = next((word for word in words if not word.startswith("-")), "")
    if command == "run":  # what follows is for the script
        return words
    result: list[str] = []
    position = 0
    while position < len(words):
        word = words[position]
        position += 1
        flag, equals, value = word.partition("=")
        if flag.startswith("--") and equals and flag in RENAMED:
            word = f"{RENAMED[flag]}={value}"
        name = RENAMED.get(word, word)
        is_value = MULTI_VALUE_OF.get((command, word)) or MULTI_VALUE.get(word)
        if (command, word) in JOINED:
            end = next((i for i in range(position, len(words)) if words[i].startswith("--")), len(words))
            while end > position + 1 and "=" not in words[end - 1]:
                end -= 1  # an argument at the end
            result += [name, SEPARATOR.join(words[position:end])] if end > position else [name]
            position = end
        elif is_value is not None:
            first = True
            while position < len(words) and not words[position].startswith("--"):
                if not first and not is_value(words[position]):
                    break
                result += [name, words[position]]
                position += 1
                first = False
            if first:
                result.append(name)  # the parser says that a value is missing
        elif (command, word) in OPTIONAL_VALUE:
            following = words[position] if position < len(words) else "--"
            result.append(word)
            if following.startswith("-") or following.endswith(CONFIG_SUFFIXES):
                result.append(OPTIONAL_VALUE[command, word])
            else:
                result.append(following)
                position += 1
        else:
            result.append(name)
    return result
