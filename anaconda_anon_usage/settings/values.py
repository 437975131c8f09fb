"""How conda reads single values of its configuration."""

from __future__ import annotations

import os

# conda/auxlib/type_coercion.py
TRUE_WORDS = ("true", "yes", "on", "y")
FALSE_WORDS = ("false", "off", "n", "no", "non", "none", "")

#: Characters of a value that may hold variables. ``os.path.expandvars`` needs time that
#: grows with the square of a text like ``${${${``.
EXPAND_LIMIT = 2000


class WrongValue(ValueError):
    """A setting has a value that conda would refuse.

    The message never quotes the value: it may be a password in the wrong place.
    """


def boolean(value: object) -> bool:
    """Return a value as conda reads a boolean (``boolify`` in conda/auxlib).

    Args:
        value: as YAML or a variable gives it.

    Raises:
        WrongValue: it is not a boolean.
    """
    if isinstance(value, (bool, int, float, complex)):
        return bool(value)
    if isinstance(value, (list, dict)):  # with aliases, its text may be endless
        raise WrongValue("not a boolean but a list or a map")
    word = str(value).strip().lower().replace(".", "", 1)
    if word in TRUE_WORDS:
        return True
    if word in FALSE_WORDS:
        return False
    try:
        return bool(complex(word))
    except ValueError:
        raise WrongValue("not a boolean") from None


def expand(value: object) -> str:
    """Return a plain value as text, with environment variables expanded as conda does.

    Raises:
        WrongValue: the text is longer than EXPAND_LIMIT.
    """
    text = str(value)
    if len(text) > EXPAND_LIMIT:
        raise WrongValue(f"longer than {EXPAND_LIMIT} characters")
    return os.path.expandvars(text)
