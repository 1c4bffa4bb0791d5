"""Secrets outside of simple assignments: sentences, arguments, later lines, program-specific files."""

import base64
import time

import planted
import pytest

from launchready.secrets.file_context import context_of
from launchready.secrets.scan_text import find_secrets

MAKE = planted.Maker(43)
KINDS = {
    "app": lambda: "-".join(MAKE.of("bcdfghjklmnpqrstvwxz", 4) for _ in range(4)),
    "bcrypt": lambda: f"$2a$14${MAKE.of(planted.ALNUM, 53)}",
    "apr1": lambda: f"$apr1${MAKE.of(planted.ALNUM, 8)}${MAKE.of(planted.ALNUM, 22)}",
    "key16": lambda: "7x" + MAKE.of(planted.ALNUM, 12) + "P6",
    "key37": lambda: MAKE.of("0123456789abcdef", 37),
    "machine": lambda: MAKE.of("0123456789ABCDEF", 128),
    "base64key": lambda: MAKE.of(planted.ALNUM + "+/", 43) + "=",
    "storage": lambda: MAKE.of(planted.ALNUM + "+/", 86) + "==",
    "plain": lambda: "Tq" + MAKE.of("bcdfgh", 4) + "Wv" + MAKE.of("BCDFGH", 4) + "kz",
    "sas": lambda: MAKE.of(planted.ALNUM, 40) + "%2F" + "3%3D",
    "base32": lambda: MAKE.of("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 32),
    "aws38": lambda: MAKE.of(planted.ALNUM, 38),
    "dotted": lambda: f"Willow.Saffron{MAKE.of('3579', 2)}",
    "braintree": lambda: f"access_token${'production'}$tet89tjs1nbdqql8$da{MAKE.of('0123456789abcdef', 30)}",
    "recaptcha": lambda: "6L" + MAKE.of(planted.ALNUM, 6) + "AAAAA" + MAKE.of(planted.ALNUM, 27),
}

#: A path, a text with %s for a secret, and its kind.
SECRETS = [
    # arguments of known functions
    ("pay.ts", "const tw = twilio('ACe6035331141acc2e39114f8dcf9dbd66', '%s');", "twilioauth"),
    ("pay.ts", "const index = algoliasearch('B1G2GM9NG0', '%s');", "twilioauth"),
    ("pay.ts", "return jwt.sign({ sub: user.id }, '%s', { expiresIn: '1h' });", "token"),
    ("pay.py", 'claims = jwt.decode(token, "%s", algorithms=["HS256"])', "token"),
    ("pay.js", "const mac = crypto.createHmac('sha256', '%s').update(body)", "token"),
    ("pay.py", 'mac = hmac.new(b"%s", body, "sha256")', "token"),
    ("Api.swift", 'request.addValue("%s", forHTTPHeaderField: "X-Api-Key")', "token"),
    # sentences
    ("chat.txt", "[12.03.25, 09:30:36] Ana: le mot de passe du compte de test est %s", "password"),
    ("notes.md", "- la contraseña del panel es %s", "password"),
    ("notes.md", "La password del pannello è %s", "password"),
    ("notes.md", "Het wachtwoord voor de server is %s", "password"),
    ("notes.md", "A senha do painel é %s", "password"),
    ("AGENTS.md", "- For the demo tenant log in as demo@coach.example with %s (password).", "password"),
    ("chat.json", '{"text": "wifi at the studio is BookingGuest, password %s"}', "password"),
    ("faq.rst", "wifi at the studio is BookingGuest, password %s\n", "password"),
    ("nb.ipynb", '"Login for the dashboard: analyst / %s\\n"', "password"),
    ("setup.md", "Log in as **admin** / **%s** on staging.", "password"),
    ("chat.txt", "anna: the password is **%s**", "plain"),
    ("setup.md", "Password: **%s**", "plain"),
    # tables
    ("setup.md", "| user | password |\n|---|---|\n| bob | `%s` |\n| eve | - |\n", "password"),
    ("access.md", "| Cloudflare Global Key | `%s` | Mara |", "key37"),
    # later lines
    ("Settings.swift", 'static let mapsToken: String = """\n  %s\n  """', "token"),
    ("Config.java", 'String apiKey = """\n    %s\n    """;', "token"),
    ("vars.yml", "users:\n  - name: app\n    password: >-\n      %s\n    role: x\n", "password"),
    ("vars.yml", "password: |\n  %s\n", "password"),
    ("vars.yml", "db_password:\n  value: %s\n", "password"),
    ("vars.yml", "smtp:\n  api_token:\n    description: of the mailer\n    value: %s\n", "token"),
    ("app.json", '{"env": {"SECRET_KEY": {"description": "of the app", "value": "%s"}}}', "token"),
    ("common.yml", "pass: &smtp %s\n", "password"),
    ("runbook.adoc", "keystore_password:: `%s`\n", "password"),
    ("runbook.adoc", "API token::\n  %s\n", "token"),
    # split literals
    ("a.py", "API_TOKEN = (\n    'q7' 'Xd%s'\n)", "token"),
    ("a.py", 'SECRET_KEY = "q7" + \\\n    "%s"', "token"),
    ("A.java", 'private static final String API_KEY = "q7Xd" +\n        "%s";', "token"),
    ("a.js", "const apiSecret = 'q7Xd' + '%s'", "token"),
    # defaults
    ("A.java", '@Value("${mail.api-key:%s}")', "token"),
    ("A.java", '@Value("${db.password:%s}")', "password"),
    ("application.yml", "password: ${DB_PASSWORD:%s}", "password"),
    ("docker-compose.yml", "  - DB_PASSWORD=${DB_PASSWORD:-%s}", "password"),
    # program-specific files and commands
    ("AndroidManifest.xml", '<meta-data android:name="eu.app.CLOUDFLARE_TOKEN" android:value="%s" />', "cloudflare"),
    ("wg0.conf", "PresharedKey = %s", "base64key"),
    ("haproxy.cfg", "    user mara insecure-password %s", "password"),
    ("haproxy.cfg", "    stats auth admin:%s", "password"),
    ("sasl_passwd", "[smtp.mailgun.org]:587 postmaster@coach.example:%s", "password"),
    ("Web.config", '<machineKey validationKey="%s" validation="HMACSHA256" />', "machine"),
    ("Caddyfile", "basicauth /admin/* {\n    mara %s\n}", "bcrypt"),
    ("dynamic.yml", 'basicAuth:\n  users:\n    - "ops:%s"', "apr1"),
    ("docker-compose.yml", '- "traefik.http.middlewares.a.basicauth.users=ops:%s"', "apr1"),
    ("Caddyfile", "tls {\n  dns cloudflare %s\n}", "cloudflare"),
    ("x.sh", "http -a admin:%s https://api.coach.example/users", "password"),
    ("x.sh", 'gh secret set DEPLOY_KEY --body "%s"', "token"),
    ("crontab", "*/5 * * * * curl -fsS 'https://api.coach.example/cron/remind?key=%s' >/dev/null", "token"),
    ("fastlane/.env.default", "FASTLANE_APPLE_APPLICATION_SPECIFIC_PASSWORD=%s", "app"),
    ("backup.sh", 'azcopy copy /srv "https://c.blob.core.windows.net/b?sv=2022-11-02&sp=rwdl&se=2027-01-01T00:00:00Z&sig=%s"', "sas"),
    ("alertmanager.yml", "- routing_key: %s", "twilioauth"),
    ("main.go", 'db, err := sql.Open("mysql", "notify:%s@tcp(db.coach.internal:3306)/notify")', "password"),
    ("settings.py", 'OTP = "otpauth://totp/Coach:ops?secret=%s&issuer=Coach"', "base32"),
    ("proxy.conf", "proxy_set_header X-Api-Key %s;", "hexsecret"),
    ("worker.log", "DEBUG POST https://api.twilio.com/ auth=('ACcc5a3d4240d1fef4068a8162be423810', '%s')", "twilioauth"),
    ("wp-config.php", "define('AUTH_KEY',         '%s');", "token"),
    ("Crypto.java", 'static final byte[] KEY = Base64.getDecoder().decode("%s");', "base64key"),
    ("settings.php", "['key' => 'x', 'secret' => 'W/%s']", "aws38"),
    ("runbook.md", "2. Grafana: admin / %s", "password"),
    ("docs/runbook.md", "the password is %s", "dotted"),
    ("settings.py", '"PASSWORD": "%s",', "dotted"),
    ("db/seed.sh", "export MYSQL_PWD='%s'", "dotted"),
    # names
    ("a.exs", 'braintree_privatekey: "%s",', "twilioauth"),
    ("Web.config", '<add key="AdyenCheckoutKey" value="%s" />', "token"),
    ("settings.py", 'CALENDAR_SYNC_KEY = "%s"', "token"),
    ("env.ts", "vonageApiSecret: '%s',", "key16"),
    ("Keys.plist", "<key>StorageAccountKey</key>\n<string>%s</string>", "storage"),
    ("env.js", 'window.__ENV.RECAPTCHA_SECRET_KEY = "%s";', "recaptcha"),
    ("Keys.plist", "<key>AzureStorageKey</key>\n<string>%s</string>", "storage"),
    ("payment.json", '{"accessToken": "%s"}', "braintree"),
    # UUIDs
    ("Keys.plist", "<key>ApiToken</key>\n<string>%s</string>", "postmark"),
    ("setup.rst", "``API_TOKEN``: %s\n", "postmark"),
    ("stack.yml", "Environment:\n  Variables:\n    API_SECRET: %s\n", "postmark"),
    ("docker-compose.yml", 'ONESIGNAL_API_KEY: "%s"', "postmark"),
]  # fmt: skip

#: What looks so, and is no secret: "path|text".
NONE = [
    "a.py|jwt.decode(token, settings.SECRET_KEY, algorithms=['HS256'])",
    "a.py|jwt.encode(payload, 'secret', algorithm='HS256')",
    "a.py|hmac.new(key.encode(), body, 'sha256')",
    "a.js|createHmac('sha256', process.env.WEBHOOK_SECRET)",
    'Api.swift|request.addValue(token, forHTTPHeaderField: "X-Api-Key")',
    'Api.swift|request.addValue("application/json; charset=utf-8", forHTTPHeaderField: "X-Api-Key")',
    "notes.md|le mot de passe du compte est obligatoire",
    "notes.md|la contraseña es obligatoria",
    "notes.md|The password is **required**.",
    "notes.md|The password is **case sensitive** and the key is **optional**.",
    "notes.md|Enter username, password and confirm.",
    "notes.md|username, password validation and reset",
    "notes.md|mysql://scott:tiger@localhost/test?charset=utf8mb4",
    "notes.md|path: admin/reports2024q3",
    "notes.md|see username, password reset2fa page",
    "notes.md|| field | password |\n|---|---|\n| type | `string` |\n| required | yes |\n",
    "notes.md|| name | token |\n|---|---|\n| default | `null` |\n",
    'a.swift|let passwordHint = """\n  at least eight characters\n  """',
    "a.yml|password: >-\n  {{ vault_password }}\n",
    "a.yml|password: |\n  must be at least eight characters\n",
    "a.yml|password:\n  type: string\n  value: string\n",
    "openapi.yml|api_key:\n  type: apiKey\n  name: X-Api-Key\n  in: header\n",
    "a.py|x = 'password' 'reset'",
    'A.java|@Value("${db.password}")',
    'A.java|@Value("${db.password:}")',
    'A.java|@Value("${db.password:changeme}")',
    'A.java|@Value("${token.ttl:3600}")',
    "docker-compose.yml|DB_PASSWORD=${DB_PASSWORD:?set it}",
    "docker-compose.yml|DB_PASSWORD=${DB_PASSWORD:-postgres}",
    "settings.py|CACHE_KEY = 'booking-list-page-1'",
    "settings.py|SITE_KEY = '6LcAAAAAAAAAAAbcdefghijklmnopqrstuv1234'",
    "settings.py|PARTITION_KEY = 'tenant_id'",
    "settings.py|SORT_KEY = 'created_at_desc'",
    "a.html|<script src='https://maps.example.com/js?key=YOUR_API_KEY'></script>",
    "a.js|fetch('/list?key=createdAt&order=desc')",
    "a.cfg|    stats auth admin:${STATS_PASSWORD}",
    "a.yml|idempotency_key: 3f2b8c1e-7d4a-4e9b-a1c5-6f0d9e8b7a61",
    "a.yml|session_id: 3f2b8c1e-7d4a-4e9b-a1c5-6f0d9e8b7a61",
    "a.yml|client_token: 3f2b8c1e-7d4a-4e9b-a1c5-6f0d9e8b7a61",
    "a.sh|http -a admin:$PASSWORD https://api.coach.example",
    'a.sh|gh secret set DEPLOY_KEY --body "$DEPLOY_KEY"',
    "a.cpp|password::Policy policy; token::kind kind;",
    "config/database.yml|development:\n  username: postgres\n  password: postgres\n",
    "data/bookings.csv|booking_id,client_key,checksum\n1,3f2b8c1e-7d4a-4e9b-a1c5-6f0d9e8b7a61,a9\n",
    "a.js|const token = { type: 'Some-thing.Other-Name' }",
    "Caddyfile|tls {\n  dns cloudflare {env.CLOUDFLARE_API_TOKEN}\n}",
    "tests/test_login.py|jwt.encode(payload, 'some-test-key-for-tests-1')",
]  # fmt: skip


@pytest.mark.parametrize(("path", "text", "kind"), SECRETS)
def test_a_secret_is_found(path, text, kind):
    """Each row holds a secret that a reader of the file would find."""
    MAKE.random.seed(f"{path} {text}")
    value = KINDS[kind]() if kind in KINDS else MAKE.make(kind)
    found = [one.value for one in find_secrets(text.replace("%s", value), context_of(path))]
    assert any(value in one for one in found), (found, value)


@pytest.mark.parametrize("row", NONE)
def test_no_false_positives(row):
    """Variables, words, types, names and public values are no secrets."""
    path, _, text = row.partition("|")
    assert find_secrets(text, context_of(path)) == []


def test_a_base64_key_in_a_kubernetes_secret():
    """Only the Secret's own base64 is decoded, so the reported value is the key as its owner knows it."""
    key = base64.b64encode(f"tok:{MAKE.make('postmark').replace('-', '_')}:1:0".encode()).decode()
    written = base64.b64encode(key.encode()).decode()
    text = f"apiVersion: v1\nkind: Secret\ndata:\n  INTERCOM_TOKEN: {written}\n"
    [found] = find_secrets(text, context_of("secret.yaml"))
    assert (found.value, text.count("\n", 0, found.start)) == (key, 3)


@pytest.mark.parametrize(
    "probe", ["| password | x |\n|---|---|\n", "password: >-\n  x\n", "| a | - |", "jwt.sign({ ", ": admin / "]
)
@pytest.mark.parametrize("path", ["a.md", "a.yml", "a.js"])
def test_time_is_linear(path, probe):
    """Five times the worst text takes at most twelve times as long, or half a second."""

    def seconds(size):
        start = time.process_time()
        find_secrets((probe * (size // len(probe) + 1))[:size], context_of(path))
        return time.process_time() - start

    small = min(seconds(30_000) for _ in range(2))
    assert seconds(150_000) <= max(12 * small, 0.5)
