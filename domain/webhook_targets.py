"""Which URLs and addresses a webhook may reach: public ones alone. Checked when a URL is given and
again at each delivery.

The URL is read strictly, so that no two parsers see two hosts in it. Spellings of numbers
(`2130706433`, `0x7f.1`) need no rule of their own: whoever resolves the host gets addresses, and it
is these that are judged and connected to.
"""

import re
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final
from urllib.parse import urlsplit

MAX_URL_CHARS: Final = 2048
PORTS: Final = (443, 8443)
"""Without `insecure`, of https."""

_DEFAULT_PORTS: Final = {"https": 443, "http": 80}
_HOST: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,252})|\[[0-9A-Fa-f:.]{2,45}\]")
_VISIBLE_ASCII: Final = re.compile(r"[!-~]+")
_NEVER: Final = frozenset('\\"<>^`{|}#')
_RELAY: Final = IPv4Network("192.88.99.0/24")
_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")
_EMBEDS_IPV4: Final = (IPv6Network("2002::/16"), IPv6Network("2001::/32"))  # 6to4, Teredo


@dataclass(frozen=True, slots=True)
class Target:
    """Where a URL leads."""

    scheme: str
    host: str  # without brackets
    port: int


def target_of(url: str, *, insecure: bool = False) -> Target | str:
    """Where a webhook's URL leads, or what is wrong with it. `insecure`: http and any port will do,
    for development.
    """
    if len(url) > MAX_URL_CHARS:
        return f"is longer than {MAX_URL_CHARS} characters"
    if not _VISIBLE_ASCII.fullmatch(url) or set(url) & _NEVER:
        return "must be an absolute URL of visible ASCII characters, without a fragment"
    try:
        parts = urlsplit(url)
        port = parts.port if parts.port is not None else _DEFAULT_PORTS.get(parts.scheme, 0)
    except ValueError:
        return "is not a URL"
    host = re.sub(r":\d*$", "", parts.netloc)
    problems = {
        "must begin with https://": parts.scheme != "https"
        and not (insecure and parts.scheme == "http"),
        "must not hold a user name or a password": "@" in parts.netloc,
        "has no valid host": not _HOST.fullmatch(host),
        f"must use one of the ports {', '.join(str(one) for one in PORTS)}": port not in PORTS
        and not (insecure and port),
    }
    problem = next((text for text, found in problems.items() if found), None)
    return problem or Target(parts.scheme, host.strip("[]"), port)


def is_public(address: str) -> bool:
    """Whether an IP address, as a resolver gave it, is one of the public internet's. False for what
    is no address.
    """
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, IPv6Address):
        if ip.ipv4_mapped is not None:
            return is_public(str(ip.ipv4_mapped))
        if (
            ip.scope_id is not None
            or ip not in _GLOBAL_UNICAST
            or any(ip in network for network in _EMBEDS_IPV4)
        ):
            return False
    elif ip in _RELAY:
        return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified)
