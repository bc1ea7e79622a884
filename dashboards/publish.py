"""Writes the boards as files, and pushes them to a Grafana that we cannot give files to.

Both need libraries of the extra `grafana`, imported only when used. Files stay the first choice: a
board that Grafana loaded from a file cannot be pushed over.
"""

import json
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

JSON_DIR = Path(__file__).parent / "json"
DATASOURCE_UID = "camledger-bi"
DATASOURCE_TYPE = "grafana-postgresql-datasource"

# Folders hide boards, not data. Their uids must differ from those of boards: one name space.
FOLDERS = {
    "technicians": ("camledger-folder-technicians", "Camledger: technicians"),
    "planners": ("camledger-folder-planners", "Camledger: planners"),
    "committee": ("camledger-folder-committee", "Camledger: committee"),
}


class PublishError(Exception):
    """The boards could not be written or pushed; the message says why and what to do."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """The PostgreSQL database as Grafana's server reaches it.

    host: host:port. sslmode: of libpq. The user should be the read-only role camledger_bi.
    """

    host: str
    database: str
    password: str = field(repr=False)
    user: str = "camledger_bi"
    sslmode: str = "disable"
    postgres_version: int = 1600


@dataclass(frozen=True, kw_only=True)
class GrafanaTarget:
    """Where to push. Either token or user and password.

    url: address of Grafana, with its sub-path if it has one. source: None leaves the data source
    as it is. geo_url: where a browser finds our map layers; a path means Grafana's own origin.
    pause_s: wait before the second try after a 5xx or a refusal, doubled for each further one.
    """

    url: str
    token: str | None = field(default=None, repr=False)
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    source: Source | None = None
    geo_url: str = "/geo"
    timeout_s: float = 15.0
    tries: int = 4
    pause_s: float = 1.0


def build(out: Path = JSON_DIR, geo_url: str = "/geo") -> list[Path]:
    """Write every board below `out`, one file each, always the same bytes; gives the paths."""
    written = []
    for name, board in draw().items():
        path = out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_text(_with_geo(board, geo_url)), encoding="utf-8")
        written.append(path)
    return written


def draw() -> dict[str, dict[str, Any]]:
    """Path below json/ to the classic JSON of each board."""
    try:
        with warnings.catch_warnings():
            # the SDK advises against classic boards; we keep them, since files of 11 to 13 are so
            warnings.simplefilter("ignore", DeprecationWarning)
            from dashboards.boards import drawn
    except ModuleNotFoundError as exc:
        raise _missing(exc) from exc
    return drawn()


def push(target: GrafanaTarget, boards: Path = JSON_DIR) -> list[str]:
    """Create or update folders, data source and boards; gives one line for each thing done.

    Idempotent by uid. Raises PublishError at the first thing that cannot be done.
    """
    _check_address(target)
    try:
        from grafana_client.api import GrafanaApi
    except ModuleNotFoundError as exc:
        raise _missing(exc) from exc
    credential: Any = target.token or (target.user, target.password)
    # without the slash at the end the client glues "api" to the sub-path
    url = target.url.rstrip("/") + "/"
    api: Any = GrafanaApi.from_url(url, credential=credential, timeout=target.timeout_s)
    try:
        organisation = _ask(target, "log in", lambda: api.client.GET("/org"))
        done = [f"Organisation: {organisation.get('name', '?')}"]
        done += [_folder(api, target, *folder) for folder in FOLDERS.values()]
        done += [] if target.source is None else [_source(api, target, target.source)]
        return done + [
            _board(api, target, boards, path) for path in sorted(boards.glob("*/*.json"))
        ]
    finally:
        api.client.s.close()


def _check_address(target: GrafanaTarget) -> None:
    parts = urlsplit(target.url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise PublishError(
            f"{target.url!r} is no address of Grafana; give it with http:// or https:// in front."
        )
    if parts.username is not None:
        raise PublishError("Give user and password apart, not inside the address of Grafana.")
    if target.token is None and (target.user is None or target.password is None):
        raise PublishError("Grafana needs a service account token, or a user and a password.")


def _folder(api: Any, target: GrafanaTarget, uid: str, title: str) -> str:
    what = f"folder {title!r}"
    found = _unless(target, (404,), f"look for {what}", lambda: api.folder.get_folder(uid))
    if found is not None:
        return f"Folder there: {title}"
    # 409, 412: made meanwhile, for instance by a first try whose answer was lost
    made = _unless(
        target, (409, 412), f"create {what}", lambda: api.folder.create_folder(title, uid=uid)
    )
    return f"Folder {'there' if made is None else 'created'}: {title}"


def _source(api: Any, target: GrafanaTarget, source: Source) -> str:
    model = datasource_model(source)
    there = _unless(
        target,
        (404,),
        "look for the data source",
        lambda: api.datasource.get_datasource_by_uid(DATASOURCE_UID),
    )
    if there is None:
        _ask(target, "create the data source", lambda: api.datasource.create_datasource(model))
        return "Data source created"
    _ask(
        target,
        "update the data source",
        lambda: api.datasource.update_datasource_by_uid(DATASOURCE_UID, model),
    )
    return "Data source updated"


def datasource_model(source: Source) -> dict[str, Any]:
    """The data source as Grafana's API takes it; the database name belongs in jsonData."""
    return {
        "name": "Camledger",
        "uid": DATASOURCE_UID,
        "type": DATASOURCE_TYPE,
        "access": "proxy",
        "url": source.host,
        "user": source.user,
        "jsonData": {
            "database": source.database,
            "sslmode": source.sslmode,
            "postgresVersion": source.postgres_version,
            "timescaledb": False,
            "maxOpenConns": 10,
            "maxIdleConns": 2,
            "timeInterval": "1m",
        },
        "secureJsonData": {"password": source.password},
    }


def _board(api: Any, target: GrafanaTarget, boards: Path, path: Path) -> str:
    board = _with_geo(json.loads(path.read_text(encoding="utf-8")), target.geo_url)
    body = {
        "dashboard": board,
        "folderUid": FOLDERS[path.parent.name][0],
        "overwrite": True,
        "message": "camledger dashboards push",
    }
    _ask(target, f"push {path.relative_to(boards)}", lambda: api.dashboard.update_dashboard(body))
    return f"Board pushed: {board['title']}"


def _unless(
    target: GrafanaTarget, statuses: tuple[int, ...], what: str, call: Callable[[], Any]
) -> Any:
    """What the call gives, or None when Grafana answers with one of the statuses."""
    from grafana_client.client import GrafanaClientError

    def tried() -> Any:
        try:
            return call()
        except GrafanaClientError as exc:
            if exc.status_code in statuses:
                return {}
            raise

    return _ask(target, what, tried) or None


def _ask(target: GrafanaTarget, what: str, call: Callable[[], Any]) -> Any:
    """Call, again after 5xx, time-out and refusal; foreign errors become PublishError here only."""
    from grafana_client.client import GrafanaClientError, GrafanaServerError, GrafanaTimeoutError

    for attempt in range(1, target.tries + 1):
        last = attempt == target.tries
        try:
            return _checked(target, what, call())
        except GrafanaClientError as exc:
            raise PublishError(_refusal(target, what, exc.status_code)) from exc
        except (GrafanaServerError, GrafanaTimeoutError) as exc:
            if last:
                how = exc.status_code or "time-out"
                raise PublishError(
                    f"Could not {what}: Grafana at {target.url} fails ({how}) after"
                    f" {target.tries} tries. Look at its log and its database."
                ) from exc
        except OSError as exc:  # niquests' errors of connection and of too many redirects
            if last:
                raise PublishError(
                    f"Could not {what}: no connection to Grafana at {target.url}."
                    " Check the address, and that it runs."
                ) from exc
        time.sleep(target.pause_s * 2 ** (attempt - 1))
    raise AssertionError("unreachable")


def _checked(target: GrafanaTarget, what: str, answer: Any) -> Any:
    # a login page in front of Grafana comes back as text with status 200
    if isinstance(answer, dict | list):
        return answer
    raise PublishError(
        f"Could not {what}: {target.url} answered with a page instead of the API."
        " A login page or another program stands in front of Grafana, or the sub-path is missing."
    )


def _refusal(target: GrafanaTarget, what: str, status: int) -> str:
    reasons = {
        401: "Grafana does not accept the token or the password.",
        403: "the account may not do it. Boards need the role Editor, the data source needs Admin.",
        404: "there is no Grafana API at this address; check the sub-path.",
        412: "Grafana has another board with this title, or loaded this board from a file."
        " Rename or delete the other one; choose files or push for a board, not both.",
    }
    reason = reasons.get(status, "Grafana refused it.")
    return f"Could not {what} at {target.url} (status {status}): {reason}"


def _with_geo(board: dict[str, Any], geo_url: str) -> dict[str, Any]:
    """The board with the addresses of its map layers below `geo_url`; a new object if changed."""
    if geo_url == "/geo":
        return board
    copy: dict[str, Any] = json.loads(json.dumps(board))
    for panel in copy["panels"]:
        for layer in panel.get("options", {}).get("layers", ()):
            config = layer.get("config") or {}
            if str(config.get("src", "")).startswith("/geo/"):
                config["src"] = geo_url.rstrip("/") + config["src"].removeprefix("/geo")
    return copy


def _text(board: dict[str, Any]) -> str:
    return json.dumps(board, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _missing(exc: ModuleNotFoundError) -> PublishError:
    return PublishError(
        f"Package {exc.name} is missing: install the extra with pip install 'camledger[grafana]'."
    )
