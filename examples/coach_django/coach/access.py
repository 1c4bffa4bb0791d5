"""Decorators of the views: JSON answers and log-ins."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.models import User
from django.core import signing
from django.http import HttpRequest, HttpResponse, JsonResponse

from coach.forms import Unprocessable

View = Callable[..., HttpResponse]
MONTH = 30 * 24 * 3600


class Refused(Exception):
    """Ends a view with this status and this text."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


def as_json(view: View) -> View:
    """Let views return data or (data, status), and turn refusals into `{"detail": ...}`."""

    @wraps(view)
    def answered(request: HttpRequest, **arguments: Any) -> HttpResponse:
        try:
            answer: Any = view(request, **arguments)
        except Refused as refused:
            return JsonResponse({"detail": str(refused)}, status=refused.status)
        except Unprocessable as error:
            return JsonResponse({"detail": str(error)}, status=422)
        if isinstance(answer, HttpResponse):
            return answer
        data, status = answer if isinstance(answer, tuple) else (answer, 200)
        return JsonResponse(data, status=status, safe=False)

    return answered


def bearer_token(customer: User) -> str:
    return signing.dumps(customer.pk, salt="bearer")


def current_customer(request: HttpRequest) -> User | None:
    """Return the customer, by bearer token (the phone apps) or session cookie (the web app)."""
    authorization = request.headers.get("authorization", "")
    if not authorization:
        return request.user if request.user.is_authenticated else None
    try:
        customer = signing.loads(authorization.removeprefix("Bearer "), salt="bearer", max_age=MONTH)
    except signing.BadSignature:
        return None
    return User.objects.filter(pk=customer).first()


def logged_in(view: View) -> View:
    """Set `request.user` to the customer, or answer 401."""

    @wraps(view)
    def guarded(request: HttpRequest, **arguments: Any) -> HttpResponse:
        customer = current_customer(request)
        if customer is None:
            raise Refused(401, "please log in")
        request.user = customer
        return view(request, **arguments)

    return guarded
