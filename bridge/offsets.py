"""How far each partition may be committed: up to the first message that is not done."""

from collections import deque
from collections.abc import Collection, Mapping


class Offsets:
    """The offsets that were given to us and are not committed yet, by share."""

    def __init__(self) -> None:
        self._given: dict[str, deque[int]] = {}
        self._done: dict[str, set[int]] = {}
        self._through: dict[str, int] = {}

    def given(self, share: str, offset: int) -> None:
        """A message was given to us, after all those before it. Offsets may leave gaps.

        One that is not after the last means that the share was taken from us and came back: it begins anew.
        """
        given = self._given.setdefault(share, deque())
        if given and offset <= given[-1]:
            given.clear()
        given.append(offset)

    def done(self, share: str, offset: int) -> None:
        """One of them is done. Of a share that was taken from us this says nothing."""
        given, done = self._given.get(share), self._done.setdefault(share, set())
        if not given or offset < given[0]:
            return
        done.add(offset)
        while given and given[0] in done:
            done.discard(through := given.popleft())
            self._through[share] = through + 1

    @property
    def next(self) -> Mapping[str, int]:
        """For each share of which anything is done the offset to go on from, after a crash."""
        return dict(self._through)

    def forget(self, shares: Collection[str]) -> None:
        """These are no more ours."""
        for share in shares:
            for kept in (self._given, self._done, self._through):
                kept.pop(share, None)
