"""Requests as botocore signs them, one JSON object per line: what the gateway must accept. Nothing is sent."""
import base64, json, sys
import boto3
from botocore.config import Config

ENDPOINT = "http://localhost:4566"
LONG = dict(aws_access_key_id="AKIDEXAMPLE", aws_secret_access_key=sys.argv[1])
TEMPORARY = dict(aws_access_key_id="ASIAEXAMPLE", aws_secret_access_key=sys.argv[1], aws_session_token=sys.argv[2])


class Stop(Exception):
    pass


def client(service, keys, endpoint=ENDPOINT):
    config = Config(retries={"total_max_attempts": 1})
    return boto3.client(service, endpoint_url=endpoint, region_name="us-east-1", config=config, **keys)


def body_of(request):
    body = request.body
    if hasattr(body, "read"):
        body.seek(0)
        body = body.read()
    return body.encode() if isinstance(body, str) else bytes(body or b"")


def capture(name, made, call):
    def stop(request, **_):
        text = lambda v: v.decode() if isinstance(v, bytes) else v
        headers = [[k.lower(), text(v)] for k, v in request.headers.items()]
        show(name, request.method, request.url, headers, body_of(request))
        raise Stop

    made.meta.events.register("before-send", stop)
    try:
        call(made)
    except Stop:
        pass


def show(name, method, url, headers, body):
    if not any(k == "host" for k, _ in headers):
        headers = headers + [["host", url.split("/")[2]]]
    path, _, query = ("/" + url.split("/", 3)[3]).partition("?") if url.count("/") > 2 else ("/", "", "")
    if url.count("/") == 2:
        query = url.partition("?")[2]
    print(json.dumps(dict(name=name, method=method, path=path, query=query, headers=headers,
                          body=base64.b64encode(body).decode())))


capture("ec2 form", client("ec2", LONG), lambda c: c.describe_volumes(
    Filters=[dict(Name="tag:Näme", Values=["a b+c&d=e", "*"])]))
capture("kms json with session token", client("kms", TEMPORARY), lambda c: c.encrypt(
    KeyId="alias/x", Plaintext=b"\x00\xff", EncryptionContext={"ä": "ö"}))
capture("cloudtrail json", client("cloudtrail", LONG), lambda c: c.lookup_events(MaxResults=5))
capture("sts query", client("sts", LONG), lambda c: c.get_caller_identity())
ebs = dict(SnapshotId="snap-0123456789abcdef0")
capture("ebs path with encoded query", client("ebs", LONG), lambda c: c.list_snapshot_blocks(
    NextToken="a/b+c=d e~", MaxResults=100, **ebs))
capture("ebs path with an encoded label", client("ebs", LONG), lambda c: c.get_snapshot_block(
    SnapshotId="snap 1/2:3", BlockIndex=0, BlockToken="x+y/z=="))
block = bytes(range(256)) * 2048
put = lambda c: c.put_snapshot_block(BlockIndex=7, BlockData=block, DataLength=524288, Checksum="x",
                                     ChecksumAlgorithm="SHA256", **ebs)
capture("ebs 512 KiB", client("ebs", LONG), put)
capture("ebs 512 KiB over https", client("ebs", LONG, "https://localhost:4566"), put)
for name, keys in (("presigned", LONG), ("presigned with session token", TEMPORARY)):
    url = client("ec2", keys).generate_presigned_url(
        "describe_volumes", Params=dict(Filters=[dict(Name="status", Values=["in use"])]), ExpiresIn=600)
    show(name, "POST", url, [], b"")
