//! AWS's own managed policies: the same in every account, part of the program, changed by nobody. Only those that concern the
//! services of this server; what they say of other services is left out where it has no effect here. Every one attached
//! anywhere is decided by the document that `GetPolicyVersion` shows.
//!
//! Source: AWS Managed Policy Reference Guide (names, paths, ids, documents as of 2025; ReadOnlyAccess, ViewOnlyAccess and
//! SecurityAudit shortened to the services that exist here).

use std::sync::LazyLock;

/// One policy of AWS's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AwsManaged {
    pub name: &'static str,
    /// `/` or `/job-function/`
    pub path: &'static str,
    /// `ANPA…`
    pub id: &'static str,
    pub description: &'static str,
    /// id of the only version that is kept here, the default one: `v1`
    pub version: &'static str,
    /// `2015-02-06T18:39:46Z`
    pub created: &'static str,
    /// the policy document, JSON
    pub document: &'static str,
}

impl AwsManaged {
    /// `arn:aws:iam::aws:policy/job-function/ViewOnlyAccess`
    pub fn arn(&self) -> String {
        format!("{PREFIX}{}{}", self.path, self.name)
    }
}

const PREFIX: &str = "arn:aws:iam::aws:policy";

/// Every policy that the program has, by ARN.
pub fn all() -> &'static [AwsManaged] {
    &ALL
}

/// The policy of this ARN.
pub fn find(arn: &str) -> Option<&'static AwsManaged> {
    let at = ARNS.binary_search_by(|known| known.as_str().cmp(arn)).ok()?;
    ALL.get(at)
}

static ARNS: LazyLock<Vec<String>> = LazyLock::new(|| ALL.iter().map(AwsManaged::arn).collect());

static ALL: LazyLock<Vec<AwsManaged>> = LazyLock::new(|| {
    let mut all = TABLE.to_vec();
    all.sort_by_key(AwsManaged::arn);
    all
});

macro_rules! managed {
    ($name:literal, $path:literal, $id:literal, $version:literal, $created:literal, $description:literal) => {
        AwsManaged {
            name: $name,
            path: $path,
            id: $id,
            description: $description,
            version: $version,
            created: $created,
            document: include_str!(concat!("documents/", $name, ".json")),
        }
    };
}

#[rustfmt::skip] // one policy, two lines
const TABLE: &[AwsManaged] = &[
    managed!("AdministratorAccess", "/", "ANPAIWMBCKSKIEE64ZLYK", "v1", "2015-02-06T18:39:46Z",
        "Provides full access to AWS services and resources."),
    managed!("PowerUserAccess", "/", "ANPAJYRXTHIB4FOVS3ZXS", "v6", "2015-02-06T18:39:47Z",
        "Provides full access to AWS services and resources, but does not allow management of Users and groups."),
    managed!("ReadOnlyAccess", "/", "ANPAILL3HVNFSB6DCOWYQ", "v1", "2015-02-06T18:39:48Z",
        "Provides read-only access to AWS services and resources."),
    managed!("IAMFullAccess", "/", "ANPAI7XKCFMBPM3QQRRVQ", "v2", "2015-02-06T18:40:38Z",
        "Provides full access to IAM via the AWS Management Console."),
    managed!("IAMReadOnlyAccess", "/", "ANPAJKSO7NDY4T57MWDSQ", "v4", "2015-02-06T18:40:39Z",
        "Provides read only access to IAM via the AWS Management Console."),
    managed!("AmazonEC2FullAccess", "/", "ANPAI3VAJF5ZCRZ7MCQE6", "v5", "2015-02-06T18:40:15Z",
        "Provides full access to Amazon EC2 via the AWS Management Console."),
    managed!("AmazonEC2ReadOnlyAccess", "/", "ANPAIGDT4SV4GSETWTBZK", "v2", "2015-02-06T18:40:17Z",
        "Provides read only access to Amazon EC2 via the AWS Management Console."),
    managed!("AWSKeyManagementServicePowerUser", "/", "ANPAJNPP7PPPPMJRV2SA4", "v2", "2015-02-06T18:40:40Z",
        "Provides access to AWS Key Management Service (KMS)."),
    managed!("AWSOrganizationsFullAccess", "/", "ANPAJZXBNRCJKNLQHSB5M", "v7", "2018-11-06T20:31:57Z",
        "Provides full access to AWS Organizations."),
    managed!("AWSOrganizationsReadOnlyAccess", "/", "ANPAJY5RQATUV77PEPVOM", "v5", "2018-11-06T20:32:38Z",
        "Provides read-only access to AWS Organizations."),
    managed!("AWSCloudTrail_ReadOnlyAccess", "/", "ANPA3DNAJQ2BBKD7CCLH4", "v1", "2022-06-14T17:19:43Z",
        "This policy allows read access to AWS CloudTrail."),
    managed!("SecurityAudit", "/", "ANPAIX2T3QCXHR2OGGCTO", "v1", "2015-02-06T18:41:01Z",
        "The security audit template grants access to read security configuration metadata. It is useful for software that \
         audits the configuration of an AWS account."),
    managed!("ViewOnlyAccess", "/job-function/", "ANPAID22R6XPJATWOFDK6", "v1", "2016-11-10T17:20:15Z",
        "This policy grants permissions to view resources and basic metadata across all AWS services."),
];

#[cfg(test)]
mod tests {
    use super::*;
    use rules::iam::{Policy, PolicyType};

    #[test]
    fn every_policy_is_found_by_its_arn_and_can_be_read() {
        for policy in all() {
            assert_eq!(find(&policy.arn()), Some(policy));
            assert!(Policy::parse(policy.document, PolicyType::Identity).is_ok(), "{}", policy.name);
            assert!(policy.id.starts_with("ANPA") && policy.id.len() == 21, "{}", policy.id);
        }
        assert_eq!(all().len(), TABLE.len());
    }

    #[test]
    fn an_arn_that_is_not_exactly_a_policys_finds_none() {
        for arn in [
            "",
            "AdministratorAccess",
            "arn:aws:iam::aws:policy/administratoraccess",
            "arn:aws:iam::aws:policy/ViewOnlyAccess",
            "arn:aws:iam::111122223333:policy/AdministratorAccess",
            "arn:aws:iam::aws:policy/AdministratorAccess/",
        ] {
            assert_eq!(find(arn), None, "{arn}");
        }
        assert!(find("arn:aws:iam::aws:policy/job-function/ViewOnlyAccess").is_some());
    }
}
