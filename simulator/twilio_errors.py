"""How Twilio words what is wrong with a request: https://www.twilio.com/docs/api/errors."""

from starlette.responses import JSONResponse, Response

from simulator.answering import retry_after
from simulator.faults import Fault

MESSAGES = {
    20003: "Authenticate",
    20404: "The requested resource was not found",
    20429: "Too Many Requests",
    20500: "An internal server error has occurred",
    20503: "Service unavailable",
    21211: "Invalid 'To' Phone Number",
    21408: "Permission to send an SMS has not been enabled for the region indicated by the 'To' number",
    21602: "Message body is required.",
    21603: "A 'From' phone number is required.",
    21604: "A 'To' phone number is required.",
    21609: "The StatusCallback URL is not a valid URL.",
    21610: "Attempt to send to unsubscribed recipient",
    21611: "This 'From' number has exceeded the maximum number of queued messages",
    21612: "The 'To' phone number is not currently reachable using the 'From' phone number via SMS",
    21614: "'To' number is not a valid mobile number",
    21617: "The concatenated message body exceeds the 1600 character limit.",
    21624: "The ValidityPeriod is invalid. It must be an integer between 1 and 36000.",
    21635: "'To' number cannot be a landline",
}


def phrase(fault: Fault) -> Response:
    """Word a fault as Twilio would."""
    match fault.kind:
        case "throttle":
            return error(20429, headers=retry_after(fault))
        case "dead":
            return error(int(fault.code or 21211))
        case "refuse":
            return error(int(fault.code or 21612))
        case "credentials":
            return error(int(fault.code or 20003))
        case _:
            return error(20_000 + (fault.status or 503))


def error(code: int, message: str | None = None, headers: dict[str, str] | None = None) -> Response:
    """Answer with one of Twilio's codes."""
    # Codes from 20400 on carry their HTTP status; nearly all others are a 400.
    status = code - 20_000 if 20_400 <= code <= 20_599 else 401 if code in {20003, 20004} else 400
    body = {
        "code": code,
        "message": message or MESSAGES.get(code, f"Error {code}"),
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
    }
    return JSONResponse(body, status, headers)
