"""The people of a Cognito user pool.

Cognito sends who is added a message with a password for the first time
(https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminCreateUser.html).
"""

from typing import Any

from syncoxiders.adapters.aws.clients import ERRORS, code, failed
from syncoxiders.ports.errors import StateUnavailable


class CognitoDirectory:
    """A :class:`~syncoxiders.ports.people.Directory`; ``client`` is botocore's of cognito-idp."""

    def __init__(self, client: Any, pool: str) -> None:
        self._client = client
        self._pool = pool

    def add(self, email: str) -> None:
        """Have an address there, and its holder told how to log in; it may be there already."""
        try:
            self._client.admin_create_user(
                UserPoolId=self._pool,
                Username=email,
                UserAttributes=[
                    {"Name": "email", "Value": email},
                    {"Name": "email_verified", "Value": "true"},
                ],
                DesiredDeliveryMediums=["EMAIL"],
            )
        except ERRORS as error:
            if code(error) != "UsernameExistsException":
                raise failed("nobody can be added to Cognito", error, StateUnavailable) from error

    def remove(self, email: str) -> None:
        """Forget an address; it need not be there."""
        try:
            self._client.admin_delete_user(UserPoolId=self._pool, Username=email)
        except ERRORS as error:
            if code(error) != "UserNotFoundException":
                raise failed(
                    "nobody can be taken out of Cognito", error, StateUnavailable
                ) from error
