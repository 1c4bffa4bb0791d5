"""Derives the kind of a file from its path: configuration, code, prose, test, translation, file of credentials."""

import posixpath
from functools import lru_cache
from typing import NamedTuple

from launchready.lazy_pattern import LazyPattern
from launchready.vendors import word_set

_CODE = word_set(
    "py pyi js jsx ts tsx mjs cjs vue svelte java kt kts scala groovy go rs c h cc cpp hpp m mm swift rb php cs "
    "fs vb dart lua pl r ex exs erl clj hs jl html htm css scss less ipynb map graphql proto sol zig coffee astro"
)
_CONFIG = word_set(
    "yml yaml ini cfg conf config properties props toml env cnf tfvars tf hcl service desktop plist xml json "
    "json5 jsonc editorconfig npmrc rc pgpass netrc http rest neon"
)
_PROSE = word_set("md markdown rst txt text adoc asciidoc org log out tex eml mbox csv tsv chat srt vtt")
_XML = word_set(
    "xml plist config csproj storyboard xib svg html htm xhtml jsp pom resx settings iml props targets xaml strings"
)
_SHELL = word_set(
    "sh bash zsh fish bat cmd ps1 psm1 mk env profile bashrc zshrc bash_profile zprofile bash_history zsh_history "
    "history"
)
_LOCK = LazyPattern(
    r"(?:^|/)(?:package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml|poetry\.lock|"
    r"uv\.lock|Pipfile\.lock|composer\.lock|Gemfile\.lock|Cargo\.lock|go\.sum|pdm\.lock|flake\.lock|"
    r"bun\.lockb?|packages\.lock\.json|mix\.lock|Podfile\.lock)$"
)
_TEST = LazyPattern(
    r"(?i)(?:^|[/_.\-])(?:tests?|testsuite|testing|__tests__|specs?|fixtures?|mocks?|__mocks__|testdata|"
    r"cassettes|e2e|conftest|factories|stories|snapshots?|__snapshots__|seeds?|benchmarks?)(?:[/_.\-]|"
    r"$)|[a-z](?:Test|Tests|Spec)\.[a-z]+$"
)
_SAMPLE = LazyPattern(
    r"(?i)(?:^|[/_.\-])(?:examples?|samples?|demo|tutorials?|docs?|site-packages|node_modules)(?:[/_.\-]|$)|"
    r"\.(?:template|tmpl|tpl|stub|dist|default|defaults|j2|erb|ejs)$|(?:^|/)(?:cookiecutter|skeleton)"
)
_NOTED = LazyPattern(r"(?i)(?<![a-z])(?:docs?(?=/)|seeds?|demo)(?![a-z])")
_LOCALE = LazyPattern(
    r"(?i)(?:^|/)(?:locales?|i18n|l10n|lang|langs|languages|translations?|messages|intl|nls)(?:/|$|"
    r"[._\-])|\.(?:po|pot|xlf|xliff|arb|lang|ftl)$|(?:^|"
    r"/)values(?:-[a-z]{2}(?:-r[A-Z]{2})?)/strings\.xml$|\.lproj/"
)
_ENV = LazyPattern(
    r"(?i)(?:^|/)(?:\.env|env|\.bashrc|\.zshrc|\.(?:bash_|z)?profile)(?:[._\-][\w.\-]*)?$|\.env$|(?:^|/)\.envrc$"
)
_CREDENTIALS = LazyPattern(
    r"(?i)(?:^|/)(?:\.?_?netrc|\.?pgpass(?:\.conf)?|\.git-credentials|\.?htpasswd|\.esmtprc|\.msmtprc|"
    r"\.mutt(?:rc)?|\.fetchmailrc|\.my\.cnf|\.mylogin\.cnf|\.dockercfg|\.docker/config\.json|"
    r"\.npmrc|\.pypirc|\.s3cfg|\.boto|credentials|\.credentials|\.tugboat|\.ftpconfig|"
    r"sftp(?:-config)?\.json|\.remote-sync\.json|deployment-config\.json|filezilla\.xml|"
    r"recentservers\.xml|"
    r"sitemanager\.xml|webservers\.xml|dbeaver[\w\-]*\.xml|data-sources\.xml|credentials-config\.json|"
    r"robomongo\.json|wp-config(?:-\w+)?\.php|config(?:uration|ig)?(?:\.inc)?\.php|ventrilo_srv\.ini|"
    r"proftpdpasswd|userlist\.txt|(?:ch|p)ap-secrets|shadow|passwd|secrets\.ya?ml|database\.yml|mongoid\.yml|heroku\.json|hub|"
    r"\.config/hub|irc[\w.]*|\.vnc/passwd|logins\.json|tomcat-users\.xml|kubeconfig|\.kube/config)$"
)


class FileContext(NamedTuple):
    """The flags of a path."""

    path: str
    config: bool = False
    code: bool = False
    prose: bool = False
    xml: bool = False
    shell: bool = False
    env: bool = False
    test: bool = False
    sample: bool = False
    sample_by_folder: bool = False
    locale: bool = False
    lock: bool = False
    credentials: bool = False
    message: bool = False

    @property
    def allows_unquoted(self) -> bool:
        """Whether values may be unquoted."""
        return not self.code

    @property
    def holds_real_values(self) -> bool:
        """Whether a password here is real however weak: a file of credentials, or a .env that is no sample."""
        return self.credentials or (self.env and not self.sample and not self.test)


@lru_cache(1024)
def context_of(path: str) -> FileContext:
    """Return the flags of a path. Inside an archive the inner path counts."""
    inner = path.rpartition("!/")[2]
    base = posixpath.basename(inner).lower()
    ext = base.rpartition(".")[2]
    env = _ENV.search(inner) is not None
    sample = _SAMPLE.search(inner) is not None
    test = _TEST.search(inner) is not None
    # docs and seed scripts often hold real logins: does only the folder say "sample"?
    plain = _NOTED.sub("x", inner)
    sample_by_folder = (sample or test) and not (_SAMPLE.search(plain) or _TEST.search(plain))
    code = ext in _CODE and not env
    return FileContext(
        path,
        config=ext in _CONFIG or env or base.startswith((".", "dockerfile", "docker-compose", "procfile")),
        code=code,
        # chat exports are often HTML
        prose=ext in _PROSE or ext in {"html", "htm"} or base in {"readme", "todo", "notes", "changelog"},
        xml=ext in _XML,
        shell=ext in _SHELL
        or env
        or base.startswith(("dockerfile", "makefile", "jenkinsfile", ".bash", ".zsh"))
        or "." not in base,
        env=env,
        test=test,
        sample=sample,
        sample_by_folder=sample_by_folder,
        locale=_LOCALE.search(inner) is not None,
        lock=_LOCK.search(inner) is not None,
        credentials=_CREDENTIALS.search(inner) is not None,
    )


MESSAGE = FileContext("(commit message)", prose=True, message=True)
TAG = FileContext("(tag message)", prose=True, message=True)
