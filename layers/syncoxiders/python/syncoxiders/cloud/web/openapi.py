"""The API's OpenAPI document: ``python -m syncoxiders.cloud.web.openapi`` writes it.

It is made of the routes and shapes, and committed, so that a change of the API is seen as one. It
is served as it was committed: nothing of this module is needed by the function.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from syncoxiders.adapters.items.leases import ItemsLeases
from syncoxiders.adapters.items.registry import ItemsRegistry
from syncoxiders.adapters.memory.clock import MemoryClock
from syncoxiders.adapters.memory.items import MemoryItems
from syncoxiders.api import shapes
from syncoxiders.api.shapes.base import CONFIG
from syncoxiders.cloud.app import App
from syncoxiders.cloud.settings import Settings
from syncoxiders.cloud.web.problems import MEDIA

DOCUMENT = Path(shapes.__file__).parents[1] / "openapi.json"

_NOT = frozenset({"HTTPValidationError", "ValidationError", "ResponseValidationError"})
"""What Powertools would answer with; ours are problems."""

_ABOUT = (
    "Keeps folders and clouds in step. Errors are problems (RFC 9457) with a stable `code`. What "
    "is created twice under one `Idempotency-Key` within a day is created once. Lists come in "
    "pages: `next` of one is the `cursor` of the following one. Fields of responses that are not "
    "known are to be ignored."
)

_TAGS = {
    "people": "Who asks, and who is let in.",
    "accounts": "Whom we are at the providers.",
    "syncs": "What is kept in step, and how.",
    "plans": "What is to be done, and waits for a person.",
    "activity": "What happened, over all syncs.",
    "conflicts": "Two versions of one file, both kept, until a person decides.",
    "files": "The view over all files of all accounts.",
}

_SCHEMES = {
    "program": {
        "type": "http",
        "scheme": "bearer",
        "description": "The token that a program was given.",
    },
    "browser": {
        "type": "apiKey",
        "in": "cookie",
        "name": "__Host-session",
        "description": "The cookie of a browser that is logged in.",
    },
    "console": {
        "type": "apiKey",
        "in": "header",
        "name": "X-SyncOxiders",
        "description": "`console`: with the cookie, whatever changes something has to have it.",
    },
}

_PROBLEMS = {
    400: "The body cannot be read, or it is not time for that yet.",
    401: "Nobody is logged in, or the login has ended.",
    403: "That is not for who asks.",
    404: "There is no such thing, or it is somebody else's.",
    409: "What is there forbids it.",
    412: "It was changed since it was looked at.",
    413: "It is too large.",
    415: "A body of this type is not taken.",
    422: "A field of the request is not right.",
    429: "This was tried too often.",
    503: "The tables cannot be used now; nothing was changed.",
}

_ALSO: Mapping[int, frozenset[str]] = {
    403: frozenset(
        {
            "decide_on_device",
            "invite",
            "list_invitations",
            "list_users",
            "put_app",
            "remove_app",
            "remove_user",
            "uninvite",
        }
    ),
    404: frozenset({"open_live"}),
    409: frozenset({"get_conflict", "get_conflict_content", "list_folders"}),
    413: frozenset({"get_conflict_content"}),
    429: frozenset({"ask_for_device", "decide_on_device", "get_device", "get_token"}),
}
"""Problems that cannot be told by how an operation is asked."""

_THINGS = frozenset({"account", "sync"})
"""Parameters that name something, which may not be there."""

_DONE = {
    "200": "Done, or what was asked for.",
    "201": "Made.",
    "202": "Begun; how it goes on can be asked.",
}

_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "A word of the caller's choice: what is asked twice under it is done once.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]{1,255}$"},
}


def document() -> dict[str, Any]:
    """Return the document. To be called before the shapes were used in this process."""
    CONFIG["use_attribute_docstrings"] = True
    # Shapes are read by pydantic when the routes that use them are made.
    from syncoxiders.cloud.web.everything import everything  # noqa: PLC0415 -- see above
    from syncoxiders.cloud.web.gates import SessionGate  # noqa: PLC0415 -- see above
    from syncoxiders.cloud.web.service import Web  # noqa: PLC0415 -- see above

    app = _app()
    web = everything(Web(app, SessionGate(app.sessions, app.settings)))
    made = json.loads(web.resolver.get_openapi_json_schema(title="SyncOxiders", version=_version()))
    routes = {(each.method.lower(), each.openapi_path): each for each in web.routes}
    paths = {
        path: {
            method: _operation(method, path, told, routes[method, path])
            for method, told in sorted(operations.items())
        }
        for path, operations in sorted(made["paths"].items())
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "SyncOxiders", "version": _version(), "description": _ABOUT},
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": text} for name, text in _TAGS.items()],
        "paths": paths,
        "components": {
            "schemas": _schemas(made["components"]["schemas"], paths),
            "securitySchemes": _SCHEMES,
        },
    }


def rendered() -> str:
    """Return the document as it is committed."""
    return json.dumps(document(), indent=1, ensure_ascii=False) + "\n"


def _operation(method: str, path: str, told: dict[str, Any], route: Any) -> dict[str, Any]:
    from syncoxiders.cloud.web.service import PUBLIC  # noqa: PLC0415 -- see above

    about = re.sub(r"\s+", " ", (route.func.__doc__ or "").strip())
    public = f"{method.upper()} {path}" in PUBLIC
    parameters = [_parameter(each) for each in told.get("parameters", [])]
    if any(getattr(each, "idempotent", False) for each in route.middlewares):
        parameters.append(_KEY)
    security: list[dict[str, list[str]]] = [{"program": []}]
    security.append({"browser": []} if method == "get" else {"browser": [], "console": []})
    found: dict[str, Any] = {
        "operationId": told["operationId"],
        "tags": told.get("tags", []),
        "summary": about.partition(";")[0].partition(". ")[0].rstrip("."),
        "description": about,
        "security": [] if public else security,
    }
    if parameters:
        found["parameters"] = parameters
    if "requestBody" in told:
        found["requestBody"] = told["requestBody"]
    found["responses"] = dict(sorted(_responses(method, path, told, found, public=public)))
    return found


def _responses(
    method: str, path: str, told: Mapping[str, Any], found: Mapping[str, Any], *, public: bool
) -> Iterator[tuple[str, Any]]:
    for status, response in told["responses"].items():
        if status.startswith("2"):
            yield _success(status, response)
    body, parameters = "requestBody" in found, found.get("parameters", [])
    named = {each["name"].lower() for each in parameters}
    statuses = {
        400: body,
        401: not public,
        404: "{" in path or bool(named & _THINGS),
        409: method != "get" and not public,
        412: "if-match" in named,
        413: body,
        415: body,
        422: body or bool(parameters),
        503: True,
    }
    for status, text in _PROBLEMS.items():
        if statuses.get(status) or found["operationId"] in _ALSO.get(status, ()):
            schema = {"$ref": "#/components/schemas/Problem"}
            yield str(status), {"description": text, "content": {MEDIA: {"schema": schema}}}


def _success(status: str, response: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    schemas = [each.get("schema", {}) for each in response.get("content", {}).values()]
    if status == "204" or (schemas and schemas[0].get("type") == "null"):
        return "204", {"description": "Done; there is nothing to say of it."}
    return status, {**response, "description": _DONE.get(status, "Done.")}


def _parameter(told: dict[str, Any]) -> dict[str, Any]:
    """Return a parameter; one that may be left out is not null where it is there."""
    schema = dict(told.get("schema", {}))
    some = [each for each in schema.pop("anyOf", ()) if each.get("type") != "null"]
    schema.pop("description", None)
    schema.update(some[0] if len(some) == 1 else {"anyOf": some} if some else {})
    return {**told, "schema": schema}


def _schemas(made: Mapping[str, Any], paths: Mapping[str, Any]) -> dict[str, Any]:
    """Return the shapes, and what a problem is; what only responses have may get more fields."""
    from pydantic import TypeAdapter  # noqa: PLC0415 -- see above

    from syncoxiders.api.shapes.base import Problem  # noqa: PLC0415 -- see above

    found = {name: each for name, each in made.items() if name not in _NOT}
    found["Problem"] = TypeAdapter(Problem).json_schema(mode="serialization")
    asked: set[str] = set()
    todo = [operation.get("requestBody") for each in paths.values() for operation in each.values()]
    while todo:
        for name in set(_named(todo.pop())) - asked:
            asked.add(name)
            todo.append(found[name])
    for name, schema in found.items():
        if name not in asked:
            schema.pop("additionalProperties", None)
    return dict(sorted(found.items()))


def _named(value: object) -> Iterator[str]:
    """Yield the names of the schemas that a piece of the document refers to."""
    if isinstance(value, Mapping):
        reference = value.get("$ref")
        if isinstance(reference, str):
            yield reference.rpartition("/")[2]
        for each in value.values():
            yield from _named(each)
    elif isinstance(value, list):
        for each in value:
            yield from _named(each)


def _version() -> str:
    return version("syncoxiders")


def _app() -> App:
    """Return a deployment that is asked nothing."""
    clock, items = MemoryClock(), MemoryItems()
    settings = Settings(
        table_tree="-",
        table_journal="-",
        table_control="-",
        queue_poll="-",
        queue_merge="-",
        queue_apply="-",
        key="-",
        secrets="-",
        url="https://syncoxiders.example",
    )
    app = App(settings, clock)
    registry, leases = ItemsRegistry(items), ItemsLeases(items, clock)
    vars(app).update(control=items, registry=registry, leases=leases)
    return app


def main() -> None:
    """Write the document, and say whether it was another one."""
    text = rendered()
    changed = not DOCUMENT.exists() or DOCUMENT.read_text() != text
    DOCUMENT.write_text(text)
    sys.stdout.write(f"{DOCUMENT.name} {'is another one now' if changed else 'is up to date'}\n")


if __name__ == "__main__":
    main()
