"""Words: what announces a value in prose, what stands where a value should and is none, what marks a link."""

from launchready.core.redact.rules.fields import words


def _stems(text: str) -> tuple[str, ...]:
    return tuple(text.split())


#: What stands under a sensitive name and is no secret.
EMPTY_WORDS = words(
    "none null nil true false yes no on off undefined nan n/a na unset empty missing invalid expired wrong incorrect "
    "required changed reset updated ok okay failed failure success strong weak hidden masked redacted filtered "
    "removed secret protected disabled enabled present absent set given provided valid unknown unauthorized denied "
    "rejected accepted mismatch match matched error verified unverified confirmed pending revoked rotated created "
    "deleted used unused optional default bearer basic digest include omit same-origin string str bytes int text "
    "object array uuid unique password passwd token otp sms totp email phone or and is was not for in the a an of to "
    "from must be has have been will with without by too at as mailto "
    "invalide incorrecte oubli\u00e9 falsch ung\u00fcltig vergessen fehlt"
)

#: Sentences whose value is known by the word before it: the word, then "is", "was", "to" or a quote, then the value.
#: (class, words, condition)
SAYS: tuple[tuple[str, tuple[str, ...], str], ...] = (
    (
        "password",
        ("password", "passwd", "passwort", "pwd", "passphrase", "kennwort", "pass", "passcode", "passe", "wachtwoord"),
        "secretish",
    ),
    ("generic_key", ("secret", "key", "token", "apikey"), "opaque"),
    ("session", ("session", "session id", "sessionid"), "token"),
)
#: "token 3xd7Y0...": the word and the value, with nothing but a blank between.
BLANK_WORDS = ("token", "secret", "session", "key", "jwt", "apikey", "cookie")
#: "api key rotated: 3xd7Y0...": the words, some more, and a value of which nothing else is known.
TOLD_WORDS = ("token", "secret", "session", "api key", "access key", "secret key", "signing key", "encryption key")
#: "bind with password Xk3#...": the word and what no word is, with nothing but a blank between.
TYPED_WORDS = ("password", "passwd", "pwd")
#: "push to device 90e0b1...": what is no id of a record, because it is as long as a token of APNs.
DEVICE_WORDS = ("device", "devices")
#: A number after one of these is the number of a thing, not a code.
THINGS = words("user id account client customer booking order coach device attempt attempts")

#: A one-time code: one of these, then at most 32 characters that are no digits, then four to eight digits.
CODE_WORDS = (
    "otp",
    "totp",
    "pin",
    "passcode",
    "code",
    "2fa",
    "mfa",
    "bestätigungscode",
    "sicherheitscode",
    "anmeldecode",
    "código",
    "codice",
)
#: "Use 482913 to verify your account": what opens a sentence whose code stands before its purpose.
CODE_OPENS = ("use",)
#: A bare "code 482913" is a one-time code in the company of one of these; "code 500123 in batch 7" is not.
CODE_COMPANY = words(
    "sms text message body sent send sending phone mobile whatsapp twilio otp mfa 2fa login signin sign auth verify "
    "verified verification authenticate expires expire valid minutes share user customer client typed entered"
)
#: A word before "code" that makes it a one-time code.
OWN_CODES = words(
    "your verification security login otp sms one-time onetime 2fa mfa auth access confirm confirmation activation "
    "reset pin my signin time check-in checkin this votre dein ihr su tu"
)
#: What may stand between such a word and its digits.
JOINERS = words(
    "is was for the your a an to as of sent use using enter entered code login sign signin in new reset password "
    "account phone verification wrong received submitted got with and it email sms number user confirm here app step "
    "token please by value booking payment registration attempt invalid expected lautet ist est es de vérification "
    "verificación verifica confirmación confirmation conferma"
)

#: A list of one-time codes follows.
SPARE_CODES = ("backup codes", "backup code", "recovery codes", "recovery code")

#: "error code 500123": a word before "code" that makes it another code.
OTHER_CODES = words(
    "error status exit return country zip postal promo discount err response http close currency reason product "
    "coupon area dial sort language referral voucher gift booking result state decline airport sql signal bar qr "
    "source byte lang char location branch color colour key tax hs vat legacy event log"
)

#: "Dear Emily Johnson,": words before a name, with the comma of a salutation after it.
GREETINGS = ("dear", "hello", "hi", "hallo", "liebe", "lieber", "bonjour", "hola", "ciao", "ol\u00e1")
#: Whom a salutation speaks to without naming anyone.
NO_ONE = words(
    "world all team everyone everybody there folks friend friends customer customers sir madam user users member guest "
    "coach support admin colleague colleagues again"
)

#: Words after which bare digits are a telephone number, within a few characters.
PHONE_WORDS = (
    "phone",
    "mobile",
    "telephone",
    "tel",
    "cell",
    "call",
    "called",
    "calling",
    "whatsapp",
    "sms",
    "text",
    "dial",
    "dialed",
    "fax",
    "msisdn",
    "caller",
    "callback",
)

#: Words after which a date is a birthday.
BIRTHS = ("born", "birth", "dob", "birthday")

#: Words after which three or four digits are a card's verification value.
CVC_WORDS = ("cvc", "cvv", "cvv2", "cvc2", "csc", "security code")

#: Path segments that begin so are followed by a token in a link that was mailed to someone; so is a single letter.
LINK_STEMS = _stems(
    "accept access approv autologin auto-login booking-link bookings/manage callback cancel calendar checkin "
    "check-in claim download email-confirm email-verif feed feedback guest join link login-link manag oauth onboard "
    "one-click onetime one-time optout opt-out otp-link password private public-link recover reschedul review rsvp "
    "session shared share sign subscribe survey token unlock view-booking webcal webhook hook ics ical decline"
)
#: Whole segments that are, too.
LINK_WORDS = words("cal ics")
#: After these a UUID is a token, too; after the others it is the name of a thing.
STRONG_LINK_STEMS = _stems(
    "reset password-reset password_reset passwordreset verif confirm activat magic set-password setpassword "
    "set_password unsubscrib invit ical passwordless"
)

#: URL schemes under which ``user:password@`` may hold any character, slashes included.
STORE_SCHEMES = (
    "postgres",
    "mysql",
    "mariadb",
    "redis",
    "rediss",
    "mongodb",
    "amqp",
    "smtp",
    "ldap",
    "mssql",
    "oracle",
    "ftp",
    "sftp",
)
