"""What services say no with."""

import pytest
from botocore.exceptions import ClientError


def refused(call, **parameters) -> tuple[str, str]:
    """The call fails; answers the code and the message."""
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]
