"""Key names: the class of a value by the name of its key.

Names are compared by words: ``newPassword``, ``new-password`` and ``NEW_PASSWORD`` are "new password". The longest
phrase at the *end* of the words decides, because the head noun of a key is its last word: ``reset_token`` is a secret;
``password_policy`` and ``token_type`` are not. A phrase with an empty class marks a name that only looks sensitive.

The condition restricts the values that are hidden:

- ``any``: everything except placeholders, flags and words like "expired";
- ``loose``: like ``any``, but after ``key: `` in prose a plain lower-case word stays;
- ``pathless``: like ``loose``, but no path, because ``PWD`` is the working directory of a shell;
- ``opaque``: eight or more characters that look generated;
- ``token``: sixteen or more of them, and no UUID; for names with an everyday meaning;
- ``alone``: like ``token``, if the name is the whole key of a URL parameter: the ``t`` of a mailed link;
- ``secretish``: no everyday word and no number;
- ``mixed``: like ``digits``, or four to ten letters and digits;
- ``digits``: three to ten digits; ``digits3``: three or four; ``number``: nine or more;
- ``code``: six digits, or like ``token``;
- ``auth``, ``cookie``: the syntax of that header field;
- ``email``, ``connection``: nothing, because other readers find the value; the key shows that the record is a person's;
- ``phone``, ``postal``, ``postcode``, ``person``, ``date``: a value of that shape;
- ``fullname``: like ``person``, if the record describes a person.
"""

from typing import NamedTuple

from launchready.vendors import word_set


class Field(NamedTuple):
    """One class of keys. ``phrases``: comma-separated, words in lower case."""

    kind: str
    condition: str
    phrases: str


FIELDS: tuple[Field, ...] = (
    Field(
        "password",
        "loose",
        "password, passwd, passwort, mdp, passphrase, pass phrase, passcode, pass word, psw, kennwort, mot de passe, "
        "passe, contrasena, clave, wachtwoord, senha, haslo, heslo, losenord, parola, пароль, 密码, "
        "pgpassword, mysql pwd, userpass, user pass, db pass, dbpass, smtp pass, redis pass, login pass, auth pass, "
        "admin pass, requirepass, secretstr, secretbytes, app password, masterauth, wifi pass, pw raw, bind pw, "
        "bindpw, "
        "sshpass, sudo pass, ftp pass, mail pass, email pass, smtp pw, db pw, senha atual, lozinka, salasana, "
        "adgangskode",
    ),
    Field("password", "pathless", "pwd"),
    Field(
        "password",
        "secretish",
        "pass, pw, confirm, password confirm, password confirmation, password repeat, password again, password2",
    ),
    Field(
        "pw_hash",
        "any",
        "password hash, bcrypt hash, argon2 hash, argon hash, passwd hash, pwd hash, pw hash, hashed password, "
        "password digest, pass hash",
    ),
    Field(
        "pw_hash",
        "any",
        "encrypted password, password salt, hashed passwd, password encrypted",
    ),
    Field(
        "otp",
        "mixed",
        "otp, totp, otp code, totp code, verification code, verify code, sms code, login code, mfa code, 2fa code, "
        "auth code, one time code, onetime code, signin code, two factor code, magic code, reset code, otp value, "
        "activation code, verifycode",
    ),
    Field(
        "otp",
        "digits",
        "2fa, one time password, one time pin, onetime password, access "
        "code, confirm code, confirmation code, pin code, pin, mfa token, otp token, "
        "2fa token, two factor token, totp token, email code, phone code, sms pin, "
        "verification pin, code entered, mfa, entered code, submitted code, challenge code, otp "
        "attempt, otp input, one time passcode, passkey code, door code, door pin, gate code, entry code, unlock code, "
        "sca code, tan, sms tan, tac, otp pin, sms otp, email otp, otp sms, otp expected, expected otp, expected "
        "code, tfa "
        "code, tfa, authenticator code, verifycode, captcha code, token code",
    ),
    Field(
        "otp",
        "code",
        "code",
    ),
    Field(
        "otp",
        "any",
        "backup code, backup codes, recovery code, recovery codes, totp secret, otp secret, mfa secret, 2fa secret",
    ),
    Field(
        "link_token",
        "opaque",
        "reset token, password token, reset key, verification token, verify token, email token, confirm token, "
        "confirmation token, activation token, activation key, magic token, invite token, invitation token, invite "
        "code, magic link token, booking token, manage token, cancel token, reschedule token, guest token, link "
        "token, share token, download token, unsubscribe token, feed token, calendar token, ical token, one time "
        "token, login token, signin token, onetime token, feedback token, view token, public token, tok, reset hash, "
        "verification key, confirmation key, magic key, share key, access hash, token hash, secret link, review token, "
        "rsvp token, waitlist token, optout token, opt out token, autologin token, recovery token, unlock token, "
        "reset id, reset code hash, impersonation token, action token, one click token, preview token, access link, "
        "ott, otl, secure link token, checkin token, survey token",
    ),
    Field(
        "link_token",
        "token",
        "tk, u token, ticket, invite, invitation, magic, magic link, reset, verify, activate, unsubscribe, rsvp, "
        "optout, "
        "invite id, nonce token, login ticket, service ticket",
    ),
    Field(
        "link_token",
        "alone",
        "t, k, h, s, st, hash, nonce, state, rt, ut, vt, ct, et, pt, mt, lt, otc, otk, mlt",
    ),
    Field(
        "jwt",
        "opaque",
        "jwt, id token, id token hint, jws, jwe, assertion, client assertion, saml response, samlresponse",
    ),
    Field(
        "bearer",
        "auth",
        "authorization, proxy authorization, http authorization, http proxy authorization, auth header",
    ),
    Field(
        "bearer",
        "auth",
        "x authorization, x forwarded authorization, authorisation, authentication, auth, x auth",
    ),
    Field(
        "bearer",
        "opaque",
        "bearer, access token, accesstoken, bearer token, oauth access token, x access token",
    ),
    Field(
        "oauth",
        "opaque",
        "refresh token, oauth token, oauth token secret, client secret, code verifier, authorization code, oauth "
        "verifier, device code, id token raw, offline token, oauth code, grant code, request token, consumer secret",
    ),
    Field(
        "session",
        "cookie",
        "cookie, set cookie, cookies, http cookie, cookie header",
    ),
    Field(
        "basic",
        "loose",
        "basic auth, basic, userinfo, user info, http auth, proxy auth",
    ),
    Field(
        "session",
        "opaque",
        "session, sessionid, session id, session key, session token, connect sid, phpsessid, jsessionid, "
        "aspsessionid, net sessionid, laravel session, remember token, remember me, rememberme, remember user token, "
        "auth cookie, session cookie, session hash, rack session, app session, sessid, sess id, session secret, "
        "session value, login session, user session, auth session, secure session, host session, cookie session, "
        "authjs session token, cookie value, old session, aspxauth, wordpress logged in, django session, socket id "
        "token, ci session, flask session, refresh session, session hash key",
    ),
    Field(
        "session",
        "token",
        "sid, sess, identity, session ref, session data",
    ),
    Field(
        "csrf",
        "opaque",
        "csrf, csrf token, csrftoken, csrfmiddlewaretoken, csrf middleware token, xsrf, xsrf token, x csrf token, x "
        "csrftoken, x xsrf token, authenticity token, csrf cookie, csrf secret, csrf nonce, form token, antiforgery "
        "token, anti forgery token, request verification token, csrf hash, csrf key, csrf param token, http x "
        "csrftoken",
    ),
    Field(
        "generic_key",
        "loose",
        "secret, secrets, secret key base, secret key, secret key fallback, secret key fallbacks, secret token, "
        "api secret, app secret, shared secret, signing secret, webhook secret, jwt secret, "
        "hmac secret, cookie secret, encryption secret, master secret, secret "
        "access key, secret value, private key, private token, signing key, signing private key, encryption key, "
        "master key, account key, service key, service role key, shared key, license key, credential, credentials, "
        "creds, secret base, cron secret, admin secret, bot secret, data key, aes key, hmac key, rsa key, kms "
        "secret, vault token, preshared key, psk, wifi key, wrapping key, kek, dek, key secret, salt, pepper, secret "
        "hash, root key, fernet key, jwt key, jwt private key, jwt signing key, crypt key, cipher key, storage key, "
        "sas token, django secret key, flask secret key, app secret key,session signing key",
    ),
    Field(
        "generic_key",
        "opaque",
        "token, api key, apikey, api token, apitoken, auth token, authtoken, auth key, access key, accesskey, app "
        "key, appkey, admin token, admin key, server key, server token, bot token, user token, service token, "
        "webhook token, webhook key, integration key, integration token, deploy token, deploy key, deployment token, "
        "ingest key, write key, read key, rest api key, x api key, x api token, x auth token, x auth key, x access "
        "key, security token, client token, personal access token, pat, transfer token, account token, ci token, job "
        "token, runner token, registry token, npm token, pypi token, publish token, upload token, internal token, "
        "internal key, apisecret, stripe key, stripe api key, stripe token, openai key, anthropic key, sendgrid key, "
        "mailgun key, postmark token, resend key, twilio token, twilio auth token, google key, maps key, google api "
        "key, supabase key, supabase anon key, anon key, cloudflare token, cloudflare key, cf token, cf api token, "
        "telegram token, slack token, discord token, github token, gitlab token, gh token, aws key, aws secret, "
        "heroku key, datadog key, dd api key, sentry token, sentry auth token, rollbar token, algolia key, mapbox "
        "token, zoom token, calendly token, hubspot key, x vault token, x service token, x internal token, x "
        "internal secret, x admin token, x webhook secret, x signing key, subscription key, ocp apim subscription "
        "key, functions key, x functions key, primary key value, key value, admin api key, live key, test key, "
        "secret live key, hook token, callback token, service account key, root token, postmark server token, x "
        "postmark server token, x postmark account token, x shopify access token, x goog api key, apns key, apns "
        "auth key, gcp key, azure key, partner key, merchant key, payment key, checkout key, upstream token, backend "
        "token, machine token, m2m token, widget token, embed token, ws token, websocket token, socket token, "
        "ephemeral key, client key, delegate token, agent token, proxy token, x proxy token, x api secret",
    ),
    Field(
        "generic_key",
        "token",
        "key, authcode",
    ),
    Field(
        "aws",
        "opaque",
        "aws secret access key, aws secret key, aws session token, x amz security token, awssecretkey",
    ),
    Field(
        "aws",
        "token",
        "aws access key id, access key id, awsaccesskeyid, x amz credential",
    ),
    Field(
        "signed_url",
        "token",
        "signature, sig, x amz signature, x goog signature, x goog credential, x signature, hmac, sign, hub "
        "signature, x hub signature, x hub signature 256, stripe signature, x slack signature, x twilio signature, "
        "webhook signature, policy, signed, mac, digest sig, url signature, x shopify hmac sha256, svix signature, x "
        "webhook signature, x paypal transmission sig, signature v2, s sig, security hash, hash sig, upload "
        "signature, x signature ed25519",
    ),
    Field(
        "signed_url",
        "alone",
        "v0, v1",
    ),
    Field(
        "push_token",
        "opaque",
        "push token, voip token, player token, device token, fcm token, apns token, expo token, expo push token, "
        "registration token, "
        "registration id, pushtoken, devicetoken, gcm token, web push token, push endpoint, notification token, apns "
        "device token, push subscription, p256dh, push id, firebase token, onesignal token, messaging token, push "
        "key, ios token, android token, device push token, fcm registration token, registration ids, device tokens, "
        "push tokens, fcm tokens",
    ),
    Field(
        "card",
        "number",
        "card number, cardnumber, card no, card num, card, cc number, cc num, cc, ccnum, credit card, credit card "
        "number, creditcard, pan, card pan, debit card, account number, payment card, debit card number, primary "
        "account number, payment card number, cc no, funding card, fpan, dpan",
    ),
    Field(
        "cvc",
        "digits3",
        "cvc, cvv, cvv2, cvc2, csc, cid, card cvc, card cvv, security code, card security code, card code, cvn, cc "
        "cvv, cc cvc, card verification, card verification code, card verification value, cvv code, cvc code, cc "
        "csc, verification "
        "value, cvd, cvv value, cvc number, cvv number, cvx",
    ),
    Field(
        "iban",
        "any",
        "iban, bank iban, payout iban, account iban, iban number, debtor iban, creditor iban",
    ),
    Field(
        "iban",
        "number",
        "bank account, bank account number, account no, acct number, sepa account, bank account no",
    ),
    Field(
        "email",
        "email",
        "email, e mail, mail, email address, customer email",
    ),
    Field(
        "phone",
        "phone",
        "phone, phone number, phonenumber, phone no, mobile, mobile number, mobile no, mobile phone, cell, cell "
        "phone, cellphone, cell number, tel, telephone, telephone number, tel no, msisdn, whatsapp, whatsapp number, "
        "contact number, contact phone, home phone, work phone, sms to, sms number, fax, telefon, telefono, handy, "
        "phone e164, e164, caller, callee, caller id, from number, to number, wa id, emergency contact, emergency "
        "phone, to phone, recipient phone, signal number, sms recipient, handynummer, rufnummer, mobil, celular, "
        "telefone, telefonnummer, dialed, landline, "
        "call back number, callback number, mobilephone",
    ),
    Field(
        "name",
        "person",
        "first name, firstname, last name, lastname, full name, fullname, surname, given name, family name, middle "
        "name, maiden name, customer name, client name, guest name, attendee name, contact name, cardholder name, "
        "card holder, cardholder, card holder name, recipient name, real name, person name, patient name, student "
        "name, holder name, account holder, account holder name, name on card, billing name, shipping name, user "
        "full name, forename, fname, lname, display name, beneficiary name, emergency contact name, invitee name, "
        "member name, passenger name, traveller name, parent name, child name, legal name, legal first name, legal "
        "last name, preferred name, payee name, sender name, nachname, vorname, prenom, nombre completo, apellido, "
        "apellidos, cognome, owner name, bookee name, participant name, buyer name, payer name, nickname, user name "
        "full, name first, name last, name full, coach name, instructor name, trainer name, therapist name, teacher "
        "name, tutor name, practitioner name, provider name full, reviewer name, author name, mother maiden name, "
        "spouse name, athlete name, host full name, guest first name, guest last name, next of kin, attendee, guest "
        "full name, customer full name, user first name, user last name, staff name, admin name, employee name",
    ),
    Field(
        "name",
        "fullname",
        "name, customer, client, guest, recipient, patient, student, holder, beneficiary, payee, payer, invitee, "
        "nom, nombre, kunde, kundin, gast, cliente, klient, klientin, teilnehmer, teilnehmerin, patientin, "
        "mitglied, first, last, "
        "booked by, user display, created by, cardholder full, participant, coach, instructor, trainer, assigned to, "
        "contact, owner, author, cn, account name",
    ),
    Field(
        "address",
        "any",
        "street, street address, address line, address line1, address line2, address line 1, address line 2, "
        "addressline1, line1, line2, street line, home address, billing address, shipping address, postal address, "
        "mailing address, delivery address, customer address, client address, residential address, street name, addr "
        "line1, addr1, addr2, address1, address2, work address, full address, formatted address, strasse, anschrift, "
        "adresse, direccion, indirizzo, endereco, house number, visit address, pickup address, dropoff address, "
        "address street, address text, invoice address, residence, home addr, street1, street2, billing street, "
        "shipping street, user address, legal address, street addr",
    ),
    Field(
        "address",
        "postal",
        "address, addr, location address, venue address",
    ),
    Field(
        "address",
        "postcode",
        "zip, zip code, zipcode, postcode, post code, postal code, postalcode, plz, billing zip, address zip, "
        "shipping zip",
    ),
    Field(
        "dob",
        "date",
        "dob, bday, date of birth, dateofbirth, birth date, birthdate, birthday, birth day, born, born on, birth, "
        "geburtsdatum, client dob, patient dob, date naissance, geboortedatum, fecha nacimiento, user dob, "
        "birthdatum, year of birth, date de naissance, fecha de nacimiento, data di nascita, data nascita",
    ),
    Field(
        "db_url",
        "connection",
        "database url, db url, dsn, connection string, connectionstring, conn str, redis url, mongo uri, mongodb "
        "uri, broker url, sqlalchemy url, amqp url, postgres url, mysql url, celery broker url, database uri, "
        "sqlalchemy database uri",
    ),
    Field(
        "",
        "any",
        "page token, next page token, next token, sync token, continuation token, cancellation token, public key, "
        "csrf token name, publishable key, token name, token count, error code, status code, exit code, country "
        "code, currency code, promo code, coupon code, discount code, return code, response code, reason code, "
        "language code, area code, dial code, zone code, product code, booking code, voucher code, gift code, "
        "referral code, invite code used, decline code, close code, http code, state code, result code, sql state "
        "code, airport code, file name, host name, server name, domain name, event name, service name, plan name, "
        "bucket name, table name, column name, field name, function name, class name, module name, queue name, task "
        "name, job name, thread name, process name, logger name, index name, db name, database name, app name, tag "
        "name, branch name, product name, course name, company name, business name, studio name, template name, path "
        "name, route name, view name, cookie name, header name, key name, type name, city name, country name, room "
        "name, ip address, remote address, mac address, remote addr, server addr, client addr, local address, peer "
        "address, bind address, listen address, host address, remote ip address, client ip address, memory address, "
        "ssh public key, session count, card brand, card last4, has password, last token, first token, prompt token, "
        "stop token, eos token, cache key, idempotency key, foreign key, primary key, partition key, sort key, "
        "object key, s3 key, routing key, translation key, lookup key, dedupe key, group key, config key, setting "
        "key, feature key, unique key, session state, network name, set name, short name, long name, group name, "
        "role name, category name, location name, venue name, release name, version name, project name, repo name, "
        "package name, container name, pod name, node name, image name, metric name, check name, rule name, step "
        "name, stage name, channel name, topic name, stream name, consumer name, environment name, env name, region "
        "name, store name, policy name, schema name, model name, device name, browser name, kid, key id, token id, "
        "card id, phone id, email id, session length, session duration, etag hash, commit hash, content hash, file "
        "hash, git hash, body hash, build hash, checksum hash, query hash, request hash, password field",
    ),
)

#: Keys that name a secret and nothing else. Under them even a plain word is hidden.
EXPLICIT_KEYS = word_set("token apikey api_key api-key auth_token access_token authtoken accesstoken")

#: Words that may follow the head noun without changing it: ``password_confirmation``, ``api_key_raw``.
TRAILERS = word_set(
    "entered received submitted expected hex value raw plain plaintext text str string b base64 header confirm "
    "confirmation again repeat retype input "
    "param old new current cookie encoded urlencoded clear cleartext temp tmp default prev previous live prod test "
    "bytes"
)

#: Stems at the end of a glued key (``userpassword``, ``mytoken``) that give it their class.
GLUED: tuple[tuple[str, str, str], ...] = (
    ("password", "password", "loose"),
    ("passwd", "password", "loose"),
    ("passphrase", "password", "loose"),
    ("pwd", "password", "pathless"),
    ("apikey", "generic_key", "opaque"),
    ("secretkey", "generic_key", "loose"),
    ("clientsecret", "oauth", "opaque"),
    ("secret", "generic_key", "loose"),
    ("accesstoken", "bearer", "opaque"),
    ("refreshtoken", "oauth", "opaque"),
    ("sessionid", "session", "opaque"),
    ("csrftoken", "csrf", "opaque"),
    ("xsrftoken", "csrf", "opaque"),
    ("token", "generic_key", "opaque"),
    ("phonenumber", "phone", "phone"),
    ("cardnumber", "card", "number"),
)

#: Words before a bare ``name`` that make it a person's: ``customer.name``.
PERSONS = word_set(
    "user customer client guest attendee contact cardholder recipient patient student member person profile owner "
    "holder billing shipping invitee participant buyer payer payee beneficiary passenger parent child coach "
    "instructor trainer therapist teacher tutor sender account author employee"
)

#: Classes that show that a bare ``name`` in the same record is a person's.
PERSONAL = frozenset({"email", "phone", "dob", "address", "name", "card", "cvc", "iban"})

#: Classes beside which a bare ``name`` is a person's if it is written like one: not ``name='db-1', password=...``.
ACCOUNT = frozenset({"password", "otp", "pw_hash"})

#: In ``{"name": "token", "value": ...}`` a key of LABELS names the class of the value under a key of VALUES.
LABELS = ("name", "key", "Name", "Key", "field", "attr", "attribute", "property", "param", "column", "question", "k")
VALUES = word_set("value Value input answer v val content old new old_value new_value before after")

#: Keys whose parent names the class: ``"session": {"id": ...}``.
CONTEXT_KEYS = word_set("id value hash raw data old new previous before after")
