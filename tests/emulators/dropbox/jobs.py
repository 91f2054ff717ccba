"""Asynchronous jobs: what was launched is asked for until it is done."""

import secrets
from typing import Any

from tests.emulators.dropbox.refusals import Refused


class Jobs:
    """The jobs of one kind. ``polls`` is how often one is said to be in progress still."""

    def __init__(self) -> None:
        self.polls = 1
        self._jobs: dict[str, tuple[int, dict[str, Any]]] = {}

    def launch(self, result: dict[str, Any]) -> dict[str, Any]:
        """Return the id of a job that comes to this result."""
        job = "dbjid:" + secrets.token_urlsafe(24)
        self._jobs[job] = (self.polls, result)
        return {".tag": "async_job_id", "async_job_id": job}

    def check(self, argument: Any, body: bytes) -> dict[str, Any]:
        """Return a job's status."""
        del body
        job = argument.async_job_id
        if job not in self._jobs:
            raise Refused("invalid_async_job_id")
        polls, result = self._jobs[job]
        if polls:
            self._jobs[job] = (polls - 1, result)
            return {".tag": "in_progress"}
        return {".tag": "complete", **result}
