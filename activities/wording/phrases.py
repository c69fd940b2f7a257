"""What is said around the news: phrases of a catalogue, and moments as people say them."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_time, format_timedelta, get_datetime_format

from activities.wording.catalogue import Language


class Phrases:
    """The phrases of one language; what it lacks is said in English, what English lacks is a mistake of ours.

    ``tag`` and ``direction`` (``ltr`` or ``rtl``) are for the page's ``<html>``.
    """

    def __init__(self, language: Language, english: Language) -> None:
        self.tag = language.tag
        self._languages: Sequence[Language] = (language, english)
        self._locale = Locale.parse(language.tag, sep="-")

    @property
    def direction(self) -> str:
        """Which way it is read."""
        return "rtl" if self._locale.character_order == "right-to-left" else "ltr"

    def __call__(self, phrase_id: str, **values: str | int) -> str:
        """Say a phrase. Raises ``KeyError`` for one that English does not have."""
        for language in self._languages:
            if said := language.phrase(phrase_id, values):
                return said
        raise KeyError(phrase_id)

    def ago(self, moment: datetime, now: datetime) -> str:
        """How long ago a moment was, such as "3 minutes ago"."""
        return format_timedelta(moment - now, add_direction=True, locale=self._locale)

    def at(self, moment: datetime, time_zone: str) -> str:
        """When a moment was on somebody's own clock, such as "Nov 22, 2026, 7:20 AM"."""
        own = moment.astimezone(ZoneInfo(time_zone))
        pattern = str(get_datetime_format("medium", locale=self._locale)).replace("'", "")
        time, date = (
            format_time(own, "short", locale=self._locale),
            format_date(own, "medium", locale=self._locale),
        )
        return pattern.replace("{0}", time).replace("{1}", date)
