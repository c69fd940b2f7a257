"""What to look at for each reason that a provider gives: which setting, which page of the provider's."""

from collections.abc import Mapping

_APPLE_KEY = (
    "APNS_KEY_FILE, APNS_KEY_ID and APNS_TEAM_ID have to belong together: compare with Apple's list of keys."
)
_APPLE_HOST = (
    "The key in APNS_KEY_FILE is for one environment only: use the other --environment, or a key for both."
)
_TOPIC = (
    "Set APNS_TOPIC to the bundle id of the app that gave this token; the key has to be good for that app."
)
_CLOCK = "Compare this machine's clock with the right time."
_TWILIO_LOGIN = (
    "Compare TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN with the account's page in Twilio's console."
)
_TWILIO_SENDER = (
    "Compare TWILIO_FROM and TWILIO_MESSAGING_SERVICE_SID with the account's numbers: the sender must be its"
    " own, and able to send texts to this country."
)
_NUMBER = "Check --to: only a mobile number, complete and with its country, gets texts."
_RELAY_LOGIN = (
    "Check SMTP_USERNAME and SMTP_PASSWORD, and that SMTP_TLS is what the relay wants before a login."
)
_MAILBOX = "Check --to for a slip: there is no such mailbox, or it is closed."
_AWS_KEYS = "Check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (or AWS_PROFILE), then this machine's clock."
_SES_ACCOUNT = "See the account's page of SES in the region SES_REGION: it says what Amazon wants."

# By the beginning of a reason; the longest that fits counts. What is not here is said in general.
REMEDIES: Mapping[str, str] = {
    "APNs BadDeviceToken": (
        "Check --to and --environment: an app run from Xcode has a token of sandbox, one from TestFlight or"
        " the App Store one of production."
    ),
    "APNs Unregistered": "Open the app on the device, and take the token that it has now.",
    "APNs ExpiredToken": "Open the app on the device, and take the token that it has now.",
    "APNs DeviceTokenNotForTopic": _TOPIC,
    "APNs BadTopic": _TOPIC,
    "APNs MissingTopic": _TOPIC,
    "APNs TopicDisallowed": _TOPIC,
    "APNs InvalidProviderToken": _APPLE_KEY,
    "APNs MissingProviderToken": _APPLE_KEY,
    "APNs UnrelatedKeyIdInToken": _APPLE_KEY,
    "APNs Forbidden": _APPLE_KEY,
    "APNs BadEnvironmentKeyIdInToken": _APPLE_HOST,
    "APNs BadCertificateEnvironment": _APPLE_HOST,
    "APNs ExpiredProviderToken": _CLOCK,
    "APNs: could not connect": (
        "Does this machine reach api.push.apple.com on port 443? Otherwise look at APNS_BASE_URL and"
        " APNS_CA_FILE."
    ),
    "FCM UNREGISTERED": "Open the app on the device, and take the token that it has now.",
    "FCM SENDER_ID_MISMATCH": (
        "The token is of another Firebase project than FCM_SERVICE_ACCOUNT_FILE: use a key of the app's own."
    ),
    "FCM INVALID_ARGUMENT": "Check --to; a Firebase installation id needs --fid, a token must not have it.",
    "FCM UNAUTHENTICATED": "Put a new key of the service account into FCM_SERVICE_ACCOUNT_FILE.",
    "FCM PERMISSION_DENIED": (
        "Let the service account of FCM_SERVICE_ACCOUNT_FILE send messages, and switch on the Firebase Cloud"
        " Messaging API in its project."
    ),
    "FCM THIRD_PARTY_AUTH_ERROR": "The token is of an iPhone: use --platform ios, or check --to.",
    "FCM APNS_AUTH_ERROR": "The token is of an iPhone: use --platform ios, or check --to.",
    "FCM NOT_FOUND": "Check FCM_BASE_URL, and whether the project of FCM_SERVICE_ACCOUNT_FILE still exists.",
    "Google sign-in refused": (
        "Put a new key of the service account into FCM_SERVICE_ACCOUNT_FILE: this one was revoked, or this"
        " machine's clock is wrong."
    ),
    "Twilio 20003": _TWILIO_LOGIN,
    "Twilio 20404": "Compare TWILIO_ACCOUNT_SID with Twilio's console, and look at TWILIO_BASE_URL.",
    "Twilio 21211": _NUMBER,
    "Twilio 21408": "Allow texts to this country in Twilio's console, under its geographic permissions.",
    "Twilio 21606": _TWILIO_SENDER,
    "Twilio 21608": "A trial account texts verified numbers only: verify this one, or upgrade.",
    "Twilio 21609": "Twilio reports to PUBLIC_URL: set it to where the world reaches the API, or remove it.",
    "Twilio 21610": "Its owner has to text START to the sender first. Nothing on our side can change that.",
    "Twilio 21612": _TWILIO_SENDER,
    "Twilio 21614": _NUMBER,
    "Twilio 21635": _NUMBER,
    "Twilio 21659": _TWILIO_SENDER,
    "Twilio 21660": _TWILIO_SENDER,
    "Twilio 30002": "Twilio has suspended the account: its console says why.",
    "SMTP 530": _RELAY_LOGIN,
    "SMTP 534": _RELAY_LOGIN,
    "SMTP 535": _RELAY_LOGIN,
    "SMTP 538": _RELAY_LOGIN,
    "SMTP 5.1.": _MAILBOX,
    "SMTP 5.2.1": _MAILBOX,
    "SMTP 5": "Does the relay take EMAIL_FROM as sender? Does it want SMTP_USERNAME and SMTP_PASSWORD?",
    "SMTP: the relay's certificate": "Set SMTP_CA_FILE to who signed it, and check the name in SMTP_HOST.",
    "SMTP: no STARTTLS": "Check that SMTP_TLS and SMTP_PORT fit together, and that the relay takes logins.",
    "SMTP: could not connect": "Check SMTP_HOST, SMTP_PORT and SMTP_TLS: does this machine reach the relay?",
    "SES MessageRejected: address not verified": (
        "Verify EMAIL_FROM in the region SES_REGION; while the account is in SES's sandbox, --to as well."
    ),
    "SES MailFromDomainNotVerifiedException": "Verify the domain of EMAIL_FROM in the region SES_REGION.",
    "SES NotFoundException": "Check that SES_CONFIGURATION_SET is there in the region SES_REGION.",
    "SES AccessDeniedException": "Give the AWS keys the permission ses:SendEmail.",
    "SES AccountSuspendedException": _SES_ACCOUNT,
    "SES SendingPausedException": _SES_ACCOUNT,
    "SES LimitExceededException": _SES_ACCOUNT,
    "SES daily quota": _SES_ACCOUNT,
    "SES RequestExpired": _CLOCK,
    **dict.fromkeys(
        (
            "SES ExpiredTokenException",
            "SES IncompleteSignatureException",
            "SES InvalidClientTokenId",
            "SES InvalidSignatureException",
            "SES MissingAuthenticationTokenException",
            "SES SignatureDoesNotMatch",
            "SES UnrecognizedClientException",
        ),
        _AWS_KEYS,
    ),
}
