"""What frameworks store in an ASGI scope: the route template and the signed-in user."""

from collections.abc import MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]


def route_path(scope: Scope) -> str:
    """Return the path below ``root_path``, as Starlette routes it. Leading slashes count as one, as in Quart."""
    path: str = scope["path"]
    root = scope.get("root_path")
    if root and path.startswith(root) and path[len(root) : len(root) + 1] in ("", "/"):
        path = path[len(root) :]
    return path if path[:1] == "/" and path[1:2] != "/" else "/" + path.lstrip("/")


def template(scope: Scope) -> str | None:
    """Return the matched route template, or None.

    - Starlette stores the route in the scope; FastAPI from 0.137 stores the template with its prefix separately.
    - An app without a framework may store its template in ``scope["launchready.route"]``.
    """
    path: str | None
    fastapi = scope.get("fastapi")
    if fastapi is not None and (context := fastapi.get("effective_route_context")) is not None:
        path = context.path
    else:
        route = scope.get("route")
        if route is None:
            return scope.get("launchready.route")
        path = getattr(route, "path_format", None) or getattr(route, "path", None)
    root = scope.get("root_path")
    if root and path is not None and len(root) > len(scope.get("app_root_path", "")):
        return _with_mount_prefix(scope, path)
    return path


def _with_mount_prefix(scope: Scope, path: str) -> str:
    """Prepend the mount prefix. Path parameters of the mounts become names again."""
    root = scope.get("root_path", "")
    prefix: str = root[len(scope.get("app_root_path", root)) :]
    names = {str(value): name for name, value in scope.get("path_params", {}).items()}
    return "/".join(f"{{{names[part]}}}" if part in names else part for part in prefix.split("/")) + path


def user(scope: Scope) -> str | None:
    """Return the id of the user in ``scope["user"]``, as set by Starlette's AuthenticationMiddleware, or None."""
    who = scope.get("user")
    if who is None or not getattr(who, "is_authenticated", True):
        return None
    for name in ("id", "identity", "username"):
        try:
            value = getattr(who, name, None)
        except NotImplementedError:  # Starlette's SimpleUser has a name and no identity
            continue
        if value:
            return str(value)
    return None
