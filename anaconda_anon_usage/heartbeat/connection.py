"""How a request reaches its server: through which proxy, and trusting whom.

conda's requests go through the library requests, whose rules about proxies and
certificates (variables among them) are asked here. To import it would add a quarter to
what a heartbeat costs, so where there is nothing to ask it is left out: the connection
itself is made by urllib3, which requests stands on and always brings.
"""

from __future__ import annotations

import os
from typing import NamedTuple

from .._common import say
from ..settings import Settings


class Route(NamedTuple):
    """The proxy's URL, or None; and ``ssl_verify`` as conda documents it."""

    proxy: str | None
    verify: bool | str


def manager(url: str, settings: Settings):
    """Return a ``urllib3.PoolManager`` that makes connections as conda's session does.

    Args:
        url: what will be asked for.
        settings: the settings that hold.

    Raises:
        Exception: what TLS should trust can't be had, or the proxy can't be used.
    """
    import urllib3

    route = _route(url, settings)
    options = _tls(route.verify)
    if settings.client_ssl_cert:
        options["cert_file"] = settings.client_ssl_cert
        options["key_file"] = settings.client_ssl_cert_key
    if not route.proxy:
        return urllib3.PoolManager(**options)
    from requests.adapters import HTTPAdapter

    # Its user name and password, if it has some, are for the proxy alone.
    return HTTPAdapter().proxy_manager_for(route.proxy, **options)


def request(manager, url: str, user_agent: str, timeout: float) -> int:
    """Send one HEAD request and return the HTTP status of the response.

    It carries nothing but the User-Agent: no body, no cookie, no credential and nothing
    from ``.netrc``, none of which urllib3 handles. It is not retried, and no redirect is
    followed.

    Args:
        manager: the ``urllib3.PoolManager`` to send it through, which is closed.
        url: what to ask for.
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


def visible_proxy(url: str, settings: Settings) -> str | None:
    """Return the proxy that a request goes through, with its credentials hidden.

    Args:
        url: what will be asked for.
        settings: the settings that hold.
    """
    from urllib.parse import urlsplit

    proxy = _route(url, settings).proxy
    if not proxy:
        return None
    credentials, separator, _ = urlsplit(proxy).netloc.rpartition("@")
    return proxy.replace(credentials, "…", 1) if separator else proxy


def _route(url: str, settings: Settings) -> Route:
    """Return what the settings, and the variables that requests knows, say of a URL."""
    from urllib.request import getproxies

    variables = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
    if not (variables or settings.proxy_servers or getproxies()):
        say("connection: no proxy and no certificates are named, so requests is not needed")
        return Route(None, settings.ssl_verify)
    say("connection: requests decides about the proxies and certificates that are named")
    import requests
    from requests.utils import prepend_scheme_if_needed, select_proxy

    with requests.Session() as session:
        session.proxies.update(settings.proxy_servers)
        session.verify = settings.ssl_verify
        merged = session.merge_environment_settings(url, {}, None, None, None)
    proxy = select_proxy(url, merged["proxies"])
    # requests does not know of truststore, and takes it for a path.
    truststore = settings.ssl_verify == "truststore"
    return Route(
        proxy and prepend_scheme_if_needed(proxy, "http"),
        settings.ssl_verify if truststore else merged["verify"],
    )


def _tls(verify: bool | str) -> dict:
    """Return urllib3's options for what ``ssl_verify`` says."""
    import ssl

    if verify is False:
        import urllib3

        urllib3.disable_warnings()  # it is the user's choice
        return {"cert_reqs": "CERT_NONE"}
    if verify == "truststore":
        import truststore

        return {"ssl_context": truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)}
    if verify is True:
        import certifi

        verify = certifi.where()
    place = "ca_cert_dir" if os.path.isdir(verify) else "ca_certs"
    return {"cert_reqs": "CERT_REQUIRED", place: verify}
