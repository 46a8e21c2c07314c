//! `cargo xtask arrows`: reads the manifests and refuses every dependency that the house does not have.
//!
//! ```text
//! crates/*/Cargo.toml   ┐
//! services/*/Cargo.toml ┴─▶ arrows (who uses whom) ─▶ HOUSE (who may) ─▶ what is wrong, a line each
//! ```
//! Arrows point to a lower floor; the few that stay on one floor, and nothing else, stand in [`LEVEL_ARROWS`] with their
//! reason. Libraries that belong to one room (SQL, sockets, cryptography) are confined the same way, and the lints that
//! keep clock, randomness and files inside `env` may not be switched off elsewhere.

mod confined;
mod house;
mod manifest;
mod source;

use std::path::Path;

/// Runs the chore on this workspace.
pub fn run(arguments: &[String]) -> Result<(), String> {
    if let Some(unknown) = arguments.first() {
        return Err(format!("unknown argument {unknown}"));
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("the workspace has no root")?;
    let manifests = manifest::read_all(root)?;
    let mut wrong = house::table_faults();
    for manifest in &manifests {
        wrong.extend(house::faults(manifest));
        wrong.extend(confined::faults(manifest));
        wrong.extend(manifest.form_faults());
    }
    wrong.extend(source::faults(root)?);
    if wrong.is_empty() {
        let arrows: usize = manifests.iter().map(|m| m.uses.len()).sum();
        println!("arrows: {} crates, {arrows} arrows, all of them allowed", manifests.len());
        return Ok(());
    }
    wrong.sort();
    Err(format!("arrows: {} that the house does not have\n  {}", wrong.len(), wrong.join("\n  ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use manifest::Manifest;

    #[test]
    fn this_workspace_has_no_arrow_that_the_house_does_not_have() {
        assert_eq!(run(&[]), Ok(()));
    }

    #[test]
    fn an_arrow_up_is_found() {
        let volume = Manifest::parse("volume", "[dependencies]\napi.workspace = true\n").unwrap();
        let wrong = house::faults(&volume);
        assert_eq!(wrong, ["volume (floor 2) must not use api (floor 3)"]);
    }

    #[test]
    fn an_arrow_down_that_the_room_has_no_use_for_is_found() {
        let rules = Manifest::parse("rules", "[dependencies]\nenv.workspace = true\n").unwrap();
        assert_eq!(house::faults(&rules), ["rules (floor 0) must not use env (floor 0)"]);
        let ec2 = Manifest::parse("ec2", "[dependencies]\nkeys.workspace = true\n").unwrap();
        assert_eq!(house::faults(&ec2), ["ec2 (floor 4) must not use keys (floor 1)"]);
    }

    #[test]
    fn a_crate_that_the_house_does_not_know_is_found() {
        let stranger = Manifest::parse("attic", "[dependencies]\n").unwrap();
        assert_eq!(house::faults(&stranger), ["attic is not a room of the house: add it to the table"]);
    }

    #[test]
    fn an_arrow_written_without_workspace_is_still_an_arrow() {
        let by_path = "[dependencies]\nzzz = { path = \"../api\", package = \"sealvol-api\" }\n";
        let volume = Manifest::parse("volume", by_path).unwrap();
        assert_eq!(house::faults(&volume), ["volume (floor 2) must not use api (floor 3)"]);
        assert_eq!(
            volume.form_faults().len(),
            2,
            "neither from the workspace nor under the workspace's lints"
        );
    }

    #[test]
    fn arrows_for_one_target_and_for_builds_count_too() {
        for table in ["target.'cfg(unix)'.dependencies", "build-dependencies", "dev-dependencies"] {
            let volume = Manifest::parse("volume", &format!("[{table}]\napi.workspace = true\n")).unwrap();
            assert_eq!(house::faults(&volume).len(), 1, "{table}");
        }
    }

    #[test]
    fn a_confined_library_outside_its_room_is_found() {
        let api = Manifest::parse("api", "[dependencies]\nrusqlite.workspace = true\n").unwrap();
        assert_eq!(confined::faults(&api), ["api must not use rusqlite: it belongs to catalog"]);
        let catalog = Manifest::parse("catalog", "[dependencies]\nrusqlite.workspace = true\n").unwrap();
        assert_eq!(confined::faults(&catalog), [""; 0]);
    }

    #[test]
    fn a_test_may_use_a_room_of_its_own_floor_but_none_above() {
        let kms = Manifest::parse("kms", "[dev-dependencies]\ncloudtrail.workspace = true\n").unwrap();
        assert_eq!(house::faults(&kms), [""; 0]);
        let kms = Manifest::parse("kms", "[dev-dependencies]\ngateway.workspace = true\n").unwrap();
        assert_eq!(house::faults(&kms), ["kms (floor 4) must not use gateway (floor 5) even in tests"]);
    }
}
