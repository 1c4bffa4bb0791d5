"""Request headers are recognised by their words: credentials, steering headers, and headers that mean nothing here."""

import pytest

from launchready.core.cache.header_kinds import CREDENTIAL, ORDINARY, STEERING, is_private_response_field, kind_of


def words(text):
    return text.split()


CREDENTIALS = words("""
authorization proxy-authorization x-authorization x-api-key api-key apikey x-apikey x-auth-token x-access-token x-session-id
x-session-token x-csrf-token x-csrftoken x-xsrf-token x-jwt x-user x-user-id x-userid x-username x-email x-customer-token
x-acme-user-email private-token deploy-key x-functions-key ocp-apim-subscription-key x-shopify-access-token dpop-token
x-amz-security-token x-client-cert ssl-client-cert x-ssl-client-dn ssl-client-s-dn client-cert x-forwarded-client-cert
x-forwarded-user x-forwarded-email x-forwarded-access-token x-forwarded-preferred-username x-forwarded-groups
x-auth-request-user x-auth-request-email x-auth-request-groups x-auth-request-preferred-username x-auth-request-access-token
remote-user remote-groups remote-name remote-email x-remote-user tailscale-user-login tailscale-user-name
tailscale-user-profile-pic x-pomerium-jwt-assertion x-pomerium-claim-email x-authentik-username x-authentik-groups
x-authentik-uid x-authentik-meta-app cf-access-jwt-assertion cf-access-authenticated-user-email cf-access-client-id
x-goog-iap-jwt-assertion x-goog-authenticated-user-email x-goog-authenticated-user-id x-amzn-oidc-data
x-amzn-oidc-accesstoken x-amzn-oidc-identity x-ms-client-principal x-ms-client-principal-name x-ms-token-aad-id-token
x-vouch-user x-vouch-idp-claims-email x-consumer-id x-consumer-username x-credential-identifier x-authenticated-userid
teleport-jwt-assertion x-webauth-user x-jwt-payload x-roles x-impersonate-user idempotency-key x_api_key
""")
STEERS = words("""
forwarded x-forwarded-host x-forwarded-proto x-forwarded-protocol x-forwarded-scheme x-forwarded-port x-forwarded-prefix
x-forwarded-server x-forwarded-path x-forwarded-uri x-forwarded-ssl x-forwarded-anything front-end-https x-scheme
x-url-scheme x-script-name script-name path-info x-host x-original-host x-http-host-override x-backend-host x-proxy-url
x-original-url x-original-uri x-original-path x-envoy-original-path x-real-url x-rewrite-url x-http-method-override
x-http-method x-method-override x-tenant x-tenant-id tenant-id x-organization-id x-org x-workspace x-realm x-shop-id
x_forwarded_host x_tenant_id cloudfront-forwarded-proto x-account-id x-customer-id
""")
ORDINARIES = words("""
host user-agent accept accept-language accept-encoding accept-charset connection referer origin dnt te via pragma cookie
upgrade-insecure-requests sec-fetch-user sec-fetch-site sec-fetch-mode sec-ch-ua sec-ch-ua-mobile sec-gpc priority
cache-control if-none-match if-modified-since range content-length content-type x-forwarded-for x-real-ip cf-connecting-ip
true-client-ip x-request-id x-correlation-id traceparent tracestate baggage sentry-trace x-amzn-trace-id cf-ray cf-visitor
cf-ipcountry x-requested-with save-data viewport-width dpr purpose x-purpose forwarded-for-nothing
""")


@pytest.mark.parametrize("name", CREDENTIALS)
def test_credentials(name):
    """Keys, tokens, sessions and the identity headers of proxies, with hyphens or underscores."""
    assert kind_of(name.encode()) == CREDENTIAL


@pytest.mark.parametrize("name", STEERS)
def test_steering(name):
    """Headers that select a host, path, method or tenant."""
    assert kind_of(name.encode()) == STEERING


@pytest.mark.parametrize("name", ORDINARIES)
def test_ordinary(name):
    """What browsers and load balancers send with every request."""
    assert kind_of(name.encode()) == ORDINARY


@pytest.mark.parametrize(
    "name",
    ["set-cookie", "x-csrf-token", "x-auth-token", "x-session-id", "x-acme-token", "x_csrf_token", "authorization"],
)
def test_private_response_headers(name):
    """A response with a token in a header is never stored."""
    assert is_private_response_field(name.encode())


@pytest.mark.parametrize(
    "name", ["etag", "vary", "surrogate-key", "cache-tag", "content-security-policy", "x-powered-by"]
)
def test_other_response_headers(name):
    assert not is_private_response_field(name.encode())


def test_the_memory_is_bounded():
    """Invented names do not fill the memory."""
    from launchready.core.cache import header_kinds

    for number in range(10_000):
        kind_of(b"x-%d" % number)
    assert len(header_kinds._KINDS) <= 4096
