//! What a launch asks for and this server does not have yet. Each is refused by name: somebody who asked for termination
//! protection and got an instance would believe that it is protected. Things that name a resource (a subnet, a security group)
//! are refused as AWS refuses resources that do not exist, for here none exists. User data is taken: no guest runs that could
//! read it. Messages: EC2 API Reference, "Error codes".

use base::Refusal;
use wire::generated::ec2::RunInstancesInput;

/// Refuses the first wish that cannot be fulfilled.
pub fn check(input: &RunInstancesInput) -> Result<(), Refusal> {
    if let Some(name) = input.instance_type.as_deref() {
        rules::instance_types::check(name)?;
    }
    named(input)?;
    let on = |flag: Option<bool>| flag == Some(true);
    let hibernates = input.hibernation_options.as_ref().is_some_and(|h| on(h.configured));
    for (asked, name) in [
        (on(input.disable_api_termination), "DisableApiTermination"),
        (on(input.disable_api_stop), "DisableApiStop"),
        (hibernates, "HibernationOptions"),
        (input.instance_market_options.is_some(), "InstanceMarketOptions"),
        (input.network_interfaces.as_ref().is_some_and(|n| !n.is_empty()), "NetworkInterface"),
    ] {
        if asked {
            return Err(Refusal::new(
                "UnsupportedOperation",
                format!("The parameter {name} is not supported."),
            )
            .because(format!("{name} cannot be honoured yet, and is not ignored in silence")));
        }
    }
    Ok(())
}

/// Resources that the request names and that cannot exist here.
fn named(input: &RunInstancesInput) -> Result<(), Refusal> {
    let missing = |code: &'static str, message: String| Err(Refusal::new(code, message));
    let given = |text: &Option<String>| text.clone().filter(|t| !t.is_empty());
    if let Some(subnet) = given(&input.subnet_id) {
        return missing("InvalidSubnetID.NotFound", format!("The subnet ID '{subnet}' does not exist"));
    }
    let groups = input.security_group_ids.iter().chain(&input.security_groups).flatten();
    if let Some(group) = groups.into_iter().next() {
        return missing("InvalidGroup.NotFound", format!("The security group '{group}' does not exist"));
    }
    if let Some(key) = given(&input.key_name) {
        return missing("InvalidKeyPair.NotFound", format!("The key pair '{key}' does not exist"));
    }
    let Some(template) = &input.launch_template else { return Ok(()) };
    match given(&template.launch_template_id) {
        Some(id) => missing(
            "InvalidLaunchTemplateId.NotFound",
            format!("The specified launch template, with template ID {id}, does not exist."),
        ),
        None => missing(
            "InvalidLaunchTemplateName.NotFoundException",
            format!(
                "The specified launch template, with template name {}, does not exist.",
                given(&template.launch_template_name).unwrap_or_default()
            ),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::generated::ec2::{HibernationOptionsRequest, LaunchTemplateSpecification};

    fn code(change: impl FnOnce(&mut RunInstancesInput)) -> String {
        let mut input = RunInstancesInput { min_count: 1, max_count: 1, ..Default::default() };
        change(&mut input);
        check(&input).map_or_else(|r| r.code.into_owned(), |()| "taken".into())
    }

    #[test]
    fn what_cannot_be_honoured_is_refused_by_name() {
        assert_eq!(code(|i| i.subnet_id = Some("subnet-1".into())), "InvalidSubnetID.NotFound");
        assert_eq!(code(|i| i.security_group_ids = Some(vec!["sg-1".into()])), "InvalidGroup.NotFound");
        assert_eq!(code(|i| i.security_groups = Some(vec!["web".into()])), "InvalidGroup.NotFound");
        assert_eq!(code(|i| i.key_name = Some("me".into())), "InvalidKeyPair.NotFound");
        assert_eq!(code(|i| i.disable_api_termination = Some(true)), "UnsupportedOperation");
        assert_eq!(code(|i| i.instance_market_options = Some(Default::default())), "UnsupportedOperation");
        assert_eq!(code(|i| i.instance_type = Some("z9.huge".into())), "InvalidParameterValue");
        let hibernates = HibernationOptionsRequest { configured: Some(true) };
        assert_eq!(code(|i| i.hibernation_options = Some(hibernates)), "UnsupportedOperation");
        let template =
            LaunchTemplateSpecification { launch_template_name: Some("x".into()), ..Default::default() };
        assert_eq!(
            code(|i| i.launch_template = Some(template)),
            "InvalidLaunchTemplateName.NotFoundException"
        );
    }

    #[test]
    fn what_changes_nothing_is_taken() {
        assert_eq!(code(|_| {}), "taken");
        assert_eq!(code(|i| i.disable_api_termination = Some(false)), "taken");
        assert_eq!(code(|i| i.user_data = Some("IyEvYmluL3No".into())), "taken");
        assert_eq!(code(|i| i.subnet_id = Some(String::new())), "taken");
        assert_eq!(code(|i| i.security_group_ids = Some(vec![])), "taken");
        assert_eq!(code(|i| i.iam_instance_profile = Some(Default::default())), "taken");
    }
}
