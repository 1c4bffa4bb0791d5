"""The coach app in Flask: run `flask --app coach_flask.app run`, or `gunicorn coach_flask.app:app`."""
