"""The board itself: one page, what keeps it up to date, and whatever it is made of."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from domain.channels import Channel
from domain.status import Role
from simulator.board.backstage import Backstage, Breakers
from simulator.board.breaking import DURATIONS, WAYS, broken
from simulator.board.changing import Changes
from simulator.board.devices import Devices, devices_of, html_of
from simulator.board.guarding import MAIL_HEADERS, guarded, headers
from simulator.board.orders import OF_A_RUSH, BoardOrder, OrderBook
from simulator.board.people import People, Person
from simulator.board.rendering import ASSETS, TYPES, Region, Templates
from simulator.board.view import CHANNELS, LABELS, ROAD, order_view, provider_cards
from simulator.programs import ProgramError
from simulator.world import World

PATH = "/board"
LOOK_EVERY = 0.3


class Board:
    """The board over one simulator and one Temporal server. ``is_simulated``: what is sent arrives here."""

    def __init__(
        self,
        world: World,
        people: People,
        orders: OrderBook,
        backstage: Backstage,
        *,
        is_simulated: bool = True,
    ) -> None:
        self.people, self.orders = people, orders
        self._world, self._backstage, self._is_simulated = world, backstage, is_simulated
        self._breakers = Breakers(backstage)
        self._templates = Templates()

    def routes(self) -> list[Route]:
        """List what it answers to."""
        changes = Changes(self._world.faults, self.people, self.orders, self._backstage)
        return [
            Route(PATH, guarded(self._page), methods=["GET"]),
            Route(f"{PATH}/live", guarded(self._live), methods=["GET"]),
            Route(f"{PATH}/mail/{{n:int}}", guarded(self._mail), methods=["GET"]),
            Route(f"{PATH}/explained", guarded(self._explained), methods=["GET"]),
            Route(f"{PATH}/assets/{{name}}", guarded(self._asset), methods=["GET"]),
            *changes.routes(PATH),
        ]

    async def _page(self, request: Request) -> Response:
        selected = self.orders.find(request.query_params.get("order"))
        await self.orders.look(selected)
        people = self._concerned(selected)
        values = {
            "people": people,
            "customers": self.people.in_role(Role.CUSTOMER),
            "others": [person for person in self.people if person.role is not Role.CUSTOMER],
            "ways": WAYS,
            "durations": DURATIONS,
            "doors": self._backstage.doors,
            "window": self.orders.rules.window_seconds,
            "is_simulated": self._is_simulated,
            "of_a_rush": OF_A_RUSH,
            "scene": _scene(people),
            "email": Channel.EMAIL,
            "sms": Channel.SMS,
        }
        page = self._templates.page(self._regions(selected), values)
        return HTMLResponse(page, headers=headers(self._backstage.doors.api))

    async def _live(self, request: Request) -> Response:
        stream = self._what_changes(request)
        return StreamingResponse(
            stream, media_type="text/event-stream", headers={"Cache-Control": "no-store"}
        )

    async def _mail(self, request: Request) -> Response:
        found = self._world.after(request.path_params["n"] - 1)[:1]
        # Somebody else's mail is not for the board to show.
        if not found or found[0].channel != "email" or self.people.at(found[0].address) is None:
            return PlainTextResponse("there is no such e-mail", 404)
        return HTMLResponse(html_of(found[0]), headers=MAIL_HEADERS)

    async def _explained(self, request: Request) -> Response:
        order = self.orders.find(request.query_params.get("order"))
        if order is None:
            return PlainTextResponse("there is no such order on the board", 404)
        try:
            explained = await self._backstage.explanation(order.order_id)
        except ProgramError as problem:
            return PlainTextResponse(str(problem), 503)
        page = self._templates.whole("explained.html", {"explained": explained})
        return HTMLResponse(page, headers=headers(self._backstage.doors.api))

    async def _asset(self, request: Request) -> Response:
        file = ASSETS.get(request.path_params["name"])
        if file is None:
            return PlainTextResponse("there is no such thing", 404)
        more = {"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
        return Response(file.read_bytes(), media_type=TYPES[file.suffix], headers=more)

    async def _what_changes(self, request: Request) -> AsyncIterator[str]:
        """Server-sent events: each holds the regions that changed, and the scene they belong to."""
        wanted, sent = request.query_params.get("order"), dict[str, str]()
        while not await request.is_disconnected():
            selected = self.orders.find(wanted)
            await self.orders.look(selected)
            is_any_broken = bool(self._world.faults.plan.faults)
            # Nobody waits for a command that takes its time.
            self._world.in_background(self._breakers.ask(is_any_broken=is_any_broken))
            changed = [one for one in self._regions(selected) if sent.get(one.name) != one.version]
            if changed:
                sent |= {one.name: one.version for one in changed}
                yield _event(_scene(self._concerned(selected)), changed)
            await asyncio.sleep(LOOK_EVERY)

    def _regions(self, selected: BoardOrder | None) -> Sequence[Region]:
        seen = order_view(selected, self.people) if selected else None
        cards = provider_cards(broken(self._world.faults), self._breakers.not_closed)
        doors = self._backstage.doors
        render = self._templates.region
        return [
            render("orders", "orders.html", {"orders": self.orders, "selected": selected, "labels": LABELS}),
            render("desk", "desk.html", {"seen": seen, "doors": doors}),
            render("why", "why.html", {"seen": seen, "channels": CHANNELS}),
            render("providers", "providers.html", {"cards": cards}),
            *(
                region
                for person in self._concerned(selected)
                for region in self._of(devices_of(person, self.people, self._world), selected)
            ),
        ]

    def _of(self, devices: Devices, selected: BoardOrder | None) -> Sequence[Region]:
        person = devices.person
        order_id = selected.order_id if selected else ""
        values = {"devices": devices, "person": person, "order_id": order_id, "road": ROAD}
        return [
            self._templates.region(f"{part}-{person.recipient_id}", f"{part}.html", values)
            for part, channel in (("lock", Channel.PUSH), ("texts", Channel.SMS), ("mail", Channel.EMAIL))
            if part == "lock" or (person.role is Role.CUSTOMER and person.has(channel))
        ]

    def _concerned(self, selected: BoardOrder | None) -> Sequence[Person]:
        """Whose devices are in sight: those of the order's people, the customer first."""
        if selected is None:
            return self.people.in_role(Role.CUSTOMER)[:1]
        holders = (self.people.find(selected.holders.get(role, "")) for role in Role)
        return [person for person in holders if person]


def _scene(people: Sequence[Person]) -> str:
    """Names the devices in sight: when others come into sight, the page is made anew."""
    return " ".join(person.recipient_id for person in people)


def _event(scene: str, changed: Sequence[Region]) -> str:
    regions = {one.name: {"version": one.version, "html": one.html} for one in changed}
    return f"data: {json.dumps({'scene': scene, 'regions': regions})}\n\n"
