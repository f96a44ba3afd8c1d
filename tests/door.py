"""A door between a process and PostgreSQL that a test can shut, to see what people see meanwhile."""

import contextlib
import socket
import threading

import pytest
from django.db import connection


class Door:
    """Passes TCP connections on to the database until it is shut; then it refuses and cuts all."""

    def __init__(self, host, port):
        self.target = (host, port)
        self.pairs = []
        self.listener = None
        self.port = 0
        self.open()

    def open(self):
        self.listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self.listener,), daemon=True).start()

    def shut(self):
        # Shutting down first wakes the thread that waits in accept, which would keep the port otherwise.
        for end in (self.listener, *self.pairs):
            self._cut(end)
        self.pairs.clear()

    @staticmethod
    def _cut(end):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()

    def _accept(self, listener):
        while True:
            try:
                inside, _address = listener.accept()
            except OSError:
                return
            outside = socket.create_connection(self.target)
            self.pairs += [inside, outside]
            for one, other in ((inside, outside), (outside, inside)):
                threading.Thread(target=self._pump, args=(one, other), daemon=True).start()

    def _pump(self, one, other):
        try:
            while data := one.recv(65536):
                other.sendall(data)
        except OSError:
            pass
        for end in (one, other):
            self._cut(end)


@pytest.fixture
def door():
    settings = connection.settings_dict
    opened = Door(settings["HOST"] or "127.0.0.1", int(settings["PORT"] or 5432))
    yield opened
    opened.shut()


@pytest.fixture
def database_url(door):
    """The test's database, through the door."""
    settings = connection.settings_dict
    user = settings["USER"] + (f":{settings['PASSWORD']}" if settings["PASSWORD"] else "")
    return f"postgres://{user}@127.0.0.1:{door.port}/{settings['NAME']}"
