"""What all pages of operators share: who may see them, the frame they are in, and how they say no."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from fastapi import HTTPException, Request
from fastapi.responses import RedirectResponse, Response

from activities.store.errors import StoreUnavailable
from activities.wording.phrases import Phrases
from api.answers import RETRY_AFTER, ComeAgain
from api.callers import OPERATOR_COOKIE, Callers
from api.rendering import HEADERS, Pages
from domain.callers import Caller, Scope

HOME = "/operators/dead-letters"
SIGN_IN = "/operators/sign-in"

Page = Callable[[Request, Caller], Awaitable[Response]]
Opened = Callable[[Request], Awaitable[Response]]

_SAID = {
    403: "That is not for this key",
    404: "There is no such page",
    422: "That could not be used",
    503: "That could not be done just now",
}


class Desk:
    """Opens pages to those who may see them."""

    def __init__(self, pages: Pages, say: Phrases, callers: Callers) -> None:
        self._pages, self._say, self._callers = pages, say, callers

    def opens(self, scope: Scope, page: Page) -> Opened:
        """A page for those who signed in with a key that has ``scope``; others are told what to do."""

        async def opened(request: Request) -> Response:
            caller = None
            try:
                caller = await self._callers.operator(request)
                if caller is None:
                    return self._who_are_you(request)
                if scope not in caller.scopes:
                    return self.refuses(403, f"The key does not have the scope {scope}.", caller)
                return await page(request, caller)
            except (StoreUnavailable, ComeAgain):
                return self.refuses(503, "Nothing was lost. Please try again in a minute.", caller)
            except HTTPException as refused:
                return self.refuses(refused.status_code, str(refused.detail), caller)

        return opened

    def shows(
        self, template: str, values: Mapping[str, Any], caller: Caller | None = None, status: int = 200
    ) -> Response:
        """A page of the folder ``templates/operators``."""
        given = {
            "caller": caller,
            "may_write": caller is not None and Scope.WRITE_OPERATIONS in caller.scopes,
            "now": datetime.now(UTC),
            "visible": visible,
            "here": template,
            **values,
        }
        return self._pages.render(f"operators/{template}.html", self._say, given, status=status)

    def refuses(self, status: int, why: str, caller: Caller | None) -> Response:
        """A page that says why not."""
        said = {"title": _SAID.get(status, "That could not be read"), "why": why}
        answer = self.shows("refusal", said, caller, status)
        if status == 503:
            answer.headers.update(RETRY_AFTER)
        return answer

    def goes_to(self, path: str, **query: str) -> Response:
        """Have the browser ask for another page, so that coming back to this one repeats nothing."""
        where = f"{path}?{urlencode(query)}" if query else path
        return RedirectResponse(where, 303, HEADERS)

    def _who_are_you(self, request: Request) -> Response:
        if request.method == "GET":
            query = request.url.query
            return self.goes_to(SIGN_IN, to=f"{request.url.path}?{query}" if query else request.url.path)
        if OPERATOR_COOKIE in request.cookies and not self._callers.comes_from_us(request):
            return self.refuses(403, "This did not come from a page of ours: nothing was changed.", None)
        return self.goes_to(SIGN_IN)


def visible(text: str | None) -> str:
    """A text that somebody else wrote, with everything that a reader would not see written as an escape."""
    return "".join(
        one if one.isprintable() or one == "\n" else one.encode("unicode_escape").decode()
        for one in text or ""
    )
