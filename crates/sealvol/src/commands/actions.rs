//! `sealvol actions`: every action that this server answers, with the permission that IAM policies name and the condition keys that
//! they can ask about. Needs no running server.

use super::print;
use crate::ActionsArguments;
use base::Fault;
use serde_json::json;

pub fn run(arguments: &ActionsArguments) -> Result<(), Fault> {
    let registry = crate::serve::registry();
    let mut out = String::new();
    for entry in registry.all() {
        if arguments.json {
            let line = json!({
                "Service": entry.service.name, "Action": entry.name, "Permission": entry.iam,
                "ReadOnly": entry.read_only, "ConditionKeys": entry.keys,
            });
            out.push_str(&format!("{line}\n"));
        } else {
            let keys = entry.keys.join(" ");
            let line = format!("{:<14}{:<40}{:<44}{keys}", entry.service.name, entry.name, entry.iam);
            out.push_str(line.trim_end());
            out.push('\n');
        }
    }
    print(&out)
}
