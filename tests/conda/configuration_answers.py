"""Compare conda's context with our settings, in the Python of a base.

Reads one JSON object per line, with ``environ``, ``prefix`` and ``sources``. Writes one per
line, with the settings from each source: ``conda`` for conda's context (null if conda cannot
read its configuration), ``files`` for this package.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from types import SimpleNamespace

from anaconda_anon_usage import settings as configuration
from anaconda_anon_usage._common import guarded
from anaconda_anon_usage.settings import SETTINGS, Occurrence, channels, conda_settings

OF_CONDA = ("offline", "proxy_servers", "ssl_verify", "client_ssl_cert", "client_ssl_cert_key")


def described(settings) -> dict:
    """Return the settings to compare, in a form that JSON supports."""

    def decided(found):
        if found is None:
            return None
        # The case of a variable's name does not matter.
        source = found.source.upper() if found.source.startswith("CONDA_") else found.source
        return [os.path.normpath(source), found.final]

    connection = settings.connection
    problems = [problem.partition(":") for problem in connection.problems]
    return {
        "anon_usage": settings.anon_usage,
        "anon_usage_from": decided(settings.anon_usage_decision.occurrence),
        "heartbeat": settings.heartbeat,
        "heartbeat_from": decided(settings.heartbeat_decision.occurrence),
        "repositories": connection.repositories,
        **{name: getattr(connection, name) for name in OF_CONDA},
        "envs_dirs": settings.envs_dirs,
        "root_prefix": settings.root_prefix,
        "wrong": sorted(name for name, _, _ in problems if not name.startswith("/")),
        "unreadable": sorted(name for name, _, _ in problems if name.startswith("/")),
    }


def settings_of_conda(prefix: str) -> SimpleNamespace:
    """Return the settings from conda's context, after a reset.

    Raises:
        Exception: any exception of conda if it cannot read its configuration.
    """
    from conda.base.context import context, reset_context

    # conda's context reads no file before its first use. The argument has the effect of
    # `--prefix` on conda's command line.
    reset_context(argparse_args=SimpleNamespace(prefix=prefix))
    readers = {name: lambda name=name: getattr(context, name) for name in OF_CONDA}
    readers["repositories"] = lambda: channels.serving(channel_urls_of_conda(context))
    anon_usage, heartbeat = (
        configuration.decide(name, occurrences_in_conda(context, name), context.root_prefix)
        for name in SETTINGS
    )
    return SimpleNamespace(
        anon_usage=anon_usage.value,
        anon_usage_decision=anon_usage,
        heartbeat=heartbeat.value,
        heartbeat_decision=heartbeat,
        connection=conda_settings.collect(readers, []),
        envs_dirs=guarded(lambda: context.envs_dirs, ()),
        root_prefix=context.root_prefix,
    )


def occurrences_in_conda(context, name: str) -> list[Occurrence]:
    """Return every occurrence of one of our settings, in the order in which conda reads them."""
    found = []
    for source, parameters in context.raw_data.items():
        if name in parameters:
            value = parameters[name].value(None)
            if isinstance(value, tuple) or hasattr(value, "items"):
                value = [value]  # a list or a map, which are both invalid
            # conda does not record the variable's name.
            where = f"CONDA_{name.upper()}" if source == "envvars" else str(source)
            final = str(parameters[name].keyflag()) == "final"
            found.append(Occurrence(where, None, value, final))
    return found


def channel_urls_of_conda(context) -> list[str]:
    """Return the URLs of the configured channels and the channel alias."""
    from conda.models.channel import Channel

    alias = context.channel_alias
    urls = [f"{alias.scheme}://{alias.location}"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # conda 24.9 to 25.7 warn if no channel is configured
        channels = context.channels
    for channel in channels:
        urls += [url for url in Channel(channel).base_urls if url]
    return urls


def of_conda(prefix: str) -> dict | None:
    """Return the settings of an environment in conda's context."""
    from conda.common.configuration import YamlRawParameter
    from conda.models.channel import Channel

    getattr(YamlRawParameter, "cache_clear", lambda: None)()
    try:
        Channel._reset_state()
        return described(settings_of_conda(prefix))
    except Exception as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return None


READERS = {"conda": of_conda, "files": lambda prefix: described(configuration.load(prefix))}


def main() -> None:
    """Answer one question per line until the input ends."""
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    sys.stdout = sys.stderr  # conda may print
    for line in sys.stdin:
        question = json.loads(line)
        os.environ.clear()
        os.environ.update(question["environ"])
        os.environ.setdefault("CONDA_ROOT", sys.prefix)  # as `import conda` does
        found = {source: READERS[source](question["prefix"]) for source in question["sources"]}
        print(json.dumps(found), file=replies, flush=True)


if __name__ == "__main__":
    main()
