"""The preference centre in a real browser, over the whole product: what is chosen there happens next."""

from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import Locator, Response

from domain.channels import Channel
from domain.recipients import OptOut
from domain.status import Status
from tests.pages.browser import Reader
from tests.site import Site
from tests.stage import City, Person

PUSH, SMS, EMAIL = Channel.PUSH, Channel.SMS, Channel.EMAIL
Arrives = Callable[..., Awaitable[Reader]]
PREPARING = "Being prepared"


class Centre:
    """The page as somebody uses it."""

    def __init__(self, site: Site, reader: Reader) -> None:
        self._site, self.reader, self.page = site, reader, reader.page

    @classmethod
    async def of(cls, site: Site, reader: Reader, who: str) -> "Centre":
        """Signed in, and open."""
        token = site.links.recipient_token(who)
        await reader.context.add_cookies([{"name": "recipient", "value": token, "url": site.url}])
        centre = cls(site, reader)
        await centre.opens()
        return centre

    async def opens(self) -> Response:
        answer = await self.page.goto(f"{self._site.url}/preferences")
        assert answer is not None
        return answer

    async def chooses(self, step: str, channel: str, choice: str) -> None:
        await self.step(step).locator("summary").click()
        await self.step(step).get_by_label(channel).select_option(label=choice)

    async def saves(self) -> str:
        """Press the button; answers what the page says then."""
        await self.page.get_by_role("button", name="Save").click()
        return await self.said()

    async def said(self) -> str:
        return (await self.page.get_by_role("status").inner_text()).strip()

    def step(self, title: str) -> Locator:
        return self.page.locator("details", has=self.page.get_by_role("heading", name=title, exact=True))

    async def marks(self, step: str) -> list[str]:
        """What a closed step shows of where it is heard."""
        return [" ".join(text.split()) for text in await self.step(step).locator(".tag").all_inner_texts()]


@pytest.fixture
async def ana(city: City) -> Person:
    """A customer."""
    return await city.customer()


async def test_a_channel_switched_off_is_off_for_the_next_news_of_a_running_order(
    city: City, site: Site, arrives: Arrives, ana: Person
) -> None:
    order = city.order(ana)
    await order.becomes(Status.PLACED)
    assert (len(ana.pushes), len(ana.mails)) == (1, 1)
    centre = await Centre.of(site, await arrives(), ana.id)

    await centre.chooses("On its way", "Push", "Never")
    assert await centre.saves() == "Saved. It holds from the next update on."
    await order.becomes(Status.OUT_FOR_DELIVERY)

    assert (len(ana.pushes), len(ana.texts)) == (1, 1), "the text as before, and no push"
    assert await centre.marks("On its way") == [
        "Text message",
        "E-mail : Only if other ways fail",
        "Inbox",
    ]
    [change] = [row for row in await site.stage.store.consents.about(ana.id) if row.actor == "recipient"]
    assert (change.subject, change.source) == ("preferences", "preference centre")
    assert change.after == {"OUT_FOR_DELIVERY": {"push": "off"}}


async def test_it_all_works_without_scripts(site: Site, arrives: Arrives, ana: Person) -> None:
    centre = await Centre.of(site, await arrives(scripts=False), ana.id)

    await centre.chooses(PREPARING, "Push", "Only if other ways fail")
    await centre.page.get_by_label("Keep quiet at these hours").check()
    await centre.page.get_by_label("From").fill("21:30")
    await centre.page.get_by_label("Time zone").select_option("Asia/Tokyo")
    await centre.page.get_by_role("combobox", name="Language").select_option("es")
    await centre.page.get_by_role("button", name="Save").click()

    found = await site.stage.store.find(ana.id)
    assert found is not None
    assert found.preferences == {Status.PREPARING: {PUSH: "fallback"}}
    assert found.quiet_hours is not None
    assert (f"{found.quiet_hours.start:%H:%M}", f"{found.quiet_hours.end:%H:%M}") == ("21:30", "07:00")
    assert (found.time_zone, found.locale) == ("Asia/Tokyo", "es")
    assert await centre.page.locator("html").get_attribute("lang") == "es"


async def test_back_to_the_usual_undoes_what_was_chosen_and_nothing_else(
    city: City, site: Site, arrives: Arrives
) -> None:
    quiet = {"start": "22:00", "end": "07:00"}
    ana = await city.customer(preferences={"NEARBY": {"push": "off"}}, quiet_hours=quiet)
    centre = await Centre.of(site, await arrives(), ana.id)
    assert "Push" not in await centre.marks("Almost there")

    await centre.page.get_by_role("button", name="Back to the usual").click()

    assert await centre.said() == "You get the usual updates again."
    assert "Push" in await centre.marks("Almost there")
    found = await site.stage.store.find(ana.id)
    assert found is not None
    assert (found.preferences, found.quiet_hours) == ({}, ana.recipient.quiet_hours)


async def test_what_was_opted_out_of_is_shown_with_how_to_undo_it(
    site: Site, arrives: Arrives, ana: Person
) -> None:
    store = site.stage.store
    await store.opt_out(SMS, ana.address(SMS), OptOut.EVERYTHING, "STOP")
    await store.opt_out(EMAIL, ana.address(EMAIL), OptOut.OPTIONAL, "one-click")
    centre = await Centre.of(site, await arrives(), ana.id)

    shown = await centre.page.locator(".places").inner_text()
    assert "answer START to any text from us" in shown
    assert "only what is worth keeping here" in shown
    assert await centre.marks("On its way") == ["Push", "Inbox"]
    await centre.reader.shows("preferences-opted-out")
    assert await centre.reader.violations() == []

    await centre.page.get_by_role("button", name="Send me everything here again").click()

    assert await centre.said() == "You get everything there again."
    assert await store.opted_out_of(EMAIL, ana.address(EMAIL)) is None
    assert await store.opted_out_of(SMS, ana.address(SMS)) is OptOut.EVERYTHING, "that takes a START"


async def test_addresses_are_masked_and_a_device_can_be_removed(
    site: Site, arrives: Arrives, ana: Person
) -> None:
    centre = await Centre.of(site, await arrives(), ana.id)

    html = await centre.page.content()
    assert [one for one in (ana.address(channel) for channel in (PUSH, SMS, EMAIL)) if one in html] == []
    await centre.page.get_by_role("button", name="Remove android").click()

    assert await centre.said() == "That device gets no more updates."
    found = await site.stage.store.find(ana.id)
    assert found is not None
    assert found.devices == ()


async def test_everybody_sees_only_what_their_role_is_told(
    city: City, site: Site, arrives: Arrives, ana: Person
) -> None:
    courier = await city.courier()
    titles = []
    for person in (ana, courier):
        centre = await Centre.of(site, await arrives(), person.id)
        titles.append(await centre.page.locator("details h3").all_inner_texts())

    assert len(titles[0]) == 8
    assert titles[1] == ["Ready for pickup", "Order cancelled"]


@pytest.mark.parametrize(("phone", "locale"), [(True, "en"), (False, "en"), (True, "es")])
async def test_it_can_be_read_by_everybody_on_everything(
    city: City, site: Site, arrives: Arrives, phone: bool, locale: str
) -> None:
    ana = await city.customer(locale=locale, quiet_hours={"start": "22:00", "end": "07:00"})
    centre = await Centre.of(site, await arrives(phone=phone), ana.id)
    await centre.reader.shows(f"preferences-{'phone' if phone else 'desktop'}-{locale}")
    await centre.page.locator("summary").nth(4).click()

    assert await centre.reader.violations() == []
    assert not await centre.reader.overflows()
    await centre.reader.shows(f"preferences-{'phone' if phone else 'desktop'}-{locale}-open")
    # As an Arabic reader would see it.
    await centre.page.evaluate("document.documentElement.dir = 'rtl'")
    assert not await centre.reader.overflows()
    await centre.reader.shows(f"preferences-{'phone' if phone else 'desktop'}-{locale}-rtl")


async def test_quiet_hours_that_are_half_given_are_asked_for_again(
    site: Site, arrives: Arrives, ana: Person
) -> None:
    centre = await Centre.of(site, await arrives(), ana.id)
    await centre.chooses(PREPARING, "Push", "Never")
    await centre.page.get_by_label("Keep quiet at these hours").check()
    await centre.page.get_by_label("Until").fill("")
    await centre.page.get_by_role("button", name="Save").click()

    assert "Please give both times" in await centre.page.get_by_role("alert").inner_text()
    assert await centre.page.get_by_label("Until").get_attribute("aria-invalid") == "true"
    assert await centre.reader.violations() == []
    await centre.page.get_by_label("Until").fill("06:00")
    assert (await centre.saves()).startswith("Saved.")
    found = await site.stage.store.find(ana.id)
    assert found is not None
    assert found.preferences == {Status.PREPARING: {PUSH: "off"}}, "what else was chosen was not lost"
    centre.reader.complaints.clear()  # the browser's own, of the page that was refused


async def test_somebody_who_is_not_signed_in_is_told_so(site: Site, arrives: Arrives) -> None:
    reader = await arrives()
    centre = Centre(site, reader)

    assert (await centre.opens()).status == 401

    assert await centre.said() == "This page stays open for an hour at a time. Open it again from the app."
    assert await reader.violations() == []
    reader.complaints.clear()  # the browser's own, of the 401


async def test_somebody_nobody_loaded_has_nothing_to_choose_yet(site: Site, arrives: Arrives) -> None:
    centre = await Centre.of(site, await arrives(), "nobody-knows-me")

    assert await centre.page.get_by_role("heading").inner_text() == "Nothing to choose yet"
