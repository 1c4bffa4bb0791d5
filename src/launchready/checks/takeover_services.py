"""Services at which anybody can claim a name, and how each answers for an unclaimed one. The list is our own.

An alias to an unclaimed name belongs to anybody who registers it, with a valid certificate. The only evidence is the
text that the service itself shows for an unknown name; a plain 404 is none.
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Service:
    """One service. ``names``: the ends of its host names.

    - ``says``: texts in the body or a header of its answer for an unclaimed name.
    - ``vanishes``: an unclaimed name does not exist in the DNS (NXDOMAIN).
    """

    title: str
    names: tuple[str, ...]
    says: tuple[str, ...] = ()
    vanishes: bool = False


SERVICES = (
    Service("GitHub Pages", ("github.io",), ("There isn't a GitHub Pages site here",)),
    Service("Heroku", ("herokuapp.com", "herokudns.com", "herokussl.com"), ("No such app", "no-such-app.html"), True),
    Service("Amazon S3", ("amazonaws.com",), ("NoSuchBucket", "The specified bucket does not exist")),
    Service("Amazon Elastic Beanstalk", ("elasticbeanstalk.com",), (), True),
    Service(
        "Microsoft Azure",
        (
            "azurewebsites.net", "cloudapp.net", "cloudapp.azure.com", "trafficmanager.net", "azureedge.net",
            "azurefd.net", "blob.core.windows.net", "web.core.windows.net", "azure-api.net", "azurecontainer.io",
            "azurestaticapps.net", "database.windows.net", "redis.cache.windows.net", "search.windows.net",
            "servicebus.windows.net", "azurehdinsight.net", "azurecr.io",
        ),
        ("404 Web Site not found",),
        True,
    ),
    Service("Netlify", ("netlify.app", "netlify.com"), ("Not Found - Request ID",), True),
    Service("Vercel", ("vercel.app", "vercel-dns.com", "now.sh"), ("DEPLOYMENT_NOT_FOUND",)),
    Service("Render", ("onrender.com",), ("x-render-routing: no-server",), True),
    Service("Fly.io", ("fly.dev",), (), True),
    Service("Firebase", ("web.app", "firebaseapp.com"), ("Site Not Found",)),
    Service("Shopify", ("myshopify.com",), ("Sorry, this shop is currently unavailable",)),
    Service("Squarespace", ("squarespace.com",), ("No Such Account",)),
    Service("Wix", ("wixdns.net", "wixsite.com"), ("Looks Like This Domain Isn't Connected To A Website",)),
    Service("Webflow", ("webflow.com", "webflow.io"), ("The page you are looking for doesn't exist or has been",)),
    Service("WordPress.com", ("wordpress.com",), ("Do you want to register",)),
    Service("Tumblr", ("domains.tumblr.com",), ("Whatever you were looking for doesn't currently exist",)),
    Service("Ghost", ("ghost.io",), ("The thing you were looking for is no longer here",)),
    Service("Surge", ("surge.sh",), ("project not found",)),
    Service("Bitbucket", ("bitbucket.io",), ("Repository not found",)),
    Service("Read the Docs", ("readthedocs.io",), ("The link you have followed or the URL that you entered does not",)),
    Service("Zendesk", ("zendesk.com",), ("Help Center Closed", "this help center no longer exists")),
    Service("Help Scout", ("helpscoutdocs.com",), ("No settings were found for this company",)),
    Service("Intercom", ("custom.intercom.help",), ("Uh oh. That page doesn't exist",)),
    Service("Freshdesk", ("freshdesk.com",), ("There is no helpdesk here",)),
    Service("Pantheon", ("pantheonsite.io",), ("404 error unknown site",)),
    Service("Unbounce", ("unbouncepages.com",), ("The requested URL was not found on this server",)),
    Service("Kinsta", ("kinsta.cloud",), ("No Site For Domain",)),
    Service("Strikingly", ("s.strikinglydns.com",), ("PAGE NOT FOUND",)),
    Service("Thinkific", ("thinkific.com",), ("You may have mistyped the address or the page may have moved",)),
    Service("Canny", ("cname.canny.io",), ("There is no such company",)),
)  # fmt: skip


def takeover_warning(names: Iterable[str]) -> str:
    """A warning for aliases whose target is gone."""
    held = find_service(names)
    if held is None:
        return " A stranger who takes the target over speaks in your name."
    return f" Anybody can claim the name at {held.title}, and then speaks in yours."


def find_service(names: Iterable[str]) -> Service | None:
    """The service that one of these host names belongs to, or None."""
    for name in names:
        for one in SERVICES:
            if any(name == suffix or name.endswith(f".{suffix}") for suffix in one.names):
                return one
    return None
