"""boto3 against a running gateway: argv are its address and the secret. Prints one line per check; any surprise raises."""
import hashlib, base64, sys
import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

address, secret = sys.argv[1:3]


def client(service, key="AKIDEXAMPLE", secret=secret, token=None, region="us-east-1", **options):
    config = Config(retries={"total_max_attempts": 1}, **options)
    return boto3.client(service, endpoint_url=f"http://{address}", region_name=region, aws_access_key_id=key,
                        aws_secret_access_key=secret, aws_session_token=token, config=config)


def refused(call, code, status, message):
    try:
        call()
    except ClientError as error:
        found = error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]
        assert found == (code, status), (found, error)
        assert message in str(error), error
        assert error.response["ResponseMetadata"]["RequestId"], error.response
        print("refused", code)
    else:
        raise AssertionError(f"not refused: {code}")


def put(c, data):
    checksum = base64.b64encode(hashlib.sha256(data).digest()).decode()
    return c.put_snapshot_block(SnapshotId="snap-0123456789abcdef0", BlockIndex=0, BlockData=data,
                                DataLength=len(data), Checksum=checksum, ChecksumAlgorithm="SHA256")


assert client("ec2").describe_volumes()["Volumes"] == []
assert client("sts").get_caller_identity()["Account"] == "111122223333"
assert client("kms").list_keys()["Keys"] == []
assert put(client("ebs"), bytes(524288))["ResponseMetadata"]["HTTPStatusCode"] == 200
client("ebs").list_snapshot_blocks(SnapshotId="snap-0123456789abcdef0", NextToken="a/b+c= d")
print("accepted")

ec2, sts = (lambda c: c.describe_volumes), (lambda c: c.get_caller_identity)
kms, ebs = (lambda c: c.list_keys), (lambda c: lambda: put(c, b"x" * 512))
not_validated = "AWS was not able to validate the provided access credentials"
invalid = "The security token included in the request is invalid"
no_match = "The request signature we calculated does not match the signature you provided."

for wrong, what in ((dict(secret="wrong"), "secret"), (dict(key="AKIDOTHER"), "key"), (dict(token="t"), "token")):
    signature = what == "secret"
    refused(ec2(client("ec2", **wrong)), "AuthFailure", 403, not_validated)
    refused(sts(client("sts", **wrong)), "SignatureDoesNotMatch" if signature else "InvalidClientTokenId", 403,
            no_match if signature else invalid)
    json = "InvalidSignatureException" if signature else "UnrecognizedClientException"
    refused(kms(client("kms", **wrong)), json, 400, no_match if signature else invalid)
    refused(ebs(client("ebs", **wrong)), json, 403, no_match if signature else invalid)

unsigned = dict(signature_version=UNSIGNED)
refused(ec2(client("ec2", **unsigned)), "MissingParameter", 400, "AWSAccessKeyId")
refused(sts(client("sts", **unsigned)), "MissingAuthenticationToken", 403, "missing Authentication Token")
refused(kms(client("kms", **unsigned)), "MissingAuthenticationTokenException", 400, "missing Authentication Token")
listing = client("ebs", **unsigned).list_snapshot_blocks  # botocore will not leave PutSnapshotBlock unsigned
refused(lambda: listing(SnapshotId="snap-0123456789abcdef0"), "MissingAuthenticationTokenException", 403, "missing Authentication Token")
for other in ("dynamodb", "sns"):
    call = client(other).list_tables if other == "dynamodb" else client(other).list_topics
    refused(call, "InvalidSignatureException" if other == "dynamodb" else "SignatureDoesNotMatch",
            400 if other == "dynamodb" else 403, "Credential should be scoped to correct service")
refused(ebs(client("ebs", region="nowhere")), "InvalidSignatureException", 403, "scoped to a valid region, not 'nowhere'")
