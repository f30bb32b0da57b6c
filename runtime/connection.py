"""How a client proves to Kafka who it is, and checks whom it talks to, in the words of each client
library.

Passwords leave `SecretStr` here and in `runtime.tokens`, and nowhere else. Raises OSError when a
file of certificates can't be read.
"""

import ssl
from typing import TYPE_CHECKING, Any

from runtime.settings import KafkaSettings, SaslMechanism
from runtime.tokens import Tokens, tokens_of

if TYPE_CHECKING:
    from faststream.security import BaseSecurity


def tls(settings: KafkaSettings) -> ssl.SSLContext | None:
    """Verifies the broker's certificate and its name, and shows ours where we have one; None when
    the listener is not encrypted.
    """
    if not settings.security_protocol.encrypted:
        return None
    context = ssl.create_default_context(
        cafile=None if settings.ca_file is None else str(settings.ca_file)
    )
    if settings.certificate_file is not None:
        context.load_cert_chain(
            settings.certificate_file,
            settings.key_file,
            settings.key_password.get_secret_value() or None,
        )
    return context


def token_provider(settings: KafkaSettings) -> Tokens | None:
    """What gives aiokafka, and FastStream beside its `security`, tokens; None: there are none."""
    return tokens_of(settings.token_source) if settings.with_tokens else None


def for_aiokafka(settings: KafkaSettings) -> dict[str, object]:
    """Options of aiokafka's producers, consumers and admin client."""
    options: dict[str, object] = {
        "bootstrap_servers": settings.bootstrap,
        "security_protocol": settings.security_protocol.value,
        "ssl_context": tls(settings),
    }
    if settings.with_tokens:
        options |= {
            "sasl_mechanism": settings.sasl_mechanism.value,
            "sasl_oauth_token_provider": token_provider(settings),
        }
    elif settings.security_protocol.authenticated:
        options |= {
            "sasl_mechanism": settings.sasl_mechanism.value,
            "sasl_plain_username": settings.username,
            "sasl_plain_password": settings.password.get_secret_value(),
        }
    return options


def for_faststream(settings: KafkaSettings) -> "BaseSecurity | None":
    """FastStream's `security`."""
    from faststream import security  # noqa: PLC0415 (producers and the API do without it)

    sasl = {
        SaslMechanism.SCRAM_SHA_512: security.SASLScram512,
        SaslMechanism.SCRAM_SHA_256: security.SASLScram256,
        SaslMechanism.PLAIN: security.SASLPlaintext,
    }
    protocol = settings.security_protocol
    context = tls(settings)
    if settings.with_tokens:
        return security.SASLOAuthBearer(ssl_context=context, use_ssl=protocol.encrypted)
    if protocol.authenticated:
        return sasl[settings.sasl_mechanism](
            settings.username,
            settings.password.get_secret_value(),
            ssl_context=context,
            use_ssl=protocol.encrypted,
        )
    return security.BaseSecurity(ssl_context=context) if protocol.encrypted else None


def for_confluent(settings: KafkaSettings) -> dict[str, Any]:
    """Options of confluent-kafka's clients."""
    options: dict[str, Any] = {
        "bootstrap.servers": settings.bootstrap,
        "security.protocol": settings.security_protocol.value,
    }
    if settings.security_protocol.encrypted and settings.ca_file is not None:
        options["ssl.ca.location"] = str(settings.ca_file)
    if settings.security_protocol.encrypted and settings.certificate_file is not None:
        options |= {
            "ssl.certificate.location": str(settings.certificate_file),
            "ssl.key.location": str(settings.key_file or settings.certificate_file),
        }
        if password := settings.key_password.get_secret_value():
            options["ssl.key.password"] = password
    if settings.with_tokens:
        options |= {
            "sasl.mechanism": settings.sasl_mechanism.value,
            "oauth_cb": tokens_of(settings.token_source).for_confluent,
        }
    elif settings.security_protocol.authenticated:
        options |= {
            "sasl.mechanism": settings.sasl_mechanism.value,
            "sasl.username": settings.username,
            "sasl.password": settings.password.get_secret_value(),
        }
    return options
