"""Opens the board: puts its parts together and hangs it up at the simulator's port."""

from temporalio.client import Client

from domain.orders import Rules
from order_service import OrderService
from simulator.board.attempts import Attempts
from simulator.board.backstage import Backstage
from simulator.board.board import PATH, Board
from simulator.board.iphone import App
from simulator.board.orders import RULES, OrderBook
from simulator.board.people import People
from simulator.server import Simulator


def open_board(
    simulator: Simulator,
    client: Client,
    people: People,
    backstage: Backstage,
    *,
    run: str,
    rules: Rules = RULES,
    is_simulated: bool = True,
) -> Board:
    """Open the board at :func:`url_of`. ``run`` keeps its orders apart from those of any other."""
    orders = OrderBook(OrderService(client), Attempts(client), run, rules)
    board = Board(simulator.world, people, orders, backstage, is_simulated=is_simulated)
    simulator.adds(board.routes())
    if api := backstage.doors.api:
        app = App(simulator.world, people.with_live_activities(), api)
        simulator.world.in_background(app.runs())
    return board


def url_of(simulator: Simulator) -> str:
    """Where the board is."""
    return f"{simulator.url}{PATH}"
