"""A real mail server on loopback that keeps what it is sent, and misbehaves when told to."""

import asyncio
import datetime
import ipaddress
import ssl
import threading
import warnings
from collections.abc import Callable
from email import message_from_bytes
from email.policy import default

from aiosmtpd.smtp import SMTP, AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

USER, PASSWORD = "haetae", "the password of the mail server"


def certificate(folder, name="localhost"):
    """A self-signed certificate for this name and 127.0.0.1: (certificate file, key file)."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    names = x509.SubjectAlternativeName([x509.DNSName(name), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    built = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
    built = built.serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
    built = built.not_valid_after(now + datetime.timedelta(days=1)).add_extension(names, critical=False)
    built = built.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    made = built.sign(key, hashes.SHA256())
    cert_file, key_file = folder / f"{name}.pem", folder / f"{name}.key"
    cert_file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    key_file.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    return cert_file, key_file


class _Handler:
    def __init__(self, server):
        self._server = server

    async def handle_RCPT(self, _server, _session, envelope, address, _options):  # noqa: N802 (aiosmtpd's name)
        answer = self._server.refuses(address)
        if answer is not None:
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server, session, envelope):  # noqa: N802
        answer = self._server.answer
        if answer == "hang up":
            session.peer = None
            self._server.transports[-1].abort()
            return "250 never seen"
        if answer is None or answer.startswith("2"):
            message = message_from_bytes(envelope.content, policy=default)
            self._server.received.append((list(envelope.rcpt_tos), message))
        return answer or "250 2.0.0 queued as 42"


class MailServer:
    """`with MailServer(...) as server:`; `received` is a list of (recipients, message). `answer` is what DATA is answered (None: accepted),
    `refuses` says what a recipient is answered (None: fine)."""

    def __init__(self, *, tls=None, security="none", login=False):
        """`tls`: (certificate, key); `security` none, starttls or tls; `login`: only USER with PASSWORD may send."""
        self.received = []
        self.answer: str | None = None
        self.refuses: Callable[[str], str | None] = lambda _address: None
        self.logins = []
        self.transports = []
        self.open = set()
        context = None
        if tls is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
        self._options = {"tls_context": context, "require_starttls": True} if security == "starttls" else {}
        if login:
            self._options |= {"authenticator": self._authenticate, "auth_required": True, "auth_require_tls": security == "starttls"}
        self._context = context if security == "tls" else None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self):
        self._thread.start()
        made = self._loop.create_server(self._connection, host="127.0.0.1", port=0, ssl=self._context)
        self._server = asyncio.run_coroutine_threadsafe(made, self._loop).result(10)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_error):
        asyncio.run_coroutine_threadsafe(self._shut(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def _connection(self):
        server = self

        class Connection(SMTP):
            def connection_made(self, transport):
                server.transports.append(transport)
                server.open.add(self)
                super().connection_made(transport)

            def connection_lost(self, error):
                server.open.discard(self)
                super().connection_lost(error)

        with warnings.catch_warnings():
            # It warns of passwords without TLS, where it does not know that the whole connection is in it.
            warnings.simplefilter("ignore")
            return Connection(_Handler(self), hostname="mail", loop=self._loop, **self._options)

    def _authenticate(self, _server, _session, _envelope, _mechanism, data):
        self.logins.append((data.login.decode(), data.password.decode()))
        return AuthResult(success=self.logins[-1] == (USER, PASSWORD), handled=False)

    async def _shut(self):
        self._server.close()
        for transport in self.transports:
            transport.abort()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        # What was aborted is closed in the next rounds of the loop.
        async with asyncio.timeout(10):
            while self.open:
                await asyncio.sleep(0.001)
