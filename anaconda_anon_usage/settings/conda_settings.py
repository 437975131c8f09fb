"""conda's own settings that a heartbeat obeys, and the directories of environments.

Only heartbeats, and commands that show them or find environments, need them. So they are
read on first use, which parses every configuration file.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from types import SimpleNamespace

from .._common import conda_version
from .channels import configured_urls, serving
from .condarc import WrongValue, boolean, expand
from .merge import Configuration


class Connection(SimpleNamespace):  # typing.NamedTuple would take a hundredth of a heartbeat's time
    """What the configuration says about requests.

    The defaults replace a setting that cannot be read. While there is a problem, no request
    can be made as configured.
    """

    repositories: tuple[str, ...] = ()  #: those of REPOSITORIES that serve a configured channel
    offline: bool = True
    proxy_servers: Mapping[str, str | None] = {}
    ssl_verify: bool | str = True
    client_ssl_cert: str | None = None
    client_ssl_cert_key: str | None = None
    problems: tuple[str, ...] = ()  #: without any value


def read_connection(configuration: Configuration, root: str | None) -> Connection:
    """Return what the configuration says about requests."""
    value = configuration.value
    readers: dict[str, Callable[[], object]] = {
        "repositories": lambda: serving(configured_urls(configuration, conda_version(root))),
        "offline": lambda: boolean(value("offline", default=False)),
        "proxy_servers": lambda: {
            key: _text_or_none(url) for key, url in configuration.mapping("proxy_servers").items()
        },
        "ssl_verify": lambda: _ssl_verify(value("ssl_verify", "verify_ssl", default=True)),
        "client_ssl_cert": lambda: _text_or_none(value("client_ssl_cert", "client_cert")),
        "client_ssl_cert_key": lambda: _text_or_none(
            value("client_ssl_cert_key", "client_cert_key")
        ),
    }
    return collect(readers, configuration.problems())


def collect(readers: Mapping[str, Callable[[], object]], problems: list[str]) -> Connection:
    """Call one function for each field, and append their failures to the problems."""
    values: dict[str, object] = {}
    problems = list(problems)
    for name, read in readers.items():
        setting = "channels" if name == "repositories" else name
        try:
            values[name] = read()
        except WrongValue as error:
            problems.append(f"{setting}: {error}")
        except Exception as error:  # its text may quote the value
            problems.append(f"{setting}: {type(error).__name__}")
    return Connection(**values, problems=tuple(problems))


def read_envs_dirs(configuration: Configuration, root: str | None) -> tuple[str, ...]:
    """Return the directories in which environments are looked up by name."""
    directories = [*configuration.sequence("envs_dirs", "envs_path", delimiter=os.pathsep)]
    directories.append(os.path.join("~", ".conda", "envs"))
    if root:
        # As in Context.envs_dirs, base's own directory comes first if it is writable.
        writable = os.access(os.path.join(root, "conda-meta", "history"), os.W_OK)
        directories.insert(len(directories) - writable, os.path.join(root, "envs"))
    paths = [os.path.abspath(os.path.expanduser(expand(path))) for path in directories]
    return tuple(dict.fromkeys(paths))


def _text_or_none(value: object) -> str | None:
    text = expand(value).strip()
    return None if text.lower() == "none" else text


def _ssl_verify(value: object) -> bool | str:
    text = expand(value).strip()
    try:
        return boolean(text)
    except WrongValue:
        if text != "truststore" and not os.path.exists(text):
            raise WrongValue("no such file or directory") from None
        return text
