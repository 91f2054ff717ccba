"""Clients of the local AWS, as an account of its own sees it."""

from typing import Any

import botocore.session  # type: ignore[import-untyped]  # it has none

from tests.aws.ministack import Ministack


def client(ministack: Ministack, account: str, service: str) -> Any:
    settings = ministack.environment(account)
    return botocore.session.Session().create_client(
        service,
        endpoint_url=settings["AWS_ENDPOINT_URL"],
        region_name=settings["AWS_REGION"],
        aws_access_key_id=settings["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=settings["AWS_SECRET_ACCESS_KEY"],
    )
