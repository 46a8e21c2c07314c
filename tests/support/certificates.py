"""An authority that signs certificates of servers and clients, in the directories that NBD programs read them from."""

import datetime
import ipaddress

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY = datetime.timedelta(days=1)


def _name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _pem(key):
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())


class Authority:
    def __init__(self, name="authority"):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = _name(name)
        self.certificate = self._sign(self.name, self.key, x509.BasicConstraints(ca=True, path_length=None))

    def _sign(self, subject, key, constraints, uses=(), days=30):
        now = datetime.datetime.now(datetime.timezone.utc)
        made = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - 60 * DAY)
            .not_valid_after(now + days * DAY)
            .add_extension(constraints, critical=True)
        )
        if uses:
            address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
            made = made.add_extension(x509.SubjectAlternativeName([address]), critical=False)
            made = made.add_extension(x509.ExtendedKeyUsage(list(uses)), critical=False)
        return made.sign(self.key, hashes.SHA256())

    def directory(self, path, role, days=30, trusted=None):
        """Writes `ca-cert.pem`, `<role>-cert.pem` and `<role>-key.pem`; `role` is `server`, `client`, or None for no certificate.
        A negative number of days: it has expired."""
        path.mkdir()
        encoding = serialization.Encoding.PEM
        (path / "ca-cert.pem").write_bytes((trusted or self).certificate.public_bytes(encoding))
        if role:
            key = ec.generate_private_key(ec.SECP256R1())
            use = ExtendedKeyUsageOID.SERVER_AUTH if role == "server" else ExtendedKeyUsageOID.CLIENT_AUTH
            made = self._sign(_name(role), key, x509.BasicConstraints(ca=False, path_length=None), [use], days)
            (path / f"{role}-cert.pem").write_bytes(made.public_bytes(encoding))
            (path / f"{role}-key.pem").write_bytes(_pem(key))
        return path
