"""A mail relay for tests, which does as it is told: answers as a good one, until a script says otherwise."""

import base64
import socket
import ssl
import subprocess
import threading
from pathlib import Path

HANG_UP, HANG = object(), object()


def certificates(folder: Path) -> tuple[Path, Path, Path]:
    """A certificate authority of our own, and a certificate and key for `localhost` from it."""
    authority, key, certificate = folder / "ca.pem", folder / "key.pem", folder / "certificate.pem"

    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=folder)

    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-keyout", "ca.key", "-out", authority.name, "-subj", "/CN=Test authority")
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-keyout", key.name, "-out", "request.pem", "-subj", "/CN=localhost")
    (folder / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    openssl("x509", "-req", "-in", "request.pem", "-CA", authority.name, "-CAkey", "ca.key", "-CAcreateserial",
            "-days", "2", "-extfile", "names", "-out", certificate.name)
    return authority, certificate, key


class Relay:
    """`with Relay() as relay:`; `relay.mails` are those that it said 250 to."""

    def __init__(self, port: int = 0, tls: tuple | None = None, implicit: bool = False, login: tuple | None = None):
        self.mails: list[dict] = []
        self.commands: list[str] = []
        self.connections = 0
        self.most_open = 0
        self._open = 0
        self._script: list = []
        self._changed = threading.Condition()
        self._login = login
        self._implicit = implicit
        self._context = None
        if tls:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(tls[1], tls[2])
        self._listener = socket.create_server(("127.0.0.1", port), reuse_port=False)
        self.port = self._listener.getsockname()[1]
        self._sockets: list[socket.socket] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def __enter__(self) -> "Relay":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        for one in [self._listener, *self._sockets]:
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            one.close()

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def once(self, command: str, answer, times: int = 1) -> None:
        """The next commands that begin so are answered with this line, `HANG_UP` or `HANG`."""
        with self._changed:
            self._script += [(command, answer)] * times

    def forget(self) -> None:
        """No more of the script."""
        with self._changed:
            self._script.clear()

    def wait(self, mails: int, seconds: float = 30) -> list[dict]:
        """Waits until there are as many mails."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.mails) >= mails, seconds), f"{len(self.mails)} of {mails}"
            return list(self.mails)

    def wait_for(self, command: str, seconds: float = 30) -> None:
        """Waits until a command that begins so has come in."""
        with self._changed:
            assert self._changed.wait_for(lambda: any(one.startswith(command) for one in self.commands), seconds)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._sockets.append(connection)
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _scripted(self, command: str):
        with self._changed:
            for at, (of, answer) in enumerate(self._script):
                if command.startswith(of):
                    del self._script[at]
                    return answer
        return None

    def _talk(self, connection: socket.socket) -> None:
        with self._changed:
            self.connections += 1
            self._open += 1
            self.most_open = max(self.most_open, self._open)
        try:
            self._converse(connection)
        except (OSError, ValueError):
            pass
        finally:
            connection.close()
            with self._changed:
                self._open -= 1

    def _converse(self, connection: socket.socket) -> None:
        secure = self._implicit
        if self._implicit:
            connection = self._context.wrap_socket(connection, server_side=True)
        stream = connection.makefile("rb")
        mail: dict = {}
        logged_in = self._login is None
        command = "connect"
        while True:
            answer = self._scripted(command)
            if answer is HANG_UP:
                return
            if answer is HANG:
                threading.Event().wait()
            verb = command.split(" ")[0].upper()
            if answer is None:
                if verb in ("MAIL", "RCPT", "DATA") and not logged_in:
                    answer = "530 5.7.0 Authentication required"
                elif verb == "AUTH":
                    said = base64.b64decode(command.split(" ")[2]).decode().split("\0")[1:]
                    logged_in = tuple(said) == self._login
                    answer = "235 2.7.0 welcome" if logged_in else "535 5.7.8 who are you"
                else:
                    answer = self._usual(verb, secure)
            if verb == "MAIL" and answer.startswith("250"):
                mail = {"from": command[command.index("<") + 1 : command.index(">")], "to": []}
            elif verb == "RCPT" and answer.startswith("250"):
                mail["to"].append(command[command.index("<") + 1 : command.index(">")])
            elif verb == "." and answer.startswith("250"):
                with self._changed:
                    self.mails.append({**mail, "secure": secure})
                    self._changed.notify_all()
            connection.sendall(answer.encode() + b"\r\n")
            if verb == "QUIT":
                return
            if verb == "STARTTLS" and answer.startswith("220"):
                connection = self._context.wrap_socket(connection, server_side=True)
                stream, secure = connection.makefile("rb"), True
            if answer.startswith("354"):
                mail["mime"] = self._read_data(stream)
                command = "."
            else:
                line = stream.readline()
                if not line:
                    return
                command = line.decode().rstrip("\r\n")
            with self._changed:
                self.commands.append(command)
                self._changed.notify_all()

    def _usual(self, verb: str, secure: bool) -> str:
        if verb == "CONNECT":
            return "220 relay.example ESMTP"
        if verb == "EHLO":
            lines = ["relay.example", "8BITMIME", "SIZE 50000000"]
            lines += ["STARTTLS"] if self._context and not secure else []
            lines += ["AUTH PLAIN"] if self._login and (secure or not self._context) else []
            return "\r\n".join(f"250-{line}" for line in lines[:-1]) + f"\r\n250 {lines[-1]}"
        return {"STARTTLS": "220 go on", "DATA": "354 go ahead", "QUIT": "221 bye"}.get(verb, "250 2.0.0 Ok")

    @staticmethod
    def _read_data(stream) -> bytes:
        lines = []
        while (line := stream.readline()) != b".\r\n":
            if not line:
                raise ValueError("the data has no end")
            lines.append(line[1:] if line.startswith(b".") else line)
        return b"".join(lines)
