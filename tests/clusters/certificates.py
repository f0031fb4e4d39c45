"""An authority of the tests, and a certificate by it."""

from __future__ import annotations

import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

BEGIN = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
END = datetime.datetime(2100, 1, 1, tzinfo=datetime.UTC)


class Certificates:
    """PEM files of an authority's certificate, and of a party's with its key."""

    def __init__(self, folder: Path) -> None:
        self.ca, self.cert, self.key = (folder / name for name in ("ca.pem", "cert.pem", "key.pem"))
        root, own = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        issuer = self._name("authority of the archive")
        authority = self._builder(issuer, issuer, root, True).sign(root, hashes.SHA256())
        party = self._builder(self._name("wetgate"), issuer, own, False)
        self.ca.write_bytes(authority.public_bytes(serialization.Encoding.PEM))
        signed = party.sign(root, hashes.SHA256())
        self.cert.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
        self.key.write_bytes(own.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ))  # fmt: skip

    def toml(self) -> str:
        """As a profile names them."""
        return f"[tls]\nca = '{self.ca}'\ncert = '{self.cert}'\nkey = '{self.key}'\n"

    @staticmethod
    def _name(common: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])

    @staticmethod
    def _builder(
        subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, authority: bool
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(BEGIN)
            .not_valid_after(END)
            .add_extension(x509.BasicConstraints(authority, None), critical=True)
        )
