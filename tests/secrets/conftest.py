"""A git repository for tests, independent of the user's configuration."""

import os
import subprocess

import pytest


class Repo:
    """A repository in a folder; ``commit`` writes files and commits them."""

    def __init__(self, path):
        self.path = path
        self.git("init", "-q", "-b", "main")

    def git(self, *args, check=True):
        env = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
        done = subprocess.run(
            ["git", "-c", "user.name=Jo", "-c", "user.email=jo@coach.example", *args],
            cwd=self.path, capture_output=True, text=True, check=check, env=env,
        )  # fmt: skip
        return done.stdout

    def write(self, **files):
        for name, text in files.items():
            self.put(name, text)

    def put(self, name, text):
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode() if isinstance(text, str) else text)

    def commit(self, message="change", **files):
        for name, text in files.items():
            self.put(name.replace("__", "."), text)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD").strip()


@pytest.fixture
def new():
    """Returns a function that creates a repository in a new folder."""

    def make(folder):
        folder.mkdir(parents=True)
        return Repo(folder)

    return make


@pytest.fixture
def repo(tmp_path, new):
    return new(tmp_path / "repo")
