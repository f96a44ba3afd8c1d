"""`make run` as a stranger meets it: up, refused, killed, up again with the data, down."""

import json
import re
import signal
import socket
import sys
import urllib.request

import pytest

from config.local.servers import free_port
from tests.config.local import launched

# One after the other: each takes ports and processes that another could disturb.
pytestmark = pytest.mark.xdist_group("launcher")

READY = "Tidegate is ready"


def fetch(url: str) -> tuple[int, str]:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.status, answer.read().decode()


def test_from_nothing_to_a_portal_that_is_killed_and_comes_back_with_its_data(tmp_path):
    data_dir, port = tmp_path / "state", str(free_port())
    with launched("run", "--port", port, data_dir=data_dir) as first:
        first.until_says(READY)
        address = f"http://127.0.0.1:{port}/"
        assert address in first.output
        assert str(data_dir / "mail") in first.output
        assert fetch(address)[0] == 200
        health = json.loads(fetch(f"{address}healthz/ready")[1])["checks"]
        assert (health["database"], health["broker"], health["migrations"]) == ("ok", "ok", "ok")
        assert (data_dir / "secret_key").stat().st_mode & 0o777 == 0o600
        assert (data_dir / "environment.json").stat().st_mode & 0o777 == 0o600

        with launched("run", "--port", str(free_port()), data_dir=data_dir) as second:
            assert second.end() == 1
            told = f"Tidegate: Tidegate already runs from {data_dir} as process {first.process.pid}."
            assert second.output.startswith(told)
            assert len(second.output.splitlines()) == 1
            second.assert_nobody_left()

        with launched("with", "--", *shell("SELECT count(*) FROM accounts_user"), data_dir=data_dir) as beside:
            assert beside.end() == 0, beside.output
            users = int(beside.output)
            assert users > 0

        first.send(signal.SIGKILL)
        first.end()
        # No pause: the next start has to wait by itself until the guardian is done.
        with launched("run", "--port", port, data_dir=data_dir) as again:
            again.until_says(READY)
            first.assert_nobody_left()
            assert f"(process {first.process.pid}) was killed" in again.output
            assert "Demo data" not in again.output
            with launched("with", "--", *shell("SELECT count(*) FROM accounts_user"), data_dir=data_dir) as beside:
                assert beside.end() == 0, beside.output
                assert int(beside.output) == users

            again.meet()
            again.child("celery", "worker").kill()
            assert again.end() == 1
            assert re.search(r"^Tidegate: worker was ended by signal 9; the end of .*worker\.log:$", again.output, re.M)
            again.assert_nobody_left()
    assert (data_dir / "lock").read_text() == ""


def shell(query: str) -> list[str]:
    code = f"from django.db import connection as c; k = c.cursor(); k.execute({query!r}); print(k.fetchone()[0])"
    return [sys.executable, "manage.py", "shell", "--no-imports", "-c", code]


def test_ctrl_c_while_it_prepares_leaves_nobody_and_the_next_start_goes_on(tmp_path):
    with launched("run", "--port", str(free_port()), data_dir=tmp_path / "state") as launch:
        launch.until_says("Database tables")
        launch.send(signal.SIGINT)
        assert launch.end() == 0
        assert "Traceback" not in launch.output
        launch.assert_nobody_left()
    assert (tmp_path / "state" / "first-start").exists()


def test_a_taken_port_is_told_in_one_line_before_anything_starts(tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with launched("run", "--port", str(port), data_dir=tmp_path / "state") as launch:
            assert launch.end() == 1
            other_port = port + 1 if port < 65535 else 8000
            told = f"Tidegate: Port {port} is taken; choose another one: make run PORT={other_port}\n"
            assert launch.output == told
    assert not (tmp_path / "state" / "postgres").exists()


@pytest.mark.parametrize("port", ["", "none", "0", "65536", "-1"])
def test_a_senseless_port_is_named(tmp_path, port):
    with launched("run", f"--port={port}", data_dir=tmp_path / "state") as launch:
        assert launch.end() == 1
        assert launch.output == f"Tidegate: PORT must be a number from 1 to 65535, not {port!r}.\n"


def test_a_senseless_setting_is_told_in_one_line(tmp_path):
    with launched("run", "--port", str(free_port()), data_dir=tmp_path / "state", LOG_LEVEL="LOUD") as launch:
        assert launch.end() == 1
        assert launch.output.splitlines()[-1].startswith('Tidegate: Environment variable "LOG_LEVEL" invalid')
        launch.assert_nobody_left()


def test_data_of_another_postgres_version_is_left_alone(tmp_path):
    data = tmp_path / "state" / "postgres" / "data"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("9\n")
    with launched("run", "--port", str(free_port()), data_dir=tmp_path / "state") as launch:
        assert launch.end() == 1
        assert "was made by PostgreSQL 9 and this is PostgreSQL 18" in launch.output
        launch.assert_nobody_left()
    assert [path.name for path in data.iterdir()] == ["PG_VERSION"]
