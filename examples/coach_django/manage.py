"""`manage.py migrate` creates the database and the sample catalogue; `manage.py runserver` serves the app."""

import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "coach.settings")
    execute_from_command_line(sys.argv)
