"""Pushing to a recording HTTP server on loopback: it tests our calls, not Grafana."""

import builtins
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from dashboards import publish
from dashboards.publish import GrafanaTarget, PublishError, Source, push

SOURCE = Source(host="database:5432", database="camledger", password="reader's")


class Stub:
    """A little Grafana: keeps folders, data sources and boards by uid, answers errors on demand."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str]] = []
        self.headers: list[dict[str, str]] = []
        self.things: dict[str, dict] = {}
        self.answers: list[tuple[int, str]] = []  # given first, before behaving
        self.on: dict[tuple[str, str], int] = {}  # (method, path) -> status always given
        self.prefix = "/api"

    def answer(self, method: str, path: str, body: dict | None) -> tuple[int, str]:
        if self.answers:
            return self.answers.pop(0)
        if (method, path) in self.on:
            return self.on[method, path], json.dumps({"message": "no"})
        if path == "/org":
            return 200, json.dumps({"id": 1, "name": "Main"})
        if path == "/dashboards/db":
            self.things[body["dashboard"]["uid"]] = body
            return 200, json.dumps({"status": "success"})
        if method == "GET":
            found = self.things.get(path.rsplit("/", 1)[1])
            return (200, json.dumps(found)) if found else (404, json.dumps({"message": "none"}))
        self.things[body["uid"]] = body
        return 200, json.dumps(body)


def handler(stub: Stub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def respond(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            path = self.path.removeprefix(stub.prefix)
            stub.calls.append((self.command, path))
            stub.headers.append(dict(self.headers))
            status, text = stub.answer(self.command, path, body)
            data = text.encode()
            self.send_response(status)
            kind = "text/html" if text.startswith("<") else "application/json"
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = respond

        def log_message(self, *args: object) -> None:
            pass

    return Handler


@pytest.fixture
def stub() -> Iterator[Stub]:
    made = Stub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(made))
    made.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


def target(stub: Stub, **changes) -> GrafanaTarget:
    fields = {"url": stub.url, "token": "glsa_secret", "source": SOURCE, "pause_s": 0.0}
    return GrafanaTarget(**fields | changes)


def test_it_pushes_folders_data_source_and_every_board(stub):
    done = push(target(stub))
    boards = {board["uid"]: board for board in publish.draw().values()}
    assert {uid for uid in stub.things if uid in boards} == set(boards)
    assert stub.things["camledger-bi"]["jsonData"]["database"] == "camledger"
    assert stub.things["camledger-bi"]["secureJsonData"] == {"password": "reader's"}
    for uid, board in boards.items():
        assert stub.things[uid]["dashboard"] == board
        assert stub.things[uid]["folderUid"] in stub.things
        assert stub.things[uid]["overwrite"] is True
    assert len(done) == 1 + 3 + 1 + len(boards)
    assert {each["Authorization"] for each in stub.headers} == {"Bearer glsa_secret"}


def test_pushing_again_updates_and_creates_nothing(stub):
    push(target(stub))
    before = dict(stub.things)
    stub.calls.clear()
    done = push(target(stub))
    assert stub.things == before
    assert ("POST", "/folders") not in stub.calls
    assert ("POST", "/datasources") not in stub.calls
    assert ("PUT", "/datasources/uid/camledger-bi") in stub.calls
    assert "Data source updated" in done


def test_without_a_source_the_data_source_is_left_alone(stub):
    push(target(stub, source=None))
    assert not [path for _, path in stub.calls if path.startswith("/datasources")]


def test_user_and_password_go_as_basic_login(stub):
    push(target(stub, token=None, user="admin", password="p:ä@/"))
    assert all(each["Authorization"].startswith("Basic ") for each in stub.headers)


@pytest.mark.parametrize("slash", ["", "/"])
def test_a_sub_path_is_kept_with_and_without_its_slash(stub, slash):
    stub.prefix = "/grafana/api"
    push(target(stub, url=f"{stub.url}/grafana{slash}"))
    assert ("GET", "/org") in stub.calls


def test_map_layers_can_be_led_to_another_address(stub):
    push(target(stub, geo_url="https://monitor.example/geo"))
    text = json.dumps(stub.things["camledger-planners"]["dashboard"])
    assert "https://monitor.example/geo/gaps.geojson" in text


def test_it_tries_again_after_a_server_error(stub):
    stub.answers = [(503, "{}"), (500, "{}")]
    assert push(target(stub))


def test_it_gives_up_after_its_tries_and_says_so(stub):
    stub.answers = [(502, "{}")] * 4
    with pytest.raises(PublishError, match=r"log in.*fails \(502\) after 4 tries"):
        push(target(stub))
    assert len(stub.calls) == 4


@pytest.mark.parametrize(
    ("status", "words"),
    [(401, "does not accept the token"), (403, "may not do it.*Admin"), (404, "no Grafana API")],
)
def test_a_refusal_is_explained_and_not_repeated(stub, status, words):
    stub.on = {("GET", "/org"): status}
    with pytest.raises(PublishError, match=words):
        push(target(stub))
    assert len(stub.calls) == 1


def test_a_conflict_names_the_board_and_the_way_out(stub):
    stub.on = {("POST", "/dashboards/db"): 412}
    with pytest.raises(PublishError, match=r"camledger-committee.json.*412.*from a file"):
        push(target(stub))


@pytest.mark.parametrize("status", [409, 412])
def test_a_folder_made_meanwhile_is_no_error(stub, status):
    stub.on = {("POST", "/folders"): status}
    assert "Folder there: Camledger: planners" in push(target(stub))


def test_a_login_page_instead_of_the_api_is_recognised(stub):
    stub.answers = [(200, "<html><title>Login</title></html>")]
    with pytest.raises(PublishError, match="a page instead of the API"):
        push(target(stub))


def test_a_refused_connection_is_explained(stub):
    with pytest.raises(PublishError, match=r"no connection to Grafana at http://127\.0\.0\.1:9"):
        push(target(stub, url="http://127.0.0.1:9", tries=2))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"url": "127.0.0.1:3000"}, "http:// or https:// in front"),
        ({"url": "http://admin:secret@127.0.0.1"}, "apart, not inside"),
        ({"token": None}, "token, or a user and a password"),
    ],
)
def test_a_wrong_target_is_refused_before_any_call(stub, changes, words):
    with pytest.raises(PublishError, match=words):
        push(target(stub, **changes))
    assert stub.calls == []


def test_secrets_do_not_show_in_the_representation(stub):
    text = repr(target(stub, password="hidden"))
    assert not [secret for secret in ("glsa_secret", "hidden", "reader's") if secret in text]


@pytest.mark.parametrize("verb", ["build", "push"])
def test_a_missing_extra_is_one_sentence_that_says_what_to_install(
    stub, tmp_path, monkeypatch, verb
):
    real = builtins.__import__

    def without(name, *rest, **more):
        if name.startswith(("grafana_", "dashboards.boards")):
            raise ModuleNotFoundError(f"No module named {name!r}", name="grafana_x")
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(PublishError, match=r"pip install 'camledger\[grafana\]'"):
        publish.build(tmp_path) if verb == "build" else push(target(stub))
