# ruff: noqa: DJ008 - no admin shows these models
"""The tables. Customers are Django's own users, with the e-mail address as user name."""

from django.conf import settings
from django.db import models


class Confirmation(models.Model):
    """One for each customer who opened the link in the first mail."""

    customer = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE)
    at = models.DateTimeField(auto_now_add=True)


class Coach(models.Model):
    name = models.CharField(max_length=80)
    city = models.CharField(max_length=80)
    price = models.PositiveIntegerField(help_text="in cents")


class Review(models.Model):
    coach = models.ForeignKey(Coach, models.CASCADE, related_name="reviews")
    stars = models.PositiveSmallIntegerField()


class Slot(models.Model):
    coach = models.ForeignKey(Coach, models.CASCADE, related_name="slots")
    starts_at = models.DateTimeField()


class Booking(models.Model):
    """No constraint sells a slot only once. A OneToOneField would, and is the best fix."""

    slot = models.ForeignKey(Slot, models.PROTECT, related_name="bookings")
    customer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="bookings")
    status = models.CharField(max_length=10, default="reserved")


class Payment(models.Model):
    booking = models.ForeignKey(Booking, models.PROTECT, related_name="payments")
    charge = models.CharField(max_length=80)
    amount = models.PositiveIntegerField()
