"""The compose file, the provisioning and the image fit together; Docker itself is not run here."""

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

from dashboards import publish
from monitor import settings

ROOT = Path(publish.__file__).parents[1]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
SERVICES = COMPOSE["services"]
PROVISIONING = ROOT / "dashboards/provisioning"
SOURCES = yaml.safe_load((PROVISIONING / "datasources/camledger.yaml").read_text("utf-8"))
PROVIDERS = yaml.safe_load((PROVISIONING / "dashboards/camledger.yaml").read_text("utf-8"))


def walk(node):
    yield node
    for child in (
        node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    ):
        yield from walk(child)


def test_every_option_given_to_the_monitor_exists():
    known = {option.variable for option in settings.options()}
    given = SERVICES["monitor"]["environment"]
    assert {name.removesuffix("_FILE") for name in given} <= known


def test_secrets_are_files_of_secrets_the_service_has():
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            if name.endswith("_FILE"):
                assert Path(value).parent == Path("/run/secrets")
                assert Path(value).name in service["secrets"]
            assert not re.search(r"PASSWORD$|TOKEN$|SECRET$", name), name
    assert {secret for each in SERVICES.values() for secret in each.get("secrets", ())} == set(
        COMPOSE["secrets"]
    )


def test_the_script_writes_every_secret():
    script = (ROOT / "docker/secrets.sh").read_text("utf-8")
    for name, secret in COMPOSE["secrets"].items():
        assert secret["file"] == f"./secrets/{name}"
        assert f"write {name} " in script


def test_the_script_writes_secrets_once_and_hides_them(tmp_path):
    (tmp_path / "docker").mkdir()
    shutil.copy(ROOT / "docker/secrets.sh", tmp_path / "docker")

    def run() -> dict[str, str]:
        subprocess.run(["sh", "docker/secrets.sh"], cwd=tmp_path, check=True, capture_output=True)
        return {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}

    first = run()
    assert set(first) == {*COMPOSE["secrets"], ".gitignore"}
    assert f":{first['database_password']}@database:5432/camledger" in first["database_url"]
    assert len(set(first.values())) == len(first)
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700
    assert run() == first


def test_variables_of_the_compose_file_stand_in_the_example_with_the_same_default():
    text = (ROOT / "docker-compose.yml").read_text("utf-8")
    used = dict(re.findall(r"\$\{(\w+):-([^}]*)\}", text))
    assert len(re.findall(r"\$\{", text)) == len(re.findall(r"\$\{\w+:-", text))
    example = (ROOT / ".env.example").read_text("utf-8")
    assert dict(re.findall(r"^(\w+)=(.*)$", example, re.M)) == used


def test_only_loopback_ports_are_published():
    for service in SERVICES.values():
        for port in service.get("ports", ()):
            assert port.startswith("${BIND_ADDRESS:-127.0.0.1}:")
    assert "ports" not in SERVICES["database"]
    assert "ports" not in SERVICES["grafana"]


def test_every_service_has_a_health_check_and_restarts():
    for name, service in SERVICES.items():
        assert service["healthcheck"]["test"][0] == "CMD", name
        assert service["restart"] == "unless-stopped"
        for other, how in service.get("depends_on", {}).items():
            assert how == {"condition": "service_healthy"}
            assert other in SERVICES


def test_named_volumes_are_declared_and_mounted_files_exist():
    used = set()
    for service in SERVICES.values():
        for volume in service["volumes"]:
            source = volume.split(":")[0]
            if source.startswith("./"):
                assert (ROOT / source).exists(), source
                assert volume.endswith(":ro")
            else:
                used.add(source)
    assert used == set(COMPOSE["volumes"])


def test_compose_shows_a_demo_city_unless_told_otherwise():
    assert SERVICES["monitor"]["command"] == ["${MONITOR_VERB:-demo}"]


def test_the_provisioned_data_source_is_the_one_the_boards_name():
    [source] = SOURCES["datasources"]
    assert (source["uid"], source["type"]) == (publish.DATASOURCE_UID, publish.DATASOURCE_TYPE)
    assert source["user"] == "camledger_bi"
    assert source["editable"] is False
    assert "database" in source["jsonData"]
    assert "database" not in source


def test_variables_of_provisioning_are_given_to_grafana():
    given = {name.removesuffix("__FILE") for name in SERVICES["grafana"]["environment"]}
    used = {
        match
        for node in walk([SOURCES, PROVIDERS])
        if isinstance(node, str)
        for match in re.findall(r"\$\{?(\w+)", node)
    }
    assert used
    assert used <= given


def test_pushed_and_provisioned_data_source_are_the_same():
    [source] = SOURCES["datasources"]
    pushed = publish.datasource_model(publish.Source(host="h", database="d", password="p"))
    assert set(pushed["jsonData"]) == set(source["jsonData"])
    assert set(pushed) - {"secureJsonData"} <= set(source)
    assert source["name"] == pushed["name"]


def test_providers_point_at_mounted_folders_of_boards():
    mounts = dict(
        reversed(volume.split(":")[:2])
        for volume in SERVICES["grafana"]["volumes"]
        if volume.startswith("./")
    )
    folders = {}
    for provider in PROVIDERS["providers"]:
        path = Path(provider["options"]["path"])
        inside = ROOT / mounts[str(path.parent)] / path.name
        assert list(inside.glob("*.json")), path
        assert provider["allowUiUpdates"] is False
        folders[path.name] = (provider["folderUid"], provider["folder"])
    assert folders == publish.FOLDERS
    assert {path.name for path in publish.JSON_DIR.iterdir()} == set(folders)
    home = Path(SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])
    assert (ROOT / mounts[str(home.parents[1])] / home.relative_to(home.parents[1])).exists()


def test_no_two_uids_are_the_same():
    uids = [board["uid"] for board in publish.draw().values()]
    uids += [uid for uid, _ in publish.FOLDERS.values()]
    assert len(uids) == len(set(uids))


def test_grafana_fetches_nothing_from_the_internet_and_lets_nobody_in_unasked():
    environment = SERVICES["grafana"]["environment"]
    off = (
        "GF_ANALYTICS_REPORTING_ENABLED",
        "GF_ANALYTICS_CHECK_FOR_UPDATES",
        "GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES",
        "GF_AUTH_ANONYMOUS_ENABLED",
        "GF_USERS_ALLOW_SIGN_UP",
    )
    assert {environment[name] for name in off} == {"false"}
    assert '"url":"/tiles/' in environment["GF_GEOMAP_DEFAULT_BASELAYER_CONFIG"]


def test_the_front_leads_the_map_layers_to_the_monitor_and_all_else_to_grafana():
    text = (ROOT / "docker/front.conf").read_text("utf-8")
    places = dict(
        re.findall(r"location (/\S*) \{[^}]*?proxy_pass (\S+);", text.replace("{ deny all; }", ""))
    )
    assert places == {"/geo/": "http://monitor:8080", "/": "http://grafana:3000"}
    assert text.count("{") == text.count("}")


@pytest.mark.parametrize("name", ["pyproject.toml", "monitor", "collectors", "db", "dashboards"])
def test_the_image_copies_what_exists_and_is_not_ignored(name):
    dockerfile = (ROOT / "Dockerfile").read_text("utf-8")
    assert re.search(rf"^COPY .*\b{re.escape(name)}\b", dockerfile, re.M)
    assert (ROOT / name).exists()
    assert f"!{name}" in (ROOT / ".dockerignore").read_text("utf-8").split()


def test_the_image_runs_without_root_and_with_pinned_dependencies():
    dockerfile = (ROOT / "Dockerfile").read_text("utf-8")
    assert re.search(r"^USER camledger$", dockerfile, re.M)
    assert "--require-hashes" in dockerfile
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["scripts"]
    assert "camledger" in scripts
    assert 'ENTRYPOINT ["camledger"]' in dockerfile
