"""Builds a repository with planted fake secrets and decoys, and records their places. Values are generated at run time.

``plant(folder, seed)`` returns a list of ``Mark(kind, group, path, value, state)``. The templates are independent of
the practice data of the scan's first version.
"""

import base64
import io
import json
import random
import string
import subprocess
import tarfile
import zipfile
from typing import NamedTuple

LOWER, UPPER, DIGITS = string.ascii_lowercase, string.ascii_uppercase, string.digits
ALNUM = LOWER + UPPER + DIGITS
HEX = "0123456789abcdef"


class Mark(NamedTuple):
    """One planted value. ``kind``: secret, decoy or allowed. ``state``: head, history."""

    kind: str
    group: str
    path: str
    value: str
    state: str
    hard: bool = False


class Maker:
    """Fake values of every kind, from one random source."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def of(self, letters: str, count: int) -> str:
        return "".join(self.random.choice(letters) for _ in range(count))

    def make(self, kind: str) -> str:
        found = getattr(self, f"_{kind}", None)
        return found() if found else self.of(ALNUM, 32)

    def _stripe(self) -> str:
        return "sk" + "_live_" + self.of(ALNUM, self.random.choice([24, 99]))

    def _stripetest(self) -> str:
        return "sk" + "_test_" + self.of(ALNUM, 24)

    def _restricted(self) -> str:
        return "rk" + "_live_" + self.of(ALNUM, 24)

    def _whsec(self) -> str:
        return "whsec" + "_" + self.of(ALNUM, 32)

    def _awsid(self) -> str:
        return "AK" + "IA" + self.of(UPPER + "234567", 16)

    def _awssecret(self) -> str:
        return self.of(ALNUM + "/+", 40)

    def _github(self) -> str:
        return self.random.choice(["gh" + "p_", "gh" + "s_"]) + self.of(ALNUM, 36)

    def _githubfine(self) -> str:
        return "github" + "_pat_" + self.of(ALNUM, 22) + "_" + self.of(ALNUM, 59)

    def _gitlab(self) -> str:
        return "gl" + "pat-" + self.of(ALNUM + "_-", 20)

    def _slack(self) -> str:
        return "xo" + f"xb-{self.of(DIGITS, 12)}-{self.of(DIGITS, 12)}-{self.of(ALNUM, 24)}"

    def _slackhook(self) -> str:
        return f"T{self.of(UPPER + DIGITS, 8)}/B{self.of(UPPER + DIGITS, 10)}/{self.of(ALNUM, 24)}"

    def _discordhook(self) -> str:
        return f"{self.of(DIGITS, 18)}/{self.of(ALNUM + '-_', 68)}"

    def _sendgrid(self) -> str:
        return "S" + f"G.{self.of(ALNUM + '-_', 22)}.{self.of(ALNUM + '-_', 43)}"

    def _resend(self) -> str:
        return "r" + f"e_{self.of(ALNUM, 8)}_{self.of(ALNUM, 24)}"

    def _mailgun(self) -> str:
        return "ke" + "y-" + self.of(HEX, 32)

    def _postmark(self) -> str:
        return "-".join(self.of(HEX, n) for n in (8, 4, 4, 4, 12))

    def _twilio(self) -> str:
        return "S" + "K" + self.of(HEX, 32)

    def _numbered(self) -> str:
        """A common word and four chosen digits."""
        return self.random.choice(["correct", "demo", "staging"]) + "".join([*self.random.sample("13570", 2), "4", "9"])

    def _sid(self) -> str:
        return "AC" + self.of(HEX, 32)

    def _twilioauth(self) -> str:
        return self.of(HEX, 32)

    def _openai(self) -> str:
        return "sk-" + "proj-" + self.of(ALNUM + "-_", 74) + "T3Blbk" + "FJ" + self.of(ALNUM + "-_", 74)

    def _anthropic(self) -> str:
        return "sk-" + "ant-api03-" + self.of(ALNUM + "-_", 93) + "AA"

    def _google(self) -> str:
        return "AI" + "za" + self.of(ALNUM + "-_", 35)

    def _telegram(self) -> str:
        return f"{self.random.choice('123456789')}{self.of(DIGITS, 9)}:A" + "A" + self.of(ALNUM + "-_", 33)

    def _cloudflare(self) -> str:
        return self.of(ALNUM + "-_", 40)

    def _npm(self) -> str:
        return "np" + "m_" + self.of(ALNUM, 36)

    def _pypi(self) -> str:
        return "py" + "pi-AgEIcHlwaS5vcmc" + self.of(ALNUM + "-_", 120)

    def _digitalocean(self) -> str:
        return "do" + "p_v1_" + self.of(HEX, 64)

    def _supabase(self) -> str:
        return "sb" + "p_" + self.of(HEX, 40)

    def _square(self) -> str:
        return "EA" + "AA" + self.of(ALNUM + "-_", 60)

    def _shopify(self) -> str:
        return "shp" + "at_" + self.of(HEX, 32)

    def _hexsecret(self) -> str:
        return self.of(HEX, 64)

    def _token(self) -> str:
        return self.of(ALNUM, 40)

    def _djangokey(self) -> str:
        return self.of(LOWER + DIGITS + "!@#$%^&*(-_=+)", 50)

    def _jwt(self) -> str:
        def part(value: object) -> str:
            return base64.urlsafe_b64encode(json.dumps(value, separators=(",", ":")).encode()).decode().rstrip("=")

        claims = {"sub": str(self.random.randrange(10**6)), "role": "service_role", "exp": 1_900_000_000}
        return f"{part({'alg': 'HS256', 'typ': 'JWT'})}.{part(claims)}.{self.of(ALNUM + '-_', 43)}"

    def _password(self) -> str:
        word = self.random.choice(
            ["marble", "lantern", "copper", "saffron", "walnut", "glacier", "timber", "velvet", "harbor", "quartz"]
        )
        other = self.random.choice(["river", "canyon", "meadow", "pepper", "thunder", "willow", "ember", "falcon"])
        number = self.of(DIGITS, self.random.choice([2, 3, 4]))
        shape = self.random.randrange(5)
        return (
            f"{word.title()}{number}!", f"{word}-{other}-{number}", self.of(ALNUM, 14), f"{word}{self.of(ALNUM, 6)}{number}",
            f"{word[:4].title()}#{other[:4]}{number}",
        )[shape]  # fmt: skip

    def _dotted(self) -> str:
        """A password with dots, which looks like an attribute in code."""
        pieces = [self.of(UPPER, 1) + self.of(DIGITS, 1) + self.of(LOWER, 1) + self.of(UPPER, 1) for _ in range(4)]
        return ".".join(("".join(pieces[:2]), "".join(pieces[2:])))

    def _urlpassword(self) -> str:
        return self.of(ALNUM, self.random.choice([10, 16, 24]))

    def _pem(self) -> str:
        name = self.random.choice(["RSA ", "EC ", "OPENSSH ", ""])
        body = "\n".join(self.of(ALNUM + "+/", 64) for _ in range(8))
        return f"-----BEGIN {name}PRIVATE KEY-----\n{body}\n-----END {name}PRIVATE KEY-----"

    def _pemline(self) -> str:
        return self.of(ALNUM + "+/", 64) + "\\n" + self.of(ALNUM + "+/", 64) + "\\n" + self.of(ALNUM + "+/", 40)


#: path, then text in which {kind} is planted.
PLAIN: tuple[tuple[str, str], ...] = (
    (".env", "DATABASE_URL=postgresql://coach:{urlpassword}@db.internal:5432/coach\nSTRIPE_API_KEY={stripe}\nSTRIPE_WEBHOOK_SECRET={whsec}\nSENDGRID_API_KEY={sendgrid}\nDEBUG=false\n"),
    ("config/prod.env", "export SECRET_KEY='{djangokey}'\nexport TWILIO_AUTH_TOKEN={twilioauth}\nexport AWS_ACCESS_KEY_ID={awsid}\nexport AWS_SECRET_ACCESS_KEY={awssecret}\nREDIS_PASSWORD={password}\n"),
    ("coach/settings.py", 'import os\n\nSECRET_KEY = "{djangokey}"\nDATABASES = {{"default": {{"ENGINE": "django.db.backends.postgresql", "USER": "coach", "PASSWORD": "{password}", "HOST": "db"}}}}\nEMAIL_HOST_PASSWORD = "{password}"\nSTRIPE_KEY = "{stripe}"\n'),
    ("app/main.py", 'import stripe\n\nstripe.api_key = "{stripe}"\nBOT_TOKEN = "{telegram}"\nclient = OpenAI(api_key="{openai}")\n'),
    ("src/config.ts", 'export const config = {{\n  supabaseKey: "{supabase}",\n  apiKey: "{google}",\n  jwtSecret: "{hexsecret}",\n  smtp: {{ user: "mailer", pass: "{password}" }},\n}};\n'),
    ("lib/api.js", "const client = require('./client');\nmodule.exports = client({{ token: '{github}', secret: '{token}' }});\nfetch('https://api.resend.com/emails', {{ headers: {{ Authorization: 'Bearer {resend}' }} }});\n"),
    ("config/application.yml", "spring:\n  datasource:\n    url: jdbc:postgresql://db:5432/coach\n    username: coach\n    password: {password}\nmail:\n  password: '{password}'\nstripe:\n  secret-key: {stripe}\n"),
    ("src/main/resources/application.properties", "spring.datasource.password={password}\napp.jwt.secret={hexsecret}\naws.secretKey={awssecret}\n"),
    ("Web/appsettings.Production.json", '{{\n  "ConnectionStrings": {{ "Default": "Server=db;Database=coach;User Id=sa;Password={password};" }},\n  "Stripe": {{ "SecretKey": "{stripe}" }},\n  "SendGrid": {{ "ApiKey": "{sendgrid}" }}\n}}\n'),
    ("docker-compose.yml", "services:\n  db:\n    image: postgres:16\n    environment:\n      POSTGRES_PASSWORD: {password}\n  web:\n    environment:\n      - STRIPE_SECRET_KEY={stripe}\n      - REDIS_URL=redis://:{urlpassword}@redis.internal:6379/0\n"),
    ("Dockerfile", "FROM python:3.12\nENV STRIPE_KEY {restricted}\nENV GITHUB_TOKEN={github}\nARG NPM_TOKEN={npm}\nRUN pip install -r requirements.txt\n"),
    (".github/workflows/deploy.yml", "jobs:\n  deploy:\n    steps:\n      - run: ./deploy.sh\n        env:\n          DIGITALOCEAN_ACCESS_TOKEN: {digitalocean}\n          SLACK_BOT_TOKEN: {slack}\n"),
    ("infra/main.tfvars", 'db_password = "{password}"\ncloudflare_api_token = "{cloudflare}"\naccess_key = "{awsid}"\nsecret_key = "{awssecret}"\n'),
    ("android/app/src/main/res/values/keys.xml", '<resources>\n  <string name="stripe_secret">{stripe}</string>\n  <string name="google_maps_key">{google}</string>\n</resources>\n'),
    ("ios/Coach/Info.plist", '<plist version="1.0"><dict>\n\t<key>TwilioAuthToken</key>\n\t<string>{twilioauth}</string>\n\t<key>StripeSecretKey</key>\n\t<string>{stripe}</string>\n</dict></plist>\n'),
    ("android/google-services.json", '{{"client": [{{"api_key": [{{"current_key": "{google}"}}]}}]}}\n'),
    ("postman/coach.postman_collection.json", '{{"variable": [{{"key": "token", "value": "{token}"}}, {{"key": "baseUrl", "value": "https://api.coach.example"}}], "auth": {{"type": "bearer", "bearer": [{{"key": "token", "value": "{anthropic}"}}]}}}}\n'),
    ("public/wp-config.php", "<?php\ndefine('DB_NAME', 'coach');\ndefine('DB_PASSWORD', '{password}');\ndefine( 'AUTH_KEY', '{djangokey}' );\n"),
    ("api/config.php", "<?php\nreturn ['db' => ['user' => 'coach', 'password' => '{password}'], 'stripe_secret' => '{stripe}', 'mailgun_key' => '{mailgun}'];\n"),
    ("config/initializers/keys.rb", "Stripe.api_key = '{stripe}'\nENV['SLACK_TOKEN'] = '{slack}'\nTWILIO = {{ auth_token: '{twilioauth}' }}\n"),
    ("cmd/server/main.go", 'package main\n\nconst (\n\tstripeKey = "{stripe}"\n\tjwtSecret = "{hexsecret}"\n)\n\nvar dsn = "postgres://coach:{urlpassword}@10.0.0.4:5432/coach"\n'),
    ("src/main/java/coach/Mailer.java", 'class Mailer {{\n  private static final String API_KEY = "{sendgrid}";\n  private final String password = "{password}";\n}}\n'),
    ("ios/Coach/Keys.swift", 'enum Keys {{\n  static let openAI = "{openai}"\n  static let apiSecret: String = "{token}"\n}}\n'),
    ("app/build.gradle.kts", 'android {{ defaultConfig {{ buildConfigField("String", "SQUARE_TOKEN", "\\"{square}\\"") }} }}\nsigningConfigs {{ create("release") {{ storePassword = "{password}"\n keyPassword = "{password}" }} }}\n'),
    ("Program.cs", 'var shopify = new Client("{shopify}");\nvar password = "{password}";\nconst string ApiKey = "{token}";\n'),
    (".npmrc", "registry=https://npm.coach.example/\n//npm.coach.example/:_authToken={npm}\n"),
    (".pypirc", "[pypi]\nusername = __token__\npassword = {pypi}\n"),
    (".netrc", "machine ftp.coach.example\n  login deploy\n  password {password}\n"),
    ("ops/.pgpass", "db.internal:5432:coach:coach:{password}\n"),
    ("deploy/nginx.conf", 'location / {{\n  proxy_set_header Authorization "Basic {basic}";\n  proxy_pass http://app;\n}}\n'),
    ("deploy/coach.service", '[Service]\nEnvironment=DB_PASSWORD={password}\nEnvironment="STRIPE_KEY={stripe}"\nExecStart=/srv/run\n'),
    ("deploy/redis.conf", "bind 0.0.0.0\nrequirepass {password}\n"),
    ("bin/backup.sh", "#!/bin/bash\nexport PGPASSWORD={password}\nmysqldump -u root -p'{password}' coach | gzip > /tmp/coach.gz\ncurl -u backup:{password} -T /tmp/coach.gz https://nas.coach.example/\nsshpass -p {password} scp x y:\n"),
    ("bin/notify.sh", "curl -X POST https://hooks.slack.com/services/{slackhook} -d '{{}}'\ncurl https://discord.com/api/webhooks/{discordhook}\ncurl -H 'Authorization: Bearer {githubfine}' https://api.github.com/user\n"),
    ("db/roles.sql", "CREATE ROLE coach LOGIN PASSWORD '{password}';\nALTER USER mailer WITH PASSWORD '{password}';\nCREATE USER 'app'@'%' IDENTIFIED BY '{password}';\n"),
    ("k8s/secret.yml", "apiVersion: v1\nkind: Secret\nmetadata: {{name: app}}\nstringData:\n  DB_PASSWORD: {password}\n  STRIPE_KEY: {stripe}\n"),
    ("helm/values-prod.yaml", 'postgresql:\n  auth:\n    password: "{password}"\nenv:\n  - name: POSTMARK_API_TOKEN\n    value: {postmark}\n  - name: CLOUDFLARE_TOKEN\n    value: "{cloudflare}"\n'),
    ("keys/deploy", "{pem}\n"),
    ("config/firebase.json", '{{"type": "service_account", "project_id": "coach", "private_key_id": "{hexid}", "private_key": "-----BEGIN PRIVATE KEY-----\\n{pemline}\\n-----END PRIVATE KEY-----\\n", "client_email": "x@coach.iam.gserviceaccount.com"}}\n'),
    (".mcp.json", '{{"mcpServers": {{"github": {{"env": {{"GITHUB_PERSONAL_ACCESS_TOKEN": "{github}"}}}}, "pg": {{"args": ["postgresql://ro:{urlpassword}@db.coach.example/coach"]}}}}}}\n'),
    ("web/index.html", '<script>window.CONFIG = {{"mapsKey": "{google}", "secretKey": "{stripe}"}};</script>\n'),
    (".streamlit/secrets.toml", '[openai]\napi_key = "{openai}"\n[db]\npassword = "{password}"\n'),
    ("dist/app.3c1f.js", '!function(){{var e={{n:1}},t="{stripe}";e.k=function(r){{return r+"{google}"}};e.auth={{apiSecret:"{token}"}}}}();'),
    ("dist/app.3c1f.js.map", '{{"version":3,"sources":["../src/pay.ts"],"sourcesContent":["const key = \\"{stripe}\\";\\nexport const dbPassword = \\"{password}\\";\\n"],"mappings":"AAAA"}}'),
    ("notebooks/revenue.ipynb", '{{"cells": [{{"cell_type": "code", "source": ["import stripe\\n", "stripe.api_key = \\"{stripe}\\"\\n", "DB_PASSWORD = \'{password}\'\\n"]}}]}}\n'),
    ("supabase/config.ts", 'const admin = createClient(url, "{jwt}");\n'),
    ("tests/cassettes/pay.yaml", "- request:\n    headers:\n      Authorization: [Bearer {stripetest}]\n"),
    ("docs/setup.md", "# Setup\n\n```\nexport STRIPE_KEY={stripetest}\n```\n"),
    ("config/database.yml", "production:\n  adapter: postgresql\n  username: coach\n  password: {password}\n"),
    ("Jenkinsfile", "environment {{\n  GITLAB_TOKEN = '{gitlab}'\n}}\n"),
    ("logs/app.log", "2026-10-03 11:22:01 INFO connecting to postgres://coach:{urlpassword}@db.internal/coach\n2026-10-03 11:22:04 DEBUG headers: Authorization: Bearer {github}\n"),
    ("ops/people.csv", "email;login;password\njo@coach.example;jo;{dotted}\nmia@coach.example;mia;{password}\n"),
    ("ops/keys.csv", "stripe secret,{token},production\ntwilio auth token,{twilioauth},production\n"),
    ("infra/vars.tf", 'variable "jwt_secret" {{\n  type      = string\n  sensitive = true\n  default   = "{token}"\n}}\n'),
    ("infra/stack.yml", "Parameters:\n  JwtSecret:\n    Type: String\n    NoEcho: true\n    Default: {token}\n"),
    ("app.json", '{{"env": {{"SIGNING_SECRET": {{"description": "signs links", "value": "{token}"}}}}}}\n'),
    ("ops/roles/db.yml", "old: ENC[AES256_GCM,data:Tr7o1cC9Wq0=]\ndb_password: {dotted}\n"),
    ("lib/sms.ts", "const sms = twilio('{sid}', '{twilioauth}');\nconst t = jwt.sign(claims, '{token}');\n"),
    ("ios/Coach/Net.swift", 'request.addValue("{token}", forHTTPHeaderField: "X-Api-Key")\n'),
    ("android/app/src/main/AndroidManifest.xml", '<application>\n  <meta-data android:name="eu.coach.STRIPE_SECRET" android:value="{token}" />\n</application>\n'),
    ("ops/common.yml", "smtp:\n  pass: &smtp {password}\n"),
    ("docs/meeting.md", "The studio is BookingGuest, password {password}\n\nLog in as **ops** / **{password}** on staging.\n"),
    ("docs/demo.md", "Log in as demo@coach.example with {password} (password).\n"),
    ("chat/fr.txt", "Jo: le mot de passe du compte de test est {password}\nEva: la contrase\u00f1a del panel es {password}\n"),
    ("chat/box.txt", "Jo: user app, password is {numbered}\n"),
)  # fmt: skip
HARD: tuple[tuple[str, str], ...] = (
    ("export/slack/general.json", '[{{"user": "U1", "text": "the staging password is {password} btw"}}, {{"user": "U2", "text": "and the key: {stripe}"}}]\n'),
    ("export/whatsapp.txt", "[03.10.26, 11:02] Jo: pw for the admin is {password}\n[03.10.26, 11:03] Mia: thanks! stripe: {stripe}\n"),
    ("NOTES.md", "Login: admin@coach.example / password: {password}\nThe Postmark token is `{postmark}`.\n"),
    ("AGENTS.md", "Use the database password {password_is} to log in.\nDB password: `{password}`\n"),
    ("k8s/db-secret.yaml", "apiVersion: v1\nkind: Secret\ndata:\n  password: {b64password}\n  STRIPE_KEY: {b64stripe}\n"),
    ("ci/vars.yml", "GOOGLE_CREDENTIALS: {b64json}\n"),
)  # fmt: skip
DECOYS: tuple[tuple[str, str, str], ...] = (
    ("samples", ".env.example", "DATABASE_URL=postgres://user:password@localhost:5432/coach\nSTRIPE_SECRET_KEY=sk_live_xxxxxxxxxxxxxxxxxxxxxxxx\nSECRET_KEY=change-me\nAPI_KEY=your-api-key-here\nPASSWORD=\nTOKEN=<your token>\n"),
    ("tests", "tests/test_login.py", 'def test_login(client):\n    client.post("/login", data={"email": "a@b.c", "password": "password123"})\n    user = User(password="correct horse battery staple")\n    token = "test-token-1"\n    assert client.get("/x", headers={"Authorization": "Bearer test-token"})\n'),
    ("locale", "frontend/locales/de.json", '{"password": "Passwort", "password_hint": "Mindestens 12 Zeichen", "token": "Zugangsschlüssel", "login": {"password": "Kennwort2"}}\n'),
    ("code", "app/auth.py", 'password = request.form["password"]\ntoken = secrets.token_urlsafe(32)\napi_key = os.environ["API_KEY"]\nSECRET_KEY = config("SECRET_KEY")\nTOKEN_URL = "https://auth.example/oauth/token"\nPASSWORD_RESET_TIMEOUT = 3600\npassword_field = "user_password"\nif password == "x": pass\nkey = f"token:{user_id}:v2"\n'),
    ("code", "src/form.tsx", '<input type="password" name="password" placeholder="Password (8+ characters)" autoComplete="current-password" />\nconst tokenKey = "auth.token.v1";\nconst passwordRegex = /^(?=.*[a-z])(?=.*\\d).{8,}$/;\nconst secretName = "prod/stripe/secret-key-v2";\n'),
    ("ids", "src/ids.ts", 'export const publishable = "pk_live_" + "51Habc";\nconst commit = "3f786850e387550fdab836ed7e6dc881de23001b";\nconst key = "user:1234:profile";\nconst cacheKey = "bookings-2026-10-03";\nconst sessionId = "cs_test_a1B2c3D4e5F6g7H8";\nconst uuid = "7d444840-9dc0-11d1-b245-5ffdce74fad2";\n'),
    ("lock", "package-lock.json", '{"packages": {"node_modules/token": {"version": "1.2.3", "integrity": "sha512-9mB1ePLYvHGnV4cX2tIwDYk3p9h7fX9o1xW6+Sm0dcEZqWkY8h9Y1Z4X2mVpLQ0GZrQe0dG2YtI8m7nB3V5cUA=="}}}\n'),
    ("lock", "uv.lock", 'sdist = { url = "https://files.example/token-1.0.tar.gz", hash = "sha256:5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9" }\n'),
    ("sealed", "k8s/sealed.yaml", "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nspec:\n  encryptedData:\n    password: AgBy3i4OJSWK+PiTySYZZA9rO43cGDEq8xWUIGbjqCDvIXkz9wPpQ0z1nRkqQ4W8m\n"),
    ("sealed", "secrets.enc.yaml", "db_password: ENC[AES256_GCM,data:Tr7o1cC9Wq0=,iv:1mZ0hQv8s2C7yQ5k,tag:z9Xq1w==,type:str]\n"),
    ("sealed", "group_vars/all.yml", "db_password: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  6639613264336638623137643838373131\n"),
    ("templates", "deploy/compose.yml", "environment:\n  POSTGRES_PASSWORD: ${POSTGRES_PASSWORD}\n  API_TOKEN: ${{ secrets.API_TOKEN }}\n  SECRET: '{{ vault_secret }}'\n  PASSWORD_FILE: /run/secrets/db\n  token: $CI_JOB_TOKEN\n"),
    ("docs", "docs/auth.md", "Send `Authorization: Bearer <token>`; the token looks like `sk_live_...`.\n\nThe AWS example key is " + "AKIA" + "IOSFODNN7EXAMPLE.\n\nPasswords must have 8-64 characters. The password: at least 12 characters, see policy2.\n\n`curl -u user:password https://api.example.com`\n"),
    ("docs", "docs/jwt.md", "From jwt.io: " + "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c\n"),
    ("public", "certs/site.pem", "-----BEGIN CERTIFICATE-----\nMIIDdzCCAl+gAwIBAgIEAgAAuTANBgkqhkiG9w0BAQUFADBaMQswCQYDVQQGEwJJ\n-----END CERTIFICATE-----\n-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAu1SU1LfVLPHCozMxH2Mo\n-----END PUBLIC KEY-----\n"),
    ("styles", "static/site.css", ".token-key { color: #a1b2c3 } .password { background: url(data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==) }\n"),
    ("hashes", "app/migrations/0001.py", 'password = models.CharField(max_length=128)\nkey = models.UUIDField(default=uuid.uuid4)\ntoken_hash = "sha256$abcdef"\n'),
    ("code", "Makefile", "TOKEN ?= $(shell cat .token)\nPASSWORD := $(PASSWORD)\ntest:\n\tpytest --password-file=x\n"),
    ("code", "Kotlin.kt", 'val token = prefs.getString("token_v2", null)\nval passwordHint = "8+ chars, 1 digit"\nconst val KEY_AUTH_TOKEN = "auth_token_key_1"\n'),
    ("public", "web/config.js", 'window.STRIPE_PUBLISHABLE_KEY = "pk_test_TYooMQauvdEDq54NiTphI7jx"; window.siteKey = "6LeIxAcTAAAAAJcZVRqyHh71UMIEGNQ_MXjiZKhI";\n'),
    ("references", "infra/refs.yml", "DB_SECRET: arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db-Kq92xZ\nDB_PASSWORD: projects/coach-prod/secrets/db-password/versions/3\n"),
    ("references", ".mvn/settings.xml", "<settings><password>{COQLCE6DU6GtcS5P+YTRHR97v60M1l+Ciae75njVpcktVUg9=}</password></settings>\n"),
    ("samples", "blog/wp-config-sample.php", "<?php\ndefine( 'DB_PASSWORD', 'password_here' );\n"),
    ("code", "src/chain.ts", 'const password = "settings.mail.password2";\nconst token = config.auth.token1;\n'),
    ("tables", "ops/export.csv", "id,token,password\n1,none,changeme\n2,,********\n"),
)  # fmt: skip
ALLOWED = (
    'KEY = "{stripe}"  # gitleaks:allow\n', 'secret = "{token}"  # pragma: allowlist secret\n', 'token = "{github}"  # trufflehog:ignore\n',
    'api_key = "{openai}"  # betterleaks:allow\n',
)  # fmt: skip


class Repository:
    """A repository on disk, built commit by commit."""

    def __init__(self, folder: str, seed: int) -> None:
        self.folder, self.maker, self.marks = folder, Maker(seed), []
        self.git("init", "-q", "-b", "main")
        self.clock = 1_790_000_000

    marks: list[Mark]

    def git(self, *args: str) -> str:
        return subprocess.run(
            ["git", "-C", self.folder, "-c", "user.name=Jo", "-c", "user.email=jo@coach.example", "-c", "commit.gpgsign=false", *args],
            check=True, capture_output=True, text=True,
        ).stdout  # fmt: skip

    def write(self, path: str, data: bytes | str) -> None:
        import pathlib

        file = pathlib.Path(self.folder, path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data.encode() if isinstance(data, str) else data)

    def commit(self, message: str) -> None:
        self.git("add", "-A", "-f")
        self.git("commit", "-q", "--allow-empty", "-m", message)

    def filled(self, template: str, path: str, state: str, kind: str = "secret", *, hard: bool = False) -> str:
        """The template with fresh values, each marked."""
        made = self.maker

        def special(name: str) -> str:
            if name == "basic":
                value = made.make("password")
                self.marks.append(Mark(kind, name, path, value, state, hard))
                text = base64.b64encode(f"ops:{value}".encode()).decode()
                self.marks[-1] = self.marks[-1]._replace(value=text)
                return text
            if name.startswith("b64") and name != "b64json":
                value = made.make(name[3:])
                self.marks.append(Mark(kind, name, path, value, state, hard=True))
                return base64.b64encode(value.encode()).decode()
            if name == "b64json":
                value = made.make("stripe")
                self.marks.append(Mark(kind, name, path, value, state, hard=True))
                inner = base64.b64encode(json.dumps({"stripe_key": value}).encode()).decode()
                return base64.b64encode(inner.encode()).decode()
            if name == "password_is":
                return "manager"
            value = made.make(name)
            if name not in {"hexid", "sid"}:
                self.marks.append(Mark(kind, name, path, value, state, hard))
            return value

        class Values(dict[str, str]):
            def __missing__(self, key: str) -> str:
                return special(key)

        out, rest = "", template
        while "{" in rest or "}" in rest:
            at = min(index for index in (rest.find("{"), rest.find("}")) if index >= 0)
            out, rest = out + rest[:at], rest[at:]
            if rest.startswith(("{{", "}}")):
                out, rest = out + rest[0], rest[2:]
                continue
            name, _, rest = rest[1:].partition("}")
            out += Values()[name]
        return out + rest


def plant(folder: str, seed: int) -> list[Mark]:
    """Build a repository with everything, and return its marks."""
    repo = Repository(folder, seed)
    chance = repo.maker.random
    noise(repo)
    for path, text in (*PLAIN, *HARD):
        repo.write(path, repo.filled(text, path, "head", hard=(path, text) in HARD))
        if chance.random() < 0.5:
            repo.commit(f"Add {path}")
    for _, path, text in DECOYS:
        repo.write(path, text)
        repo.marks.append(Mark("decoy", _, path, "", "head"))
    repo.write("app/allowed.py", "".join(repo.filled(text, "app/allowed.py", "head", "allowed") for text in ALLOWED))
    archives(repo)
    repo.commit("Everything")
    past(repo)
    return repo.marks


def noise(repo: Repository) -> None:
    """Files without secrets."""
    words = ["book", "coach", "slot", "order", "price", "date", "user", "mail", "send", "list", "page", "form", "view"]
    for number in range(30):
        body = "\n".join(
            f"def {repo.maker.random.choice(words)}_{index}(value):\n    return {repo.maker.random.choice(words)}(value, {index})"
            for index in range(40)
        )
        repo.write(f"coach/module_{number}.py", body)
    repo.commit("Start")


def archives(repo: Repository) -> None:
    """UTF-16, zip, tar.gz, a zip in a zip."""
    text = repo.filled('$password = "{password}"\r\n$key = "{stripe}"\r\n', "scripts/setup.ps1", "head", hard=True)
    repo.write("scripts/setup.ps1", text.encode("utf-16"))
    text = repo.filled("API_SECRET={token}\nDB_PASSWORD={password}\n", "old/site.zip", "head", hard=True)
    pack = io.BytesIO()
    with zipfile.ZipFile(pack, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("site/.env", text)
    repo.write("old/site.zip", pack.getvalue())
    outer = io.BytesIO()
    text = repo.filled("STRIPE={stripe}\n", "old/all.zip", "head", hard=True)
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("b/.env", text)
    with zipfile.ZipFile(outer, "w") as archive:
        archive.writestr("inner.zip", inner.getvalue())
    repo.write("old/all.zip", outer.getvalue())
    text = repo.filled('stripe_key = "{stripe}"\n', "old/b.tar.gz", "head", hard=True).encode()
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        info = tarfile.TarInfo("app/config.toml")
        info.size = len(text)
        archive.addfile(info, io.BytesIO(text))
    repo.write("old/b.tar.gz", packed.getvalue())


def past(repo: Repository) -> None:
    """Deleted files, scrubbed values, a branch, a merge, a message, a stash, a tag."""
    some = [one for one in PLAIN if not one[0].startswith(("tests/", "docs/"))]
    gone = repo.maker.random.sample(some, 14)
    for path, text in gone:
        repo.write(f"legacy/{path}", repo.filled(text, f"legacy/{path}", "history"))
    repo.commit("Legacy")
    repo.git("rm", "-rq", "legacy")
    repo.commit("Legacy is gone")
    for path, text in repo.maker.random.sample(some, 6):
        repo.write(f"moved/{path}", repo.filled(text, f"moved/{path}", "history"))
        repo.commit("Add")
        repo.write(f"moved/{path}", "nothing = True\n")
        repo.commit("From the environment")
    repo.git("checkout", "-qb", "feature")
    repo.write(
        "feature/key.py", repo.filled('KEY = "{stripe}"\nPASSWORD = "{password}"\n', "feature/key.py", "history")
    )
    repo.commit("Feature")
    repo.git("checkout", "-q", "main")
    merge(repo)
    value = repo.maker.make("github")
    repo.marks.append(Mark("secret", "message", "(commit message)", value, "history", hard=True))
    repo.commit(f"Deploy with {value}")


def merge(repo: Repository) -> None:
    """A secret that only the merge commit brought."""
    repo.git("checkout", "-qb", "side")
    repo.write("coach/side.py", "SIDE = 1\n")
    repo.commit("Side")
    repo.git("checkout", "-q", "main")
    repo.write("coach/main.py", "MAIN = 1\n")
    repo.commit("Main")
    repo.git("merge", "-q", "--no-ff", "--no-commit", "side")
    repo.write("coach/fix.py", repo.filled('STRIPE = "{stripe}"\n', "coach/fix.py", "history"))
    repo.write("coach/side.py", "SIDE = 1\n" + repo.filled('stripe.api_key = "{stripe}"\n', "coach/side.py", "history"))
    repo.commit("Merge side")
    repo.write("coach/fix.py", "STRIPE = None\n")
    repo.write("coach/side.py", "SIDE = 2\n")
    repo.commit("Clean")


def found(marks: list[Mark], values: set[str]) -> set[Mark]:
    """Return the planted secrets among the found values."""
    flat = {"".join(value.replace("\\n", "").split()) for value in values}
    joined = "\0".join(flat)

    def seen(mark: Mark) -> bool:
        core = mark.value.split("\n")[1] if "PRIVATE KEY" in mark.value else mark.value
        core = "".join(core.replace("\\n", "").split())
        return core in flat or core in joined

    return {mark for mark in marks if mark.kind == "secret" and seen(mark)}
