"""Attacks that know what they attack: replayed, forged, reordered, oversized, mutated and signed after all.

Each attack is one or more calls, and says which answers it may get.
"""

import contextlib
import json
import random
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

import httpx

from domain.channels import Channel
from tests.api.amazon import bounce, event
from tests.api.stage import FORM, PUBLIC_URL, SMS, Door, signature

STATUS, INBOUND, SES = "/webhooks/twilio/status", "/webhooks/twilio/inbound", "/webhooks/ses"
REFUSED = frozenset({400, 403, 404, 413, 415, 422})
ANY = REFUSED | {200, 204}
_STATES = ("queued", "sent", "delivered", "undelivered", "failed", "read", "receiving", "", "DELIVERED")
_TYPES = ("", "text/html", "application/xml", "multipart/form-data", "text/plain;;;", "a", "*/*")
_NASTY = ("\0", "\ud800", "\u202e", "\r\n", "'; --", "{{7*7}}", "%s%n", "x" * 9000, "\N{PILE OF POO}", "")
_LONG_AGO = "0001-01-01T00:00:00+23:59"

Attack = Callable[[], Awaitable[None]]


@dataclass
class Attacker:
    """One who knows all paths, and for some attacks all keys too. The same ``seed`` attacks the same way."""

    door: Door
    text: str
    mail: str
    live_activity: str
    seed: int = 1
    surprises: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Roll the dice from the seed on."""
        self.dice = random.Random(self.seed)  # noqa: S311 not for secrets
        self.attacks_of_providers: tuple[Attack, ...] = (
            self.replays,
            self.forges,
            self.reorders,
            self.is_oversized,
            self.lies_about_the_type,
            self.asks_for_what_is_not_there,
            self.mutates_a_form,
            self.mutates_an_envelope,
            self.mutates_an_event,
        )
        self.attacks: tuple[Attack, ...] = (
            *self.attacks_of_providers,
            self.mutates_a_link,
            self.mutates_a_page,
            self.mutates_a_token,
        )

    async def attack(self) -> None:
        """Attack in one way."""
        await self.dice.choice(self.attacks)()

    async def attack_as_a_provider(self) -> None:
        """Attack in one of the ways that webhooks are attacked in."""
        await self.dice.choice(self.attacks_of_providers)()

    async def replays(self) -> None:
        """The very same genuine message, twice."""
        envelope = self.door.amazon.notification(event("Delivery", self.mail))
        for _ in range(2):
            self.expect(await self.door.sns_posts(envelope), {200})
            self.expect(await self.door.twilio_says(self.text, "delivered"), {200})

    async def forges(self) -> None:
        """Everything right but the signature."""
        form = {"MessageSid": "SM1", "MessageStatus": "failed", "From": "+15550100", "Body": "STOP"}
        path = self.dice.choice((f"{STATUS}?message_id={self.text}", INBOUND))
        made = signature(PUBLIC_URL + path, form, "not-the-token")
        headers = {"X-Twilio-Signature": self.dice.choice((made, made[:-1], "", "=", "\xff" * 28))}
        self.expect(await self.post(path, urlencode(form), FORM, headers), {403})
        envelope = self.door.amazon.notification(event("Bounce", self.mail))
        changed = self.dice.choice(("Signature", "Message", "TopicArn", "SigningCertURL"))
        envelope[changed] = self.dice.choice(
            ("AAAA", "", "https://evil.example/a.pem", envelope["MessageId"])
        )
        self.expect(await self.door.sns_posts(envelope), {403})

    async def reorders(self) -> None:
        """All there is to say about one text, in any order: it stays delivered."""
        for state in self.dice.sample(_STATES, 4):
            sid = f"SM{self.dice.getrandbits(128):032x}"
            expected = {200} if state else {422}
            self.expect(await self.door.twilio_says(self.text, state, sid=sid), expected)

    async def is_oversized(self) -> None:
        """More than anybody needs."""
        path, kind = self.dice.choice(
            ((STATUS, FORM), (INBOUND, FORM), (SES, "text/plain"), (self.door.preferences(), FORM))
        )
        size = 256 * 1024 + self.dice.randint(1, 100_000)
        chunked = self.dice.random() < 0.5

        async def chunks() -> Any:
            for _ in range(0, size, 10_000):
                yield b"x" * 10_000

        self.expect(await self.post(path, chunks() if chunked else b"x" * size, kind), {413})

    async def lies_about_the_type(self) -> None:
        """A body of some other type than it says."""
        path = self.dice.choice((STATUS, INBOUND, SES, self.door.preferences(), self.live_activity))
        kind = self.dice.choice(_TYPES)
        self.expect(await self.post(path, b"{}", kind), {400, 415, 422})

    async def asks_for_what_is_not_there(self) -> None:
        """Ids that nobody gave out."""
        unknown = str(UUID(int=self.dice.getrandbits(128)))
        unknown = self.dice.choice((unknown, unknown.upper(), quote(self.nasty().encode("utf-8", "replace"))))
        # Twilio would show the operator that an id is missing.
        expected = {200} if unknown else {422}
        sid = f"SM{self.dice.getrandbits(128):032x}"
        self.expect(await self.door.twilio_says(unknown, "delivered", sid=sid), expected)
        self.expect(await self.door.ses_says(bounce(unknown, "Permanent", "General")), {200})
        self.expect(await self.door.http.get(f"/preferences/{unknown or 'x'}"), {404})

    async def mutates_a_form(self) -> None:
        """Genuinely signed forms that Twilio would not send."""
        form = {"MessageSid": "SM1", "MessageStatus": "delivered", "From": "+15550100", "Body": "STOP"}
        form[self.dice.choice((*form, "ErrorCode", "OptOutType"))] = self.nasty().replace("\ud800", "?")
        form.pop(self.dice.choice((*form, "")), None)
        path = self.dice.choice((f"{STATUS}?message_id={self.text}", INBOUND, STATUS))
        self.expect(await self.door.twilio_calls(path, form), {200, 400, 422})

    async def mutates_an_envelope(self) -> None:
        """Envelopes with a wrong part, signed for what they are."""
        envelope = self.dice.choice((self.door.amazon.offer(), self.door.amazon.notification("x")))
        wrong = self.dice.choice(tuple(envelope))
        envelope[wrong] = self.dice.choice((*_NASTY, None, 7, [], {}, "2026-11-22", _LONG_AGO))
        if self.dice.random() < 0.5 and wrong not in ("Type", "SignatureVersion", "Signature"):
            with contextlib.suppress(UnicodeEncodeError):  # which cannot be signed at all
                envelope = self.door.amazon.signed(envelope)
        self.expect(await self.post(SES, json.dumps(envelope), "text/plain"), {200, 400, 403, 422})

    async def mutates_an_event(self) -> None:
        """Genuine envelopes around events that SES would not send."""
        kind = self.dice.choice(("Delivery", "Bounce", "Complaint", "Open", "Reject", "Click", self.nasty()))
        news = bounce(self.mail, "Permanent", "General")
        news["eventType"] = kind
        self.spoil(news)
        try:
            self.expect(await self.door.ses_says(news), {200, 400})
        except UnicodeEncodeError:  # as above
            return

    async def mutates_a_link(self) -> None:
        """Links that somebody tried to change."""
        token = self.dice.choice((self.door.preferences(), self.live_activity)).rpartition("/")[2]
        at = self.dice.randrange(len(token))
        changed = token[:at] + self.dice.choice("AZaz09._-~!") + token[at + self.dice.randint(0, 1) :]
        if changed == token:
            return
        for path, body, kind in (
            (f"/preferences/{changed}", "List-Unsubscribe=One-Click", FORM),
            (f"/live-activities/{changed}", '{"token": "aabbccdd"}', "application/json"),
        ):
            # The last character of a signature has bits to spare: a changed one may be the same signature.
            allowed = {404} if at < len(token) - 1 else {404, 200, 204}
            self.expect(await self.post(path, body, kind), allowed)

    async def mutates_a_page(self) -> None:
        """Forms that are none, to a genuine page."""
        body = bytearray(b"choice=records&List-Unsubscribe=One-Click")
        for _ in range(self.dice.randint(1, 5)):
            body[self.dice.randrange(len(body))] = self.dice.randrange(256)
        kind = self.dice.choice((FORM, "multipart/form-data; boundary=b", "multipart/form-data; boundary=c"))
        parts = b'--b\r\nContent-Disposition: form-data; name="' + bytes(body) + b'"\r\n\r\nx\r\n--b--\r\n'
        channel = self.dice.choice((Channel.EMAIL, SMS))
        content = bytes(body) if kind == FORM else parts
        self.expect(await self.post(self.door.preferences(channel), content, kind), {200, 400, 422})

    async def mutates_a_token(self) -> None:
        """JSON that is none, to a genuine link of a Live Activity."""
        body = json.dumps({"token": self.dice.choice(("aabbccdd", self.nasty(), None, 7, ["aa"], {}))})
        if self.dice.random() < 0.5:
            at = self.dice.randrange(len(body))
            body = body[:at] + self.dice.choice('{}[]",:\\\xe9') + body[at:]
        self.expect(await self.post(self.live_activity, body, "application/json"), {204, 400, 422})

    async def post(
        self, path: str, body: Any, kind: str, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """Post anything at all."""
        sent = {b"Content-Type": kind.encode()}
        sent |= {name.encode(): value.encode("latin-1") for name, value in (headers or {}).items()}
        content = body.encode("utf-8", "replace") if isinstance(body, str) else body
        return await self.door.http.post(path, content=content, headers=sent)

    def nasty(self) -> str:
        """Something that nobody would write."""
        return self.dice.choice(_NASTY)

    def spoil(self, thing: dict[str, Any]) -> None:
        """Put something wrong somewhere into an object."""
        name = self.dice.choice(tuple(thing))
        inner = thing[name]
        if isinstance(inner, dict) and inner and self.dice.random() < 0.7:
            self.spoil(inner)
        else:
            thing[name] = self.dice.choice((None, 7, [], {}, [None], [[]], True, 1e300, "x", self.nasty()))

    def expect(self, answer: httpx.Response, allowed: Collection[int]) -> None:
        """Be surprised by any other answer."""
        if answer.status_code not in allowed:
            path = answer.request.url.path.split("/")[1:3]
            self.surprises.append(f"{'/'.join(path)[:30]}: {answer.status_code}, not {sorted(allowed)}")
