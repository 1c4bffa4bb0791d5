"""The coach app in Django: run `manage.py migrate`, then `gunicorn coach.wsgi` in the folder coach_django."""
