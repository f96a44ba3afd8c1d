"""Throw-away servers: real ones, and nothing of them left however the command ends."""

import re
import signal
import sys
from pathlib import Path

import pytest

from tests.config.local import launched

# One after the other: each takes ports and processes that another could disturb.
pytestmark = pytest.mark.xdist_group("launcher")

PROBE = """
import os, psycopg, redis, sys, time
with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
    print("postgres", connection.execute("SHOW server_version").fetchone()[0])
    print("sorts", connection.execute("SELECT datlocale FROM pg_database WHERE datname = 'tidegate'").fetchone()[0])
print("valkey", redis.Redis.from_url(os.environ["REDIS_URL"]).info("server")["valkey_version"])
print("folder", os.environ["DATA_DIR"], flush=True)
time.sleep(float(sys.argv[1]))
sys.exit(7)
"""


@pytest.fixture
def probe(tmp_path):
    def start(seconds: int, **env: str):
        return launched("exec", "--", sys.executable, "-c", PROBE, str(seconds), data_dir=tmp_path / "unused", **env)

    return start


def folder_of(launch) -> Path:
    return Path(re.search(r"folder (.+)", launch.output)[1])


def test_a_command_gets_both_servers_and_its_own_exit_status(probe):
    with probe(1) as launch:
        launch.until_says("folder")
        assert launch.end() == 7
        assert re.search(r"postgres 18\.", launch.output)
        assert "sorts C.UTF-8" in launch.output
        assert re.search(r"valkey 9\.", launch.output)
        launch.assert_nobody_left()
        assert not folder_of(launch).exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_polite_kill_stops_the_command_and_its_servers(probe, number):
    with probe(60) as launch:
        launch.until_says("folder")
        launch.send(number)
        assert launch.end() == 128 + number
        launch.assert_nobody_left()
        assert not folder_of(launch).exists()


def test_the_guardian_cleans_up_after_kill_9(probe):
    with probe(60) as launch:
        launch.until_says("folder")
        launch.send(signal.SIGKILL)
        launch.end()
        launch.assert_nobody_left(patience=10)
        assert not folder_of(launch).exists()


def test_a_server_that_is_named_and_away_is_told_in_one_line(probe):
    with probe(1, DATABASE_URL="postgres://nobody@127.0.0.1:1/none") as launch:
        assert launch.end() == 1
        assert re.fullmatch(r"Tidegate: PostgreSQL at DATABASE_URL does not answer: .*refused.*\n", launch.output)
        launch.assert_nobody_left()
