//! ListVirtualMFADevices: the account's virtual MFA devices; this server has none, so the list is empty. Terraform asks before it
//! deletes a user by force.
//!
//! Source: IAM API Reference, ListVirtualMFADevices.

use crate::{names, paging};
use api::{Action, Answer, Cx};
use base::Refusal;
use wire::generated::iam::{
    ListVirtualMFADevices as Op, ListVirtualMFADevicesInput, ListVirtualMFADevicesOutput,
};

pub struct ListVirtualMFADevices;

impl Action for ListVirtualMFADevices {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "iam:ListVirtualMFADevices";

    fn check(input: &ListVirtualMFADevicesInput) -> Result<(), Refusal> {
        if let Some(status) = &input.assignment_status {
            names::one_of("assignmentStatus", status, &["Assigned", "Unassigned", "Any"])?;
        }
        paging::check(input.max_items)
    }

    fn handle(_: &mut Cx, input: ListVirtualMFADevicesInput) -> Answer<ListVirtualMFADevicesOutput> {
        if input.marker.is_some() {
            return Err(paging::invalid_marker().into());
        }
        Ok(ListVirtualMFADevicesOutput {
            virtual_mfa_devices: Some(Vec::new()),
            is_truncated: Some(false),
            marker: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::Bench;

    #[test]
    fn an_account_has_none() {
        let bench = Bench::new();
        let empty = "<VirtualMFADevices></VirtualMFADevices><IsTruncated>false</IsTruncated>";
        assert_eq!(bench.ok("ListVirtualMFADevices", &[]), empty);
        assert_eq!(bench.ok("ListVirtualMFADevices", &[("AssignmentStatus", "Any")]), empty);
        bench.refused("ListVirtualMFADevices", &[("Marker", "x")], "ValidationError", "Invalid Marker.");
        let message = "1 validation error detected: Value 'x' at 'assignmentStatus' failed to satisfy constraint: Member must \
                       satisfy enum value set: [Assigned, Unassigned, Any]";
        bench.refused("ListVirtualMFADevices", &[("AssignmentStatus", "x")], "ValidationError", message);
    }
}
