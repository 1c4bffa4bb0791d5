"""The two files by which phones learn that links to this site may open in the app."""

from typing import Any

from flask import Blueprint

routes = Blueprint("deeplinks", __name__, url_prefix="/.well-known")


@routes.get("/apple-app-site-association")
def apple() -> dict[str, Any]:
    """No file name extension, so the content type has to be said: Flask answers a dict as application/json."""
    links = {"appIDs": ["ABCDE12345.example.coach.app"], "components": [{"/": "/coaches/*"}, {"/": "/confirm"}]}
    return {"applinks": {"details": [links]}}


@routes.get("/assetlinks.json")
def android() -> list[dict[str, Any]]:
    """Both keys that sign the app: the upload key, and the one of Play App Signing."""
    target = {
        "namespace": "android_app",
        "package_name": "example.coach.app",
        "sha256_cert_fingerprints": [":".join(["3A", "9F"] * 16), ":".join(["5C", "E1"] * 16)],
    }
    return [{"relation": ["delegate_permission/common.handle_all_urls"], "target": target}]
