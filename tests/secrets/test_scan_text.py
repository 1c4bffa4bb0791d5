"""Lines that hold a secret, and lines that only look like it, by file."""

import base64

import planted
import pytest

from launchready.secrets import scan
from launchready.secrets.file_context import MESSAGE, context_of
from launchready.secrets.scan_text import find_secrets

MAKE = planted.Maker(5)

#: A path, a line with %s for a secret, and its kind.
SECRETS = [
    ("settings.py",'AWS_SECRET_ACCESS_KEY = "%s"',"awssecret"),
    ("a.py",'boto3.client("s3", aws_access_key_id="X", aws_secret_access_key="%s")',"awssecret"),
    ("a.yml","heroku_api_key: %s","postmark"),
    ("a.yml","datadog:\n  api_key: %s","twilioauth"),
    (".env","DD_API_KEY=%s","twilioauth"),
    (".env","ALGOLIA_ADMIN_KEY=%s","twilioauth"),
    (".env","PAYPAL_CLIENT_SECRET=%s","token"),
    (".env","JWT_SECRET=%s","hexsecret"),
    (".env","APP_KEY=base64:%s","awssecret"),
    (".env",'MAIL_PASSWORD="%s"',"password"),
    (".env","SMTP_PASS='%s'","password"),
    (".env","export ADMIN_PW=%s","password"),
    (".env","MONGO_URI=mongodb+srv://app:%s@cluster0.ab12c.mongodb.net/prod","urlpassword"),
    (".env","AMQP_URL=amqp://u:%s@mq.internal:5672/","urlpassword"),
    (".env","SENTRY_AUTH_TOKEN=%s","hexsecret"),
    (".env","VITE_SUPABASE_SERVICE_KEY=%s","jwt"),
    ("config.js",'const db = mysql.createConnection({host:"x", user:"root", password:"%s"})',"password"),
    ("config.js",'axios.defaults.headers.common["X-Api-Key"] = "%s"',"token"),
    ("config.js",'headers: { "Authorization": "Basic %s" }',"basicx"),
    ("a.ts","const secret = `%s`;","token"),
    ("a.ts",'clientSecret: "%s",',"token"),
    ("a.go",'os.Setenv("API_SECRET", "%s")',"token"),
    ("a.go",'password := "%s"',"password"),
    ("a.rb",'config.secret_key_base = "%s"',"hexsecret"),
    ("a.rb",'password: "%s",',"password"),
    ("a.php",'$password = "%s";',"password"),
    ("a.php","$config['api_key'] = '%s';","token"),
    ("a.php","'secret' => env('X', '%s'),","token"),
    ("a.cs",'public const string ConnectionString = "Data Source=db;User ID=sa;Pwd=%s;";',"password"),
    ("a.kt",'private const val API_TOKEN = "%s"',"token"),
    ("a.swift",'let apiKey = "%s"',"token"),
    ("a.dart",'final stripeSecret = "%s";',"stripe"),
    ("a.rs",'const API_KEY: &str = "%s";',"token"),
    ("a.scala",'val dbPassword = "%s"',"password"),
    ("a.lua",'local auth_token = "%s"',"token"),
    ("a.ex",'secret_key_base: "%s"',"hexsecret"),
    ("a.toml",'[database]\npassword = "%s"',"password"),
    ("a.ini","[db]\npassword = %s","password"),
    ("app.properties","db.password=%s","password"),
    ("a.yaml","auth:\n  token: %s","token"),
    ("a.yaml","  - name: DB_PASSWORD\n    value: %s","password"),
    ("a.yaml",'apiVersion: v1\nkind: ConfigMap\ndata:\n  DB_PASS: "%s"',"password"),
    ("docker-compose.yml",'      MYSQL_ROOT_PASSWORD: "%s"',"password"),
    ("docker-compose.yml",'      - "POSTGRES_PASSWORD=%s"',"password"),
    ("Dockerfile","ENV DB_PASSWORD %s","password"),
    ("Dockerfile",'RUN curl -H "Authorization: token %s" https://api.github.com',"github"),
    ("deploy.sh",'DB_PASS="%s" ./run',"password"),
    ("deploy.sh","mysql -h db -u root -p%s app","password"),
    ("deploy.sh",'psql "postgresql://app:%s@db/app"',"urlpassword"),
    ("deploy.sh",'PGPASSWORD="%s" psql -h db',"password"),
    ("deploy.sh","docker login -u ci -p %s registry.example.com","token"),
    ("deploy.sh","redis-cli -a %s ping","urlpassword"),
    ("deploy.sh","wget --password=%s https://x","password"),
    ("deploy.sh","curl -u ci:%s https://x","password"),
    ("deploy.sh","curl -u %s: https://api.stripe.com","stripe"),
    ("deploy.sh","git clone https://oauth2:%s@gitlab.com/x/y.git","gitlab"),
    ("deploy.sh","git push https://%s@github.com/x/y","github"),
    ("Makefile","\tAPI_KEY=%s ./deploy","token"),
    (".gitlab-ci.yml",'variables:\n  DEPLOY_TOKEN: "%s"',"gitlab"),
    ("a.tf",'  password = "%s"',"password"),
    ("a.tf",'variable "db_password" {\n  default = "%s"\n}',"password"),
    ("a.tf",'  master_password      = "%s"',"password"),
    ("cfn.yaml","  MasterUserPassword: %s","password"),
    ("cfn.json",'{"ParameterKey": "DBPassword", "ParameterValue": "%s"}',"password"),
    ("inventory.ini","host1 ansible_user=root ansible_password=%s","password"),
    ("vars.yml",'ansible_become_pass: "%s"',"password"),
    ("playbook.yml","mysql_root_password: %s","password"),
    ("Web.config",'<add key="ApiSecret" value="%s" />',"token"),
    ("Web.config",'<add name="Db" connectionString="Server=x;User Id=y;Password=%s" />',"password"),
    ("settings.xml","<server><id>x</id><password>%s</password></server>","password"),
    ("hibernate.cfg.xml",'<property name="connection.password">%s</property>',"password"),
    ("beans.xml",'<property name="password" value="%s"/>',"password"),
    ("tomcat-users.xml",'<user username="admin" password="%s" roles="manager"/>',"password"),
    ("strings.xml",'<string name="api_secret">%s</string>',"token"),
    ("res/values/strings.xml",'<string name="stripe_key">%s</string>',"stripe"),
    ("Info.plist","<key>APIToken</key><string>%s</string>","token"),
    ("Info.plist","<key>MailPassword</key>\n    <string>%s</string>","password"),
    ("env.json",'{"values":[{"key":"password","value":"%s","enabled":true}]}',"password"),
    ("x.postman_environment.json",'{"name":"apiKey","value":"%s"}',"token"),
    ("a.http","Authorization: Bearer %s","token"),
    ("a.json",'{"client_secret":"%s"}',"token"),
    ("a.json",'{"aws":{"secretAccessKey":"%s"}}',"awssecret"),
    ("a.json",'{"smtp":{"auth":{"user":"x","pass":"%s"}}}',"password"),
    ("a.ipynb",'"os.environ[\\"OPENAI_API_KEY\\"] = \\"%s\\"\\n"',"openai"),
    ("a.ipynb",'"password = \'%s\'\\n",',"password"),
    ("README.md","Admin login is admin / pass: %s","password"),
    ("README.md","The root password is `%s`.","password"),
    ("README.md","DB password → %s","password"),
    ("README.md","| db password | %s |","password"),
    ("notes.txt","wifi password: %s","password"),
    ("notes.txt","password for prod: %s","password"),
    ("notes.txt","Passwort: %s","password"),
    ("notes.txt","api token = %s","token"),
    ("chat.txt","10:22 Bob: prod pw: %s","password"),
    ("chat.json",'{"text":"new password is %s, please change"}',"password"),
    ("export.html","<p>password: <b>%s</b></p>","password"),
    ("mail.eml","Your password is: %s\n","password"),
    ("server.log","login ok password=%s user=jo","password"),
    ("server.log","GET /x?token=%s HTTP/1.1","token"),
    ("dump.sql","SET PASSWORD FOR 'x'@'%%' = PASSWORD('%s');","password"),
    ("init.sql","CREATE USER app WITH ENCRYPTED PASSWORD '%s';","password"),
    ("init.sql","GRANT ALL ON x.* TO 'a'@'h' IDENTIFIED BY '%s';","password"),
    (".npmrc","_password=%s","basicx"),
    (".npmrc","//r.io/:_auth=%s","basicx"),
    (".docker/config.json",'{"auths":{"x":{"auth":"%s"}}}',"basicx"),
    ("pip.conf","extra-index-url = https://u:%s@pypi.internal/simple","urlpassword"),
    (".htpasswd","admin:%s","apr1"),
    ("application.conf",'play.http.secret.key="%s"',"token"),
    ("a.conf","requirepass %s","urlpassword"),
    ("prometheus.yml","  basic_auth:\n    username: x\n    password: %s","password"),
    ("grafana.ini","admin_password = %s","password"),
    ("a.service",'Environment="API_TOKEN=%s"',"token"),
    ("a.vue",'const key = "%s"',"stripe"),
    ("key.pem","%s","pem"),
    ("firebase.js",'apiKey: "%s",',"google"),
    ("app.yaml",'env_variables:\n  SECRET_KEY: "%s"',"djangokey"),
    ("a.py",'app.secret_key = "%s"',"djangokey"),
    ("a.py",'JWT_SECRET_KEY = "%s"',"token"),
    ("a.py",'conn = psycopg.connect("host=db user=x password=%s")',"password"),
    ("a.py",'engine = create_engine("mysql+pymysql://root:%s@10.0.0.2/app")',"urlpassword"),
    ("a.py",'twilio = Client("AC0123456789abcdef0123456789abcdef", auth_token="%s")',"twilioauth"),
    ("a.py",'TELEGRAM = "%s"',"telegram"),
    ("a.py",'HOOK = "https://discord.com/api/webhooks/%s"',"discordhook"),
    ("a.py",'HOOK = "https://hooks.slack.com/services/%s"',"slackhook"),
    ("a.py",'requests.post(f"https://api.telegram.org/bot%s/sendMessage")',"telegram"),
    ("a.py",'server.login("no-reply@acme.dev", "%s")',"password"),
    ("a.py",'requests.get(url, auth=("ann", "%s"))',"password"),
    ("a.py",'auth = HTTPBasicAuth("ann", "%s")',"password"),
    ("a.php","$pdo = new PDO('mysql:host=db', 'app', '%s');","password"),
    ("a.php","$db = new mysqli($host, 'app', '%s');","password"),
    ("A.java",'c = DriverManager.getConnection(url, "app", "%s");',"password"),
    ("a.js","token: process.env.API_TOKEN || '%s',","token"),
    ("a.js","const apiKey = import.meta.env.API_KEY ?? '%s'","token"),
    ("a.rb","ENV['ENCRYPTION_KEY'] ||= '%s'","hexsecret"),
    ("a.py",'SECRET_KEY = os.getenv("SECRET_KEY") or "%s"',"token"),
    ("deploy.sh","ldapsearch -x -D cn=admin,dc=acme -w %s -b dc=acme","password"),
    ("deploy.sh","lftp -u ann,%s sftp://files.acme.dev","password"),
    ("deploy.sh","keytool -genkey -keystore a.jks -storepass %s","password"),
    ("deploy.sh",'echo "%s" | sudo -S reboot',"password"),
    ("deploy.sh","smbclient //files/in -U ann%%%s","urlpassword"),
    ("deploy.ps1",'ConvertTo-SecureString "%s" -AsPlainText -Force',"password"),
    ("deploy.fish","set -x API_TOKEN %s","token"),
    ("README.md","- **Password:** %s","password"),
    ("chat.txt","sign in as root with password %s","password"),
    ("chat.txt","new pw %s for the vpn","password"),
    ("chat.txt","no, the password's %s","password"),
    ("chat.txt","mot de passe : %s","password"),
    ("chat.txt","contraseña: %s","password"),
    ("deploy.sh","./app --wandb-api-key %s","hexsecret"),
    ("a.py",'    api_token: str = Field("%s")',"token"),
    ("a.yaml",'api_token: !!str "%s"',"token"),
    ("wpa.conf",'network={\n  psk="%s"\n}',"password"),
    ("userlist.txt",'"acme" "%s"',"password"),
    ("etc/ppp/chap-secrets","ann * %s *","password"),
    ("chat.txt","12:01 ann: Login: admin / %s","password"),
    ("chat.json",'{"text": "Use ann@acme.dev / %s to log in"}',"password"),
    ("chat.txt","I changed the root password to %s yesterday","password"),
    ("chat.txt","here is the heroku api key: %s","postmark"),
    (".env","SCW_SECRET_KEY=%s","postmark"),
]  # fmt: skip

#: A path and a line without any.
NONE = r"""
a.py|password = getpass.getpass()
a.py|client.login("ann", request.form["password1"])
a.py|auth=("user", "password123")
a.py|auth=("ann", PASSWORD_2)
a.yml|  password: {{ .Values.db.password | b64enc }}
a.js|token: process.env.API_TOKEN || 'your-token-here-123'
chat.txt|Log in with your user name / password1
chat.txt|sign in with password authentication2
chat.txt|the new password must have 8 characters
chat.txt|**Password:** see 1Password
chat.txt|the primary key: booking_reference_17
a.txt|Use TCP / UDP2024 for the account
a.py|PASSWORD = os.getenv("DB_PASSWORD", "")
a.py|token = request.headers.get("X-Token-2")
a.py|def login(username: str, password: str = None) -> Token2:
a.py|secret_name = "prod/db/password-2024"
a.py|parser.add_argument("--password", default="secret1")
a.py|API_KEY_HEADER = "X-API-Key-V2"
a.py|raise ValueError("Invalid password: must contain 1 digit")
a.py|logger.info("token=%s expires=%d", token, 3600)
a.py|TOKEN_EXPIRY = "30d12h"
a.py|password = hashlib.sha256(b"x1").hexdigest()
a.py|secret = "SECRET_KEY_BASE_64"
a.py|KEY = "bookings:2024:v2"
a.py|token_type = "bearer2"
a.py|password_hash = "pbkdf2_sha256"
a.js|const token = localStorage.getItem("token_v2");
a.js|password: process.env.DB_PASSWORD1,
a.js|const PASSWORD_REGEX = "^[A-Za-z0-9]{8,}$";
a.js|if (!token) throw new Error("Missing token 401");
a.js|{ type: "password", id: "password2", label: "Password2" }
a.js|i18n.t("auth.password.reset2")
a.js|apiKey: config.apiKeys.stripe2,
a.js|secretKey: "VITE_STRIPE_KEY_2"
a.js|tokenEndpoint: "https://login.example.com/oauth2/v2.0/token"
a.tsx|<Input name="password" type={show1 ? "text" : "password"} />
a.java|@Value("${db.password1}") private String password;
a.java|String token = UUID.randomUUID().toString();
a.java|private static final String TOKEN_PREFIX = "Bearer2 ";
a.go|Password string `json:"password2"`
a.go|token := jwt.NewWithClaims(jwt.SigningMethodHS256, claims)
a.rb|params.require(:user).permit(:password, :token2)
a.rb|password = ENV.fetch("DB_PASSWORD2")
a.yml|password: "{{ lookup('env', 'PASS1') }}"
a.yml|password: !Ref DbPassword1
a.yml|secretName: tls-secret-2
a.yml|secretKeyRef:
a.yml|          key: db-password-1
a.yml|token: ${{ secrets.GITHUB_TOKEN }}
a.yml|passwordSecret: prod/db1
a.yml|password_file: /etc/secrets/pw1
a.yml|auth_token_ttl: 3600s
a.yml|image: registry/app:token-1.2.3
a.tf|password = var.db_password1
a.tf|secret_id = aws_secretsmanager_secret.db.id
a.tf|token = data.vault_generic_secret.x.data["token1"]
a.sh|PASSWORD=${1:?password required}
a.sh|TOKEN=$(cat /run/secrets/token1)
a.sh|read -s -p "Password: " PASS1
a.sh|curl -u "$USER:$PASS" https://x
a.sh|echo "Password changed at 12:30"
a.sh|mysql -u root -p"$PASS" app
.env.example|DB_PASSWORD=secret123
.env.example|STRIPE_KEY=sk_test_...
.env.sample|API_TOKEN=abc123abc123abc123
.env.example|SECRET_KEY=replace-with-32-random-chars-1
README.md|Set `PASSWORD=your_password1`
README.md|password must be at least 8 characters with 1 number
README.md|The token expires in 3600s
README.md|POST /login {"email": "a@b.co", "password": "hunter2"}
README.md|Authorization: Bearer eyJ...
README.md|token: `abc123`
README.md|API key: `XXXXXXXX-1234`
README.md|`postgres://user:pass@localhost:5432/db`
README.md|postgresql://postgres:postgres@db:5432/app
docs/a.md|password: s3cr3t
docs/a.md|password=P@ssw0rd
docs/a.md|curl -u admin:admin123 http://localhost
docs/a.md|redis://:password@localhost:6379
tests/a.py|PASSWORD = "Test1234!"
tests/a.py|token = "abcdef1234567890abcdef1234567890"
tests/a.py|client.login(username="a", password="pass1234")
tests/a.py|headers={"Authorization": "Bearer faketoken123"}
tests/conftest.py|SECRET_KEY = "test-secret-key-for-unit-tests-1"
tests/fixtures/a.json|{"password": "Secret123!"}
locale/en.json|{"password": "Password1", "token": "Token2"}
src/i18n/fr.json|{"password":"Mot de passe 8+"}
package-lock.json|"integrity": "sha512-abcDEF123ghiJKL456mnoPQR789stuVWX012yzABC345defGHI678jklMNO901pqrSTU234vwxYZ567abcDEF890ghiJKLmn=="
a.lock|key = "abc123def456abc123def456abc12345"
a.html|<input type="password" value="">
a.html|<input type="hidden" name="csrf_token" value="8f14e45fceea167a5a36dedd4bea2543">
a.css|.password-token-1{color:#ff00aa}
a.svg|<path id="token1" d="M12 2a10 10 0 1 0 0 20"/>
a.xml|<password>${db.password}</password>
a.xml|<string name="password_hint">At least 8 chars</string>
a.plist|<key>CFBundleIdentifier</key><string>com.acme.coach2</string>
a.sql|INSERT INTO settings (key, value) VALUES ('token_ttl', '3600');
a.sql|CREATE TABLE users (password VARCHAR(255), token CHAR(64));
a.sql|SELECT password1 FROM users WHERE token = $1;
a.log|user reset password 2024-10-10
a.log|token count: 12345678
a.py|max_tokens = 4096
a.py|tokens = tokenizer("hello world 12345")
a.py|model = "gpt-4-0125-preview"
a.json|{"key": "booking-2024-11-01", "value": "open"}
a.json|{"publicKey": "BEl62iUYgUivxIkv69yViEuiBIa40HI80NM9f8HnFbJqOVM"}
a.json|{"sha": "3f786850e387550fdab836ed7e6dc881de23001b"}
a.json|{"etag": "W/\"a1b2c3d4e5f6\"", "token_id": "tok_1Abc2Def3Ghi"}
a.json|{"id": "cus_Nf9dkw02kdLa", "client_secret_id": "x"}
a.py|STRIPE_PUBLISHABLE_KEY = "pk_live_51Habcdefghijklmnop"
a.py|password="correct-horse-battery-staple"
a.py|EXAMPLE_KEY = "sk_live_1234567890abcdefghijklmn"
a.py|key = "sk_live_xxxxxxxxxxxxxxxxxxxxxxxx"
a.md|AKIAIOSFODNN7EXAMPLE
a.md|ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
a.md|xoxb-your-token-here
a.py|TOKEN_RE = r"gh[pousr]_[A-Za-z0-9]{36}"
a.yml|password: changeme123
a.yml|password: admin
a.yml|POSTGRES_PASSWORD: postgres
docker-compose.yml|      POSTGRES_PASSWORD: example
docker-compose.yml|      MYSQL_ROOT_PASSWORD: root
docker-compose.dev.yml|      POSTGRES_PASSWORD: devpassword1
a.py|uri = "redis://localhost:6379/0"
a.py|url = "https://user@example.com:8080/x"
a.ts|const url = `https://${user}:${pass}@host/`
a.py|dsn = "https://abc123def456@o12345.ingest.sentry.io/67890"
a.py|ssh_key = "~/.ssh/id_rsa2"
a.py|key_id = "arn:aws:kms:us-east-1:123456789012:key/abcd1234-a123-456a-a12b-a123b4cd56ef"
a.yml|kms_key: arn:aws:kms:us-east-1:123456789012:key/abcd1234
a.cs|[DataType(DataType.Password)] public string Password { get; set; }
a.py|access_token_url="https://x.y/oauth/access_token2"
a.py|password = self.cleaned_data["password1"]
a.py|self.token = kwargs.pop("token2", None)
a.js|var t={token:n,key:"mykql",hash:"1a04125e13bd95fd60ec"}
a.ts|export type Secret = "a1" | "b2"
a.graphql|token: String! @deprecated(reason: "v2")
a.env.js|export const KEY = import.meta.env.VITE_KEY2
""".strip().splitlines()


def make(kind):
    if kind == "basicx":
        return base64.b64encode(f"ci:{MAKE.make('password')}".encode()).decode()
    if kind == "apr1":
        return f"$apr1${MAKE.of(planted.ALNUM, 8)}${MAKE.of(planted.ALNUM, 22)}"
    return MAKE.make(kind)


@pytest.mark.parametrize(("path", "line", "kind"), SECRETS)
def test_a_secret_is_found(path, line, kind):
    """Each row holds a secret in the syntax of its file."""
    MAKE.random.seed(f"{path} {line}")
    value = make(kind)
    core = value.split("\n")[1] if "PRIVATE" in value else value
    found = [one.value for one in find_secrets(line.replace("%s", value).replace("%%", "%"), context_of(path))]
    assert any(core in one or (one in core and len(one) * 2 >= len(core)) for one in found), found


@pytest.mark.parametrize("row", NONE)
def test_no_false_positives(row):
    """Code, types, references, placeholders, samples and words are no secrets."""
    path, _, line = row.partition("|")
    assert find_secrets(line, context_of(path)) == []


@pytest.mark.parametrize("coding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig", "utf-32"])
def test_encodings(tmp_path, coding):
    """Texts with and without byte order marks are decoded."""
    value = MAKE.make("stripe")
    (tmp_path / "setup.ps1").write_bytes(f'$key = "{value}"\r\n$other = 1\r\n'.encode(coding))
    assert [leak.value for leak in scan(tmp_path)] == [value]


def test_base64_two_deep():
    """Base64 is decoded twice; the match has the position of the encoded text."""
    value = MAKE.make("stripe")
    once = base64.b64encode(value.encode()).decode()
    twice = base64.b64encode(f"key: {once}".encode()).decode()
    for text in (once, twice):
        [found] = find_secrets(f"x = {text}\n", context_of("a.yml"))
        assert (found.value, found.start) == (value, 4)


@pytest.mark.parametrize(
    "word",
    [
        "gitleaks:allow",
        "betterleaks:allow",
        "pragma: allowlist secret",
        "pragma:whitelist-secret",
        "trufflehog:ignore",
        "kingfisher:ignore",
        "launchready:allow",
    ],
)
def test_allowed_by_a_comment(word):
    """Every tool's allow comment counts on its own line, and not on other lines."""
    value = MAKE.make("stripe")
    assert find_secrets(f'key = "{value}"  # {word}\n', context_of("a.py")) == []
    assert len(find_secrets(f'# {word}\n\nkey = "{value}"\n', context_of("a.py"))) == 1


def test_allowed_on_the_next_line():
    """detect-secrets' comment for the next line counts."""
    assert (
        find_secrets(f'# pragma: allowlist nextline secret\nkey = "{MAKE.make("stripe")}"\n', context_of("a.py")) == []
    )


def test_a_message():
    """Secrets in commit messages are found."""
    assert [one.rule for one in find_secrets("Fix login, password is Walnut#7731 for now\n", MESSAGE)] == ["password"]


@pytest.mark.parametrize(
    "probe",
    [
        "password",
        "password=",
        '"password": "',
        "key" * 3,
        "://a:b@",
        "-----BEGIN PRIVATE KEY-----",
        "eyJ",
        "sk_live_",
        "Basic ",
        "a" * 64,
        "pass word ",
        "<key>Password</key>",
        "password is ",
        "\\",
        "token: ",
        "SK",
        "'",
        "curl -u ",
        "=" * 8,
        "A.",
        "{{",
    ],
)
def test_time_is_linear(probe):
    """Five times the worst text takes at most twelve times as long, so no reader is quadratic."""
    import time

    def seconds(size):
        text = (probe * (size // len(probe) + 1))[:size]
        start = time.process_time()
        find_secrets(text, context_of("a.env"))
        return time.process_time() - start

    small = min(seconds(30_000) for _ in range(2))
    assert seconds(150_000) <= max(12 * small, 0.5)


def test_this_repository_has_none():
    """The scan of this repository finds nothing, tests and samples included."""
    from pathlib import Path

    root = Path(__file__).parents[2]
    if not (root / ".git").exists():
        pytest.skip("needs the repository, not an archive of it")
    assert [(leak.path, leak.line, leak.rule) for leak in scan(root, history=False)] == []
