"""What is said around the news: phrases of a catalogue, and moments as people say them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time, format_timedelta, get_datetime_format

from activities.wording.catalogue import Language

# Seconds are of no interest to anybody, and two clocks are never quite the same.
JUST_NOW = timedelta(seconds=45)


class Phrases:
    """The phrases of one language; what it lacks is said in English, what English lacks is a mistake of ours.

    ``tag`` and ``direction`` are for the page's ``<html>``.
    """

    def __init__(self, language: Language, english: Language) -> None:
        self.tag, self.direction = language.tag, language.direction
        self._languages: Sequence[Language] = (language, english)
        self._locale = language.locale

    def __call__(self, phrase_id: str, **values: str | int) -> str:
        """Say a phrase. Raises ``KeyError`` for one that English does not have."""
        for language in self._languages:
            if said := language.phrase(phrase_id, values):
                return said
            language.lacks(phrase_id)
        raise KeyError(phrase_id)

    def ago(self, moment: datetime, now: datetime) -> str:
        """How long ago a moment was, or how far ahead it is: "3 minutes ago", "in 2 days", "just now"."""
        if abs(moment - now) < JUST_NOW:
            return self("moment-now")
        return format_timedelta(moment - now, granularity="minute", add_direction=True, locale=self._locale)

    def at(self, moment: datetime, time_zone: str) -> str:
        """When a moment was on somebody's own clock, such as "Nov 22, 2026, 7:20 AM"."""
        own = moment.astimezone(ZoneInfo(time_zone))
        pattern = str(get_datetime_format("medium", locale=self._locale)).replace("'", "")
        time, date = (
            format_time(own, "short", locale=self._locale),
            format_date(own, "medium", locale=self._locale),
        )
        return pattern.replace("{0}", time).replace("{1}", date)
