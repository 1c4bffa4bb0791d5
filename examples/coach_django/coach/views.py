"""Accounts, the catalogue, and the deep link files."""

import logging
import time
from typing import Any

from django.conf import settings
from django.contrib.auth import authenticate, login
from django.contrib.auth.models import User
from django.core import signing
from django.db import IntegrityError
from django.db.models import Avg, Count, Exists, OuterRef
from django.forms.models import model_to_dict
from django.http import HttpRequest
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_POST

from coach import forms, outside
from coach.access import Refused, as_json, bearer_token, logged_in
from coach.models import Booking, Coach, Confirmation, Slot

log = logging.getLogger("coach")


@require_POST
@as_json
def sign_up(request: HttpRequest) -> tuple[dict[str, Any], int]:
    new = forms.parse(forms.SignUp, request)
    log.debug("sign up %r", new)
    email = new["email"].lower()
    try:
        customer = User.objects.create_user(email, email, new["password"], first_name=new["name"])
    except IntegrityError:
        raise Refused(409, "this e-mail address has an account") from None
    link = f"{settings.PUBLIC_URL}/confirm?token={signing.dumps(customer.pk, salt='confirm')}"
    outside.send_mail(email, "Please confirm your address", f"Hello {new['name']},\n\nopen {link}\n")
    return {"id": customer.pk}, 201


@require_GET
@as_json
def confirm(request: HttpRequest) -> dict[str, bool]:
    try:
        customer = signing.loads(request.GET.get("token", ""), salt="confirm")
    except signing.BadSignature:
        raise Refused(404, "this link is not known") from None
    Confirmation.objects.get_or_create(customer_id=customer)
    return {"confirmed": True}


@require_POST
@as_json
def log_in(request: HttpRequest) -> dict[str, str]:
    """Log in. Django's `authenticate` takes the same time for unknown accounts."""
    account = forms.parse(forms.LogIn, request)
    log.debug(f"log in email={account['email']} password={account['password']}")  # noqa: G004 - deliberately careless, see the README
    customer = authenticate(request, username=account["email"].lower(), password=account["password"])
    if customer is None:
        raise Refused(401, "wrong e-mail or password")
    login(request, customer)
    token = bearer_token(customer)
    log.info("session for %s: token=%s", account["email"], token)
    return {"token": token}


@require_GET
@cache_control(no_store=True)
@as_json
@logged_in
def me(request: HttpRequest) -> dict[str, Any]:
    return {"id": request.user.pk, "email": request.user.email, "name": request.user.first_name}


@require_GET
@cache_control(public=True, max_age=60)
@as_json
def coaches(_: HttpRequest) -> list[dict[str, Any]]:
    start = time.perf_counter()
    found = Coach.objects.annotate(rating=Avg("reviews__stars"), count=Count("reviews")).order_by("-rating", "id")
    rows = [model_to_dict(coach) | {"rating": round(coach.rating, 2), "reviews": coach.count} for coach in found]
    log.info("catalogue computed in %.1f ms", 1000 * (time.perf_counter() - start))
    return rows


@require_GET
@cache_control(public=True, max_age=60)
@as_json
def coach(_: HttpRequest, coach_id: int) -> dict[str, Any]:
    found = Coach.objects.filter(pk=coach_id).first()
    if found is None:
        raise Refused(404, "no such coach")
    return model_to_dict(found)


@require_GET
@cache_control(no_store=True)
@as_json
def slots(_: HttpRequest, coach_id: int) -> list[dict[str, Any]]:
    taken = Exists(Booking.objects.filter(slot=OuterRef("pk")))
    found = Slot.objects.filter(coach_id=coach_id).annotate(free=~taken).order_by("starts_at")
    return list(found.values("id", "starts_at", "free"))


@require_GET
@as_json
def apple(_: HttpRequest) -> dict[str, Any]:
    """The file name has no extension; JsonResponse sets application/json."""
    links = {"appIDs": ["ABCDE12345.example.coach.app"], "components": [{"/": "/coaches/*"}, {"/": "/confirm"}]}
    return {"applinks": {"details": [links]}}


@require_GET
@as_json
def android(_: HttpRequest) -> list[dict[str, Any]]:
    """Both signing keys of the app: the upload key and the Play App Signing key."""
    target = {
        "namespace": "android_app",
        "package_name": "example.coach.app",
        "sha256_cert_fingerprints": [":".join(["3A", "9F"] * 16), ":".join(["5C", "E1"] * 16)],
    }
    return [{"relation": ["delegate_permission/common.handle_all_urls"], "target": target}]
