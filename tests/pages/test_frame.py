"""The frame of all pages: what it is made of is there, and nothing of it comes from elsewhere."""

import httpx
import pytest

from activities.wording import FluentWording
from api.rendering import Pages
from tests.site import Site


def test_a_page_is_in_the_language_and_direction_of_its_reader() -> None:
    page = bytes(Pages().render("frame.html", FluentWording().phrases("es")).body).decode()

    assert '<html lang="es" dir="ltr">' in page


@pytest.mark.parametrize("asset", ["style.css", "icon.svg"])
async def test_what_pages_are_made_of_is_kept_for_ever(site: Site, asset: str) -> None:
    page = bytes(Pages().render("frame.html", FluentWording().phrases("en")).body).decode()
    stem, _, suffix = asset.partition(".")
    (path,) = [
        part for part in page.split('"') if part.startswith(f"/assets/{stem}.") and part.endswith(suffix)
    ]

    async with httpx.AsyncClient(base_url=site.url, timeout=60) as http:
        found, unknown = await http.get(path), await http.get(f"/assets/{asset}")

    assert found.status_code == 200
    assert "immutable" in found.headers["cache-control"]
    assert unknown.status_code == 404
