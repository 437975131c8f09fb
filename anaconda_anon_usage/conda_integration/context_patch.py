"""The places where conda's internals are touched, because it has no hook for them.

Two things are done to ``conda.base.context.Context``: its User-Agent is extended, and for
``conda config`` it learns two settings. Each works from conda 23.7 to 26.7 and asks for
what is there, not for a version.
"""

from __future__ import annotations

import functools

from .._common import guarded

_DESCRIPTIONS = {
    "anaconda_anon_usage": (
        "Whether random, anonymous tokens are appended to the User-Agent of conda's requests."
    ),
    "anaconda_heartbeat": (
        "Whether activating an environment sends one request without content that carries "
        "conda's User-Agent: true, false, or a full http(s) URL to send it to."
    ),
}


class _ExtendedUserAgent(property):
    """conda's own User-Agent, followed by the token string."""


def extend_user_agent() -> None:
    """Append the token string to ``Context.user_agent``, from now on.

    There are hooks for request headers since conda 24.11, but ``conda info`` shows this
    property, and both must say the same.
    """
    from conda.base.context import Context

    own = Context.__dict__["user_agent"]
    if isinstance(own, _ExtendedUserAgent):
        return

    def user_agent(context) -> str:
        own_value = own.__get__(context, type(context))
        return own_value + guarded(functools.partial(_appendix, context), otherwise="")

    Context.user_agent = _ExtendedUserAgent(user_agent)


def add_parameters() -> None:
    """Make ``anaconda_anon_usage`` and ``anaconda_heartbeat`` settings of conda's.

    Only ``conda config`` needs that. Any other command would refuse to work over a wrong
    value of a setting that it knows.
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


def _appendix(context) -> str:
    from .settings import decide_in_conda

    enabled = decide_in_conda(context, "anaconda_anon_usage")
    return " " + _token_string(context.target_prefix, enabled)


@functools.cache
def _token_string(prefix: str, enabled: bool) -> str:
    from ..tokens import token_string

    return token_string(prefix, enabled)


def _loader(default, meaning):
    """Return a parameter of conda's that reads its values by our rule.

    conda's own rule for "boolean or text" takes any number for a boolean, and a list for
    a reason to crash.
    """
    from conda.common import configuration

    from .settings import value_in_conda

    def typify(name, value, source):
        try:
            return meaning(value)
        except ValueError as error:
            raise configuration.CustomValidationError(name, value, source, str(error)) from None

    class Loaded(configuration.PrimitiveLoadedParameter):
        def typify(self, source):
            return typify(self._name, self.value, source)

    # conda knows by this name what `conda config --set` can set.
    class PrimitiveParameter(configuration.PrimitiveParameter):
        def load(self, name, match):
            return Loaded(name, self._type, value_in_conda(match), match.keyflag(), None)

        def typify(self, name, source, value):
            return typify(name, value, source)

    return configuration.ParameterLoader(PrimitiveParameter(default, element_type=(bool, str)))


def _describe_parameters(context_class) -> None:
    """Add the settings to what ``conda config --describe`` lists and explains."""
    descriptions = context_class.get_descriptions
    categories = context_class.__dict__["category_map"]
    title = "Anonymous Usage Configuration"

    context_class.get_descriptions = lambda self: {**descriptions(self), **_DESCRIPTIONS}
    if isinstance(categories, property):  # a plain dictionary since conda 26.5
        context_class.category_map = property(
            lambda self: {**categories.fget(self), title: tuple(_DESCRIPTIONS)}
        )
    else:
        context_class.category_map = {**categories, title: tuple(_DESCRIPTIONS)}
