"""The connection of a request: through which proxy, and with which certificates.

conda's requests go through the library requests, whose rules about proxies and
certificates, variables among them, are followed here. Importing it would add a quarter to
the cost of a heartbeat, so it is left out if no proxy and no certificates are configured:
urllib3, which requests is built on, makes the connection.
"""

from __future__ import annotations

import os
from collections import namedtuple

from .._common import redact, say
from ..settings import Connection

#: The proxy's URL, or None; and ``ssl_verify`` as conda documents it.
Route = namedtuple("Route", "proxy verify")


class InvalidProxy(ValueError):
    """A proxy is not a URL; the message does not quote it."""


def manager(url: str, connection: Connection):
    """Return a ``urllib3.PoolManager`` that makes connections as conda's session does.

    Args:
        url: the URL of the request.
        connection: the settings that apply.

    Raises:
        Exception: the certificates or the proxy cannot be used.
    """
    import urllib3

    route = _route(url, connection)
    options = _tls(route.verify)
    if connection.client_ssl_cert:
        options["cert_file"] = connection.client_ssl_cert
        options["key_file"] = connection.client_ssl_cert_key
    if not route.proxy:
        return urllib3.PoolManager(**options)
    from requests.adapters import HTTPAdapter

    # The proxy, and nobody else, gets the user name and password of its URL.
    return HTTPAdapter().proxy_manager_for(route.proxy, **options)


def request(manager, url: str, user_agent: str, timeout: float) -> int:
    """Send one HEAD request and return the HTTP status of the response.

    It has no body, no cookie and no credentials, also none from ``.netrc``: urllib3
    handles none of these. A proxy gets the credentials in its own URL, as from conda. The
    request is not retried, and redirects are not followed.

    Args:
        manager: the ``urllib3.PoolManager`` to send it through, which is closed.
        url: the URL of the request.
        user_agent: the only header that is set.
        timeout: seconds for the connection and for the response, each.

    Raises:
        Exception: the request failed.
    """
    with manager:
        response = manager.request(
            "HEAD",
            url,
            headers={"User-Agent": user_agent},
            retries=False,
            redirect=False,
            timeout=timeout,
            preload_content=False,
        )
        return response.status


def visible_proxy(url: str, connection: Connection) -> str | None:
    """Return the proxy that a request goes through, without its credentials.

    Args:
        url: the URL of the request.
        connection: the settings that apply.

    Raises:
        Exception: the proxy cannot be used.
    """
    proxy = _route(url, connection).proxy
    return redact(proxy) if proxy else None


def _route(url: str, connection: Connection) -> Route:
    """Return the proxy and certificates by the settings and by requests' variables."""
    from urllib.request import getproxies

    variables = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
    if not (variables or connection.proxy_servers or getproxies()):
        say("connection: no proxy and no certificates are configured, so requests is not needed")
        return Route(None, connection.ssl_verify)
    say("connection: requests chooses among the configured proxies and certificates")
    import requests
    from requests.utils import select_proxy

    with requests.Session() as session:
        session.proxies.update(connection.proxy_servers)
        session.verify = connection.ssl_verify
        merged = session.merge_environment_settings(url, {}, None, None, None)
    proxy = select_proxy(url, merged["proxies"])
    # requests does not support "truststore" and takes it for a path.
    truststore = connection.ssl_verify == "truststore"
    return Route(
        _proxy_url(proxy) if proxy else None,
        connection.ssl_verify if truststore else merged["verify"],
    )


def _proxy_url(proxy: str) -> str:
    """Return the URL of a proxy, which may lack the scheme.

    Raises:
        InvalidProxy: it is not a URL. The libraries would quote parts of the password.
    """
    from requests.utils import prepend_scheme_if_needed
    from urllib3.util import parse_url

    try:
        proxy = prepend_scheme_if_needed(proxy, "http")
        parts = parse_url(proxy)
        # Behind the host, an @ comes from a password with a slash.
        valid = bool(parts.host) and "@" not in f"{parts.path}{parts.query}{parts.fragment}"
    except ValueError:  # of both libraries; the cause would be quoted in debug output
        valid = False
    if not valid:
        raise InvalidProxy(
            "the proxy is not a valid URL; percent-encode special characters in its password"
        )
    return proxy


def _tls(verify: bool | str) -> dict:
    """Return urllib3's options for a value of ``ssl_verify``."""
    import ssl

    if verify is False:
        import urllib3

        urllib3.disable_warnings()  # the user chose it
        return {"cert_reqs": "CERT_NONE"}
    if verify == "truststore":
        import truststore

        return {"ssl_context": truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)}
    if verify is True:
        import certifi

        verify = certifi.where()
    place = "ca_cert_dir" if os.path.isdir(verify) else "ca_certs"
    return {"cert_reqs": "CERT_REQUIRED", place: verify}
