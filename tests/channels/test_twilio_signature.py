"""Which webhooks are Twilio's own, in the opinion of Twilio's SDK too."""

import random
from collections.abc import Mapping
from urllib.parse import quote, urlsplit

import pytest
from twilio.request_validator import (  # type: ignore[import-untyped]  # it ships no types
    RequestValidator,
    get_signature_algorithm,
)

from activities.channels.twilio_signature import Params, is_signed

SECRET = "auth-token"  # noqa: S105 made up
URL = "https://news.example.org/webhooks/twilio/status?message_id=A17"
FORM = [("MessageSid", "SM" + "a" * 32), ("MessageStatus", "delivered"), ("To", "+15550100")]
SHA_256 = "key=webhooks_sharedkey_1,algorithm=HMAC_SHA256"
LETTERS = "abcXYZ019 _+&=%/?#:;,.éß€中😀\u0301\n"


class Multi(dict[str, list[str]]):
    """The fields of a form as Django hands them to the SDK."""

    def getlist(self, name: str) -> list[str]:
        return self[name]


def multi(params: Params) -> Multi:
    fields = Multi()
    for name, value in params:
        fields.setdefault(name, []).append(value)
    return fields


def signed_by_the_sdk(url: str, params: Params, settings: str | None, secret: str = SECRET) -> dict[str, str]:
    algorithm = get_signature_algorithm(settings)
    signature = RequestValidator(secret).compute_signature(url, multi(params), algorithm)
    headers = {"X-Twilio-Signature": signature}
    return headers if settings is None else {**headers, "X-Twilio-Webhooks-Signature-Settings": settings}


def the_sdk_says(url: str, params: Params, headers: Mapping[str, str]) -> bool:
    algorithm = get_signature_algorithm(headers.get("X-Twilio-Webhooks-Signature-Settings"))
    signature = headers["X-Twilio-Signature"]
    return bool(RequestValidator(SECRET).validate(url, multi(params), signature, algorithm))


def seeded(seed: str) -> random.Random:
    return random.Random(seed)  # noqa: S311 the same words in every run


def word(rng: random.Random, longest: int = 12) -> str:
    return "".join(rng.choices(LETTERS, k=rng.randint(0, longest)))


def a_url(rng: random.Random) -> str:
    host = rng.choice(["news.example.org", "NEWS.example.org", "127.0.0.1"])
    port = rng.choice(["", "", ":443", ":80", ":8080"])
    query = "?" + "&".join(f"{quote(word(rng))}={quote(word(rng))}" for _ in range(rng.randint(1, 3)))
    return f"{rng.choice(['http', 'https'])}://{host}{port}/{quote(word(rng))}{rng.choice(['', query])}"


def some_params(rng: random.Random) -> Params:
    names = [word(rng) for _ in range(rng.randint(0, 5))] or ["To"]
    return [(rng.choice(names), word(rng)) for _ in range(rng.randint(0, 8))]


def another_port(url: str, port: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=(parts.hostname or "") + port).geturl()


SETTINGS = [
    None,
    "",
    SHA_256,
    "algorithm=HMAC_SHA256",
    "key=k, algorithm = hmac_sha256 ",
    "key=k,algorithm=HMAC_SHA1",
    "key=k,algorithm=",
    "key=k",
    "key=k,algorithm=,algorithm=HMAC_SHA256",
]


@pytest.mark.parametrize("settings", SETTINGS)
def test_what_the_sdk_signs_is_signed_and_nothing_else_is(settings: str | None) -> None:
    rng = seeded(f"signed {settings}")
    for _ in range(200):
        url, params = a_url(rng), some_params(rng)
        headers = signed_by_the_sdk(url, params, settings)
        rng.shuffle(params)
        assert is_signed(SECRET, url, params, headers), (url, params)
        changed = [
            (SECRET + "x", url, params),
            (SECRET, url + "x", params),
            (SECRET, url, [*params, ("Extra", "")]),
            (SECRET, url, [(name, value + "x") for name, value in params] or [("a", "b")]),
        ]
        assert not [one for one in changed if is_signed(*one, headers)]


@pytest.mark.parametrize("settings", SETTINGS)
def test_the_sdk_and_we_agree_whatever_port_was_signed(settings: str | None) -> None:
    rng = seeded(f"ports {settings}")
    said = []
    for _ in range(200):
        url, params = a_url(rng), some_params(rng)
        called = another_port(url, rng.choice(["", ":443", ":80", ":8080"]))
        headers = signed_by_the_sdk(called, params, settings)
        said.append(is_signed(SECRET, url, params, headers))
        assert said[-1] == the_sdk_says(url, params, headers), (called, url)
    assert 50 < sum(said) < 199


def test_a_value_that_is_there_twice_counts_once_and_several_count_in_order() -> None:
    headers = signed_by_the_sdk(URL, [("a", "2"), ("a", "1"), ("a", "2")], None)
    assert is_signed(SECRET, URL, [("a", "1"), ("a", "2")], headers)
    assert not is_signed(SECRET, URL, [("a", "1")], headers)


def test_the_names_of_headers_have_no_case() -> None:
    headers = signed_by_the_sdk(URL, FORM, SHA_256)
    assert is_signed(SECRET, URL, FORM, {name.lower(): value for name, value in headers.items()})
    assert is_signed(SECRET, URL, FORM, {name.upper(): value for name, value in headers.items()})


def test_a_shared_key_takes_the_place_of_the_auth_token() -> None:
    headers = signed_by_the_sdk(URL, FORM, SHA_256, secret="shared")  # noqa: S106 made up
    assert is_signed("shared", URL, FORM, headers)
    assert not is_signed(SECRET, URL, FORM, headers)


def test_one_algorithm_does_not_pass_for_another() -> None:
    sha_1, sha_256 = signed_by_the_sdk(URL, FORM, None), signed_by_the_sdk(URL, FORM, SHA_256)
    assert not is_signed(SECRET, URL, FORM, {**sha_256, "X-Twilio-Signature": sha_1["X-Twilio-Signature"]})
    assert not is_signed(SECRET, URL, FORM, {"X-Twilio-Signature": sha_256["X-Twilio-Signature"]})


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Twilio-Signature": ""},
        {"X-Twilio-Signature": "="},
        {"X-Twilio-Signature": "é\ud800\x00"},
        {"X-Twilio-Signature": "x" * 100_000},
        {"X-Twilio-Webhooks-Signature-Settings": SHA_256},
        {**signed_by_the_sdk(URL, FORM, None), "X-Twilio-Webhooks-Signature-Settings": "algorithm=MD5"},
    ],
)
def test_what_bears_no_signature_is_not_signed(headers: dict[str, str]) -> None:
    assert not is_signed(SECRET, URL, FORM, headers)


@pytest.mark.parametrize(
    "url", ["", "news", "https://[::1", "https://news:99999/", "https://news:x/", "http://\ud800/"]
)
def test_no_url_or_field_can_break_it(url: str) -> None:
    assert not is_signed(SECRET, url, [("\ud800", "\x00")], {"X-Twilio-Signature": "x"})
