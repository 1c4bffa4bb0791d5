"""Why a request of another origin's page would be granted or refused; and another policy while the app runs.

::

    print(launchready.cors.explain(CORS(allow_origins=["https://app.example.com"]), "http://app.example.com", "PUT"))
    # Refused. The origin 'http://app.example.com' is not in allow_origins: 'https://app.example.com' is, by another
    # scheme. The method 'PUT' is not in allow_methods: the preflight is refused. ...

The log says the same of every refusal: logger ``launchready.cors``, level DEBUG.

::

    launchready.cors.reconfigure(policy, CORS(allow_origins=["https://new.example.com"]))
"""

from collections.abc import Iterable, Mapping

from launchready.core.cors import why
from launchready.settings.compiled_app import COMPILED_APPS
from launchready.settings.cors import CORS, compile_cors
from launchready.settings.problems import Problems, coerce

__all__ = ["Explanation", "explain", "reconfigure"]


class Explanation(str):
    """The words. ``granted``: the page may make the request and read the answer; ``reasons``: one sentence each."""

    __slots__ = ("granted", "reasons")

    granted: bool
    reasons: tuple[str, ...]


def explain(
    config: CORS | Mapping[str, object],
    origin: str | None,
    method: str = "GET",
    headers: Iterable[str | tuple[str, str]] | Mapping[str, str] = (),
    *,
    path: str = "/",
) -> Explanation:
    """Say in words what the policy of ``path`` makes of a request.

    - ``origin``: the page's, as the browser sends it; None for a request without one.
    - ``headers``: names of headers that the page sets itself; of pairs and mappings the names.
    - Raises ConfigError where ``config`` itself cannot be built.
    """
    problems = Problems()
    settings = coerce(problems, "cors", config, CORS) or CORS()
    feature = compile_cors(problems, settings)
    problems.raise_if_any()
    sent = None if origin is None else origin.encode("utf-8", "surrogatepass")
    given = [each[0] if isinstance(each, tuple) else each for each in headers]
    names = [name.encode("utf-8", "surrogatepass") for name in given]
    verdict = why(feature.policy(path), sent, method.encode("utf-8", "surrogatepass"), names)
    words = Explanation(" ".join(["Granted." if verdict.granted else "Refused.", *verdict.reasons]))
    words.granted, words.reasons = verdict
    return words


def reconfigure(policy: CORS | Mapping[str, object], config: CORS | Mapping[str, object]) -> None:
    """Have the apps of this process that were built with ``policy`` go by ``config`` from now on.

    - ``policy``: the very object that the app was given as ``cors``; it stays the handle for a second change.
    - A request meets the old policy or the new one, whole. Other workers are told by a call of theirs.
    - Raises ConfigError, and changes nothing, where ``config`` cannot be built or no app was built with ``policy``.
    """
    problems = Problems()
    settings = coerce(problems, "cors", config, CORS) or CORS()
    stacks = [stack for stack in list(COMPILED_APPS) if stack.policy is policy]
    if not stacks:
        problems.add("launchready.cors.reconfigure(): no app of this process was built with this policy; give it the "
                     "object that stands as cors= in the app's settings")  # fmt: skip
    features = [stack.compile_cors(problems, settings) for stack in stacks]
    problems.raise_if_any()
    for stack, feature in zip(stacks, features, strict=True):
        stack.replace(feature)
