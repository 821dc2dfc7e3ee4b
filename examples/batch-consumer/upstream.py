"""An API that takes lists of entities and answers 429 to more calls a second than it allows.

    python3 upstream.py 8000 10      # on port 8000, ten calls a second
"""

import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Upstream(ThreadingHTTPServer):
    """Counts what it was asked, and what it refused."""

    def __init__(self, port: int, rate: int, clock=time.time):
        super().__init__(("127.0.0.1", port), Handler)
        self.rate, self.clock, self.lock = rate, clock, threading.Lock()
        self.second, self.in_second = 0, 0
        self.calls, self.refused, self.entities = 0, 0, []

    def admit(self, entities: list) -> bool:
        with self.lock:
            second = int(self.clock())
            if second != self.second:
                self.second, self.in_second = second, 0
            self.calls += 1
            self.in_second += 1
            if self.in_second > self.rate:
                self.refused += 1
                return False
            self.entities += entities
            return True


class Handler(BaseHTTPRequestHandler):
    """POST of a list."""

    def do_POST(self):
        entities = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.send_response(200 if self.server.admit(entities) else 429)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    server = Upstream(int(sys.argv[1]), int(sys.argv[2]))
    print(f"listening on 127.0.0.1:{server.server_address[1]}, {server.rate} calls a second", flush=True)
    server.serve_forever()
