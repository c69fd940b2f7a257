"""The page behind the link of an e-mail or a text, as somebody with a phone finds it, in three languages."""

from collections.abc import Awaitable, Callable

import pytest

from domain.channels import Channel
from tests.pages.browser import Reader
from tests.site import Site
from tests.store.stage import somebody

Arrives = Callable[..., Awaitable[Reader]]


@pytest.mark.parametrize(
    ("locale", "direction", "nothing", "save", "saved"),
    [
        ("en", "ltr", "Nothing", "Save", "Saved. By e-mail you now get nothing."),
        ("fr", "ltr", "Rien", "Enregistrer", "Vous ne recevez désormais plus rien par e-mail."),
        ("ar", "rtl", "لا شيء", "حفظ", "لن يصلك من الآن شيء بالبريد الإلكتروني."),
    ],
)
async def test_one_chooses_without_a_script_in_ones_own_language(
    site: Site, arrives: Arrives, locale: str, direction: str, nothing: str, save: str, saved: str
) -> None:
    person = somebody(f"reads-{locale}", locale=locale, email=f"{locale}@example.org", phone=None, devices=[])
    await site.stage.store.load([person])
    link = site.links.preferences(person.recipient_id, Channel.EMAIL, is_optional=True).preferences
    reader = await arrives(scripts=False)

    await reader.page.goto(link)
    await reader.page.get_by_label(nothing).check()
    await reader.page.get_by_role("button", name=save).click()

    assert saved in await reader.page.get_by_role("status").inner_text()
    assert await reader.page.get_by_label(nothing).is_checked()
    # Where a line begins is on the side that the language is read from.
    radio = await reader.page.get_by_label(nothing).bounding_box()
    assert radio
    assert (radio["x"] > 195) == (direction == "rtl")


@pytest.mark.parametrize(("locale", "phone"), [("ar", True), ("en", False)])
async def test_the_page_is_for_everybody(site: Site, arrives: Arrives, locale: str, *, phone: bool) -> None:
    await site.stage.store.load([somebody(f"looks-{locale}", locale=locale, phone=None, devices=[])])
    reader = await arrives(phone=phone)

    link = site.links.preferences(f"looks-{locale}", Channel.EMAIL, is_optional=True)
    await reader.page.goto(link.preferences)

    assert await reader.violations() == []
    assert not await reader.overflows()
    await reader.shows(f"choices-{locale}")
