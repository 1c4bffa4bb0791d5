"""Words that announce a value in prose, words in the place of a value that are none, and words of mailed links."""

from launchready.vendors import word_set


def _stems(text: str) -> tuple[str, ...]:
    return tuple(text.split())


#: Values under a sensitive key that are no secret.
EMPTY_WORDS = word_set(
    "none null nil true false yes no on off undefined nan n/a na unset empty missing invalid expired wrong incorrect "
    "required changed reset updated ok okay failed failure success strong weak hidden masked redacted filtered "
    "removed secret protected disabled enabled present absent set given provided valid unknown unauthorized denied "
    "rejected accepted mismatch match matched error verified unverified confirmed pending revoked rotated created "
    "deleted used unused optional default bearer basic digest include omit same-origin string str bytes int text "
    "object array uuid unique password passwd token otp sms totp email phone or and is was not for in the a an of to "
    "unchanged kept same stripped omitted hashed encrypted access refresh jwt opaque session api csrf link magic login "
    "anonymous username value plaintext plain raw self "
    "from must be has have been will with without by too at as mailto "
    "invalide incorrecte oubli\u00e9 falsch ung\u00fcltig vergessen fehlt"
)

#: Words of an error code: ``too_short``, ``invalid_password``.
FAULT_WORDS = word_set(
    "too no not missing invalid required expired mismatch short long weak common length min max blank empty wrong "
    "incorrect failed failure denied error errors unknown reused similar numeric unset changed reset"
)

#: Statements: the word, then "is", "was", "to" or a quote, then the value.
#: (class, words, condition)
STATEMENTS: tuple[tuple[str, tuple[str, ...], str], ...] = (
    (
        "password",
        (
            "password",
            "passwd",
            "passwort",
            "pwd",
            "pw",
            "passphrase",
            "kennwort",
            "pass",
            "passcode",
            "passe",
            "wachtwoord",
        ),
        "secretish",
    ),
    ("generic_key", ("secret", "key", "token", "apikey"), "opaque"),
    (
        "session",
        (
            "session",
            "session id",
            "sessionid",
            "session cookie",
            "session cookie value",
            "session key",
            "session token",
        ),
        "token",
    ),
)
#: "token 3xd7Y0...": a blank separates the word from the value.
ADJACENT_WORDS = (
    "token",
    "secret",
    "session",
    "key",
    "jwt",
    "apikey",
    "cookie",
    "code",
    "password",
    "credential",
    "csrf",
    "xsrf",
    "hmac",
    "signature",
    "authorization",
    "invite",
    "magic",
)
#: "api key rotated: 3xd7Y0...": the words, some more words, and an opaque value.
COLON_WORDS = (
    "token",
    "secret",
    "session",
    "api key",
    "access key",
    "secret key",
    "signing key",
    "encryption key",
    "csrf",
    "invite",
    "invitation",
    "signature",
)
#: "bind with password Xk3#...": a blank separates the word from a value that is no word.
TYPED_PASSWORD_WORDS = ("password", "passwd", "pwd", "pass", "pw")
#: "push to device 90e0b1...": 64 hex digits after these words are an APNs token, not a record id.
DEVICE_WORDS = ("device", "devices", "devicetoken", "baddevicetoken", "apns")
#: A number after one of these counts or identifies a thing and is no code.
COUNTED_NOUNS = word_set("user id account client customer booking order coach device attempt attempts")

#: A one-time code: one of these, then at most 32 characters without digits, then four to eight digits.
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
#: "Use 482913 to verify your account": the first word of a sentence whose code comes before its purpose.
CODE_OPENING_WORDS = ("use", "enter", "type", "submit")
#: A bare "code 482913" is a one-time code beside one of these words; "code 500123 in batch 7" is not.
CODE_CONTEXT_WORDS = word_set(
    "sms text message body sent send sending phone mobile whatsapp twilio otp mfa 2fa login signin sign auth verify "
    "verified verification authenticate expires expire valid minutes share user customer client typed entered"
)
#: Words before "code" that make it a one-time code.
ONE_TIME_CODE_WORDS = word_set(
    "two-factor multi-factor email phone your verification security login otp sms one-time onetime 2fa mfa auth "
    "access confirm confirmation activation "
    "reset pin my signin time check-in checkin this votre dein ihr su tu"
)
#: Words that may stand between such a word and its digits.
JOINING_WORDS = word_set(
    "is was for the your a an to as of sent use using enter entered code login sign signin in new reset password "
    "account phone verification wrong received submitted got with and it email sms number user confirm here app step "
    "changed set updated expected actual wrong bad incorrect generated issued typed provided given now des per auf "
    "gesetzt token please by value booking payment registration attempt invalid expected lautet ist est es de "
    "vérification "
    "verificación verifica confirmación confirmation conferma"
)

#: A list of one-time codes follows.
BACKUP_CODE_WORDS = ("backup codes", "backup code", "recovery codes", "recovery code")

#: "error code 500123": words before "code" that make it another code.
OTHER_CODE_WORDS = word_set(
    "error status exit return country zip postal promo discount err response http close currency reason product "
    "coupon area dial sort language referral voucher gift booking result state decline airport sql signal bar qr "
    "source byte lang char location branch color colour key tax hs vat legacy event log"
)

#: "Dear Emily Johnson,": words before a name and the comma of a salutation.
GREETINGS = ("dear", "hello", "hi", "hallo", "liebe", "lieber", "bonjour", "hola", "ciao", "ol\u00e1")
#: Salutations that name no person.
GROUP_SALUTATIONS = word_set(
    "world all team everyone everybody there folks friend friends customer customers sir madam user users member guest "
    "coach support admin colleague colleagues again"
)

#: Words after which bare digits, within a few characters, are a phone number.
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
    "wa",
    "nexmo",
    "vonage",
    "twilio",
    "messagebird",
    "sinch",
    "plivo",
)

#: Words after which a date is a date of birth.
BIRTH_WORDS = ("born", "birth", "dob", "birthday", "geb", "geboren", "nacido", "nacida")

#: Words after which three or four digits are the verification value of a card.
CVC_WORDS = ("cvc", "cvv", "cvv2", "cvc2", "csc", "security code")

#: Beginnings of a path segment before the token of a mailed link. A single letter is one as well.
LINK_STEMS = _stems(
    "accept access approv autologin auto-login booking-link bookings/manage callback cancel calendar checkin "
    "check-in claim download email-confirm email-verif feed feedback guest join link login-link manag oauth onboard "
    "one-click onetime one-time optout opt-out otp-link password private public-link recover reschedul review rsvp "
    "session shared share sign subscribe survey token unlock view-booking webcal webhook hook ics ical decline"
)
#: Whole segments before such a token.
LINK_WORDS = word_set("cal ics pay")
#: After these a UUID is a token; after the others it is a record id.
STRONG_LINK_STEMS = _stems(
    "reset password-reset password_reset passwordreset verif confirm activat magic set-password setpassword "
    "set_password unsubscrib invit ical passwordless"
)

#: URL schemes whose ``user:password@`` may contain any character, slashes included.
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

#: Class of twenty opaque characters after "expected", "got" or ``old=``, by a word of the line; the first match wins.
TOPICS: tuple[tuple[str, str], ...] = (
    ("csrf", "csrf"),
    ("xsrf", "csrf"),
    ("signature", "signed_url"),
    ("hmac", "signed_url"),
    ("refresh_token", "oauth"),
    ("session", "session"),
    ("token", "generic_key"),
    ("secret", "generic_key"),
    ("api key", "generic_key"),
    ("api_key", "generic_key"),
)
#: In a line with one of these, four to eight digits in such a place are a one-time code.
CODE_TOPICS = ("otp", "2fa", "mfa", "passcode", "verification code", "one-time", "security code", "sms code", "pin ")
#: The words before a compared value.
COMPARISON_WORDS = word_set(
    "entered submitted typed old new expected got received given provided actual computed calculated previous current "
    "form cookie header stored sent want"
)

#: Words between "password" and its new value, besides its owner: "password for jo was changed to X".
NEW_WORDS = word_set(
    "changed set reset updated rotated new was has been is now for of the user account client customer guest admin "
    "(again) again did not match mismatch twice temporary temp initial your my his her their wurde wird auf neu "
    "neues ge\u00e4ndert gesetzt f\u00fcr von "
    "konto benutzer "
    "cambiada chang\u00e9 pour de"
)
#: Words after "password" that make a compound: "the password hasher is argon2id".
PASSWORD_COMPOUNDS = word_set(
    "policy hash hasher hashing hashes algorithm field column validator manager length strength template type method "
    "backend provider scheme encoder version page url link field's rule rules reset expiry age format encoding salt "
    "login auth authentication prompt attempt attempts status state check"
)
#: Words before "password" that announce a value: "set temporary password 4Tulips for jo".
NEW_PASSWORD_ADJECTIVES = word_set("temporary temp initial new generated default one-time random their his her this")

#: Words for a person before a name: "client Leila Petrova".
PERSON_WORDS = (
    *word_set(
        "customer client guest attendee patient student invitee participant payer payee passenger debtor creditor "
        "beneficiary cardholder member recipient buyer kunde kundin gast herr frau mr mrs ms"
    ),
    "i'm",
    "my name",
    "mein name",
)
#: Words that never occur in a person's name.
NON_NAME_WORDS = word_set(
    "bic swift iban eur usd gbp ref vat yoga pilates basics class course plan booking bookings studio room session "
    "flow morning evening coaching "
    "coach team "
    "support welcome your you the reset password code account invoice reminder confirmation confirmed appointment "
    "new order payment failed success error status active pending cancelled inc ltd gmbh llc sent message subject "
    "email "
    "phone mail name date user customer client guest agent house service portal api app web data id type hello hi dear "
    "premium basic gold pro free trial monthly yearly workshop retreat event meeting call lesson training therapy "
    "massage deleted created updated not found bad request internal server unknown invalid missing no yes true false "
    "null none monday tuesday wednesday thursday friday saturday sunday january february march april june july august "
    "september october november december street road lane avenue berlin london paris"
)

#: Words for a street, whole and as the end of a word.
STREET_WORDS = word_set(
    "street st road rd lane ln avenue ave drive dr court ct close square terrace place boulevard blvd crescent row "
    "mews parkway highway way walk hill grove rue via viale piazza corso calle avenida plaza paseo rua chemin "
    "impasse quai"
)
STREETS = ("stra\u00dfe ", "strasse ", "str. ", "allee ", "weg ", "platz ", "straat ", "gracht ")

#: Commands with a secret argument: Redis, FTP, IMAP, netrc. 5432 is the port in a line of .pgpass.
COMMAND_WORDS = word_set(
    "credentials credential creds env arg pragma pass login auth requirepass masterauth set setex psetex setnx "
    "getset hset hmset pgpass 5432 vcard"
)
