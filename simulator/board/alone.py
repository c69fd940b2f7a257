"""Opens the board of a simulator that runs by itself, over the Temporal server that the environment names."""

import os
from datetime import UTC, datetime

from order_service import OrderService
from simulator.board import NoBoardError
from simulator.board.backstage import Commands, Doors
from simulator.board.opening import open_board, url_of
from simulator.board.people import People
from simulator.server import Simulator
from starter import PROBLEMS


async def open_by_settings(simulator: Simulator) -> str:
    """Open the board; answers where it is. The sample people are loaded by hand. Raises NoBoardError."""
    try:
        service = await OrderService.connect()
    except tuple(PROBLEMS) as problem:
        raise NoBoardError(str(problem)) from None
    doors = Doors(api=os.environ.get("PUBLIC_URL") or None)
    run = f"{int(datetime.now(UTC).timestamp()):x}"
    open_board(simulator, service.client, People.of_the_sample(), Commands(os.environ, doors), run=run)
    return url_of(simulator)
