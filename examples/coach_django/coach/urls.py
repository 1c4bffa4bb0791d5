"""Paths and methods."""

from django.urls import path

from coach import bookings, views

urlpatterns = [
    path("signup", views.sign_up),
    path("confirm", views.confirm),
    path("login", views.log_in),
    path("me", views.me),
    path("coaches", views.coaches),
    path("coaches/<int:coach_id>", views.coach),
    path("coaches/<int:coach_id>/slots", views.slots),
    path("bookings", bookings.book),
    path("bookings/<int:booking_id>", bookings.booking),
    path("payments", bookings.pay),
    path("webhooks/stripe", bookings.stripe),
    path(".well-known/apple-app-site-association", views.apple),
    path(".well-known/assetlinks.json", views.android),
]
