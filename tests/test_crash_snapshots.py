"""A model of volumes and snapshots against the server, which dies by kill -9 (or ends by SIGTERM) at random moments while clients write, take
snapshots, restore, copy, upload, delete and grow. After each restart: every snapshot whose answer came exists, completes, and holds exactly
its instant; every acknowledged restore, copy, growth and deletion is finished; volumes hold all flushed bytes; nothing is stuck, and no
object or grant is left over. SEALVOL_TEST_CRASHES says how often (25, or as often as fits into a minute), SEALVOL_TEST_SEED which run."""

import itertools
import json
import os
import random
import threading
import time
import uuid

import pytest
from botocore.exceptions import ClientError
from support.checks import until
from support.dying import until_it_dies
from support.ec2 import ZONE, instance
from support.fsck import assert_sound
from support.model import CHUNKS, PER_CHUNK, UNITS, Content, Disk, _numbers, encode, read_device, read_snapshot
from support.nbd import Client
from support.snapshots import BLOCK, checksum, finish

pytestmark = [pytest.mark.crash, pytest.mark.timeout(3600)]

CRASHES = int(os.environ.get("SEALVOL_TEST_CRASHES", "25"))
SECONDS = 60 if "SEALVOL_TEST_CRASHES" not in os.environ else float("inf")
SEED = int(os.environ.get("SEALVOL_TEST_SEED", "0")) or random.SystemRandom().randrange(1 << 32)
HOME, FAR = "us-east-1", "eu-west-1"
# The key is whatever the account's default is.
DEFAULT = "default"
# A snapshot or volume that is just going, a volume that was snapshotted or grown lately, a snapshot that is still pending.
BUSY = {
    "SnapshotCreationPerVolumeRateExceeded",
    "ConcurrentSnapshotLimitExceeded",
    "IncorrectState",
    "IncorrectModificationState",
    "VolumeModificationRateExceeded",
}


class Snap:
    """A snapshot and what it must hold; of a copy under way, what it is made of."""

    def __init__(self, snapshot_id, region, content, key, source=None):
        self.id, self.region, self.content, self.key, self.source = snapshot_id, region, content, key, source
        self.looked_at = self.deleting = self.deleted = False


class Upload:
    """A snapshot written block by block; whatever a crash leaves undone is repeated."""

    def __init__(self, request, blocks, content, key):
        self.request, self.blocks, self.content, self.key = request, blocks, content, key
        self.snap = None

    def go_on(self, ebs, happened=lambda what: None):
        made = ebs.start_snapshot(**self.request)["SnapshotId"]
        for index, data in self.blocks.items():
            ebs.put_snapshot_block(
                SnapshotId=made, BlockIndex=index, BlockData=data, DataLength=BLOCK, Checksum=checksum(data), ChecksumAlgorithm="SHA256"
            )
            happened("put")
        finish(ebs, made, self.blocks)
        return made


class World:
    """Everything that was asked for, and clients that ask for more."""

    def __init__(self, server, rng):
        self.server, self.rng = server, rng
        self.ec2 = {region: server.client("ec2", region=region) for region in (HOME, FAR)}
        self.ebs = {region: server.client("ebs", region=region) for region in (HOME, FAR)}
        self.kms = {region: server.client("kms", region=region) for region in (HOME, FAR)}
        new = lambda region: self.kms[region].create_key()["KeyMetadata"]["Arn"]  # noqa: E731
        self.keys = {HOME: [new(HOME), new(HOME)], FAR: [new(FAR)]}
        self.host = instance(self.ec2[HOME])
        self.disks, self.snaps = {}, {}
        # Asked for, not answered: op to what it would be.
        self.open = {}
        self.uploads = []
        self.failures = []
        self.counts = {}
        self.growing = threading.Lock()
        self.can_copy = True
        self._happened = {}
        self._names = itertools.cycle(f"/dev/xvd{a}{b}" for a in "bcdefghijklmnopqrstuvwxyz" for b in "abcdefghijklmnopqrstuvwxyz")

    # --- clients at work

    def happened(self, what):
        self.counts[what] = self.counts.get(what, 0) + 1
        event = self._happened.get(what)
        if event:
            event.set()

    def threads(self):
        seeds = lambda: random.Random(self.rng.randrange(1 << 32))  # noqa: E731
        writers = [d for d in self.disks.values() if d.uri and d.looked_at]
        work = [lambda d=d, r=seeds(): self.write(d, r) for d in writers]
        work += [lambda r=seeds(): self.act(r) for _ in range(3)]
        return [until_it_dies(w, self.failures) for w in work]

    def write(self, disk, rng):
        with Client(disk.uri, timeout=30) as device:
            while True:
                disk.step(device, rng)
                time.sleep(rng.choice((0, 0, 0.001, 0.005)))

    def act(self, rng):
        acts = [self.snapshot] * 4 + [self.snapshots] + [self.restore] * 3 + [self.copy] * 3
        acts += [self.delete_snapshot] * 2 + [self.delete_volume, self.grow, self.upload]
        while True:
            rng.choice(acts)(rng)
            time.sleep(rng.random() * 0.02)

    def _ask(self, what, region, made, call, going=lambda: False):
        """Asks for something new; it carries a tag by which it is found if the answer never comes."""
        op = uuid.uuid4().hex
        self.open[op] = (what, region, made)
        try:
            answer = call([{"Key": "op", "Value": op}])
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500:
                raise
            del self.open[op]
            if code in BUSY or (going() and code.endswith(".NotFound")):
                return None
            raise
        del self.open[op]
        return answer

    def _tagged(self, kind, tags):
        return [{"ResourceType": kind, "Tags": tags}]

    def snapshot(self, rng):
        there = [d for d in self.disks.values() if d.looked_at and not d.deleting]
        if not there or len(self._snaps()) > 14:
            return
        disk = rng.choice(there)
        mark = disk.mark()
        call = lambda tags: self.ec2[HOME].create_snapshot(VolumeId=disk.id, TagSpecifications=self._tagged("snapshot", tags))  # noqa: E731
        never = lambda made: Snap(made, HOME, disk.since(mark), disk.key)  # noqa: E731
        answer = self._ask("snapshot", HOME, never, call, lambda: disk.deleting)
        if answer:
            self.snaps[answer["SnapshotId"]] = Snap(answer["SnapshotId"], HOME, disk.between(mark), disk.key)
            self.happened("snapshot")

    def snapshots(self, rng):
        """All volumes of the instance at one instant. A crash before the answer leaves what `_strangers` finds."""
        if len(self._snaps()) > 10:
            return
        marks = {d.id: d.mark() for d in self.disks.values() if d.looked_at and d.uri}

        def never(made):
            volume = self._show_snapshots(HOME)[made]["VolumeId"]
            return Snap(made, HOME, self.disks[volume].since(marks[volume]), self.disks[volume].key)

        def call(tags):
            return self.ec2[HOME].create_snapshots(
                InstanceSpecification={"InstanceId": self.host}, TagSpecifications=self._tagged("snapshot", tags)
            )

        answer = self._ask("snapshots", HOME, never, call)
        for one in answer["Snapshots"] if answer else ():
            disk = self.disks[one["VolumeId"]]
            self.snaps[one["SnapshotId"]] = Snap(one["SnapshotId"], HOME, disk.between(marks[disk.id]), disk.key)
            self.happened("snapshot")

    def _snaps(self, region=None):
        return [s for s in list(self.snaps.values()) if not s.deleting and region in (None, s.region)]

    def _pick_snapshot(self, rng, region=None):
        there = self._snaps(region)
        return rng.choice(there) if there else None

    def _key(self, rng, region):
        return rng.choice([None, *self.keys[region]])

    def restore(self, rng):
        snap = self._pick_snapshot(rng, HOME)
        if not snap or len([d for d in self.disks.values() if not d.deleting]) > 9:
            return
        key = self._key(rng, HOME)
        more = {"KmsKeyId": key, "Encrypted": True} if key else {}
        size = rng.choice((None, None, 4))
        more |= {"Size": size} if size else {}

        def call(tags):
            return self.ec2[HOME].create_volume(
                AvailabilityZone=ZONE, SnapshotId=snap.id, VolumeType="gp3", TagSpecifications=self._tagged("volume", tags), **more
            )

        make = lambda made: Disk(made, snap.content, key or snap.key)  # noqa: E731
        answer = self._ask("restore", HOME, make, call, lambda: snap.deleting)
        if answer:
            disk = make(answer["VolumeId"])
            disk.size = disk.wanted = answer["Size"]
            self.disks[disk.id] = disk
            self.happened("restore")

    def copy(self, rng):
        snap = self._pick_snapshot(rng)
        if not snap or not self.can_copy or len(self._snaps()) > 14:
            return
        region = rng.choice((snap.region, snap.region, HOME, FAR))
        key = self._key(rng, region)
        more = {"KmsKeyId": key, "Encrypted": True} if key else {}
        if not self._is_complete(snap):
            return

        def call(tags):
            return self.ec2[region].copy_snapshot(
                SourceSnapshotId=snap.id, SourceRegion=snap.region, TagSpecifications=self._tagged("snapshot", tags), **more
            )

        # A copy is never under the source's key by itself.
        its_key = key or (snap.key and DEFAULT)
        make = lambda made: Snap(made, region, snap.content, its_key, source=snap)  # noqa: E731
        try:
            answer = self._ask("copy", region, make, call, lambda: snap.deleting)
        except ClientError as error:
            if error.response["Error"]["Code"] != "InvalidAction":
                raise
            self.can_copy = False
            return
        if answer:
            self.snaps[answer["SnapshotId"]] = make(answer["SnapshotId"])
            self.happened("copy")

    def _is_complete(self, snap):
        return self._show_snapshots(snap.region).get(snap.id, {}).get("State") == "completed"

    def delete_snapshot(self, rng):
        snap = self._pick_snapshot(rng)
        if not snap or len(self._snaps()) < 5:
            return
        snap.deleting = True
        self.ec2[snap.region].delete_snapshot(SnapshotId=snap.id)
        snap.deleted = True
        self.happened("delete")

    def delete_volume(self, rng):
        there = [d for d in self.disks.values() if not d.deleting and not d.uri]
        if len(there) < 3:
            return
        disk = rng.choice(there)
        disk.deleting = True
        self.ec2[HOME].delete_volume(VolumeId=disk.id)
        disk.deleted = True
        self.happened("delete volume")

    def grow(self, rng):
        there = [d for d in self.disks.values() if not d.deleting and d.looked_at and d.wanted < 4]
        if not there:
            return
        disk = rng.choice(there)
        with self.growing:
            before, target = disk.wanted, disk.wanted + 1
            disk.wanted = target
            try:
                self.ec2[HOME].modify_volume(VolumeId=disk.id, Size=target)
            except ClientError as error:
                code = error.response["Error"]["Code"]
                if code in BUSY or (disk.deleting and code.endswith(".NotFound")):
                    disk.wanted = before
                    return
                raise
            disk.size = target
        self.happened("grow")

    def upload(self, rng):
        if len(self._snaps()) > 14:
            return
        parents = [s for s in self._snaps(HOME) if s.looked_at]
        parent = rng.choice(parents) if parents and rng.random() < 0.6 else None
        key = parent.key if parent else self._key(rng, HOME)
        numbers = dict(parent.content.exact()) if parent else {}
        blocks = {}
        for index in rng.sample(CHUNKS, rng.randrange(4)):
            mine = {unit: next(_numbers) if rng.random() < 0.7 else 0 for unit in UNITS if unit // PER_CHUNK == index}
            blocks[index] = encode(index, mine)
            numbers |= mine
        request = {"VolumeSize": 4 if parent else 1, "ClientToken": uuid.uuid4().hex}
        request |= {"ParentSnapshotId": parent.id} if parent else {"KmsKeyArn": key} if key else {}
        upload = Upload(request, blocks, Content({unit: {number} for unit, number in numbers.items()}), key)
        self.uploads.append(upload)
        try:
            made = upload.go_on(self.ebs[HOME], self.happened)
        except ClientError as error:
            gone = parent and parent.deleting and error.response["Error"]["Code"] == "ResourceNotFoundException"
            if gone:
                self.uploads.remove(upload)
                return
            raise
        self.snaps[made] = Snap(made, HOME, upload.content, key)
        self.uploads.remove(upload)
        self.happened("upload")

    # --- after the restart

    def _show_snapshots(self, region):
        shown = {}
        for page in self.ec2[region].get_paginator("describe_snapshots").paginate(OwnerIds=["self"], PaginationConfig={"PageSize": 100}):
            shown |= {s["SnapshotId"]: s for s in page["Snapshots"]}
        return shown

    def _show_volumes(self):
        return {v["VolumeId"]: v for v in self.ec2[HOME].describe_volumes()["Volumes"]}

    def settle(self):
        """Everything comes to rest, in states that AWS documents for rest."""

        def busy():
            volumes = self._show_volumes().values()
            found = [(v["VolumeId"], v["State"]) for v in volumes if v["State"] not in ("available", "in-use")]
            found += [(v["VolumeId"], a["State"]) for v in volumes for a in v["Attachments"] if a["State"] != "attached"]
            for region in (HOME, FAR):
                # A block-by-block snapshot stays pending until its client comes back.
                shown = self._show_snapshots(region).values()
                found += [(s["SnapshotId"], s["State"]) for s in shown if s["State"] == "pending" and s["VolumeId"] != "vol-ffffffff"]
                found += [(s.id, "pending") for s in self._snaps(region) if self._state(region, s.id) == "pending"]
            changes = self.ec2[HOME].describe_volumes_modifications()["VolumesModifications"]
            found += [(m["VolumeId"], m["ModificationState"]) for m in changes if m["ModificationState"] in ("modifying", "optimizing")]
            return found

        deadline = time.monotonic() + 90
        while still := busy():
            if time.monotonic() > deadline:
                told = [self.server.sealvol("explain", one, check=False, region=region).stdout for one, _ in still for region in (HOME, FAR)]
                raise AssertionError(f"stuck: {still}\n" + "\n".join(told))
            time.sleep(0.1)

    def _state(self, region, snapshot_id):
        return self._show_snapshots(region).get(snapshot_id, {}).get("State")

    def check(self, scrub=False):
        assert not self.failures, "\n".join(self.failures)
        self.settle()
        self._adopt()
        self._uploads()
        self.settle()
        self._listed()
        self._disks()
        self._snapshots()
        self._restored()
        self._grants()
        if scrub:
            self.scrub()

    def _adopt(self):
        """A call that got no answer happened once or not at all."""
        found = {}
        for region in (HOME, FAR):
            shown = [*self._show_snapshots(region).items(), *(self._show_volumes().items() if region == HOME else ())]
            for made, one in shown:
                for tag in one.get("Tags", []):
                    if tag["Key"] == "op" and made not in self.snaps and made not in self.disks:
                        found.setdefault(tag["Value"], []).append(made)
        for op, many in found.items():
            what, _, make = self.open[op]
            assert len(many) == 1 or what == "snapshots", f"{what} made {many}"
            for made in many:
                if what == "restore":
                    self.disks[made] = make(made)
                    self.disks[made].size = self.disks[made].wanted = self._show_volumes()[made]["Size"]
                else:
                    self.snaps[made] = make(made)
                    self.happened(f"{what} without an answer")
        self.open.clear()

    def _uploads(self):
        for upload in self.uploads:
            try:
                made = upload.go_on(self.ebs[HOME])
            except ClientError as error:
                code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
                parent = self.snaps.get(upload.request.get("ParentSnapshotId"))
                if parent and parent.deleting and code == "ResourceNotFoundException" and parent.id in message:
                    continue
                if message != "Snapshot is already completed":
                    raise
                # The answer to CompleteSnapshot was lost, and perhaps its second half: asked again it goes on.
                made = self.ebs[HOME].start_snapshot(**upload.request)["SnapshotId"]
                finish(self.ebs[HOME], made, upload.blocks)
            self.snaps[made] = Snap(made, HOME, upload.content, upload.key)
            self.happened("upload gone on with")
        self.uploads.clear()

    def _listed(self):
        """What was acknowledged is there, what was deleted is gone, and nothing else is there."""
        volumes = self._show_volumes()
        for disk in list(self.disks.values()):
            if disk.id in volumes:
                assert not disk.deleted, f"{disk.id} was deleted"
                disk.deleting = False
                shown = volumes[disk.id]
                assert disk.size <= shown["Size"] <= disk.wanted, (disk.id, shown["Size"], disk.size, disk.wanted)
                disk.size = disk.wanted = shown["Size"]
                assert shown["Encrypted"] is bool(disk.key) and shown.get("KmsKeyId") in (disk.key, *self._default(disk.key, HOME)), shown
                disk.key = shown.get("KmsKeyId")
            else:
                assert disk.deleting, f"{disk.id} is lost"
                del self.disks[disk.id]
        assert set(volumes) == set(self.disks)
        for region in (HOME, FAR):
            shown = self._show_snapshots(region)
            for snap in [s for s in self.snaps.values() if s.region == region]:
                if snap.id not in shown:
                    assert snap.deleting, f"{snap.id} is lost"
                    del self.snaps[snap.id]
                    continue
                assert not snap.deleted, f"{snap.id} was deleted"
                snap.deleting = False
                one = shown[snap.id]
                # A source that is deleted before the copy is begun is not found.
                if one["State"] == "error" and snap.source and snap.source.deleting:
                    assert one["StateMessage"] == "Source snapshot is not found", one
                    self.ec2[region].delete_snapshot(SnapshotId=snap.id)
                    del self.snaps[snap.id], shown[snap.id]
                    continue
                assert one["State"] == "completed" and one["Progress"] == "100%", one
                snap.source = None
                assert one["Encrypted"] is bool(snap.key) and one.get("KmsKeyId") in (snap.key, *self._default(snap.key, region)), one
                snap.key = one.get("KmsKeyId")
            mine = {s.id for s in self.snaps.values() if s.region == region}
            known = {s for s in shown if shown[s]["State"] != "pending"}
            assert known <= mine, f"nobody asked for {known - mine}"

    def _default(self, key, region):
        """The default key's ARN, if that is meant."""
        if key != DEFAULT:
            return ()
        aliases = [a for page in self.kms[region].get_paginator("list_aliases").paginate() for a in page["Aliases"]]
        account = "000000000000"
        return [f"arn:aws:kms:{region}:{account}:key/{a['TargetKeyId']}" for a in aliases if a["AliasName"] == "alias/aws/ebs"]

    def _disks(self):
        """All attached volumes, read whole."""
        for disk in [d for d in self.disks.values() if d.uri]:
            disk.uri = until(lambda d=disk: self._device(d), seconds=60)
            with Client(disk.uri, timeout=60) as device:
                assert device.size == disk.size << 30
                disk.looked(read_device(device))
                device.flush()

    def _device(self, disk):
        answer = self.server.sealvol("device", disk.id, check=False)
        return answer.returncode == 0 and answer.stdout.strip()

    def _snapshots(self, again=2):
        """All that are new, and a few that were read before."""
        old = [s for s in self.snaps.values() if s.looked_at]
        for snap in [s for s in self.snaps.values() if not s.looked_at] + self.rng.sample(old, min(again, len(old))):
            snap.content.settle(read_snapshot(self.ebs[snap.region], snap.id), snap.id)
            snap.looked_at = True

    def _restored(self):
        """Volumes that are not attached are attached and read; some stay so, and are written to from now on."""
        idle = [d for d in self.disks.values() if not d.uri]
        new = [d for d in idle if not d.looked_at]
        for disk in new + self.rng.sample([d for d in idle if d.looked_at], min(1, len(idle) - len(new))):
            self._attach(disk)
        attached = [d for d in self.disks.values() if d.uri]
        self.rng.shuffle(attached)
        for disk in attached[4:]:
            self.ec2[HOME].detach_volume(VolumeId=disk.id)
            disk.uri = None
        self.settle()

    def _attach(self, disk):
        taken = {d.name for d in self.disks.values()}
        disk.name = next(name for name in self._names if name not in taken)
        self.ec2[HOME].attach_volume(VolumeId=disk.id, InstanceId=self.host, Device=disk.name)
        disk.uri = until(lambda: self._device(disk), seconds=60)
        with Client(disk.uri, timeout=60) as device:
            disk.looked(read_device(device))

    def _grants(self):
        """One grant for each attachment, none for what is done."""

        def counts():
            shown = self._show_volumes().values()
            wanted = {k: sum(len(v["Attachments"]) for v in shown if v.get("KmsKeyId") == k) for k in self.keys[HOME]}
            there = {k: len(self.kms[HOME].list_grants(KeyId=k, Limit=100)["Grants"]) for k in self.keys[HOME]}
            there |= {k: len(self.kms[FAR].list_grants(KeyId=k, Limit=100)["Grants"]) for k in self.keys[FAR]}
            return there == wanted | dict.fromkeys(self.keys[FAR], 0)

        until(counts, seconds=30, every=0.2)

    def scrub(self):
        """Nothing is damaged; what no snapshot names disappears."""

        def clean():
            done = self.server.sealvol("scrub", "--data", str(self.server.data), "--json", check=False, timeout=120)
            lines = [json.loads(line) for line in done.stdout.splitlines()]
            damage = [line for line in lines if line.get("Kind") in ("manifest", "page", "chunk")]
            assert not damage and lines[-1]["Damaged"] == 0, damage
            return not [line for line in lines if line.get("Kind") == "unnamed"]

        until(clean, seconds=60, every=1)

    # --- the end

    def delete_everything(self):
        for disk in self.disks.values():
            if disk.uri:
                self.ec2[HOME].detach_volume(VolumeId=disk.id)
        self.settle()
        # In any order: snapshots that others are built on, or load from, too.
        for snap in self.rng.sample(list(self.snaps.values()), len(self.snaps)):
            self.ec2[snap.region].delete_snapshot(SnapshotId=snap.id)
        for disk in self.disks.values():
            self.ec2[HOME].delete_volume(VolumeId=disk.id)
        for region in (HOME, FAR):
            for left in self._show_snapshots(region):
                # Begun block by block, and its parent went before the first answer.
                self.ec2[region].delete_snapshot(SnapshotId=left)
        until(lambda: not self._show_volumes(), seconds=60)
        chunks = self.server.data / "chunks"
        files = lambda: [str(p.relative_to(chunks)) for p in chunks.rglob("*") if p.is_file()]  # noqa: E731
        deadline = time.monotonic() + 60
        while left := files():
            assert time.monotonic() < deadline, f"objects of deleted snapshots are left: {left[:10]}"
            time.sleep(0.2)
        assert not [p for p in self.server.data.rglob("vol-*") if p.is_dir()]
        for region, keys in self.keys.items():
            for key in keys:
                assert self.kms[region].list_grants(KeyId=key)["Grants"] == []


def die(world, rng):
    """At a random moment, or just after something happened."""
    moments = [None, None, "snapshot", "restore", "copy", "delete", "put", "upload", "grow", "delete volume"]
    moment = rng.choice(moments)
    if moment is None:
        time.sleep(rng.random() * 1.5)
    else:
        world._happened = {moment: threading.Event()}
        world._happened[moment].wait(2)
        world._happened = {}
        time.sleep(rng.choice((0, 0.002, 0.01, 0.05, 0.2)) * rng.random())
    return moment


def test_snapshots_volumes_and_copies_are_what_the_model_says_after_every_crash(make_server):
    print(f"SEALVOL_TEST_SEED={SEED} SEALVOL_TEST_CRASHES={CRASHES}")
    rng = random.Random(SEED)
    server = make_server()
    world = World(server, rng)
    for key in (None, *world.keys[HOME]):
        more = {"Encrypted": True, "KmsKeyId": key} if key else {}
        made = world.ec2[HOME].create_volume(AvailabilityZone=ZONE, Size=1, VolumeType="gp3", **more)["VolumeId"]
        world.disks[made] = Disk(made, Content({}), key)
    world.settle()
    world._restored()
    begun, crashes = time.monotonic(), 0
    while crashes < CRASHES and time.monotonic() - begun < SECONDS:
        threads = world.threads()
        for thread in threads:
            thread.start()
        moment = die(world, rng)
        polite = crashes % 5 == 4
        server.stop() if polite else server.kill()
        for thread in threads:
            thread.join(60)
            assert not thread.is_alive(), "a client hangs although the server is dead"
        server.start()
        crashes += 1
        try:
            world.check(scrub=crashes % 3 == 0)
        except BaseException:
            print(f"after crash {crashes} ({'SIGTERM' if polite else 'kill -9'}, {moment}) of seed {SEED}, data in {server.data}\n{server.log_tail()}")
            raise
    world.scrub()
    assert_sound(server)
    server.start()
    for disk in world.disks.values():
        if disk.uri:
            disk.uri = world._device(disk)
    world._snapshots(again=100)
    writes, flushes = (sum(getattr(d, n) for d in world.disks.values()) for n in ("writes", "flushes"))
    world.delete_everything()
    print(f"{crashes} crashes in {time.monotonic() - begun:.0f} s, {writes} writes and {flushes} flushes, {world.counts}")
    assert writes and flushes and world.counts.get("snapshot") and world.counts.get("restore")
    assert_sound(server)
