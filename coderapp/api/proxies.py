"""Which proxy the system wants for an address. Never one for this machine itself."""

from __future__ import annotations

import ipaddress
import os
from urllib.parse import urlsplit


def is_loopback(host: str) -> bool:
    name = host.rstrip(".").casefold()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback or address.is_unspecified


def proxy_for(url: str) -> str:
    """The proxy's address, or "" for a direct connection. From the environment, the registry or the system's
    settings, whatever the platform has; the exceptions that are set there hold, networks in `no_proxy` too.
    """
    from urllib.request import getproxies, proxy_bypass

    parts = urlsplit(url)
    host = parts.hostname or ""
    if is_loopback(host):
        return ""
    settings = getproxies()
    proxy = settings.get(parts.scheme) or settings.get("all") or ""
    if not proxy or _in_excepted_network(host) or proxy_bypass(f"{host}:{parts.port}" if parts.port else host):
        return ""
    return proxy if "://" in proxy else f"http://{proxy}"


def _in_excepted_network(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    for entry in (os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or "").split(","):
        try:
            if address in ipaddress.ip_network(entry.strip(), strict=False):
                return True
        except ValueError:
            continue
    return False
