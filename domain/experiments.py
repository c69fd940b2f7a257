"""Experiments with words: who hears which variant, and whether the variants differ by more than chance.

One person counts once: what is compared are recipients, not messages.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import accumulate, combinations
from math import sqrt
from statistics import NormalDist
from typing import Annotated, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from domain.status import Role, Status

_Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
_VariantName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]{0,19}$")]
_Share = Annotated[int, Field(strict=True, ge=1, le=1_000_000)]
CONFIDENCE = 0.95


class Experiment(BaseModel):
    """Several wordings of one status for one role, while it runs: from ``begins`` until ``ends``.

    ``variants`` are names with their shares. The first is told in the usual words, any other in the words
    of the messages that end in ``--`` and its name.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: _Name
    status: Status
    role: Role = Role.CUSTOMER
    variants: Annotated[Mapping[_VariantName, _Share], Field(min_length=2, max_length=10)]
    begins: AwareDatetime | None = None
    ends: AwareDatetime | None = None

    @model_validator(mode="after")
    def _is_told_to_its_role(self) -> Self:
        if self.role not in self.status.rule.told:
            raise ValueError(f"{self.status} is not told to a {self.role}")
        if self.begins and self.ends and self.ends <= self.begins:
            raise ValueError("ends before it begins")
        return self

    @property
    def usual(self) -> str:
        """The variant that is told in the usual words, which the others are compared with."""
        return next(iter(self.variants))

    def runs_at(self, moment: datetime) -> bool:
        """Whether it takes part in what is told at a moment."""
        return (self.begins is None or self.begins <= moment) and (self.ends is None or moment < self.ends)

    def variant_of(self, recipient_id: str) -> str:
        """The variant that a recipient hears: always the same, in the long run by the shares.

        By a hash of both names, so that who hears what here says nothing about any other experiment.
        """
        digest = hashlib.sha256(json.dumps([self.name, recipient_id]).encode()).digest()
        place = int.from_bytes(digest) * sum(self.variants.values()) >> 8 * len(digest)
        ends = zip(accumulate(self.variants.values()), self.variants, strict=True)
        return next(name for end, name in ends if place < end)

    def meets(self, other: "Experiment") -> bool:
        """Whether both would choose the words of the same news."""
        if (self.status, self.role) != (other.status, other.role):
            return False
        return not (_is_over_before(self, other) or _is_over_before(other, self))


def recorded_as(experiment: Experiment, variant: str) -> str:
    """How the ledger names a variant."""
    return f"{experiment.name}/{variant}"


def variant_in(recorded: str | None) -> str | None:
    """The name of the variant alone, in what :func:`recorded_as` made."""
    return recorded.partition("/")[2] if recorded else None


def kept(before: str | None, now: str | None) -> str | None:
    """What a channel that takes over tells: the same variant, where it takes part in the same experiment."""
    is_same = before and now and before.partition("/")[0] == now.partition("/")[0]
    return before if is_same else now


def refuse_those_that_meet(experiments: Sequence[Experiment]) -> None:
    """Raise ``ValueError`` where two of the same name or for the same news run at the same time."""
    for one, other in combinations(experiments, 2):
        if one.name == other.name:
            raise ValueError(f"{one.name}: is there twice")
        if one.meets(other):
            raise ValueError(f"{one.name}: runs at the same time as {other.name}, for the same news")


def _is_over_before(one: Experiment, other: Experiment) -> bool:
    return one.ends is not None and other.begins is not None and one.ends <= other.begins


class Interval(BaseModel):
    """From where to where a value lies, with a confidence of 95 %."""

    low: float
    high: float


class Rate(BaseModel):
    """How many of how many recipients, and Wilson's interval around their share. No ``share`` of nobody."""

    count: int
    of: int
    share: float | None = None
    interval: Interval | None = None

    @classmethod
    def measured(cls, count: int, of: int) -> "Rate":
        """The rate of ``count`` recipients of ``of``."""
        if not of:
            return cls(count=0, of=0)
        return cls(count=count, of=of, share=count / of, interval=wilson(count, of))


class Difference(BaseModel):
    """How much greater a share is than that of the first variant, with Newcombe's interval."""

    share: float
    interval: Interval
    excludes_zero: bool


def wilson(count: int, of: int, confidence: float = CONFIDENCE) -> Interval:
    """Wilson's score interval of a share: unlike the textbook's, right for few people and near 0 and 1."""
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share, weight = count / of, z * z / of
    middle = share + weight / 2
    reach = z * sqrt(share * (1 - share) / of + weight / (4 * of))
    low, high = (middle - reach) / (1 + weight), (middle + reach) / (1 + weight)
    # Exactly so for none and for all; the square root is off by some 1e-17.
    return Interval(low=low if count else 0.0, high=high if count < of else 1.0)


def newcombe(one: Rate, other: Rate) -> Difference | None:
    """How much greater ``one`` is than ``other``: Newcombe's hybrid score interval, his method 10.

    None where nobody was counted.
    """
    if one.share is None or other.share is None or one.interval is None or other.interval is None:
        return None
    share = one.share - other.share
    low = share - sqrt((one.share - one.interval.low) ** 2 + (other.interval.high - other.share) ** 2)
    high = share + sqrt((one.interval.high - one.share) ** 2 + (other.share - other.interval.low) ** 2)
    return Difference(share=share, interval=Interval(low=low, high=high), excludes_zero=low > 0 or high < 0)


class Counts(BaseModel):
    """Recipients of one variant: how many there are, and how many of them things are known of.

    ``reported`` had a text or an e-mail, whose providers report deliveries; ``inbox`` had it in-app.
    """

    recipients: int = 0
    told: int = 0
    reported: int = 0
    delivered: int = 0
    inbox: int = 0
    read: int = 0


class VariantReport(BaseModel):
    """One variant: three rates, and how each differs from that of the first variant."""

    variant: str
    told: Rate
    delivered: Rate
    read: Rate
    differences: Mapping[str, Difference]


WHAT_IT_CANNOT_TELL = (
    "A recipient counts once, however many messages they had.",
    "delivered is of those told by text or e-mail: the providers of push report no deliveries.",
    "read is of those told in-app: nobody reports that a push, a text or an e-mail was read.",
    "Who is told in a language that lacks a variant takes no part: they hear the usual words.",
)


class Report(BaseModel):
    """An experiment so far."""

    experiment: Experiment
    variants: list[VariantReport]
    notes: Sequence[str] = WHAT_IT_CANNOT_TELL


def report(experiment: Experiment, counts: Mapping[str, Counts]) -> Report:
    """Compare the variants of an experiment, by the counts of each."""
    first = _rates(counts.get(experiment.usual, Counts()))
    rates = {variant: _rates(counts.get(variant, Counts())) for variant in experiment.variants}
    variants = [
        _variant(variant, found, None if variant == experiment.usual else first)
        for variant, found in rates.items()
    ]
    return Report(experiment=experiment, variants=variants)


def _rates(counts: Counts) -> dict[str, Rate]:
    return {
        "told": Rate.measured(counts.told, counts.recipients),
        "delivered": Rate.measured(counts.delivered, counts.reported),
        "read": Rate.measured(counts.read, counts.inbox),
    }


def _variant(variant: str, rates: Mapping[str, Rate], first: Mapping[str, Rate] | None) -> VariantReport:
    compared = {name: newcombe(rate, first[name]) for name, rate in rates.items()} if first else {}
    differences = {name: found for name, found in compared.items() if found}
    return VariantReport(variant=variant, differences=differences, **rates)
