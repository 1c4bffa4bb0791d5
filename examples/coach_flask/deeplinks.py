"""The two files that let phones open links to this site in the app."""

from typing import Any

from flask import Blueprint

routes = Blueprint("deeplinks", __name__, url_prefix="/.well-known")


@routes.get("/apple-app-site-association")
def apple() -> dict[str, Any]:
    """The file name has no extension; Flask sends a dict as application/json."""
    links = {"appIDs": ["ABCDE12345.example.coach.app"], "components": [{"/": "/coaches/*"}, {"/": "/confirm"}]}
    return {"applinks": {"details": [links]}}


@routes.get("/assetlinks.json")
def android() -> list[dict[str, Any]]:
    """Both signing keys of the app: the upload key and the Play App Signing key."""
    target = {
        "namespace": "android_app",
        "package_name": "example.coach.app",
        "sha256_cert_fingerprints": [":".join(["3A", "9F"] * 16), ":".join(["5C", "E1"] * 16)],
    }
    return [{"relation": ["delegate_permission/common.handle_all_urls"], "target": target}]
