// The JavaScript SDK (v3) against the server whose URL is in SEALVOL_URL: what it makes of our XML, JSON, errors, pages and waiters. Prints
// one JSON object.
import * as trails from "@aws-sdk/client-cloudtrail";
import * as ec2s from "@aws-sdk/client-ec2";
import * as kmss from "@aws-sdk/client-kms";
import * as stss from "@aws-sdk/client-sts";

const settings = {
  endpoint: process.env.SEALVOL_URL,
  region: "us-east-1",
  credentials: { accessKeyId: "test", secretAccessKey: "test" },
  maxAttempts: 1,
};
const ec2 = new ec2s.EC2Client(settings);
const kms = new kmss.KMSClient(settings);
const seen = {};

seen.account = (await new stss.STSClient(settings).send(new stss.GetCallerIdentityCommand({}))).Account;
const key = (await kms.send(new kmss.CreateKeyCommand({ Description: "für <JavaScript> & Co" }))).KeyMetadata;
seen.key = { description: key.Description, state: key.KeyState, created: key.CreationDate instanceof Date };
const sealed = await kms.send(
  new kmss.EncryptCommand({ KeyId: key.KeyId, Plaintext: Buffer.from("hello"), EncryptionContext: { a: "b" } }),
);
const opened = await kms.send(
  new kmss.DecryptCommand({ CiphertextBlob: sealed.CiphertextBlob, EncryptionContext: { a: "b" } }),
);
seen.opened = Buffer.from(opened.Plaintext).toString();

const place = { AvailabilityZone: "us-east-1a", Size: 1 };
const tags = [{ ResourceType: "volume", Tags: [{ Key: "a&", Value: " <ü> " }] }];
const made = await ec2.send(
  new ec2s.CreateVolumeCommand({ ...place, Encrypted: true, KmsKeyId: key.Arn, TagSpecifications: tags }),
);
const polling = { client: ec2, maxWaitTime: 30, minDelay: 1, maxDelay: 1 };
await ec2s.waitUntilVolumeAvailable(polling, { VolumeIds: [made.VolumeId] });
const shown = (await ec2.send(new ec2s.DescribeVolumesCommand({ VolumeIds: [made.VolumeId] }))).Volumes[0];
seen.volume = {
  tags: shown.Tags,
  attachments: shown.Attachments,
  snapshot: shown.SnapshotId,
  encrypted: shown.Encrypted,
  key: shown.KmsKeyId === key.Arn,
  created: shown.CreateTime instanceof Date,
};
for (let n = 0; n < 7; n++) await ec2.send(new ec2s.CreateVolumeCommand(place));
seen.pages = [];
for await (const page of ec2s.paginateDescribeVolumes({ client: ec2, pageSize: 5 }, {})) {
  seen.pages.push(page.Volumes.length);
}
const launched = await ec2.send(
  new ec2s.RunInstancesCommand({ ImageId: "ami-0123456789abcdef0", MinCount: 1, MaxCount: 1, InstanceType: "t3.micro" }),
);
seen.instance = launched.Instances[0].State;

seen.errors = [];
for (const call of [
  () => ec2.send(new ec2s.DeleteVolumeCommand({ VolumeId: "vol-0123456789abcdef0" })),
  () => kms.send(new kmss.DescribeKeyCommand({ KeyId: "alias/nobody" })),
  () => kms.send(new kmss.DecryptCommand({ CiphertextBlob: sealed.CiphertextBlob })),
]) {
  try {
    await call();
  } catch (error) {
    seen.errors.push([error.name, error.$metadata.httpStatusCode, Boolean(error.$metadata.requestId)]);
  }
}
const trail = new trails.CloudTrailClient(settings);
const found = await trail.send(new trails.LookupEventsCommand({ MaxResults: 1 }));
seen.trail = found.Events[0].EventTime instanceof Date && JSON.parse(found.Events[0].CloudTrailEvent).eventVersion;
console.log(JSON.stringify(seen));
