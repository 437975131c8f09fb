"""conda's own settings that a heartbeat obeys, and the directories of environments.

Only a heartbeat that is sent, or a person who looks at one, needs them. So they are read
on first use, which parses every configuration file.
"""

from __future__ import annotations

import os
from collections import namedtuple
from collections.abc import Callable, Mapping

from .._common import conda_version
from .channels import configured_urls, serving
from .merge import Configuration
from .values import WrongValue, boolean, boolean_or_text, expand

#: What the configuration says about requests: which of REPOSITORIES serve a configured
#: channel; ``offline``, ``proxy_servers``, ``ssl_verify``, ``client_ssl_cert`` and
#: ``client_ssl_cert_key`` as conda documents them; and what is wrong, in words without
#: any value. While there is a problem, no request can be made as configured.
Connection = namedtuple(
    "Connection",
    "repositories offline proxy_servers ssl_verify client_ssl_cert client_ssl_cert_key problems",
)

# What takes the place of a setting that cannot be read.
_OTHERWISE = Connection((), True, {}, True, None, None, ())


def read_connection(configuration: Configuration, root: str | None) -> Connection:
    """Return what the configuration says about requests.

    Args:
        configuration: the configuration files and variables.
        root: the prefix of the conda installation, or None.
    """
    value = configuration.value
    readers = {
        "repositories": lambda: serving(configured_urls(configuration, conda_version(root))),
        "offline": lambda: boolean(value("offline", default=False)),
        "proxy_servers": lambda: {
            key: _none_or_text(url) for key, url in configuration.mapping("proxy_servers").items()
        },
        "ssl_verify": lambda: _ssl_verify(value("ssl_verify", "verify_ssl", default=True)),
        "client_ssl_cert": lambda: _path(value("client_ssl_cert", "client_cert", default=None)),
        "client_ssl_cert_key": lambda: _path(
            value("client_ssl_cert_key", "client_cert_key", default=None)
        ),
    }
    return collect(readers, configuration.problems())


def collect(readers: Mapping[str, Callable[[], object]], problems: list[str]) -> Connection:
    """Return settings that are read one by one, so that a wrong one spoils only itself.

    Args:
        readers: for each field of Connection but the problems, a function that returns
            its value.
        problems: what is wrong besides.
    """
    values = {}
    problems = list(problems)
    for name, read in readers.items():
        setting = "channels" if name == "repositories" else name
        try:
            values[name] = read()
        except WrongValue as error:
            problems.append(f"{setting}: {error}")
        except Exception as error:  # its text may quote the value
            problems.append(f"{setting}: {type(error).__name__}")
    return _OTHERWISE._replace(**values, problems=tuple(problems))


def read_envs_dirs(configuration: Configuration, root: str | None) -> tuple[str, ...]:
    """Return the directories in which environments are looked up by name.

    Args:
        configuration: the configuration files and variables.
        root: the prefix of the conda installation, or None.

    Raises:
        WrongValue: the setting has a value that conda would refuse.
    """
    configured = configuration.sequence("envs_dirs", "envs_path", delimiter=os.pathsep)
    own = os.path.join("~", ".conda", "envs")
    fixed = [own]
    if root:
        # As in Context.envs_dirs, base's own directory comes first if it is writable.
        writable = os.access(os.path.join(root, "conda-meta", "history"), os.W_OK)
        of_root = os.path.join(root, "envs")
        fixed = [of_root, own] if writable else [own, of_root]
    return tuple(
        dict.fromkeys(
            os.path.abspath(os.path.expanduser(str(expand(directory))))
            for directory in [*configured, *fixed]
        )
    )


def _none_or_text(value: object) -> str | None:
    text = expand(value)
    return None if str(text).lower() == "none" else str(text)


def _path(value: object) -> str | None:
    text = str(expand(value)).strip()
    return None if text.lower() == "none" else text


def _ssl_verify(value: object) -> bool | str:
    verify = boolean_or_text(expand(value))
    if isinstance(verify, str) and verify != "truststore" and not os.path.exists(verify):
        raise WrongValue("no such file or directory")
    return verify
