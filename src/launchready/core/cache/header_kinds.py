"""What a header name says, by pattern: credentials, steering, or neither.

A list of names is never complete, so names are recognised by their words. Underscores count as hyphens: a WSGI server
or bridge turns both into the same variable. Names that browsers set themselves (``Sec-*``, ``User-Agent``) are neither.
"""

import re

ORDINARY, CREDENTIAL, STEERING = 0, 1, 2

# Headers in which proxies and gateways name the user: oauth2-proxy, Authelia, authentik, Pomerium, Tailscale, Vouch,
# Cloudflare Access, Google IAP, AWS ALB, Azure, Kong, Teleport, and client certificates.
_IDENTITY = (
    "remote x-remote x-auth x-authentik x-pomerium tailscale x-vouch cf-access x-goog-iap x-goog-authenticated "
    "x-amzn-oidc x-ms-client-principal x-ms-token x-consumer x-credential x-webauth teleport x-okta x-keycloak "
    "x-forwarded-preferred x-forwarded-groups x-forwarded-client-cert "
    "(?:x-)?(?:ssl-)?client-(?:cert|dn|verify|s-dn|id) (?:x-)?ssl-client x-jwt x-oidc x-saml x-sso"
)
_WORDS = (
    "authorization authentication authenticated auth groups? roles? permissions? scopes? claims? principal subject "
    "identity assertion certs? certificate dn uid sid passport member person profile employee patient consumer actor "
    "viewer owner impersonate sudo signature credentials? otp passcode"
)
# A word that may also end a longer one: x-apikey, x-userid, x-csrftoken.
_ENDS = "tokens? keys? jwt secret session(?:-?id)? cookie users?(?:-?(?:name|id|info))? e?mail login csrf xsrf password"
_CREDENTIAL = re.compile(
    rf"^(?:{'|'.join(_IDENTITY.split())})(?:-|$)|(?:^|-)(?:{'|'.join(_WORDS.split())})(?:-|$)"
    rf"|(?:{'|'.join(_ENDS.split())})(?:-|$)"
)
_BROWSER = re.compile(r"^cookie2?$|^sec-|user-agent$|^access-control-|^content-|^if-|^proxy-connection$|^x-cache")

# Headers that make many apps answer for another host, scheme, path, method or tenant than the key contains.
_STEERING = re.compile(
    r"^(?:forwarded|front-end-https|path-info|(?:x-)?script-name|x-(?:url-)?scheme|x-proxy-url|x-real-url)$"
    r"|^(?:x|cloudfront)-forwarded-(?!for$)"
    r"|^x-(?:[a-z0-9-]+-)?(?:host|hostname)$|^x-http-host|^x-(?:original|rewrite|envoy-original)-(?:ur[il]|path|host)$"
    r"|^x-http-method|^x-method-override$"
    r"|(?:^|-)(?:tenant|organi[sz]ation|org|workspace|realm|subdomain|shop|store|site|brand|account|customer)"
    r"(?:-?(?:id|name|key|slug|uuid|code|domain))?$"
)
_PRIVATE_RESPONSE = re.compile(
    r"^(?:set-cookie|authorization)$|(?:csrf|xsrf|token|jwt|session-?id|api-?key|secret)(?:-|$)"
)
_MAX_NAMES = 4096

_KINDS: dict[bytes, int] = {}


def kind_of(name: bytes) -> int:
    """The kind of a request header, by its name in lower case. Results are remembered, up to a bound."""
    kind = _KINDS.get(name)
    if kind is None:
        if len(_KINDS) >= _MAX_NAMES:
            _KINDS.clear()
        text = name.decode("latin-1").replace("_", "-")
        kind = ORDINARY
        if not _BROWSER.search(text):
            kind = CREDENTIAL if _CREDENTIAL.search(text) else STEERING if _STEERING.search(text) else ORDINARY
        _KINDS[name] = kind
    return kind


def is_private_response_field(name: bytes) -> bool:
    """Whether a response header carries a session or a token: such a response is never stored."""
    return _PRIVATE_RESPONSE.search(name.decode("latin-1").replace("_", "-")) is not None
