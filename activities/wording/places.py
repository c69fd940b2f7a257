"""Languages and time zones as people call them: their own name, and the country and city they live in."""

from collections.abc import Mapping
from functools import lru_cache
from zoneinfo import available_timezones

from babel import Locale, UnknownLocaleError
from babel.core import get_global
from babel.dates import get_timezone_location

_ENGLISH = Locale("en")
_NOWHERE = "001"


def own_name(tag: str) -> str:
    """What the readers of a language call it, such as "Español"."""
    name = str(_locale(tag).get_display_name() or tag)
    return name[:1].upper() + name[1:]


# Finding them takes a third of a second.
@lru_cache(maxsize=64)
def time_zones(tag: str) -> Mapping[str, str]:
    """Every time zone that somebody lives in, by its id, as country and city, in the order of these."""
    locale, known = _locale(tag), available_timezones()
    places = {
        zone: _place(zone, territory, locale)
        for zone, territory in get_global("zone_territories").items()
        if zone in known and territory != _NOWHERE
    }
    return dict(sorted(places.items(), key=lambda place: place[1].casefold()))


def _place(zone: str, territory: str, locale: Locale) -> str:
    country = locale.territories.get(territory, territory)
    city = get_timezone_location(zone, locale=locale, return_city=True).rpartition("/")[2]
    return country if city in (country, "") else f"{country}: {city}"


def _locale(tag: str) -> Locale:
    try:
        return Locale.parse(tag, sep="-")
    except (UnknownLocaleError, ValueError):
        return _ENGLISH
