"""Requests signed by hand, so that a test can sign them wrongly: SigV4 as the AWS documentation spells it out, on nothing but
hashlib and http.client."""

import datetime
import hashlib
import hmac
import http.client
import json
import urllib.parse

UNSIGNED = "UNSIGNED-PAYLOAD"


def _hmac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def signing_key(secret, date, region, service):
    key = _hmac(("AWS4" + secret).encode(), date)
    for part in (region, service, "aws4_request"):
        key = _hmac(key, part)
    return key


def quote(text):
    return urllib.parse.quote(text, safe="-_.~")


class Request:
    """One request. Every part that goes into the signature can be changed before it is signed, and again afterwards."""

    def __init__(self, server, service, region="us-east-1", method="POST", path="/", query=(), headers=None, body=b""):
        self.server = server
        self.service = service
        self.region = region
        self.method = method
        self.path = path
        self.query = list(query)
        self.body = body if isinstance(body, bytes) else body.encode()
        self.key, self.secret = server.keys()
        self.token = None
        self.now = datetime.datetime.now(datetime.UTC)
        self.scope_date = None
        self.payload_hash = None
        self.host = f"127.0.0.1:{server.port}"
        self.headers = {"Host": self.host} | (headers or {})
        self.signed_headers = None

    @property
    def stamp(self):
        return self.now.strftime("%Y%m%dT%H%M%SZ")

    @property
    def scope(self):
        date = self.scope_date or self.stamp[:8]
        return f"{date}/{self.region}/{self.service}/aws4_request"

    def _signature(self, query, names, payload_hash):
        pairs = sorted((quote(k), quote(v)) for k, v in query)
        headers = {k.lower(): " ".join(v.split()) for k, v in self.headers.items()}
        canonical = "\n".join(
            [
                self.method,
                self.path,
                "&".join(f"{k}={v}" for k, v in pairs),
                "".join(f"{name}:{headers[name]}\n" for name in names),
                ";".join(names),
                payload_hash,
            ]
        )
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        text = "\n".join(["AWS4-HMAC-SHA256", self.stamp, self.scope, digest])
        return hmac.new(signing_key(self.secret, self.scope.split("/")[0], self.region, self.service), text.encode(), hashlib.sha256).hexdigest()

    def sign(self):
        """Signs in the Authorization header."""
        self.headers["X-Amz-Date"] = self.stamp
        if self.token:
            self.headers["X-Amz-Security-Token"] = self.token
        digest = self.payload_hash or hashlib.sha256(self.body).hexdigest()
        if self.payload_hash:
            self.headers["X-Amz-Content-SHA256"] = digest
        names = self.signed_headers or sorted(k.lower() for k in self.headers)
        signature = self._signature(self.query, names, digest)
        self.headers["Authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={self.key}/{self.scope}, "
            f"SignedHeaders={';'.join(names)}, Signature={signature}"
        )
        return self

    def presign(self, expires=300, payload_hash=None):
        """Signs in the query."""
        self.query += [
            ("X-Amz-Algorithm", "AWS4-HMAC-SHA256"),
            ("X-Amz-Credential", f"{self.key}/{self.scope}"),
            ("X-Amz-Date", self.stamp),
            ("X-Amz-Expires", str(expires)),
            ("X-Amz-SignedHeaders", "host"),
        ]
        if self.token:
            self.query.append(("X-Amz-Security-Token", self.token))
        digest = payload_hash or hashlib.sha256(self.body).hexdigest()
        self.query.append(("X-Amz-Signature", self._signature(self.query, ["host"], digest)))
        return self

    def send(self):
        """Sends it as it stands; answers status, headers (names in lower case) and body."""
        target = self.path
        if self.query:
            target += "?" + "&".join(f"{quote(k)}={quote(v)}" for k, v in self.query)
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=20)
        try:
            connection.request(self.method, target, body=self.body, headers=self.headers)
            answer = connection.getresponse()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
        finally:
            connection.close()


def ec2_request(server, action="DescribeRegions", region="us-east-1", **parameters):
    """A signed-able EC2 form."""
    form = {"Action": action, "Version": "2016-11-15"} | parameters
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    return Request(server, "ec2", region, headers=headers, body=urllib.parse.urlencode(form))


def json_request(server, service, target, content=None, raw=None, region="us-east-1"):
    headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": target}
    body = raw if raw is not None else json.dumps(content or {})
    return Request(server, service, region, headers=headers, body=body)


def call_json(server, service, target, content=None, raw=None):
    """A correctly signed JSON call; answers status and parsed body."""
    status, _, body = json_request(server, service, target, content, raw).sign().send()
    return status, json.loads(body or b"{}")
