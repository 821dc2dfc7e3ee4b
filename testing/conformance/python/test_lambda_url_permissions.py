"""Function URLs where permissions are checked: who may ask is what the function's policy says."""

import json

import pytest

from lambdas import python
from test_auth import make_key
from test_authorization import client

SERVER_ARGUMENTS = ["--auth", "enforce", "--virtual-clock"]
TRUST = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
WEB = "def handler(event, context):\n    return event['headers'].get('authorization', 'nothing')\n"


@pytest.fixture(scope="module")
def owner(server):
    key = make_key(server, "000000000000")
    return lambda service: client(server, key, service)


@pytest.fixture(scope="module")
def aws(owner):
    document = json.dumps({"Version": "2012-10-17", "Statement": TRUST})
    role = owner("iam").create_role(RoleName="functions", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    aws = owner("lambda")
    aws.create_function(FunctionName="web", **python(WEB, Role=role))
    return aws


def test_an_open_url_is_open_to_whom_the_policy_lets_in(server, aws):
    url = aws.create_function_url_config(FunctionName="web", AuthType="NONE")["FunctionUrl"]
    host = url.split("/")[2]

    def ask(**headers):
        return server.request("GET", "/", None, {"Host": host, **headers})

    assert (ask().status, ask().json()) == (403, {"Message": "Forbidden"})
    assert ask(Authorization="Bearer of-the-function").status == 403
    given = {"Action": "lambda:InvokeFunctionUrl", "Principal": "*", "FunctionUrlAuthType": "NONE"}
    aws.add_permission(FunctionName="web", StatementId="public", **given)
    assert (ask().status, ask().text) == (200, '"nothing"')
    own = ask(Authorization="Bearer of-the-function")
    assert (own.status, own.text) == (200, '"Bearer of-the-function"')
    aws.remove_permission(FunctionName="web", StatementId="public")
    assert ask().status == 403
