"""What the containers of docker-compose.yml rely on."""

import re
from pathlib import Path

import pytest
import yaml

from config import container

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]
OURS = ("secrets", "migrate", "web", "worker", "beat")


def test_secrets_are_made_once_and_fit_together(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("SECRETS_DIR", str(tmp_path))
    assert container.main(["secrets"]) == 0
    made = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert len(made["secret_key"]) >= 50
    assert made["database_url"] == f"postgres://tidegate:{made['postgres_password']}@postgres:5432/tidegate"
    assert made["redis_url"] == f"redis://:{made['valkey_password']}@valkey:6379/0"
    assert f"requirepass {made['valkey_password']}\n" in made["valkey.conf"]
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o444}
    assert made["secret_key"] not in capsys.readouterr().out

    (tmp_path / "redis_url").unlink()
    assert container.main(["secrets"]) == 0
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == made


@pytest.mark.parametrize("arguments", [[], ["webb"], ["web", "worker"]])
def test_an_unknown_role_is_refused(arguments, capsys):
    assert container.main(arguments) == 2
    assert "usage" in capsys.readouterr().err


def test_compose_passes_every_setting_on():
    text = (ROOT / "config" / "settings.py").read_text()
    read = set(re.findall(r'env\.(?:read\(env\.\w+, |require_url\(|directory\(|dj_email_url\()"([A-Z0-9_]+)"', text))
    given = {name.removesuffix("_FILE") for name in COMPOSE["x-portal"]["environment"]}
    in_image = set(re.findall(r"\b([A-Z_]+)=", (ROOT / "Dockerfile").read_text().split("FROM base AS app")[1]))
    assert read - given - in_image - {"DEBUG"} == set()


@pytest.mark.parametrize("name", OURS)
def test_our_containers_may_do_little(name):
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "ports" not in service
    # The volume of secrets is written by one service and read by the others.
    mounts = [mount for mount in service["volumes"] if mount.startswith("secrets:")]
    assert [mount.endswith(":ro") for mount in mounts] == [name != "secrets"]


def test_nothing_that_is_scaled_has_a_name_or_a_port_of_its_own():
    for name in ("web", "worker", "beat"):
        assert not {"container_name", "ports", "hostname"} & set(SERVICES[name])


def test_no_container_depends_on_one_that_ends():
    """Some engines restart a container only while all it depends on are running."""
    for service in SERVICES.values():
        assert not {"secrets", "migrate"} & set(service.get("depends_on", []))
