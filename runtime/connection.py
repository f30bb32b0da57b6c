"""How a client proves to Kafka who it is, and checks whom it talks to, in the words of each client
library.

Passwords leave `SecretStr` here and nowhere else. Raises OSError when the file of authorities can't
be read.
"""

import ssl

from faststream.security import BaseSecurity, SASLPlaintext, SASLScram256, SASLScram512

from runtime.settings import KafkaSettings, SaslMechanism

_SASL = {
    SaslMechanism.SCRAM_SHA_512: SASLScram512,
    SaslMechanism.SCRAM_SHA_256: SASLScram256,
    SaslMechanism.PLAIN: SASLPlaintext,
}


def tls(settings: KafkaSettings) -> ssl.SSLContext | None:
    """Verifies the broker's certificate and its name; None when the listener is not encrypted."""
    if not settings.security_protocol.encrypted:
        return None
    return ssl.create_default_context(
        cafile=None if settings.ca_file is None else str(settings.ca_file)
    )


def for_aiokafka(settings: KafkaSettings) -> dict[str, object]:
    """Options of aiokafka's producers, consumers and admin client."""
    options: dict[str, object] = {
        "bootstrap_servers": settings.bootstrap,
        "security_protocol": settings.security_protocol.value,
        "ssl_context": tls(settings),
    }
    if settings.security_protocol.authenticated:
        options |= {
            "sasl_mechanism": settings.sasl_mechanism.value,
            "sasl_plain_username": settings.username,
            "sasl_plain_password": settings.password.get_secret_value(),
        }
    return options


def for_faststream(settings: KafkaSettings) -> BaseSecurity | None:
    """FastStream's `security`."""
    protocol = settings.security_protocol
    context = tls(settings)
    if protocol.authenticated:
        sasl = _SASL[settings.sasl_mechanism]
        return sasl(
            settings.username,
            settings.password.get_secret_value(),
            ssl_context=context,
            use_ssl=protocol.encrypted,
        )
    return BaseSecurity(ssl_context=context) if protocol.encrypted else None


def for_confluent(settings: KafkaSettings) -> dict[str, str | int | float | bool]:
    """Options of confluent-kafka's clients."""
    options: dict[str, str | int | float | bool] = {
        "bootstrap.servers": settings.bootstrap,
        "security.protocol": settings.security_protocol.value,
    }
    if settings.security_protocol.encrypted and settings.ca_file is not None:
        options["ssl.ca.location"] = str(settings.ca_file)
    if settings.security_protocol.authenticated:
        options |= {
            "sasl.mechanism": settings.sasl_mechanism.value,
            "sasl.username": settings.username,
            "sasl.password": settings.password.get_secret_value(),
        }
    return options
