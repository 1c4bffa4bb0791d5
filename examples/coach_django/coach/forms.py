"""The JSON bodies of requests, as Django forms."""

import json
from typing import Any

from django import forms
from django.http import HttpRequest


class SignUp(forms.Form):
    email = forms.EmailField()
    password = forms.CharField(min_length=8, strip=False)
    name = forms.CharField(max_length=150)


class LogIn(forms.Form):
    email = forms.CharField()
    password = forms.CharField(strip=False)


class NewBooking(forms.Form):
    slot_id = forms.IntegerField()


class NewPayment(forms.Form):
    booking_id = forms.IntegerField()
    card = forms.CharField()


class Unprocessable(Exception):
    """The body is invalid; the message says why."""


def parse(form: type[forms.Form], request: HttpRequest) -> dict[str, Any]:
    try:
        body = json.loads(request.body)
    except ValueError:
        raise Unprocessable("the body is not JSON") from None
    filled = form(body if isinstance(body, dict) else {})
    if not filled.is_valid():
        raise Unprocessable("; ".join(f"{name}: {errors[0]}" for name, errors in filled.errors.items()))
    return dict(filled.cleaned_data)
