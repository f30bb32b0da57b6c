"""Certificates of one stack: an authority of its own, and what it vouches for. Made by the program
`openssl`, as PEM.
"""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from devstack.part import PartFailed

DAYS = 30
_EXTENSIONS = """\
[req]
distinguished_name = name
[name]
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[issued]
subjectAltName = IP:127.0.0.1, DNS:localhost
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth, clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
"""


@dataclass(frozen=True, slots=True)
class Identity:
    """One certificate with its key; `both` holds them in one file, as Kafka reads them."""

    certificate: Path
    key: Path
    both: Path


class Authority:
    """Signs for one stack. Its files are readable by their owner alone."""

    def __init__(self, folder: Path) -> None:
        """Make the authority unless it exists. Raises PartFailed without `openssl`."""
        self._folder = folder
        self._extensions = folder / "extensions.cnf"
        self.certificate = folder / "ca.pem"
        self._key = folder / "ca.key"
        if self.certificate.exists():
            return
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._extensions.write_text(_EXTENSIONS)
        self._openssl(
            "req",
            "-x509",
            *self._new(self._key, "looks-authority", "authority"),
            "-out",
            str(self.certificate),
        )

    def issue(self, name: str) -> Identity:
        """A certificate for servers on loopback and for clients, once; its subject is CN=name."""
        made = Identity(*(self._folder / f"{name}.{kind}" for kind in ("pem", "key", "both")))
        if made.both.exists():
            return made
        request = self._folder / f"{name}.csr"
        self._openssl("req", *self._new(made.key, name, "issued"), "-out", str(request))
        signed = (
            "-CA",
            str(self.certificate),
            "-CAkey",
            str(self._key),
            "-CAcreateserial",
            "-days",
            str(DAYS),
        )
        extended = ("-extfile", str(self._extensions), "-extensions", "issued")
        self._openssl(
            "x509", "-req", "-in", str(request), *signed, *extended, "-out", str(made.certificate)
        )
        made.both.touch(mode=0o600)
        made.both.write_text(
            made.key.read_text() + made.certificate.read_text() + self.certificate.read_text()
        )
        return made

    def _new(self, key: Path, name: str, section: str) -> tuple[str, ...]:
        """Flags of a new key, in the clear and readable by its owner alone, and a request or
        certificate for it.
        """
        key.touch(mode=0o600)
        curve = (
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-keyout",
            str(key),
        )
        flags = ("-new", "-sha256", "-subj", f"/CN={name}", "-config", str(self._extensions))
        return (
            *flags,
            *curve,
            *(("-days", str(DAYS), "-extensions", section) if section == "authority" else ()),
        )

    def _openssl(self, *words: str) -> None:
        program = shutil.which("openssl")
        if program is None:
            raise PartFailed(
                "a secured stack makes its certificates with the program `openssl`, which is "
                "missing"
            )
        done = subprocess.run(
            [program, *words], capture_output=True, text=True, timeout=30, check=False
        )
        if done.returncode != 0:
            raise PartFailed(f"openssl {words[0]}: {done.stderr[-800:]}")
