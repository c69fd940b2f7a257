"""The pages of operators: dead letters, providers, and the search for an order, behind a sign-in by key."""

from fastapi import APIRouter

from activities.store.store import Store
from activities.wording import FluentWording
from api.callers import Callers
from api.operations import Operations
from api.operators.desk import Desk
from api.operators.letters import LetterPages
from api.operators.orders import OrderPages
from api.operators.providers import ProviderPages
from api.operators.signing_in import SignInPages
from api.rendering import Pages
from api.searching import Searching

__all__ = ["OperatorPages"]


class OperatorPages:
    """All of them, on one desk. They are for people: the OpenAPI document has what programs use."""

    def __init__(
        self,
        store: Store,
        callers: Callers,
        operations: Operations,
        wording: FluentWording,
        searching: Searching,
        pages: Pages,
    ) -> None:
        desk = Desk(pages, wording.phrases("en"), callers)
        self._parts = (
            SignInPages(desk, callers),
            LetterPages(desk, store, operations, wording),
            ProviderPages(desk, store, operations),
            OrderPages(desk, searching),
        )

    def router(self) -> APIRouter:
        """What they answer to."""
        router = APIRouter(include_in_schema=False)
        for part in self._parts:
            router.include_router(part.router())
        return router
