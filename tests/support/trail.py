"""CloudTrail records, as LookupEvents gives them."""

import json


def records(server, account=None, region="us-east-1", **attributes):
    """All records (oldest first) that fit one attribute, for instance EventName="Decrypt"."""
    client = server.client("cloudtrail", account, region)
    request = {}
    if attributes:
        ((key, value),) = attributes.items()
        request["LookupAttributes"] = [{"AttributeKey": key, "AttributeValue": value}]
    found = []
    while True:
        page = client.lookup_events(MaxResults=50, **request)
        found += [json.loads(event["CloudTrailEvent"]) for event in page["Events"]]
        if not page.get("NextToken"):
            return found[::-1]
        request["NextToken"] = page["NextToken"]


def about_volume(records_, volume_id):
    """Those KMS records whose encryption context (or constraint) names this volume."""
    return [r for r in records_ if volume_id in json.dumps(r.get("requestParameters"))]


def names(records_):
    return [r["eventName"] for r in records_]
