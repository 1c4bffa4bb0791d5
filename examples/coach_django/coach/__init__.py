"""The coach app in Django: `manage.py migrate`, then `gunicorn coach.wsgi` from the folder coach_django."""
