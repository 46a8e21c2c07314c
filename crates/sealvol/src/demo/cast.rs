//! Who plays in the demo: the file, the key, the instance, the volumes; and the steps that make them.

use super::front::Front;
use super::show::{Show, thousands};
use super::text::{Text, UNIT};
use super::volumes;
use super::world::Directory;
use base::Fault;
use env::{Env, File};
use serde_json::json;
use std::sync::Arc;

/// How much of the file goes to the unencrypted volume: enough for a search to prove that it can find.
const PROOF_BYTES_MAX: u64 = 16 << 20;
/// Who plays in it.
pub struct Cast {
    pub instance: String,
    pub key: String,
    pub encrypted: String,
    pub unencrypted: String,
    pub size_gib: u64,
    pub file: Arc<dyn File>,
    pub bytes: u64,
}

impl Cast {
    /// How much of the file goes to the unencrypted volume.
    pub fn proof_bytes(&self) -> u64 {
        self.bytes.min(PROOF_BYTES_MAX)
    }
}

/// Makes the file of text; gives it and its length in bytes.
pub fn make_file(
    env: &Env,
    show: &mut Show,
    directory: &Directory,
    text: &mut Text,
    size_mb: u64,
) -> Result<(Arc<dyn File>, u64), Fault> {
    let bytes = size_mb << 20;
    show.step(&format!("Make a file of {size_mb} MiB of text"), |show| {
        let path = directory.path().join("plain.txt");
        let making = |e| Fault::caused(format!("making {}", path.display()), e);
        let file = env.files.open(&path, true).map_err(making)?;
        show.with_bar("made", bytes, |progress| text.write(&*file, bytes, progress))?;
        let units = thousands(bytes / UNIT as u64);
        show.say(&format!("each of its {units} data units of 4 KiB holds the marker"))?;
        show.say(text.marker())?;
        Ok((file, bytes))
    })
}

/// Makes the key, the instance and the volumes, the encrypted one as large as the file needs.
pub fn set_up(show: &mut Show, front: &Front, file: Arc<dyn File>, bytes: u64) -> Result<Cast, Fault> {
    let key = show.step("Create a KMS key and an alias", |show| {
        let made = front.json("kms", "TrentService.CreateKey", &json!({ "Description": "sealvol demo" }))?;
        let arn = made["KeyMetadata"]["Arn"].as_str().ok_or_else(|| Fault::new("CreateKey gave no ARN"))?;
        let alias = json!({ "AliasName": "alias/demo", "TargetKeyId": arn });
        front.json("kms", "TrentService.CreateAlias", &alias)?;
        show.say(&format!("alias/demo is {arn}"))?;
        Ok(arn.to_owned())
    })?;
    let size_gib = bytes.div_ceil(1 << 30);
    show.step("Run an instance and create two volumes, one encrypted, one not", |show| {
        let instance = volumes::run_instance(front, show)?;
        let encrypted = volumes::create(front, show, size_gib, Some("alias/demo"))?;
        let unencrypted = volumes::create(front, show, 1, None)?;
        show.say(&format!("{instance} is running"))?;
        show.say(&format!("{encrypted}, {size_gib} GiB, encrypted under alias/demo, is available"))?;
        show.say(&format!("{unencrypted}, 1 GiB, not encrypted, is available"))?;
        Ok(Cast { instance, key, encrypted, unencrypted, size_gib, file, bytes })
    })
}
