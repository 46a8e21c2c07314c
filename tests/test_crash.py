"""kill -9 at random points while clients write, flush, create, attach, detach and delete. After each restart: every flushed byte and every
acknowledged call is there, nothing is stuck, nothing is left over, nothing is done twice. SEALVOL_TEST_CRASHES says how often (25),
SEALVOL_TEST_SEED which run."""

import os
import random
import time
import uuid

import pytest
from botocore.exceptions import ClientError
from support.checks import until
from support.dying import until_it_dies
from support.ec2 import ZONE, describe, instance, volume
from support.fsck import assert_sound
from support.nbd import Client
from support.shadow import Shadow
from support.trail import records

pytestmark = [pytest.mark.crash, pytest.mark.timeout(3600)]

CRASHES = int(os.environ.get("SEALVOL_TEST_CRASHES", "25"))
SEED = int(os.environ.get("SEALVOL_TEST_SEED", "0")) or random.SystemRandom().randrange(1 << 32)


class Load:
    """Clients at work until the server dies under them. Each keeps what was acknowledged."""

    def __init__(self, server, key, rng):
        self.server = server
        self.ec2 = server.client("ec2")
        self.kms = server.client("kms")
        self.key = key
        self.rng = rng
        self.host = instance(self.ec2)
        self.disks = {}
        self.shuttle = volume(self.ec2, Encrypted=True, KmsKeyId=key)
        self.shadows = {}
        self.made = {}
        self.open_tokens = {}
        self.deleted = set()
        self.deleting = set()
        self.aliases = {}
        self.request_ids = []
        self.failures = []

    def threads(self):
        work = [self.create, self.shuttle_about, self.name_keys, *[lambda v=v: self.write(v) for v in self.shadows]]
        return [until_it_dies(w, self.failures) for w in work]

    def write(self, volume_id):
        shadow = self.shadows[volume_id]
        with Client(self.disks[volume_id], timeout=20) as device:
            while True:
                shadow.step(device)

    def create(self):
        while True:
            token = uuid.uuid4().hex
            self.open_tokens[token] = None
            answer = self.ec2.create_volume(**self.request(token))
            self.made[answer["VolumeId"]] = token
            del self.open_tokens[token]
            self.request_ids.append(answer["ResponseMetadata"]["RequestId"])
            if self.rng.random() < 0.5:
                self.deleting.add(answer["VolumeId"])
                self.ec2.delete_volume(VolumeId=answer["VolumeId"])
                self.deleted.add(answer["VolumeId"])

    def request(self, token):
        tags = [{"ResourceType": "volume", "Tags": [{"Key": "token", "Value": token}]}]
        return {"AvailabilityZone": ZONE, "Size": 1, "Encrypted": True, "KmsKeyId": self.key, "ClientToken": token, "TagSpecifications": tags}

    def shuttle_about(self):
        while True:
            shown = describe(self.ec2, self.shuttle)
            try:
                if shown["State"] == "available":
                    self.ec2.attach_volume(VolumeId=self.shuttle, InstanceId=self.host, Device="/dev/sdz")
                elif shown["Attachments"][0]["State"] == "attached":
                    self.ec2.detach_volume(VolumeId=self.shuttle)
            except ClientError as error:
                if error.response["Error"]["Code"] not in ("IncorrectState", "VolumeInUse"):
                    raise

    def name_keys(self):
        while True:
            name = f"alias/{uuid.uuid4().hex}"
            self.kms.create_alias(AliasName=name, TargetKeyId=self.key)
            self.aliases[name] = True
            self.kms.delete_alias(AliasName=name)
            self.aliases[name] = False
            time.sleep(0.01)

    # --- after the restart

    def settle(self):
        """Every volume ends in a state that AWS documents for rest."""

        def rested():
            shown = self.ec2.describe_volumes()["Volumes"]
            busy = [v for v in shown if v["State"] not in ("available", "in-use")]
            busy += [v for v in shown if any(a["State"] != "attached" for a in v["Attachments"])]
            return not busy

        until(rested, seconds=60)

    def check(self):
        assert not self.failures, "\n".join(self.failures)
        self.settle()
        shown = {v["VolumeId"]: v for v in self.ec2.describe_volumes()["Volumes"]}
        for made in self.made:
            if made in self.deleted:
                assert made not in shown, f"{made} was deleted"
            elif made not in self.deleting:
                assert made in shown, f"{made} was acknowledged"
        self._tokens(shown)
        self._grants(shown)
        self._files()
        self._aliases()
        for one in list(self.shadows):
            uri = until(lambda one=one: self._device(one), seconds=60)
            self.disks[one] = uri
            self.shadows[one].check(uri)

    def _device(self, volume_id):
        answer = self.server.sealvol("device", volume_id, check=False)
        return answer.returncode == 0 and answer.stdout.strip()

    def _tokens(self, shown):
        """A call that got no answer happened once or not at all; repeating it makes it happen once."""
        tokens = [t["Value"] for v in shown.values() for t in v.get("Tags", []) if t["Key"] == "token"]
        assert len(tokens) == len(set(tokens)), "a client token made two volumes"
        for token in list(self.open_tokens):
            answer = self.ec2.create_volume(**self.request(token))
            self.made[answer["VolumeId"]] = token
            del self.open_tokens[token]
        self.settle()

    def _grants(self, shown):
        """One grant per attachment, none left over."""
        count = sum(len(v["Attachments"]) for v in shown.values() if v["Encrypted"])
        until(lambda: len(self.kms.list_grants(KeyId=self.key, Limit=100)["Grants"]) == count, seconds=30)

    def _files(self):
        """A directory for each volume and for nothing else."""

        def same():
            shown = {v["VolumeId"] for v in self.ec2.describe_volumes()["Volumes"]}
            stored = {p.parent.name for p in self.server.data.rglob("superblock")}
            folders = {p.name for p in self.server.data.rglob("vol-*") if p.is_dir()}
            return shown == stored == folders

        until(same, seconds=30)

    def _aliases(self):
        listed = set()
        for page in self.kms.get_paginator("list_aliases").paginate():
            listed |= {a["AliasName"] for a in page["Aliases"]}
        for name, there in self.aliases.items():
            if there is False:
                assert name not in listed, "a deleted alias came back"
        last = list(self.aliases)[-1:]
        for name in set(self.aliases) - set(last):
            assert (name in listed) == self.aliases[name]
        for name in listed & set(self.aliases):
            self.kms.delete_alias(AliasName=name)
        self.aliases.clear()


def test_nothing_acknowledged_is_ever_lost(make_server):
    print(f"SEALVOL_TEST_SEED={SEED} SEALVOL_TEST_CRASHES={CRASHES}")
    rng = random.Random(SEED)
    server = make_server()
    kms = server.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    load = Load(server, key, rng)
    for n, sealed in enumerate((True, False)):
        more = {"KmsKeyId": key} if sealed else {}
        disk = volume(load.ec2, Encrypted=sealed, **more)
        load.ec2.attach_volume(VolumeId=disk, InstanceId=load.host, Device=f"/dev/sd{'fg'[n]}")
        load.shadows[disk] = Shadow(rng.randrange(1 << 32))
        load.disks[disk] = until(lambda disk=disk: load._device(disk))
    for crash in range(CRASHES):
        threads = load.threads()
        for thread in threads:
            thread.start()
        time.sleep(rng.choice([0.0, 0.02, 0.1, 0.3, 0.6]) + rng.random() * 0.2)
        server.kill()
        for thread in threads:
            thread.join(60)
            assert not thread.is_alive(), "a client hangs although the server is dead"
        server.start()
        try:
            load.check()
        except BaseException:
            print(f"after crash {crash + 1} of seed {SEED}\n{server.log_tail()}")
            raise
    _once_each(server, load.request_ids)
    writes = sum(s.writes for s in load.shadows.values())
    flushes = sum(s.flushes for s in load.shadows.values())
    print(f"{CRASHES} crashes, {writes} NBD requests, {flushes} flushes, {len(load.made)} volumes made")
    assert writes > CRASHES and flushes > 0
    assert_sound(server)


def _once_each(server, request_ids):
    """Every acknowledged change has exactly one trail record."""
    found = [r["requestID"] for r in records(server, EventName="CreateVolume")]
    for one in request_ids:
        assert found.count(one) == 1, one


def test_a_crash_during_the_first_start_is_harmless(make_server):
    """Killed while it makes its account, seal and catalog; the next start finishes or begins again."""
    rng = random.Random(SEED)
    for _ in range(max(3, CRASHES // 5)):
        server = make_server(start=False, dev=False)
        import subprocess

        process = subprocess.Popen(server.command(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(rng.random() * 0.15)
        process.kill()
        process.wait()
        server.start()
        account = server.client("sts").get_caller_identity()["Account"]
        key = server.client("kms").create_key()["KeyMetadata"]["KeyId"]
        blob = server.client("kms").encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
        server.kill()
        server.start()
        assert server.client("sts").get_caller_identity()["Account"] == account
        assert server.client("kms").decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"
