"""The gateway: signatures of every form, wrong ones refused in the words of each protocol, and limits on what a stranger may send."""

import base64
import concurrent.futures
import datetime
import hashlib
import http.client
import json
import re
import socket
import time
import urllib.request

import boto3
import pytest
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from support.sign import UNSIGNED, ec2_request, json_request

EC2, KMS, TRAIL = "ec2", "kms", "cloudtrail"


def of(server, service):
    if service == EC2:
        return ec2_request(server)
    if service == KMS:
        return json_request(server, "kms", "TrentService.ListKeys")
    target = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents"
    return json_request(server, "cloudtrail", target)


def answer(request):
    """Status and error code of a request as it stands."""
    status, headers, body = request.send()
    if status == 200:
        return 200, None
    if body.startswith(b"<") or b"<Response>" in body:
        code = re.search(rb"<Code>([^<]*)</Code>", body).group(1).decode()
        assert re.search(rb"<RequestID>[^<]+</RequestID>", body), body
    else:
        parsed = json.loads(body)
        code = parsed["__type"].split("#")[-1]
        assert "message" in parsed or "Message" in parsed or not parsed.get("message", "x")
        assert headers.get("x-amzn-requestid"), headers
    return status, code


EVERY = pytest.mark.parametrize("service", [EC2, KMS, TRAIL])


def refused(request, ec2, other):
    """What AWS answers for EC2's protocol, and for the JSON ones."""
    status, code = answer(request)
    expected = ec2 if request.service == EC2 else other
    assert (status, code) in expected, (status, code)


BAD_SIGNATURE = ([(403, "AuthFailure"), (403, "SignatureDoesNotMatch")], [(400, "InvalidSignatureException"), (403, "InvalidSignatureException")])
UNKNOWN_KEY = ([(403, "AuthFailure")], [(400, "UnrecognizedClientException"), (403, "UnrecognizedClientException")])
MISSING = (
    [(403, "MissingAuthenticationToken"), (400, "MissingAuthenticationToken"), (400, "MissingParameter"), (403, "AuthFailure")],
    [(400, "MissingAuthenticationTokenException"), (403, "MissingAuthenticationTokenException")],
)
INCOMPLETE = (
    [(400, "IncompleteSignature"), (403, "IncompleteSignature"), (403, "AuthFailure")],
    [(400, "IncompleteSignatureException"), (403, "IncompleteSignatureException")],
)
EXPIRED = (
    [(400, "RequestExpired"), (403, "RequestExpired"), (403, "AuthFailure")],
    [(400, "InvalidSignatureException"), (403, "InvalidSignatureException"), (400, "RequestExpired")],
)


@EVERY
def test_a_good_signature_opens(server, service):
    assert answer(of(server, service).sign()) == (200, None)


@EVERY
def test_no_signature(server, service):
    refused(of(server, service), *MISSING)


@EVERY
def test_a_wrong_secret(server, service):
    request = of(server, service)
    request.secret = "guess"
    refused(request.sign(), *BAD_SIGNATURE)


@EVERY
def test_an_unknown_access_key(server, service):
    request = of(server, service)
    request.key = "AKIAIOSFODNN7EXAMPLE"
    refused(request.sign(), *UNKNOWN_KEY)


@EVERY
@pytest.mark.parametrize("part", ["body", "path", "query", "method", "header", "extra header is fine"])
def test_what_changed_after_signing_is_noticed(server, service, part):
    request = of(server, service).sign()
    if part == "body":
        request.body += b"&" if service == EC2 else b" "
    elif part == "path":
        request.path = "/other"
    elif part == "query":
        request.query.append(("a", "b"))
    elif part == "method":
        request.method = "PUT"
    elif part == "header":
        request.headers["Content-Type"] += "; v=2"
    else:
        request.headers["X-Harmless"] = "1"
        assert answer(request) == (200, None)
        return
    status, code = answer(request)
    assert status in (400, 401, 403, 404, 405) and code != "InternalError", (status, code)


@EVERY
@pytest.mark.parametrize("minutes, good", [(-4, True), (4, True), (-6, None), (-16, False), (16, False), (-24 * 60, False), (24 * 60, False)])
def test_clocks_may_differ_a_little(server, service, minutes, good):
    request = of(server, service)
    request.now += datetime.timedelta(minutes=minutes)
    request.sign()
    if good:
        assert answer(request) == (200, None)
    elif good is False:
        refused(request, EXPIRED[0] + BAD_SIGNATURE[0], EXPIRED[1])


@EVERY
def test_a_signature_for_another_service_is_worth_nothing(server, service):
    request = of(server, service)
    request.service = "s3" if service != EC2 else "s3"
    request.sign()
    status, code = answer(request)
    assert status in (400, 401, 403) and code, (status, code)


@EVERY
@pytest.mark.parametrize("region", ["mars-1", "", "us-east-1a", "US-EAST-1", "../.."])
def test_a_scope_must_name_a_region(server, service, region):
    request = of(server, service)
    request.region = region
    status, code = answer(request.sign())
    assert 400 <= status < 500 and code, (status, code)


@EVERY
def test_the_scope_must_be_of_the_day_of_the_request(server, service):
    request = of(server, service)
    request.scope_date = (request.now - datetime.timedelta(days=1)).strftime("%Y%m%d")
    refused(request.sign(), BAD_SIGNATURE[0] + INCOMPLETE[0], BAD_SIGNATURE[1] + INCOMPLETE[1])


@EVERY
def test_the_host_must_be_signed(server, service):
    request = of(server, service)
    request.signed_headers = ["x-amz-date"]
    status, code = answer(request.sign())
    assert status in (400, 401, 403), (status, code)


@EVERY
@pytest.mark.parametrize(
    "header",
    [
        "AWS4-HMAC-SHA256",
        "AWS4-HMAC-SHA256 ",
        "Basic dGVzdDp0ZXN0",
        "AWS test:signature",
        "AWS4-HMAC-SHA256 Credential=test",
        "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/ec2/aws4_request, SignedHeaders=host;x-amz-date",
        "AWS4-HMAC-SHA256 Credential=/////, SignedHeaders=, Signature=",
        "AWS4-HMAC-SHA256 Credential=test/x/y/z, SignedHeaders=host, Signature=00",
        "AWS4-HMAC-SHA256 " + "Credential=a," * 500,
        "\xff\xfe",
    ],
)
def test_headers_that_make_no_sense(server, service, header):
    request = of(server, service).sign()
    request.headers["Authorization"] = header
    status, code = answer(request)
    assert status in (400, 401, 403) and code not in (None, "InternalError"), (status, code)


@EVERY
@pytest.mark.parametrize("signature", ["", "0" * 64, "0" * 63, "z" * 64, "A" * 64, "0" * 10_000])
def test_signatures_that_are_none(server, service, signature):
    request = of(server, service).sign()
    head, _, _ = request.headers["Authorization"].rpartition("Signature=")
    request.headers["Authorization"] = head + "Signature=" + signature
    status, code = answer(request)
    assert status in (400, 401, 403), (status, code)


@EVERY
def test_a_token_that_nobody_gave_out(server, service):
    request = of(server, service)
    request.token = "FwoGZXIvYXdzEJr//////////wEaDNotAToken"
    status, code = answer(request.sign())
    accepted = [(400, "UnrecognizedClientException"), (400, "InvalidClientTokenId"), (403, "InvalidClientTokenId"), (403, "AuthFailure")]
    assert (status, code) in accepted + [(403, "UnrecognizedClientException")], (status, code)


@EVERY
def test_an_unsigned_body_hash_is_checked_all_the_same(server, service):
    """A client may declare its body's hash; the body must then be it."""
    request = of(server, service)
    request.payload_hash = hashlib.sha256(b"another body").hexdigest()
    status, code = answer(request.sign())
    assert status in (400, 401, 403), (status, code)
    request = of(server, service)
    request.payload_hash = hashlib.sha256(request.body).hexdigest()
    assert answer(request.sign()) == (200, None)


@EVERY
def test_an_unsigned_payload_is_no_way_to_send_a_command(server, service):
    """EC2 and KMS hash every body; only EBS direct takes UNSIGNED-PAYLOAD (over TLS in AWS)."""
    request = of(server, service)
    request.payload_hash = UNSIGNED
    request.sign()
    request.body = request.body.replace(b"DescribeRegions", b"DescribeVolumes")
    status, code = answer(request)
    assert (status, code) == (200, None) or status in (400, 401, 403)


# --- presigned


def presigned(server, expires=300, **change):
    request = ec2_request(server)
    request.method, request.body, request.headers = "GET", b"", {"Host": request.host}
    request.query = [("Action", "DescribeRegions"), ("Version", "2016-11-15")]
    for name, value in change.items():
        setattr(request, name, value)
    return request.presign(expires)


def test_a_presigned_url_opens_until_it_expires(server):
    assert answer(presigned(server)) == (200, None)
    now = datetime.datetime.now(datetime.UTC)
    old = presigned(server, expires=3600, now=now - datetime.timedelta(minutes=50))
    assert answer(old) == (200, None), "the skew limit is not for presigned requests, their expiry is"
    late = presigned(server, expires=60, now=now - datetime.timedelta(seconds=70))
    status, code = answer(late)
    assert status in (400, 401, 403), (status, code)


@pytest.mark.parametrize("expires", [0, -1, 604801, 10**12])
def test_an_expiry_is_between_a_second_and_a_week(server, expires):
    status, code = answer(presigned(server, expires=expires))
    assert status in (400, 401, 403), (status, code)


@pytest.mark.parametrize("name", ["X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders", "X-Amz-Signature"])
def test_every_part_of_a_presigned_url_is_needed(server, name):
    request = presigned(server)
    request.query = [(k, v) for k, v in request.query if k != name]
    status, code = answer(request)
    assert status in (400, 401, 403), (status, code)
    doubled = presigned(server)
    doubled.query += [(k, v) for k, v in doubled.query if k == name]
    status, code = answer(doubled)
    assert status in (400, 401, 403), (status, code)


def test_a_presigned_url_cannot_be_changed(server):
    request = presigned(server)
    request.query[0] = ("Action", "DescribeVolumes")
    status, code = answer(request)
    assert status in (400, 401, 403), (status, code)


def test_botocores_presigned_url_opens(server):
    url = f"{server.url}/?Action=DescribeAvailabilityZones&Version=2016-11-15"
    request = AWSRequest("GET", url)
    SigV4QueryAuth(Credentials(*server.keys()), "ec2", "us-east-1", expires=60).add_auth(request)
    with urllib.request.urlopen(request.url) as reply:
        assert reply.status == 200 and b"us-east-1a" in reply.read()


def test_both_forms_at_once_are_refused(server):
    request = presigned(server)
    request.headers["Authorization"] = "AWS4-HMAC-SHA256 Credential=x"
    status, code = answer(request)
    assert status in (400, 401, 403), (status, code)


# --- who one is


def test_dev_credentials_name_accounts(server):
    sts = server.client("sts")
    assert sts.get_caller_identity()["Account"] == "000000000000"
    assert sts.get_caller_identity()["Arn"] == "arn:aws:iam::000000000000:root"
    other = server.client("sts", account="123456789012").get_caller_identity()
    assert (other["Account"], other["Arn"]) == ("123456789012", "arn:aws:iam::123456789012:root")
    for key in ("12345678901", "1234567890123", "12345678901x", "Test", ""):
        request = ec2_request(server)
        request.key = key
        assert answer(request.sign())[0] in (400, 401, 403), key


def test_without_dev_only_the_credentials_file_opens(make_server):
    server = make_server(dev=False)
    key, secret = server.keys()
    assert re.match(r"^AKIA[A-Z2-7]{16}$", key) and len(secret) == 40
    assert (server.data / "credentials").stat().st_mode & 0o777 == 0o600
    identity = server.client("sts").get_caller_identity()
    assert re.match(r"^\d{12}$", identity["Account"]) and identity["Arn"].endswith(":root")
    for stranger in (("test", "test"), ("000000000000", "test"), (key, "test"), ("test", secret)):
        request = ec2_request(server)
        request.key, request.secret = stranger
        assert answer(request.sign())[0] in (400, 401, 403), stranger
    server.stop()
    server.start()
    assert server.keys() == (key, secret), "a second start makes no new account"
    assert server.client("sts").get_caller_identity()["Account"] == identity["Account"]


def test_dev_credentials_are_for_loopback_only(make_server):
    server = make_server(start=False)
    server.command_listen = "0.0.0.0"
    command = [part.replace("127.0.0.1:", "0.0.0.0:") for part in server.command()]
    import subprocess

    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.wait(15) != 0
        assert "dev" in process.stderr.read().lower()
    finally:
        process.kill()


# --- the socket


def raw(server, data, seconds=20):
    """Sends bytes as they are; answers what comes back until the server closes or is silent."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=seconds) as connection:
        connection.sendall(data)
        got = b""
        try:
            while piece := connection.recv(65536):
                got += piece
                if b"\r\n\r\n" in got and len(got) > 100:
                    break
        except (TimeoutError, ConnectionResetError):
            pass
        return got


def test_health_needs_no_signature(server):
    with urllib.request.urlopen(f"{server.url}/health") as reply:
        assert reply.status == 200


def test_connections_are_kept_alive(server):
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    connection.connect()
    local = connection.sock.getsockname()
    for _ in range(20):
        request = ec2_request(server).sign()
        connection.request("POST", "/", body=request.body, headers=request.headers)
        reply = connection.getresponse()
        assert reply.status == 200
        reply.read()
        assert connection.sock.getsockname() == local
    connection.close()


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\r\n" * 100,
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 2000 + b"\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nBig: " + b"b" * 100_000 + b"\r\n\r\n",
    ],
)
def test_noise_on_the_socket_is_answered_or_cut_off(server, data):
    got = raw(server, data)
    assert got == b"" or got.startswith(b"HTTP/1.") and got[9:10] == b"4", got[:200]
    assert server.healthy()


def test_a_body_too_large_is_refused_before_it_is_read(server):
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1099511627776\r\n\r\n"
    got = raw(server, head + b"x" * 65536)
    assert b" 413 " in got.split(b"\r\n")[0] or b" 400 " in got.split(b"\r\n")[0] or b" 403 " in got.split(b"\r\n")[0], got[:300]
    assert server.healthy()


def test_a_silent_client_is_let_go(server):
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\n")
        got = connection.recv(4096)
    assert time.monotonic() - began < 30 and (got == b"" or b"408" in got.split(b"\r\n")[0])


def test_many_idle_connections_do_not_shut_others_out(server):
    idle = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(300)]
    try:
        assert answer(ec2_request(server).sign()) == (200, None)
    finally:
        for connection in idle:
            connection.close()


def test_64_clients_at_once(server):
    def one(_):
        return answer(ec2_request(server).sign())

    with concurrent.futures.ThreadPoolExecutor(64) as pool:
        assert set(pool.map(one, range(512))) == {(200, None)}


def test_noise_in_signed_requests_is_never_a_fault(server):
    """Signed rubbish must be refused as the client's fault: no 5xx, no closed connection."""
    import random

    rng = random.Random(5)
    for n in range(150):
        noise = rng.randbytes(rng.randrange(0, 300))
        if n % 3 == 0:
            request = ec2_request(server)
            request.body = b"Action=CreateVolume&Version=2016-11-15&" + noise
        elif n % 3 == 1:
            request = json_request(server, "kms", "TrentService.Encrypt", raw=noise.decode("latin-1"))
        else:
            request = json_request(server, "kms", "TrentService.Encrypt", raw="[" * rng.randrange(1, 3000) + '{"a":')
        status, _, body = request.sign().send()
        assert 400 <= status < 500, (status, body[:300], request.body[:100])


def test_deep_json_and_long_lists_are_bounded(server):
    deep = '{"KeyId":' + '{"a":' * 20_000 + "1" + "}" * 20_000 + "}"
    status, _, _ = json_request(server, "kms", "TrentService.Encrypt", raw=deep).sign().send()
    assert status == 400
    form = "&".join(f"VolumeId.{n}=vol-0123456789abcdef0" for n in range(1, 20_000))
    request = ec2_request(server)
    request.body = ("Action=DescribeVolumes&Version=2016-11-15&" + form).encode()
    status, _, _ = request.sign().send()
    assert 400 <= status < 500


def test_sessions_of_boto3_work_unchanged(server):
    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="eu-west-1")
    ec2 = session.client("ec2", endpoint_url=server.url)
    assert ec2.describe_availability_zones()["AvailabilityZones"][0]["RegionName"] == "eu-west-1"
    assert base64 and Credentials
