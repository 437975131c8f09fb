"""Patch ``conda.base.context.Context`` where conda has no hooks.

The patches extend its User-Agent and, for ``conda config``, add this package's settings. They
work from conda 23.7 to 26.7 and look for features, not for versions.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from .._common import guarded

_DESCRIPTIONS = {
    "anaconda_anon_usage": (
        "Whether tokens for usage statistics are appended to the User-Agent of conda's requests."
    ),
    "anaconda_heartbeat": (
        "Whether each activation sends one HEAD request with a User-Agent like conda's: true, "
        "false, or a full http(s) URL to send it to."
    ),
}


def extend_user_agent() -> None:
    """Append the token string to ``Context.user_agent``, from now on.

    conda 24.11 and later have hooks for request headers, but libmamba and ``conda info``
    read this property, and it composes with other plugins.
    """
    from conda.base.context import Context

    own = Context.__dict__["user_agent"]

    def user_agent(context: Context) -> str:
        own_value: str = own.__get__(context, type(context))
        if " aau/" in own_value:  # another copy of this package
            return own_value
        return own_value + guarded(functools.partial(_appendix, context), otherwise="")

    Context.user_agent = property(user_agent)


def extend_sessions() -> None:
    """Append the token string to the User-Agent of sessions that were made without it.

    In a client that is not conda's command line, creating a session can load the plugins.
    Only sessions of this thread are found, and a client's own User-Agent is kept.
    """
    from conda.base.context import context
    from conda.gateways.connection.session import CondaSession

    extended = context.user_agent
    own = CondaSession._thread_local
    # conda before 23.9 has a single session.
    for session in (*getattr(own, "sessions", {}).values(), getattr(own, "session", None)):
        if session and session.headers.get("User-Agent") == extended.partition(" aau/")[0]:
            session.headers["User-Agent"] = extended


def add_parameters() -> None:
    """Register ``anaconda_anon_usage`` and ``anaconda_heartbeat`` as settings of conda.

    Only ``conda config`` needs this. Other commands would stop at an invalid value of a
    setting that conda knows.
    """
    from conda.base.context import Context, context

    from ..settings import SETTINGS

    for name, setting in SETTINGS.items():
        if name in Context.parameter_names:
            continue
        loader = _loader(setting.default, setting.meaning)
        loader._set_name(name)
        setattr(Context, name, loader)
        Context.parameter_names += (name,)
        # conda 25.5 and later keep the parameters in a dictionary of each context.
        if isinstance(getattr(context, "_parameter_loaders", None), dict):
            context._parameter_loaders[name] = loader
            Context._set_parameter_names_and_aliases()
    _describe_parameters(Context)


def _appendix(context: Any) -> str:
    # conda imports plugins before it obeys this setting, and its clients do not obey it.
    if context.no_plugins:
        return ""
    return " " + _token_string(context.target_prefix)


@functools.cache
def _token_string(prefix: str) -> str:
    from ..tokens import token_string

    return token_string(prefix)


def _loader(default: bool, meaning: Callable[[object], bool | str]) -> Any:
    """Return a conda parameter whose values are read by this package's rules.

    conda's own rules for "boolean or text" accept any number as a boolean and crash on a
    list.
    """
    from conda.common import configuration

    def typify(name: str, value: object, source: object) -> bool | str:
        try:
            return meaning(value)
        except ValueError as error:
            raise configuration.CustomValidationError(name, value, source, str(error)) from None

    # conda has no type hints that a subclass could be checked against.
    class Loaded(configuration.PrimitiveLoadedParameter):  # type: ignore[misc]
        def typify(self, source: object) -> bool | str:
            return typify(self._name, self.value, source)

    # `conda config --set` accepts only parameters whose class has this name.
    class PrimitiveParameter(configuration.PrimitiveParameter):  # type: ignore[misc]
        def load(self, name: str, match: Any) -> Loaded:
            return Loaded(name, self._type, _plain(match.value(None)), match.keyflag(), None)

        def typify(self, name: str, source: object, value: object) -> bool | str:
            return typify(name, value, source)

    return configuration.ParameterLoader(PrimitiveParameter(default, element_type=(bool, str)))


def _plain(value: object) -> object:
    """Return a value from conda, with text in place of a list or a map."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return "[...]" if isinstance(value, tuple) else "{...}"


def _describe_parameters(context_class: Any) -> None:
    """Add the settings to the output of ``conda config --describe``."""
    descriptions = context_class.get_descriptions
    categories = context_class.__dict__["category_map"]
    own = {"Usage Telemetry Configuration": tuple(_DESCRIPTIONS)}

    context_class.get_descriptions = lambda self: {**descriptions(self), **_DESCRIPTIONS}
    if isinstance(categories, property):  # a plain dictionary since conda 26.5
        get = categories.__get__
        context_class.category_map = property(lambda self: {**get(self), **own})
    else:
        context_class.category_map = {**categories, **own}
