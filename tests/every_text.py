"""Every way an order can be told, by the product's own rules, and every set of facts that goes with it."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import chain, combinations, product

from activities.wording import FluentWording
from activities.wording.checking import ETAS
from activities.wording.wording import CATALOGUES
from domain.channels import Channel
from domain.messages import Words
from domain.news import path_of, still_true
from domain.orders import Fact
from domain.status import Role, Status

LANGUAGES = sorted(file.stem for file in CATALOGUES.glob("*.ftl"))
# The longest path that a message tells has three statuses: before that, nothing is said of a path.
LONGEST_PATH = 4
NAME, ORDER_ID = "Burger Barn", "A17"
LONG_NAME, LONG_ORDER_ID = "The Great Old Burger Barn & Co", "A-2026-11-22-0000017"
# One such character, and a text has room for 70 instead of 160.
NAMES_IN_OTHER_ALPHABETS = (
    "四川饭店",
    "🍔 Burger Barn",
    "👩\U0001f3fd 👨\u200d👩\u200d👧\u200d👦 & Ana",
    "Кафе « Пушкин » на Тверском",
    "X\u0301" * 30,
)
EVERYTHING: Mapping[str, Fact] = {"merchant_name": NAME, "order_id": ORDER_ID, "eta_minutes": 12}


def told_to(role: Role) -> Sequence[Status]:
    return [status for status in Status if role in status.rule.told]


@cache
def every_path(role: Role) -> Sequence[tuple[Status, ...]]:
    """Every path up to :data:`LONGEST_PATH`.

    Events of any statuses in any order, told and taken back in any way, of which a recipient wants any.
    """
    went = chain.from_iterable(product(told_to(role), repeat=length) for length in range(1, LONGEST_PATH + 1))
    paths = {path_of(statuses) for statuses in went}
    return sorted({wanted for path in paths for wanted in every_part(path)})


def every_part(path: tuple[Status, ...]) -> Iterator[tuple[Status, ...]]:
    """What is told of a path, whichever of its statuses a recipient switched off."""
    there = set(path)
    for count in range(1, len(there) + 1):
        for wanted in combinations(there, count):
            if left := still_true(path, wanted):
                yield left


def every_set_of_facts() -> Iterator[dict[str, Fact]]:
    """With and without each fact, and each way that a language may say a number."""
    combined = [
        *product((None, LONG_NAME), (None, LONG_ORDER_ID), ETAS),
        *product((NAME, "Yum!", *NAMES_IN_OTHER_ALPHABETS), (None, ORDER_ID), (None, 89)),
    ]
    for name, order_id, eta in combined:
        given = {"merchant_name": name, "order_id": order_id, "eta_minutes": eta}
        yield {fact: value for fact, value in given.items() if value is not None}


@cache
def every_text(wording: FluentWording, locale: str) -> Mapping[tuple[Role, Words], tuple[Status, ...]]:
    """Every text of a language by what it says of :data:`EVERYTHING`, with the shortest path it is said for.

    What stands in for a status without words is among them: it is said for no status at all.
    """
    found: dict[tuple[Role, Words], tuple[Status, ...]] = {}
    for role in Role:
        for path in sorted([(), *every_path(role)], key=len):
            found.setdefault((role, wording.words(locale, role, Channel.PUSH, path, EVERYTHING)), path)
    return found
