"""Cognito's user pool: who is invited is added, whoever is there already."""

import botocore.session  # type: ignore[import-untyped]  # it has none
import pytest
from botocore.stub import Stubber  # type: ignore[import-untyped]  # it has none

from syncoxiders.adapters.aws.directory import CognitoDirectory
from syncoxiders.ports.errors import StateUnavailable


@pytest.fixture
def cognito() -> Stubber:
    client = botocore.session.get_session().create_client(
        "cognito-idp",
        region_name="us-east-1",
        aws_access_key_id="x",
        aws_secret_access_key="x",  # noqa: S106 -- nobody's
    )
    return Stubber(client)


def test_who_is_invited_is_there(cognito: Stubber) -> None:
    """The address is theirs once they have the message; to invite them again changes nothing."""
    expected = {
        "UserPoolId": "pool",
        "Username": "a@b.example",
        "UserAttributes": [
            {"Name": "email", "Value": "a@b.example"},
            {"Name": "email_verified", "Value": "true"},
        ],
        "DesiredDeliveryMediums": ["EMAIL"],
    }
    cognito.add_response("admin_create_user", {}, expected)
    cognito.add_client_error("admin_create_user", "UsernameExistsException")
    cognito.add_client_error("admin_create_user", "TooManyRequestsException")
    directory = CognitoDirectory(cognito.client, "pool")
    with cognito:
        directory.add("a@b.example")
        directory.add("a@b.example")
        with pytest.raises(StateUnavailable):
            directory.add("a@b.example")


def test_who_is_removed_is_gone(cognito: Stubber) -> None:
    """To remove somebody who is not there is no error."""
    expected = {"UserPoolId": "pool", "Username": "a@b.example"}
    cognito.add_response("admin_delete_user", {}, expected)
    cognito.add_client_error("admin_delete_user", "UserNotFoundException")
    cognito.add_client_error("admin_delete_user", "InternalErrorException")
    directory = CognitoDirectory(cognito.client, "pool")
    with cognito:
        directory.remove("a@b.example")
        directory.remove("a@b.example")
        with pytest.raises(StateUnavailable):
            directory.remove("a@b.example")
