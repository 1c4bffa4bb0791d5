"""The two files that let phones open links to this site in the app."""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse

router = APIRouter(prefix="/.well-known")


@router.get("/apple-app-site-association")
def apple() -> JSONResponse:
    """The file name has no extension, so the content type is set explicitly: application/json."""
    links = {"appIDs": ["ABCDE12345.example.coach.app"], "components": [{"/": "/coaches/*"}, {"/": "/confirm"}]}
    return JSONResponse({"applinks": {"details": [links]}})


@router.get("/assetlinks.json")
def android() -> list[dict[str, Any]]:
    """Both signing keys of the app: the upload key and the Play App Signing key."""
    target = {
        "namespace": "android_app",
        "package_name": "example.coach.app",
        "sha256_cert_fingerprints": [":".join(["3A", "9F"] * 16), ":".join(["5C", "E1"] * 16)],
    }
    return [{"relation": ["delegate_permission/common.handle_all_urls"], "target": target}]
