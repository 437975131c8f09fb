"""The connection of a request: through which proxy, and with which certificates.

conda's requests go through the library requests, whose rules about proxies and
certificates, including its environment variables, are followed here. Importing it would add
a quarter to the cost of a heartbeat, so it is only imported if a proxy may be configured:
urllib3, which requests is built on, makes the connection.
"""

from __future__ import annotations

import os

from .._common import say
from ..settings import Connection
from . import system

TYPE_CHECKING = False  # typing.TYPE_CHECKING without importing typing
if TYPE_CHECKING:
    from typing import Any

    from urllib3 import PoolManager


class InvalidProxy(ValueError):
    """A proxy is not a URL; the message does not quote it."""


def manager(url: str, connection: Connection) -> PoolManager:
    """Return a ``urllib3.PoolManager`` that makes connections as conda's session does."""
    import urllib3

    proxy = _proxy(url, connection)
    options = {} if url.startswith("http:") and not proxy else _tls(connection)
    if not proxy:
        return urllib3.PoolManager(**options)
    from requests.adapters import HTTPAdapter

    # Only the proxy gets the user name and password in its URL.
    proxied: PoolManager = HTTPAdapter().proxy_manager_for(proxy, **options)
    return proxied


def request(manager: PoolManager, url: str, user_agent: str, timeout: float) -> int:
    """Send one HEAD request and return the HTTP status of the response.

    It has no body, no cookie and no credentials, not even from ``.netrc``: urllib3 handles
    none of these. A proxy gets the credentials in its own URL, as from conda. The request
    is not retried, and redirects are not followed. The timeout, in seconds, applies to the
    connection and to the response. The manager is closed.
    """
    with manager:
        response = manager.request(
            "HEAD", url, headers={"User-Agent": user_agent}, retries=False, redirect=False,
            timeout=timeout, preload_content=False,
        )  # fmt: skip
        return response.status


def visible_proxy(url: str, connection: Connection) -> str | None:
    """Return the proxy of a request without its credentials; raise an Exception if it is invalid."""
    from .._common import redact

    proxy = _proxy(url, connection)
    return redact(proxy) if proxy else None


def _proxy(url: str, connection: Connection) -> str | None:
    """Return the URL of the proxy that requests chooses by the settings and variables."""
    if not (connection.proxy_servers or system.has_proxies()):
        say("connection: no proxy is configured, so requests is not needed")
        return None
    say("connection: requests chooses among the configured proxies")
    import requests
    from requests.utils import prepend_scheme_if_needed, select_proxy
    from urllib3.util import parse_url

    with requests.Session() as session:
        for scheme, server in connection.proxy_servers.items():
            if server is not None:
                session.proxies[scheme] = server
        merged = session.merge_environment_settings(url, {}, None, None, None)
    proxy = select_proxy(url, merged["proxies"])
    if not proxy:
        return None
    try:
        # types-requests lacks the types of this function.
        proxy = str(prepend_scheme_if_needed(proxy, "http"))  # type: ignore[no-untyped-call]
        parts = parse_url(proxy)
        # An @ after the host comes from a password with a slash.
        valid = bool(parts.host) and "@" not in f"{parts.path}{parts.query}{parts.fragment}"
    except ValueError:  # of both libraries, which quote parts of the password
        valid = False
    if not valid:
        raise InvalidProxy(
            "the proxy is not a valid URL; percent-encode special characters in its password"
        )
    return proxy


def _tls(connection: Connection) -> dict[str, Any]:
    """Return urllib3's options for certificates."""
    import ssl

    options: dict[str, Any] = {}
    if connection.client_ssl_cert:
        options["cert_file"] = connection.client_ssl_cert
        options["key_file"] = connection.client_ssl_cert_key
    verify = connection.ssl_verify
    if verify == "truststore":
        import truststore

        return {**options, "ssl_context": truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)}
    # As in requests, these variables override the setting.
    variables = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
    verify = next(filter(None, map(os.environ.get, variables)), verify)
    if verify is False:
        import urllib3

        urllib3.disable_warnings()  # the user chose it
        return {**options, "cert_reqs": "CERT_NONE"}
    if verify is True:
        import certifi

        verify = certifi.where()
    place = "ca_cert_dir" if os.path.isdir(verify) else "ca_certs"
    return {**options, "cert_reqs": "CERT_REQUIRED", place: verify}
