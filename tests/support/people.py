"""People and roles with just the permissions that a test gives them."""

import json
import uuid

import boto3
from botocore.config import Config

from support.server import ACCOUNT, REGION


# One for all: it keeps the services' models, which take long to read.
SESSION = boto3.Session()


def statement(action, resource="*", effect="Allow", **more):
    return {"Effect": effect, "Action": action, "Resource": resource} | more


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def clients_of(server, credentials, region=REGION):
    """A function from service name to client, for an access key of any kind."""
    keys = {
        "aws_access_key_id": credentials["AccessKeyId"],
        "aws_secret_access_key": credentials["SecretAccessKey"],
        "aws_session_token": credentials.get("SessionToken"),
    }
    config = Config(retries={"total_max_attempts": 1}, parameter_validation=False, read_timeout=60)
    made = {}

    def client(service):
        if service not in made:
            made[service] = SESSION.client(service, region, endpoint_url=server.url, config=config, **keys)
        return made[service]

    return client


class Person:
    """An IAM user with an access key; `may` replaces what its one inline policy says."""

    def __init__(self, server, *statements, account=None, name=None):
        self.server = server
        self.account = account or ACCOUNT
        self.name = name or f"u-{uuid.uuid4().hex[:12]}"
        self.iam = server.client("iam", account)
        made = self.iam.create_user(UserName=self.name)["User"]
        self.arn, self.id = made["Arn"], made["UserId"]
        if statements:
            self.may(*statements)
        self.key = self.iam.create_access_key(UserName=self.name)["AccessKey"]
        self.client = clients_of(server, self.key)

    def may(self, *statements):
        self.iam.put_user_policy(UserName=self.name, PolicyName="own", PolicyDocument=document(*statements))

    def may_nothing(self):
        self.iam.delete_user_policy(UserName=self.name, PolicyName="own")

    def environment(self):
        kept = self.server.environment(self.account)
        return kept | {
            "AWS_ACCESS_KEY_ID": self.key["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": self.key["SecretAccessKey"],
        }


def role(server, trust, *statements, account=None, name=None, **more):
    """A role that `trust` (a principal's ARN) may assume; its ARN."""
    iam = server.client("iam", account)
    name = name or f"r-{uuid.uuid4().hex[:12]}"
    principal = {"Service": trust} if trust.endswith(".amazonaws.com") else {"AWS": trust}
    trusting = {"Effect": "Allow", "Principal": principal, "Action": ["sts:AssumeRole", "sts:TagSession"]}
    made = iam.create_role(
        RoleName=name,
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trusting]}),
        **more,
    )["Role"]
    if statements:
        iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=document(*statements))
    return made["Arn"]


def assume(server, sts, arn, session="test", **more):
    """The clients of a session of this role."""
    answer = sts.assume_role(RoleArn=arn, RoleSessionName=session, **more)
    return clients_of(server, answer["Credentials"])
