"""Which engine makes a look: what the look asks for, else what its tenant has, else the
deployment's default.
"""

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Final

from domain.webhook_targets import target_of
from schemas.engines import EngineName

OPTION: Final = "engine"
"""In `runtime_config`."""


def asked_for(
    runtime_config: Mapping[str, object] | None, tenants_engine: str | None
) -> str | None:
    """What the look asks for, else its tenant's engine; None: neither has a say."""
    own = (runtime_config or {}).get(OPTION)
    return own if isinstance(own, str) and own in set(EngineName) else tenants_engine


def named(name: str | None, default: EngineName) -> EngineName | None:
    """The engine of this name, the default where there is no name; None: a name that nothing here
    answers to.
    """
    if name is None:
        return default
    return EngineName(name) if name in set(EngineName) else None


def url_problem(url: str, *, plaintext: bool = False) -> str | None:
    """What is wrong with a remote engine's URL; None: nothing. `plaintext`: http:// may go to
    another machine.

    The operator names it, so private addresses will do: the rules for strangers' URLs
    (`domain.webhook_targets`) are not its.
    """
    target = target_of(url, insecure=True)
    if isinstance(target, str):
        return target
    if "?" in url:
        return "must not hold a query"
    if target.scheme == "http" and not plaintext and not is_this_machine(target.host):
        return "must begin with https://, unless LOOKS_ENGINE_ALLOW_PLAINTEXT is set"
    return None


def is_this_machine(host: str) -> bool:
    """Whether a URL's host is the machine that reads it."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
