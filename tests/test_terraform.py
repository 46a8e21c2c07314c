"""Terraform, where it and its AWS provider are installed: apply, an empty second plan, destroy."""

import os
import pathlib
import shutil
import subprocess

import pytest
from support.checks import refused, until
from support.ec2 import instance
from support.people import clients_of

PLUGINS = pathlib.Path(os.environ.get("SEALVOL_TEST_TF_PLUGINS", "/opt/tf-plugins"))
# The provider alone takes minutes beside other work.
pytestmark = [pytest.mark.timeout(900), pytest.mark.skipif(
    not shutil.which("terraform") or not PLUGINS.exists(),
    reason="terraform and a directory with its AWS provider are not installed (no Debian package)",
)]

PROVIDER = """
terraform {{
  required_providers {{
    aws = {{ source = "hashicorp/aws" }}
  }}
}}
provider "aws" {{
  region                      = "us-east-1"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
  endpoints {{
    ec2           = "{url}"
    iam           = "{url}"
    kms           = "{url}"
    organizations = "{url}"
    sts           = "{url}"
  }}
}}
"""

MAIN = PROVIDER + """
resource "aws_kms_key" "key" {{
  description             = "terraform"
  deletion_window_in_days = 7
  tags                    = {{ team = "storage" }}
}}
resource "aws_kms_alias" "alias" {{
  name          = "alias/terraform"
  target_key_id = aws_kms_key.key.key_id
}}
resource "aws_ebs_volume" "disk" {{
  availability_zone = "us-east-1a"
  size              = 4
  type              = "gp3"
  encrypted         = true
  kms_key_id        = aws_kms_key.key.arn
  tags              = {{ Name = "data" }}
}}
resource "aws_volume_attachment" "attached" {{
  device_name = "/dev/sdf"
  volume_id   = aws_ebs_volume.disk.id
  instance_id = "{host}"
}}
"""

SNAPSHOTS = PROVIDER + """
resource "aws_kms_key" "key" {{
  deletion_window_in_days = 7
}}
resource "aws_ebs_default_kms_key" "default" {{
  key_arn = aws_kms_key.key.arn
}}
resource "aws_ebs_encryption_by_default" "on" {{
  enabled = true
}}
resource "aws_ebs_snapshot_block_public_access" "closed" {{
  state = "block-all-sharing"
}}
resource "aws_ebs_volume" "first" {{
  availability_zone = "us-east-1a"
  size              = 2
  depends_on        = [aws_ebs_encryption_by_default.on, aws_ebs_default_kms_key.default]
}}
resource "aws_ebs_snapshot" "taken" {{
  volume_id   = aws_ebs_volume.first.id
  description = "by terraform"
  tags        = {{ Name = "taken" }}
}}
resource "aws_ebs_snapshot_copy" "copied" {{
  source_snapshot_id = aws_ebs_snapshot.taken.id
  source_region      = "us-east-1"
  encrypted          = true
  kms_key_id         = aws_kms_key.key.arn
}}
resource "aws_snapshot_create_volume_permission" "shared" {{
  snapshot_id = aws_ebs_snapshot.taken.id
  account_id  = "123412341234"
}}
resource "aws_ebs_volume" "restored" {{
  availability_zone = "us-east-1a"
  snapshot_id       = aws_ebs_snapshot_copy.copied.id
  size              = {size}
  type              = "gp3"
}}
"""


WHO_MAY = PROVIDER + """
data "aws_caller_identity" "me" {{}}

resource "aws_iam_user" "ann" {{
  name = "ann"
  path = "/people/"
  tags = {{ team = "storage" }}
}}
resource "aws_iam_group" "storage" {{
  name = "storage"
}}
resource "aws_iam_user_group_membership" "ann" {{
  user   = aws_iam_user.ann.name
  groups = [aws_iam_group.storage.name]
}}
resource "aws_iam_access_key" "ann" {{
  user = aws_iam_user.ann.name
}}
data "aws_iam_policy_document" "volumes" {{
  statement {{
    actions   = {actions}
    resources = ["*"]
  }}
  statement {{
    effect    = "Deny"
    actions   = ["ec2:CreateVolume"]
    resources = ["*"]
    condition {{
      test     = "Bool"
      variable = "ec2:Encrypted"
      values   = ["false"]
    }}
  }}
}}
resource "aws_iam_policy" "volumes" {{
  name        = "volumes"
  description = "guard"
  policy      = data.aws_iam_policy_document.volumes.json
}}
resource "aws_iam_group_policy_attachment" "volumes" {{
  group      = aws_iam_group.storage.name
  policy_arn = aws_iam_policy.volumes.arn
}}
resource "aws_iam_role" "operator" {{
  name                 = "operator"
  max_session_duration = 7200
  permissions_boundary = aws_iam_policy.volumes.arn
  assume_role_policy   = jsonencode({{
    Version   = "2012-10-17"
    Statement = [{{ Effect = "Allow", Action = "sts:AssumeRole", Principal = {{ AWS = aws_iam_user.ann.arn }} }}]
  }})
}}
resource "aws_iam_role_policy" "keys" {{
  name = "keys"
  role = aws_iam_role.operator.id
  policy = jsonencode({{
    Version   = "2012-10-17"
    Statement = [{{ Effect = "Allow", Action = "kms:*", Resource = aws_kms_key.shared.arn }}]
  }})
}}
resource "aws_iam_instance_profile" "operator" {{
  name = "operator"
  role = aws_iam_role.operator.name
}}
resource "aws_kms_key" "shared" {{
  deletion_window_in_days = 7
  enable_key_rotation     = true
  rotation_period_in_days = 180
  multi_region            = true
  policy = jsonencode({{
    Version = "2012-10-17"
    Statement = [
      {{ Effect = "Allow", Action = "kms:*", Resource = "*", Principal = {{ AWS = "arn:aws:iam::${{data.aws_caller_identity.me.account_id}}:root" }} }},
      {{ Effect = "Allow", Action = ["kms:Decrypt", "kms:DescribeKey"], Resource = "*", Principal = {{ AWS = aws_iam_user.ann.arn }} }},
    ]
  }})
}}
resource "aws_kms_grant" "ann" {{
  name              = "ann"
  key_id            = aws_kms_key.shared.key_id
  grantee_principal = aws_iam_role.operator.arn
  operations        = ["Decrypt"]
  constraints {{
    encryption_context_subset = {{ "aws:ebs:id" = "vol-00000000000000000" }}
  }}
}}
resource "aws_organizations_organization" "all" {{
  feature_set          = "ALL"
  enabled_policy_types = ["SERVICE_CONTROL_POLICY"]
}}
resource "aws_organizations_organizational_unit" "lab" {{
  name      = "lab"
  parent_id = aws_organizations_organization.all.roots[0].id
}}
resource "aws_organizations_policy" "volumes" {{
  name       = "volumes"
  content    = data.aws_iam_policy_document.volumes.json
  depends_on = [aws_organizations_organization.all]
}}
resource "aws_organizations_policy_attachment" "lab" {{
  policy_id = aws_organizations_policy.volumes.id
  target_id = aws_organizations_organizational_unit.lab.id
}}
"""


def test_apply_plan_destroy(server, ec2, kms, tmp_path):
    terraform = prepared(tmp_path, MAIN.format(url=server.url, host=instance(ec2)))
    terraform("init")
    terraform("apply", "-auto-approve")
    (disk,) = ec2.describe_volumes()["Volumes"]
    assert disk["Encrypted"] and disk["State"] == "in-use" and disk["Tags"] == [{"Key": "Name", "Value": "data"}]
    terraform("plan", "-detailed-exitcode")
    terraform("destroy", "-auto-approve")
    until(lambda: ec2.describe_volumes()["Volumes"] == [])
    assert kms.describe_key(KeyId=disk["KmsKeyId"])["KeyMetadata"]["KeyState"] == "PendingDeletion"


def test_defaults_snapshots_copies_and_growth(server, ec2, tmp_path):
    terraform = prepared(tmp_path, SNAPSHOTS.format(url=server.url, size=3))
    terraform("init")
    terraform("apply", "-auto-approve")
    terraform("plan", "-detailed-exitcode")
    key = ec2.get_ebs_default_kms_key_id()["KmsKeyId"]
    assert ec2.get_ebs_encryption_by_default()["EbsEncryptionByDefault"] is True
    snapshots = ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]
    assert len(snapshots) == 2 and all(s["State"] == "completed" and s["KmsKeyId"] == key for s in snapshots)
    sizes = lambda: sorted((v["Size"], v["KmsKeyId"]) for v in ec2.describe_volumes()["Volumes"])  # noqa: E731
    assert sizes() == [(2, key), (3, key)]
    (tmp_path / "main.tf").write_text(SNAPSHOTS.format(url=server.url, size=5))
    terraform("apply", "-auto-approve")
    assert sizes() == [(2, key), (5, key)]
    terraform("plan", "-detailed-exitcode")
    terraform("destroy", "-auto-approve")
    assert ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"] == []
    assert ec2.get_ebs_encryption_by_default()["EbsEncryptionByDefault"] is False
    assert ec2.get_ebs_default_kms_key_id()["KmsKeyId"] == "alias/aws/ebs"


def test_people_roles_keys_and_guardrails(server, kms, tmp_path):
    iam = server.client("iam")
    terraform = prepared(tmp_path, WHO_MAY.format(url=server.url, actions='["ec2:*"]'))
    terraform("init")
    terraform("apply", "-auto-approve")
    terraform("plan", "-detailed-exitcode")
    assert iam.get_user(UserName="ann")["User"]["Path"] == "/people/"
    assert iam.list_groups_for_user(UserName="ann")["Groups"][0]["GroupName"] == "storage"
    person = iam.create_access_key(UserName="ann")["AccessKey"]
    ec2 = clients_of(server, person)("ec2")
    with refused("DryRunOperation"):
        ec2.create_volume(AvailabilityZone="us-east-1a", Size=1, Encrypted=True, DryRun=True)
    with refused("UnauthorizedOperation"):
        ec2.create_volume(AvailabilityZone="us-east-1a", Size=1, DryRun=True)
    (tmp_path / "main.tf").write_text(WHO_MAY.format(url=server.url, actions='["ec2:*", "kms:ListAliases"]'))
    terraform("apply", "-auto-approve")
    terraform("plan", "-detailed-exitcode")
    iam.delete_access_key(UserName="ann", AccessKeyId=person["AccessKeyId"])
    terraform("destroy", "-auto-approve")
    assert iam.list_users()["Users"] == [] and iam.list_roles()["Roles"] == []


def prepared(tmp_path, text):
    """A way to run terraform on this configuration."""
    (tmp_path / "main.tf").write_text(text)
    (tmp_path / "rc").write_text(f'provider_installation {{\n filesystem_mirror {{ path = "{PLUGINS}" }}\n}}\n')
    environment = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    environment |= {"TF_CLI_CONFIG_FILE": str(tmp_path / "rc"), "TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1"}

    def terraform(*arguments, status=0):
        done = subprocess.run(
            ["terraform", *arguments, "-no-color"], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=800
        )
        assert done.returncode == status, f"{arguments}: {done.returncode}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
        return done.stdout

    return terraform
