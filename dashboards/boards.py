"""All boards, in the order of the menu, as classic JSON."""

from typing import Any

from dashboards.committee import committee
from dashboards.layout import Board, compose
from dashboards.one_camera import one_camera
from dashboards.planners import planners
from dashboards.register import register
from dashboards.technicians import technicians


def every_board() -> list[Board]:
    """The boards before drawing; each call draws afresh, since the SDK keeps what it built."""
    return [technicians(), one_camera(), planners(), committee(), register()]


def drawn() -> dict[str, dict[str, Any]]:
    """Path below json/ to the JSON of the board."""
    return {f"{board.folder}/{board.uid}.json": compose(board) for board in every_board()}
