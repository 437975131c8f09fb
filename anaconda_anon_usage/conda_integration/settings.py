"""This package's settings as conda's context knows them, command line included."""

from __future__ import annotations

from ..settings import Occurrence, decide


def decide_in_conda(context, name: str):
    """Return the value of one of this package's settings in conda's context.

    Args:
        context: ``conda.base.context.context``.
        name: the setting.
    """
    return decide(name, occurrences_in_conda(context, name), context.root_prefix)[0]


def occurrences_in_conda(context, name: str) -> list[Occurrence]:
    """Return every occurrence of a setting, in the order in which conda reads them.

    Args:
        context: ``conda.base.context.context``.
        name: the setting, which conda itself need not know.
    """
    return [
        Occurrence(
            f"CONDA_{name.upper()}" if source == "envvars" else str(source),
            None,
            value_in_conda(parameters[name]),
            str(parameters[name].keyflag()) == "final",
        )
        for source, parameters in context.raw_data.items()
        if name in parameters
    ]


def value_in_conda(parameter) -> object:
    """Return the value of one occurrence of a setting; a list or a map only as such.

    Args:
        parameter: a ``conda.common.configuration.RawParameter``.
    """
    value = parameter.value(None)
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return "[...]" if isinstance(value, tuple) else "{...}"
