//! Who is calling: an account's root, a user, a session of a role, a federated user. Two kinds of caller are not people: the
//! instance-infrastructure role (a host acting for one instance) and AWS services themselves. A service acting for a person keeps the person's
//! identity and adds through whom the call came (forward access session). Source: the KMS Developer
//! Guide, "How Amazon EBS uses AWS KMS", and CloudTrail User Guide, "userIdentity element".

use base::{AccountId, Region, Tag, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// EBS as a principal: grantee of the grants under which it copies and loads data.
pub const EBS: &str = "ebs.amazonaws.com";

/// The kinds of identity that can pass the door.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Principal {
    /// The account's root credentials.
    Root,
    /// An IAM user.
    User {
        /// without its path
        name: String,
        /// `/` or `/a/b/`
        path: String,
        /// `AIDA…`
        id: String,
    },
    /// A session of a role, made by AssumeRole.
    Role {
        /// without its path
        name: String,
        path: String,
        /// `AROA…`
        id: String,
        session: String,
        /// of a service-linked role
        service_linked: bool,
    },
    /// Credentials made by GetFederationToken for somebody whom user `by` vouches for; they may what the user and the session
    /// policies both may.
    FederatedUser { name: String, by: Box<Principal> },
    /// The session that a host uses for one instance: `assumed-role/aws:ec2-infrastructure/<instance>`.
    InstanceInfrastructure { instance: String },
    /// A service acting on its own, such as `ec2.us-east-1.amazonaws.com` retiring a grant.
    Service { name: String },
}

/// Through which service a caller's request was forwarded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Via {
    /// The value of `kms:ViaService`, for instance `ec2.us-east-1.amazonaws.com`.
    pub service: String,
    /// CloudTrail's `invokedBy`, `sourceIPAddress` and `userAgent`, for instance `ec2-frontend-api.amazonaws.com`.
    pub invoked_by: String,
}

/// What temporary credentials say beyond who they are for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    pub issued: Timestamp,
    pub expires: Timestamp,
    /// Texts of the session policies; `None` if the session was made without any.
    pub policies: Option<Vec<SessionPolicy>>,
    /// session tags: `aws:PrincipalTag/…`, over those of the role or user
    pub tags: Vec<Tag>,
    /// keys of tags that go on to the next AssumeRole
    pub transitive_tags: Vec<String>,
    pub source_identity: Option<String>,
}

/// One session policy, as it was when the session was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionPolicy {
    /// for reasons: `the inline session policy`, or the ARN of the managed policy that was named
    pub source: String,
    pub document: String,
}

/// One caller. Durable jobs store it, so that their calls are made in the name of who asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caller {
    pub principal: Principal,
    pub account: AccountId,
    pub access_key_id: Option<String>,
    pub source_ip: String,
    pub user_agent: String,
    pub via: Option<Via>,
    /// of temporary credentials
    #[serde(default)]
    pub session: Option<Session>,
}

impl Caller {
    /// The account root, from a socket.
    pub fn root(account: AccountId, access_key_id: &str, source_ip: &str, user_agent: &str) -> Self {
        Self::outside(Principal::Root, account, access_key_id, source_ip, user_agent)
    }

    /// Whoever holds the access key, from a socket.
    pub fn outside(
        principal: Principal,
        account: AccountId,
        access_key_id: &str,
        source_ip: &str,
        user_agent: &str,
    ) -> Self {
        Caller {
            principal,
            account,
            access_key_id: Some(access_key_id.to_owned()),
            source_ip: source_ip.to_owned(),
            user_agent: user_agent.to_owned(),
            via: None,
            session: None,
        }
    }

    /// The same with what its temporary credentials say.
    #[must_use]
    pub fn in_session(self, session: Session) -> Self {
        Caller { session: Some(session), ..self }
    }

    /// The host's session for one instance of `account`.
    pub fn instance_infrastructure(account: AccountId, instance: &str) -> Self {
        Self::internal(account, Principal::InstanceInfrastructure { instance: instance.to_owned() })
    }

    /// A service acting on its own in `account`.
    pub fn service(account: AccountId, name: &str) -> Self {
        Self::internal(account, Principal::Service { name: name.to_owned() })
    }

    fn internal(account: AccountId, principal: Principal) -> Self {
        Caller {
            principal,
            account,
            access_key_id: None,
            source_ip: "AWS Internal".into(),
            user_agent: "AWS Internal".into(),
            via: None,
            session: None,
        }
    }

    /// EC2's front end asking KMS for this caller (forward access session).
    #[must_use]
    pub fn forwarded_by_ec2(&self, region: &Region) -> Self {
        Caller {
            via: Some(Via {
                service: format!("ec2.{region}.amazonaws.com"),
                invoked_by: "ec2-frontend-api.amazonaws.com".into(),
            }),
            ..self.clone()
        }
    }

    /// The EBS direct API asking KMS for this caller.
    #[must_use]
    pub fn forwarded_by_ebs(&self, region: &Region) -> Self {
        Caller {
            via: Some(Via { service: format!("ec2.{region}.amazonaws.com"), invoked_by: EBS.into() }),
            ..self.clone()
        }
    }

    /// The EBS copy worker making its grant on the source key for this caller.
    #[must_use]
    pub fn forwarded_by_ebs_copy(&self, region: &Region) -> Self {
        Caller {
            via: Some(Via {
                service: format!("ec2.{region}.amazonaws.com"),
                invoked_by: format!("prod.kms-caller.ebs.{region}.amazonaws.com"),
            }),
            ..self.clone()
        }
    }

    /// EBS acting on its own for `account`, under grants to [`EBS`].
    pub fn ebs(account: AccountId) -> Self {
        let mut caller = Self::service(account, EBS);
        (caller.source_ip, caller.user_agent) = (EBS.into(), EBS.into());
        caller
    }

    /// The caller as an ARN, the form that policies, grants and refusals use.
    pub fn arn(&self) -> String {
        match &self.principal {
            Principal::Root => self.account.root_arn(),
            Principal::User { name, path, .. } => user_arn(&self.account, path, name),
            Principal::Role { name, session, .. } => {
                format!("arn:aws:sts::{}:assumed-role/{name}/{session}", self.account)
            }
            Principal::FederatedUser { name, .. } => {
                format!("arn:aws:sts::{}:federated-user/{name}", self.account)
            }
            Principal::InstanceInfrastructure { instance } => {
                infrastructure_session_arn(&self.account, instance)
            }
            Principal::Service { name } => name.clone(),
        }
    }

    /// Of a session the ARN of the role, of a federated user that of its user.
    pub fn issuer_arn(&self) -> Option<String> {
        match &self.principal {
            Principal::Role { name, path, .. } => Some(role_arn(&self.account, path, name)),
            Principal::FederatedUser { by, .. } => match &**by {
                Principal::User { name, path, .. } => Some(user_arn(&self.account, path, name)),
                _ => Some(self.account.root_arn()),
            },
            Principal::InstanceInfrastructure { .. } => {
                Some(format!("arn:aws:iam::{}:role/aws:ec2-infrastructure", self.account))
            }
            _ => None,
        }
    }

    /// CloudTrail's `principalId`, which is also STS's `UserId`.
    pub fn principal_id(&self) -> String {
        match &self.principal {
            Principal::Root => self.account.to_string(),
            Principal::User { id, .. } => id.clone(),
            Principal::Role { id, session, .. } => format!("{id}:{session}"),
            Principal::FederatedUser { name, .. } => format!("{}:{name}", self.account),
            Principal::InstanceInfrastructure { instance } => {
                format!("{}:aws:ec2-infrastructure:{instance}", self.account)
            }
            Principal::Service { name } => name.clone(),
        }
    }

    /// The `kms:ViaService` value, if the call was forwarded.
    pub fn via_service(&self) -> Option<&str> {
        self.via.as_ref().map(|v| v.service.as_str())
    }

    /// What CloudTrail shows as the source address: the forwarding service's name, or where the call came from.
    pub fn shown_source(&self) -> (&str, &str) {
        match &self.via {
            Some(via) => (&via.invoked_by, &via.invoked_by),
            None => (&self.source_ip, &self.user_agent),
        }
    }

    /// CloudTrail's `userIdentity`. `region` is where the call was made (instance ARNs name it).
    pub fn user_identity(&self, region: &Region) -> Value {
        let account = self.account.as_str();
        let mut identity = match &self.principal {
            Principal::Root => json!({
                "type": "Root", "principalId": self.principal_id(), "arn": self.account.root_arn(), "accountId": account,
            }),
            Principal::User { name, .. } => json!({
                "type": "IAMUser", "principalId": self.principal_id(), "arn": self.arn(), "accountId": account,
                "userName": name,
            }),
            Principal::Role { name, id, .. } => json!({
                "type": "AssumedRole",
                "principalId": self.principal_id(),
                "arn": self.arn(),
                "accountId": account,
                "sessionContext": {"sessionIssuer": {
                    "type": "Role", "principalId": id, "arn": self.issuer_arn(), "accountId": account, "userName": name,
                }},
            }),
            Principal::FederatedUser { .. } => json!({
                "type": "FederatedUser",
                "principalId": self.principal_id(),
                "arn": self.arn(),
                "accountId": account,
                "sessionContext": {"sessionIssuer": {
                    "type": "IAMUser", "arn": self.issuer_arn(), "accountId": account,
                }},
            }),
            Principal::InstanceInfrastructure { instance } => json!({
                "type": "AssumedRole",
                "principalId": self.principal_id(),
                "arn": self.arn(),
                "accountId": account,
                "sessionContext": {"sessionIssuer": {
                    "type": "Role",
                    "principalId": format!("{account}:aws:ec2-infrastructure"),
                    "arn": format!("arn:aws:iam::{account}:role/aws:ec2-infrastructure"),
                    "accountId": account,
                    "userName": "aws:ec2-infrastructure",
                }, "attributes": {"mfaAuthenticated": "false"}},
                "invokedBy": "AWS Internal",
                "inScopeOf": {
                    "issuerType": "AWS::EC2::Instance",
                    "credentialsIssuedTo": format!("arn:aws:ec2:{region}:{account}:instance/{instance}"),
                },
            }),
            Principal::Service { name } if name == EBS => json!({"type": "AWSService", "invokedBy": EBS}),
            Principal::Service { .. } => json!({
                "type": "AWSService", "invokedBy": "AWS Internal",
            }),
        };
        if let Some(session) = &self.session {
            identity["sessionContext"]["attributes"] = json!({
                "creationDate": crate::trail::iso_seconds(session.issued), "mfaAuthenticated": "false",
            });
        }
        if let Some(key) = &self.access_key_id {
            identity["accessKeyId"] = json!(key);
        }
        if let Some(via) = &self.via {
            identity["invokedBy"] = json!(via.invoked_by);
        }
        identity
    }
}

/// The grantee of an attach grant: the host's role session for one instance.
pub fn infrastructure_session_arn(account: &AccountId, instance: &str) -> String {
    format!("arn:aws:sts::{account}:assumed-role/aws:ec2-infrastructure/{instance}")
}

/// `path` begins and ends with `/`.
pub fn user_arn(account: &AccountId, path: &str, name: &str) -> String {
    format!("arn:aws:iam::{account}:user{path}{name}")
}

/// `path` begins and ends with `/`.
pub fn role_arn(account: &AccountId, path: &str, name: &str) -> String {
    format!("arn:aws:iam::{account}:role{path}{name}")
}
