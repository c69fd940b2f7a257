"""What somebody does on the board: each is a posted form, answered with the page or, to its script, JSON."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from urllib.parse import parse_qs, quote

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from temporalio.service import RPCError

from domain.orders import BadInput
from domain.status import Role, Status
from order_service import NoSuchOrder, NoWorker, OrderIsOver
from simulator.board.backstage import Backstage
from simulator.board.breaking import break_one, mend
from simulator.board.guarding import guarded
from simulator.board.orders import OF_A_RUSH, BoardOrder, OrderBook
from simulator.board.people import People
from simulator.board.view import LABELS
from simulator.faults import Faults
from simulator.programs import ProgramError

_PROBLEMS = (BadInput, NoSuchOrder, NoWorker, OrderIsOver, RPCError)


class Form:
    """The fields of a form. A field that is not there is empty."""

    def __init__(self, body: bytes) -> None:
        self._fields = parse_qs(body.decode(errors="replace"))

    def one(self, name: str) -> str:
        """The first value of a field."""
        return next(iter(self.all(name)), "").strip()

    def all(self, name: str) -> Sequence[str]:
        """Every value of a field."""
        return self._fields.get(name, [])


@dataclass(frozen=True)
class Done:
    """What came of a change: the order to look at, if it is another one, and a word about it."""

    said: str
    order: BoardOrder | None = None


Change = Callable[[Form], Awaitable[Done]]


class Changes:
    """Everything that somebody may do."""

    def __init__(self, faults: Faults, people: People, orders: OrderBook, backstage: Backstage) -> None:
        self._faults, self._people, self._orders, self._backstage = faults, people, orders, backstage

    def routes(self, path: str) -> list[Route]:
        """List what they answer to."""
        changes: dict[str, Change] = {
            "place": self._place,
            "push": self._push,
            "rush": self._rush,
            "follow": self._follow,
            "break": self._break,
            "mend": self._mend,
        }
        return [
            *(
                Route(f"{path}/{name}", guarded(_answering(change, path)), methods=["POST"])
                for name, change in changes.items()
            ),
            Route(f"{path}/enter", guarded(self._enter), methods=["POST"]),
        ]

    async def _place(self, form: Form) -> Done:
        order = await self._orders.place(self._holders(form.one("customer"), form))
        return Done(f"Order {order.label} is placed.", order)

    async def _rush(self, form: Form) -> Done:
        customers = [person.recipient_id for person in self._people.in_role(Role.CUSTOMER)]
        rush = [self._holders(one, form) for one in islice(cycle(customers), OF_A_RUSH)]
        return Done(f"{OF_A_RUSH} orders at once.", await self._orders.rush(rush))

    async def _push(self, form: Form) -> Done:
        order = self._orders.find(form.one("order") or "?")
        if order is None:
            raise BadInput("order", "is not on the board any more, place another")
        if not order.can_be_pushed:
            raise BadInput("order", f"{order.label} is over, place another")
        statuses = [_status(text) for text in form.all("status")]
        await self._orders.push(order, statuses)
        said = ", ".join(LABELS[status] for status in statuses)
        return Done(f"The order service says: {said}.", order)

    async def _follow(self, form: Form) -> Done:
        order = await self._orders.follow(form.one("order"))
        return Done(f"This is order {order.label}.", order)

    async def _break(self, form: Form) -> Done:
        break_one(self._faults, form.one("provider"), form.one("kind"), form.one("seconds"))
        return Done(f"{form.one('provider').upper()} is broken.")

    async def _mend(self, form: Form) -> Done:
        mend(self._faults, form.one("provider"))
        return Done("Mended.")

    async def _enter(self, request: Request) -> Response:
        """Lead somebody to their own inbox. The way there is a secret: it is in no page and no log."""
        person = self._people.find(Form(await request.body()).one("person"))
        if person is None:
            return PlainTextResponse("nobody on the board is called so", 404)
        try:
            return RedirectResponse(await self._backstage.inbox_of(person.recipient_id), 303)
        except ProgramError as problem:
            return PlainTextResponse(str(problem), 502)

    def _holders(self, customer: str, form: Form) -> dict[Role, str]:
        """Who an order is of, for and by."""
        if (person := self._people.find(customer)) is None or person.role is not Role.CUSTOMER:
            raise BadInput("customer", "is no customer on the board")
        others = (self._people.find(form.one(role)) for role in (Role.MERCHANT, Role.COURIER))
        return {person.role: person.recipient_id} | {one.role: one.recipient_id for one in others if one}


def _answering(change: Change, path: str) -> Callable[[Request], Awaitable[Response]]:
    """Answer a form: the page's script hears JSON, a browser without it is led back to the page."""

    async def answer(request: Request) -> Response:
        is_script = request.headers.get("accept") == "application/json"
        try:
            done = await change(Form(await request.body()))
        except _PROBLEMS as problem:
            text = str(problem)
            return JSONResponse({"problem": text}, 400) if is_script else PlainTextResponse(text, 400)
        order_id = done.order.order_id if done.order else None
        if is_script:
            return JSONResponse({"said": done.said, "order": order_id})
        return RedirectResponse(f"{path}?order={quote(order_id)}" if order_id else path, 303)

    return answer


def _status(text: str) -> Status:
    try:
        return Status(text)
    except ValueError:
        raise BadInput("status", f"use one of {', '.join(Status)}") from None
