"""``{% idempotency_field %}``: the hidden one-time key of a form."""

from django import template

from launchready.settings.form_token import HiddenField, form_field

register = template.Library()


@register.simple_tag  # type: ignore[untyped-decorator]  # Django ships no types
def idempotency_field(name: str = "_idem") -> HiddenField:
    return form_field(name=name)
