"""The coach app in Flask: `flask --app coach_flask.app run`, or `gunicorn coach_flask.app:app`."""
