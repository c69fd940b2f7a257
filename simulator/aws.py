"""Checks the signatures of AWS, by AWS's own signer: the one account there is has the keys below."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hmac import compare_digest

from starlette.requests import Request

ACCESS_KEY_ID = "AKIASIMULATED"
SECRET_ACCESS_KEY = "simulated"  # noqa: S105 - and not a secret
VALID_FOR = timedelta(minutes=5)

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/,]+)/(?P<day>\d{8})/(?P<region>[^/,]+)/(?P<service>[^/,]+)/"
    r"aws4_request, ?SignedHeaders=(?P<headers>[a-z0-9;-]+), ?Signature=(?P<signature>[0-9a-f]{64})"
)
_TIME = "%Y%m%dT%H%M%SZ"
_MUST_BE_SIGNED = frozenset({"host", "x-amz-date"})
_MISMATCH = (
    "InvalidSignatureException",
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret"
    " Access Key and signing method. Consult the service documentation for details.",
)

Wrong = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Claim:
    """What an Authorization header says of itself."""

    key: str
    day: str
    region: str
    service: str
    headers: str
    signature: str


def what_is_wrong(request: Request, body: bytes, service: str) -> Wrong | None:
    """AWS's error type and message for a request that is not signed as it should be, None for one that is."""
    authorization = request.headers.get("authorization")
    if authorization is None:
        return "MissingAuthenticationTokenException", "Missing Authentication Token"
    found = _AUTHORIZATION.fullmatch(authorization)
    moment = _moment(request.headers.get("x-amz-date", ""))
    if found is None or moment is None:
        return "IncompleteSignatureException", "Authorization header is not as it should be."
    claim = Claim(**found.groupdict())
    # Keys that never expire come without a token.
    if claim.key != ACCESS_KEY_ID or "x-amz-security-token" in request.headers:
        return "UnrecognizedClientException", "The security token included in the request is invalid."
    if abs(datetime.now(UTC) - moment) > VALID_FOR:
        return "InvalidSignatureException", f"Signature expired: {moment.strftime(_TIME)}"
    if claim.service != service or not moment.strftime(_TIME).startswith(claim.day):
        return "InvalidSignatureException", f"Credential should be scoped to correct service: '{service}'."
    is_right = compare_digest(_signature(request, body, claim), claim.signature)
    return None if is_right and _covers_enough(request, claim) else _MISMATCH


def _moment(value: str) -> datetime | None:
    try:
        return datetime.strptime(value, _TIME).replace(tzinfo=UTC)
    except ValueError:
        return None


def _covers_enough(request: Request, claim: Claim) -> bool:
    """Host, date and all of AWS's own headers have to be signed."""
    own = {name for name in request.headers if name.startswith("x-amz-")}
    return _MUST_BE_SIGNED | own <= set(claim.headers.split(";"))


def _signature(request: Request, body: bytes, claim: Claim) -> str:
    # Here: it takes longer to load than the rest of the simulator, and few send by SES.
    from botocore.auth import SigV4Auth  # type: ignore[import-untyped]  # noqa: PLC0415
    from botocore.awsrequest import AWSRequest  # type: ignore[import-untyped]  # noqa: PLC0415
    from botocore.credentials import Credentials  # type: ignore[import-untyped]  # noqa: PLC0415

    url = f"http://{request.headers['host']}{request.url.path}"
    again = AWSRequest(
        request.method, url, data=body, headers=dict(_signed(request, claim.headers.split(";")))
    )
    again.context["timestamp"] = request.headers["x-amz-date"]
    signer = SigV4Auth(Credentials(ACCESS_KEY_ID, SECRET_ACCESS_KEY), claim.service, claim.region)
    return str(signer.signature(signer.string_to_sign(again, signer.canonical_request(again)), again))


def _signed(request: Request, names: Iterable[str]) -> Iterable[tuple[str, str]]:
    return ((name, request.headers[name]) for name in names if name in request.headers)
