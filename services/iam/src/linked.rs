//! Roles linked to services: their names and paths follow from the service, only the service can use them, and customers cannot
//! change what they may. Source: IAM User Guide, "Create a service-linked role"; the services' own pages on theirs.

use crate::find::LINKED_PATH;
use base::Refusal;
use serde_json::json;

/// A service that has a role of its own.
#[derive(Debug, PartialEq, Eq)]
pub struct LinkedService {
    /// `ecs.amazonaws.com`
    pub principal: &'static str,
    /// what follows `AWSServiceRoleFor`
    name: &'static str,
    /// several roles of it may exist in an account
    suffixes: bool,
}

const fn one(principal: &'static str, name: &'static str) -> LinkedService {
    LinkedService { principal, name, suffixes: false }
}

const fn several(principal: &'static str, name: &'static str) -> LinkedService {
    LinkedService { principal, name, suffixes: true }
}

const SERVICES: &[LinkedService] = &[
    several("autoscaling.amazonaws.com", "AutoScaling"),
    one("backup.amazonaws.com", "Backup"),
    one("batch.amazonaws.com", "Batch"),
    one("cks.kms.amazonaws.com", "KeyManagementServiceCustomKeyStores"),
    one("cloudtrail.amazonaws.com", "CloudTrail"),
    one("config.amazonaws.com", "Config"),
    one("ec2fastlaunch.amazonaws.com", "EC2FastLaunch"),
    one("ec2fleet.amazonaws.com", "EC2Fleet"),
    one("ec2scheduled.amazonaws.com", "EC2ScheduledInstances"),
    one("ecs.amazonaws.com", "ECS"),
    one("eks-nodegroup.amazonaws.com", "AmazonEKSNodegroup"),
    one("eks.amazonaws.com", "AmazonEKS"),
    one("elasticloadbalancing.amazonaws.com", "ElasticLoadBalancing"),
    one("guardduty.amazonaws.com", "AmazonGuardDuty"),
    several("lex.amazonaws.com", "LexBots"),
    one("mrk.kms.amazonaws.com", "KeyManagementServiceMultiRegionKeys"),
    one("organizations.amazonaws.com", "Organizations"),
    one("rds.amazonaws.com", "RDS"),
    one("securityhub.amazonaws.com", "SecurityHub"),
    one("spot.amazonaws.com", "EC2Spot"),
    one("spotfleet.amazonaws.com", "EC2SpotFleet"),
    one("ssm.amazonaws.com", "AmazonSSM"),
    one("support.amazonaws.com", "Support"),
    one("trustedadvisor.amazonaws.com", "TrustedAdvisor"),
];

/// The service with this principal; `InvalidInput` for one that has no role of its own.
pub fn service(principal: &str) -> Result<&'static LinkedService, Refusal> {
    SERVICES.iter().find(|service| service.principal == principal).ok_or_else(|| {
        Refusal::new(
            "InvalidInput",
            format!("The service {principal} does not support service-linked roles."),
        )
        .because(format!(
            "{principal} is not among the services whose service-linked roles this server knows"
        ))
    })
}

impl LinkedService {
    /// The name of its role, `AWSServiceRoleForAutoScaling_suffix`.
    pub fn role_name(&self, suffix: Option<&str>) -> Result<String, Refusal> {
        match suffix.filter(|suffix| !suffix.is_empty()) {
            None => Ok(format!("AWSServiceRoleFor{}", self.name)),
            Some(suffix) if self.suffixes => Ok(format!("AWSServiceRoleFor{}_{suffix}", self.name)),
            Some(_) => Err(Refusal::new(
                "InvalidInput",
                format!("Custom suffix is not allowed for {}", self.principal),
            )),
        }
    }

    pub fn path(&self) -> String {
        format!("{LINKED_PATH}{}/", self.principal)
    }

    /// Only the service may assume it.
    pub fn trust(&self) -> String {
        let statement =
            json!({"Effect": "Allow", "Principal": {"Service": self.principal}, "Action": "sts:AssumeRole"});
        json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_paths_and_trust_follow_from_the_service() {
        let spot = service("spot.amazonaws.com").unwrap();
        assert_eq!(spot.role_name(None).unwrap(), "AWSServiceRoleForEC2Spot");
        assert_eq!(spot.path(), "/aws-service-role/spot.amazonaws.com/");
        assert!(spot.trust().contains("\"spot.amazonaws.com\""));
        assert_eq!(spot.role_name(Some("x")).unwrap_err().code, "InvalidInput");
        let scaling = service("autoscaling.amazonaws.com").unwrap();
        assert_eq!(scaling.role_name(Some("x")).unwrap(), "AWSServiceRoleForAutoScaling_x");
        for unknown in ["", "spot", "spot.amazonaws.com.evil.com", "SPOT.amazonaws.com"] {
            assert_eq!(service(unknown).unwrap_err().code, "InvalidInput", "{unknown}");
        }
    }

    #[test]
    fn no_two_services_share_a_role() {
        for (i, a) in SERVICES.iter().enumerate() {
            assert!(SERVICES[..i].iter().all(|b| a.principal != b.principal && a.name != b.name), "{a:?}");
        }
    }
}
