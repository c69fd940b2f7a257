"""The three orders of the demo as data: what happens to each, and exactly what has to be told of it."""

from collections.abc import Mapping
from dataclasses import dataclass

from domain.channels import Channel
from domain.orders import Fact
from domain.status import Role, Status
from simulator.told import Told

CUSTOMER, MERCHANT, COURIER = Role.CUSTOMER, Role.MERCHANT, Role.COURIER
PUSH, SMS, EMAIL, IN_APP = Channel.PUSH, Channel.SMS, Channel.EMAIL, Channel.IN_APP
PLACED, ACCEPTED, PREPARING = Status.PLACED, Status.ACCEPTED, Status.PREPARING
READY, OUT, NEARBY = Status.READY_FOR_PICKUP, Status.OUT_FOR_DELIVERY, Status.NEARBY
DELIVERED, CANCELLED = Status.DELIVERED, Status.CANCELLED

AT = {"merchant_name": "Burger Barn"}
NO_PHONE = ((SMS, "no phone number"),)


@dataclass(frozen=True)
class Step:
    """Events one right after the other, and everything that has to be told before the story goes on."""

    statuses: tuple[Status, ...]
    told: tuple[Told, ...]
    facts: Mapping[str, Fact]
    remark: str = ""


@dataclass(frozen=True)
class Story:
    """One order. ``sentence``: what its customer must read in a push exactly once."""

    letter: str
    title: str
    people: Mapping[Role, str]
    steps: tuple[Step, ...]
    sentence: str


BURST = Story(
    "A",
    "three updates, one sentence",
    {CUSTOMER: "c-42"},
    (
        Step((PLACED,), (Told(CUSTOMER, (PLACED,), (PUSH, EMAIL, IN_APP)),), AT),
        Step(
            (ACCEPTED, PREPARING, READY),
            (Told(CUSTOMER, (ACCEPTED, PREPARING, READY), (PUSH, IN_APP)),),
            AT,
            "Three updates within the window: they are told together when it ends.",
        ),
        Step((OUT,), (Told(CUSTOMER, (OUT,), (PUSH, SMS, IN_APP)),), AT | {"eta_minutes": 12}),
        Step((NEARBY,), (Told(CUSTOMER, (NEARBY,), (PUSH, IN_APP)),), AT),
        Step((DELIVERED,), (Told(CUSTOMER, (DELIVERED,), (PUSH, SMS, EMAIL, IN_APP)),), AT),
    ),
    "Burger Barn has accepted and prepared your order, and it is ready to go.",
)

DELIVERY = Story(
    "B",
    "told to a customer who reads Spanish, to the merchant and to the courier",
    {CUSTOMER: "c-43", MERCHANT: "m-7", COURIER: "d-3"},
    (
        Step(
            (PLACED,),
            (
                Told(CUSTOMER, (PLACED,), (PUSH, EMAIL, IN_APP)),
                Told(MERCHANT, (PLACED,), (PUSH, IN_APP)),
            ),
            AT | {"eta_minutes": 35},
        ),
        Step(
            (ACCEPTED, READY, OUT),
            (
                Told(COURIER, (READY,), (PUSH,)),
                Told(CUSTOMER, (ACCEPTED, READY, OUT), (PUSH, EMAIL, IN_APP), NO_PHONE),
            ),
            AT | {"eta_minutes": 12},
            "What is told at once takes with it what waits. This customer has no phone number: "
            "an e-mail takes the place of the text.",
        ),
        Step(
            (DELIVERED,),
            (
                Told(CUSTOMER, (DELIVERED,), (PUSH, EMAIL, IN_APP), NO_PHONE),
                Told(MERCHANT, (DELIVERED,), (PUSH, IN_APP)),
            ),
            AT,
        ),
    ),
    "Tu pedido de Burger Barn va en camino. Llega en unos 12 minutos.",
)

CANCELLATION = Story(
    "C",
    "a cancellation silences what was not told yet",
    {CUSTOMER: "c-42", MERCHANT: "m-7"},
    (
        Step(
            (PLACED,),
            (
                Told(CUSTOMER, (PLACED,), (PUSH, EMAIL, IN_APP)),
                Told(MERCHANT, (PLACED,), (PUSH, IN_APP)),
            ),
            AT,
        ),
        Step(
            (ACCEPTED, CANCELLED),
            (
                Told(CUSTOMER, (CANCELLED,), (PUSH, EMAIL, IN_APP)),
                Told(MERCHANT, (CANCELLED,), (PUSH, IN_APP)),
            ),
            AT,
            "Cancelled within the window: nobody hears that it was accepted.",
        ),
    ),
    "Your order from Burger Barn has been cancelled. We are sorry that it did not work out this time.",
)

STORIES = (BURST, DELIVERY, CANCELLATION)
