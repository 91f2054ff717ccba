"""The whole API of a deployment that has something of everything, over WSGI as well."""

import base64
import json
import urllib.parse
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from syncoxiders.cloud.web.everything import everything
from syncoxiders.cloud.web.gates import SessionGate
from syncoxiders.cloud.web.service import Web
from syncoxiders.ports.accounts import Account
from syncoxiders.ports.people import Person, User
from tests.functions.stage import Context, request
from tests.web.conftest import Answer
from tests.web.hiding import MemoryCipher
from tests.web.test_files import Library

Start = Callable[[str, list[tuple[str, str]]], object]


class Whole:
    """``tokens`` are those of who deploys (``me``) and of somebody else (``eve``)."""

    def __init__(self, folder: Path) -> None:
        index = folder / "index"
        index.mkdir()
        self.library = Library(index)
        self.world = self.library.world
        self.library.tend()
        self.stage = stage = self.library.api.stage
        for name in "ab":
            self.world.registry.put_account("me", Account(name, "drive"))
        disk = folder / "disk"
        (disk / "Photos" / "2024").mkdir(parents=True)
        disk_account = Account("disk", "folder", settings={"path": str(disk)})
        self.world.registry.put_account("me", disk_account)
        stage.settle(folders=str(disk), live="wss://live.example/live")
        vars(stage.app)["cipher"] = MemoryCipher()
        stage.app.admissions.invite("eve@example.com", admin=False)
        eve = stage.app.admissions.admit(Person("i", "eve", "eve@example.com", verified=True))
        self.tokens = {"me": self._token(stage.app.admissions.first()), "eve": self._token(eve)}
        self.web = everything(Web(stage.app, SessionGate(stage.app.sessions, stage.app.settings)))

    def _token(self, user: User) -> str:
        made = self.stage.app.sessions.begin(user)
        assert made is not None
        return made[0]

    def ask(self, method: str, path: str, body: object = None, who: str = "me") -> Answer:
        headers = {"authorization": f"Bearer {self.tokens[who]}"} if who else {}
        data = None
        if body is not None:
            headers["content-type"], data = "application/json", json.dumps(body).encode()
        address = urllib.parse.urlsplit(path)
        event = request(
            address.path, method=method, query=address.query, headers=headers, body=data
        )
        answer = self.web.resolve(event, Context())
        got = {name.lower(): str(value) for name, value in answer["headers"].items()}
        return Answer(answer["statusCode"], got, answer["body"])

    def __call__(self, environ: Mapping[str, Any], start: Start) -> Iterable[bytes]:
        """Answer as WSGI has it."""
        self.world.clock.advance(1.0)
        headers = {
            name[5:].replace("_", "-").lower(): str(value)
            for name, value in environ.items()
            if name.startswith("HTTP_")
        }
        if environ.get("CONTENT_TYPE"):
            headers["content-type"] = str(environ["CONTENT_TYPE"])
        length = int(environ.get("CONTENT_LENGTH") or 0)
        event = request(
            environ["PATH_INFO"].encode("latin-1").decode(errors="replace"),
            method=environ["REQUEST_METHOD"],
            query=environ.get("QUERY_STRING", ""),
            headers=headers,
            body=environ["wsgi.input"].read(length) if length else None,
        )
        answer = self.web.resolve(event, Context())
        body = answer["body"] or ""
        data = base64.b64decode(body) if answer["isBase64Encoded"] else body.encode()
        start(f"{answer['statusCode']} -", [*answer["headers"].items()])
        return [data]
