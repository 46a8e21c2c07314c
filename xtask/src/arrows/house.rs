//! The house as a table: which room stands on which floor and which rooms it may use. The picture is in ARCHITECTURE.md.

use super::manifest::{Manifest, When};

/// One room: its floor and the rooms that its product code may use.
struct Room {
    name: &'static str,
    floor: u8,
    uses: &'static [&'static str],
}

const fn room(name: &'static str, floor: u8, uses: &'static [&'static str]) -> Room {
    Room { name, floor, uses }
}

/// Every room. A new crate is a new line here and in ARCHITECTURE.md.
const HOUSE: [Room; 24] = [
    room("base", 0, &[]),
    room("env", 0, &["base"]),
    room("rules", 0, &["base"]),
    room("keys", 1, &["base", "env"]),
    room("cipher", 1, &["keys"]),
    room("chunks", 1, &["env"]),
    room("wire", 2, &["base"]),
    room("catalog", 2, &["base", "env"]),
    room("snapshot", 2, &["env", "keys", "cipher", "chunks"]),
    room("volume", 2, &["env", "keys", "cipher", "snapshot"]),
    room("api", 3, &["base", "env", "rules", "catalog", "wire"]),
    room("jobs", 3, &["base", "env", "wire", "catalog", "api"]),
    room("export", 3, &["env", "volume"]),
    // On floor 4, beside the services: it asks KMS through the door, so it needs the request types and no service.
    room(
        "host",
        4,
        &["base", "env", "keys", "cipher", "chunks", "wire", "snapshot", "volume", "export", "api", "jobs"],
    ),
    room("kms", 4, &["base", "env", "rules", "keys", "wire", "catalog", "api", "jobs"]),
    // volume and snapshot: only the descriptions of a new store and of a stored snapshot, which the trait Hosts takes.
    room(
        "ec2",
        4,
        &["base", "env", "rules", "wire", "catalog", "snapshot", "volume", "api", "jobs", "host", "kms"],
    ),
    // snapshot: as ec2; the blocks themselves pass through the trait Hosts.
    room(
        "ebs",
        4,
        &["base", "env", "rules", "wire", "catalog", "snapshot", "api", "jobs", "host", "kms", "ec2"],
    ),
    room("cloudtrail", 4, &["base", "env", "rules", "wire", "catalog", "api", "jobs"]),
    // These make access keys and seal their secrets.
    room("sts", 4, &["base", "env", "rules", "keys", "wire", "catalog", "api", "jobs"]),
    room("iam", 4, &["base", "env", "rules", "keys", "wire", "catalog", "api", "jobs"]),
    room("organizations", 4, &["base", "env", "rules", "keys", "wire", "catalog", "api", "jobs"]),
    room("control", 4, &["base", "env", "rules", "wire", "catalog", "api", "jobs", "ec2"]),
    // It unseals the secrets of access keys to verify signatures.
    room("gateway", 5, &["base", "env", "keys", "wire", "catalog", "api"]),
    room(
        "sealvol",
        6,
        &[
            "base",
            "env",
            "rules",
            "keys",
            "wire",
            "catalog",
            "chunks",
            "snapshot",
            "volume",
            "api",
            "jobs",
            "export",
            "host",
            "kms",
            "ec2",
            "ebs",
            "cloudtrail",
            "sts",
            "iam",
            "organizations",
            "control",
            "gateway",
        ],
    ),
];

/// The arrows that stay on one floor, each with its reason. `room -> room`.
const LEVEL_ARROWS: [(&str, &str, &str); 11] = [
    ("env", "base", "a refusal of the outside world is a Fault"),
    ("rules", "base", "decisions are made on base's words"),
    ("cipher", "keys", "takes a plaintext data key, and nothing else of it"),
    ("volume", "snapshot", "the snapshot below a volume: its chunks are read when first touched"),
    ("jobs", "api", "a step runs in the door's transaction and calls actions through it"),
    ("ec2", "host", "jobs of a volume work on hosts through the trait Hosts"),
    ("ec2", "kms", "AWS's EC2 calls KMS: request types and key names"),
    ("ebs", "ec2", "snapshots are EC2's rows"),
    ("ebs", "kms", "AWS's EBS direct API calls KMS for the blocks of encrypted snapshots"),
    ("ebs", "host", "reads and writes blocks through the trait Hosts"),
    ("control", "ec2", "explains EC2's rows"),
];

fn find(name: &str) -> Option<&'static Room> {
    HOUSE.iter().find(|room| room.name == name)
}

/// What is wrong with the table itself: arrows that go up, or along a floor without a reason.
pub fn table_faults() -> Vec<String> {
    let mut wrong = Vec::new();
    for room in &HOUSE {
        for used in room.uses {
            let Some(below) = find(used) else {
                wrong.push(format!("the table lets {} use {used}, which is no room", room.name));
                continue;
            };
            let level = LEVEL_ARROWS.iter().any(|(from, to, _)| *from == room.name && to == used);
            if below.floor > room.floor || (below.floor == room.floor && !level) {
                wrong.push(format!("the table lets {} use {used}, which is not below it", room.name));
            }
        }
    }
    wrong
}

/// The arrows of one crate that the house does not have.
pub fn faults(manifest: &Manifest) -> Vec<String> {
    let Some(room) = find(&manifest.name) else {
        return vec![format!("{} is not a room of the house: add it to the table", manifest.name)];
    };
    let ours = manifest.uses.iter().filter_map(|(used, when)| Some((find(used)?, *when)));
    ours.filter_map(|(used, when)| {
        let allowed = match when {
            When::Product => room.uses.contains(&used.name),
            When::Tests => used.floor <= room.floor,
        };
        let even = if when == When::Tests { " even in tests" } else { "" };
        (!allowed).then(|| {
            format!(
                "{} (floor {}) must not use {} (floor {}){even}",
                room.name, room.floor, used.name, used.floor
            )
        })
    })
    .collect()
}
