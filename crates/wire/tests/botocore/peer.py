"""The other side of the test beside: botocore's serialisers and parsers.

peer.py requests SEED COUNT OWN_MODEL   stdin: {service: [operation, ...]}; stdout: one request a line
peer.py answers  SEED COUNT OWN_MODEL   stdin: one answer a line; stdout: how many agree

Values cross as JSON: blobs in base64, moments as epoch milliseconds.
"""

import base64
import datetime
import io
import json
import random
import sys
from urllib.parse import urlsplit

import botocore
import botocore.session
from botocore import awsrequest, parsers, serialize
from botocore.model import ServiceModel

MODE, SEED, COUNT, OWN_MODEL = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
SESSION = botocore.session.Session()
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
MODELS = {}


def model(service):
    if service not in MODELS:
        if service == "sealvol":
            with open(OWN_MODEL) as file:
                MODELS[service] = ServiceModel(json.load(file), service)
        else:
            MODELS[service] = SESSION.get_service_model(service)
    return MODELS[service]


def text(dice, shape):
    low, high = int(shape.metadata.get("min", 0)), int(shape.metadata.get("max", 40))
    length = dice.randint(low, max(low, min(high, low + 20)))
    # Letters that fit every pattern of the models (one wants base32), or anything where there is none.
    pattern = shape.metadata.get("pattern")
    fitting = "ABC234" if pattern == "^[A-Z2-7]+$" else "abcdef012"
    alphabet = fitting if pattern else "aZ09-/: &=+%<>\"'\\\n\t;é𝄞"
    return "".join(dice.choice(alphabet) for _ in range(length))


def draw(dice, shape, place=None):
    """A random value within the shape's limits."""
    kind = shape.type_name
    if kind == "structure":
        names = [name for name in shape.members if name in shape.required_members or dice.random() < 0.5]
        if not names and place is None and shape.members:
            # In a form a structure without members leaves no trace, and a list would be shorter than it was.
            names = [dice.choice(list(shape.members))]
        members = {name: shape.members[name] for name in names}
        return {name: draw(dice, member, member.serialization.get("location")) for name, member in members.items()}
    if kind == "list":
        # An empty list cannot be written in ec2Query.
        return [draw(dice, shape.member) for _ in range(dice.randint(1, int(min(3, shape.metadata.get("max", 3)))))]
    if kind == "map":
        return {text(dice, shape.key) + str(n): draw(dice, shape.value) for n in range(dice.randint(0, 3))}
    if kind == "string":
        value = dice.choice(shape.enum) if shape.enum else text(dice, shape)
        # Headers carry printable text only, and a path label cannot be empty.
        return value if place is None or shape.enum else "".join(c for c in value if c.isalnum() and c.isascii()) + "x"
    if kind in ("integer", "long"):
        bits = 31 if kind == "integer" else 63
        return dice.randint(int(shape.metadata.get("min", -(2**bits))), int(shape.metadata.get("max", 2**bits - 1)))
    if kind == "boolean":
        return dice.random() < 0.5
    if kind == "timestamp":
        # JSON serialisers of botocore drop the fraction.
        return EPOCH + datetime.timedelta(seconds=dice.randint(0, 4 * 10**9))
    if kind == "blob":
        low, high = int(shape.metadata.get("min", 0)), int(shape.metadata.get("max", 300))
        return dice.randbytes(dice.randint(low, min(high, 300)))
    raise ValueError(kind)


def plain(value):
    """A value as it crosses to the other side."""
    if isinstance(value, dict):
        return {key: plain(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [plain(entry) for entry in value]
    if isinstance(value, io.BytesIO):
        value = value.read()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime.datetime):
        return round((value - EPOCH) / datetime.timedelta(milliseconds=1))
    return value


def without_empty(value):
    """What is left of a value in a form: structures without members leave no trace."""
    if isinstance(value, dict):
        kept = {key: without_empty(entry) for key, entry in value.items()}
        return {key: entry for key, entry in kept.items() if entry not in ({}, [])}
    if isinstance(value, list):
        return [entry for entry in map(without_empty, value) if entry != {}]
    return value


def requests():
    for service, operations in json.load(sys.stdin).items():
        protocol = model(service).metadata["protocol"]
        serializer = serialize.create_serializer(protocol, include_validation=False)
        for name in operations:
            operation = model(service).operation_model(name)
            for instance in range(COUNT):
                dice = random.Random(f"{SEED} {service} {name} {instance}")
                value = draw(dice, operation.input_shape) if operation.input_shape else {}
                request = serializer.serialize_to_request(value, operation)
                awsrequest.prepare_request_dict(request, "http://localhost")
                sent = awsrequest.create_request_object(request).prepare()
                url = urlsplit(sent.url)
                body = sent.body or b""
                body = body.encode() if isinstance(body, str) else bytes(body)
                headers = {
                    key.lower(): entry.decode() if isinstance(entry, bytes) else str(entry)
                    for key, entry in sent.headers.items()
                }
                shown = plain(value)
                line = {
                    "service": service,
                    "operation": name,
                    "method": sent.method,
                    "path": url.path,
                    "query": url.query,
                    "headers": headers,
                    "body": base64.b64encode(body).decode(),
                    "input": without_empty(shown) if protocol in ("ec2", "query") else shown,
                }
                print(json.dumps(line))


def answers():
    agree = 0
    for line in sys.stdin:
        answer = json.loads(line)
        service = model(answer["service"])
        operation = service.operation_model(answer["operation"])
        response = {
            "status_code": answer["status"],
            "headers": awsrequest.HeadersDict(answer["headers"]),
            "body": base64.b64decode(answer["body"]),
        }
        if answer["status"] < 300 and operation.has_streaming_output:
            # A client gets the socket there.
            response["body"] = io.BytesIO(response["body"])
        parsed = parsers.create_parser(service.metadata["protocol"]).parse(response, operation.output_shape)
        metadata = parsed.pop("ResponseMetadata")
        read = plain(parsed)
        if "Error" in read:
            # Parsers add what only some protocols say; code and message are what all must.
            read = {"Error": {key: read["Error"][key] for key in ("Code", "Message")}}
        if read != answer["output"] or metadata.get("RequestId") != "request-1":
            sys.exit(f"botocore {botocore.__version__} read\n{read}\nwhere was\n{answer['output']}\nin\n{response}")
        agree += 1
    print(f"{agree} answers agree")


{"requests": requests, "answers": answers}[MODE]()
