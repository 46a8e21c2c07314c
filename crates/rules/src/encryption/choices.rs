//! Where AWS's documents and recordings of AWS disagree, or both are silent: what we follow, one line for each choice, to be
//! flipped here and nowhere else. (UG = EBS User Guide, API = EC2 API Reference, recorded = answers of AWS published by
//! others, ours = no evidence.)

/// CopySnapshot of an own encrypted snapshot, no key named: does the copy keep the source's key?
/// UG "Copy a snapshot": "depends on source state and ownership". Recorded: the default EBS key. We follow the recording.
pub const COPY_KEEPS_SOURCE_KEY: bool = false;

/// CopySnapshot with `Encrypted=false` of an encrypted snapshot: is it refused?
/// API CopySnapshot: "cannot be set to false". Recorded: 200, the flag is ignored. We follow the recording.
pub const COPY_REFUSES_FALSE_OF_ENCRYPTED: bool = false;

/// `Encrypted=false` of something unencrypted while encryption by default is on: is it refused? (EC2. The EBS direct API
/// refuses it, as documented.)
/// UG "Encryption by default": the flag cannot switch it off. No recording. Ours: the default wins, without an error.
pub const FALSE_REFUSED_WHEN_BY_DEFAULT: bool = false;

/// CopyImage of own encrypted snapshots within a Region, no key named: do the copies keep their key?
/// EC2 User Guide "Encryption with AMIs": the same key. API CopyImage: the AWS managed key. CopySnapshot recorded: the
/// default EBS key. We follow the user guide; into another Region it is always the default EBS key there.
pub const COPIED_IMAGE_KEEPS_SOURCE_KEY: bool = true;

/// CopyImage with `Encrypted=false` of encrypted snapshots: the code.
/// UG: "not supported", without a code; the API's error list has InvalidRequest and InvalidParameterValue. Ours.
pub const COPIED_IMAGE_FALSE_CODE: &str = "InvalidRequest";

/// A mapping entry of CreateImage or RegisterImage whose `Encrypted` contradicts what it describes: the code.
/// API EbsBlockDevice: "error", without a code. Ours.
pub const MAPPING_ENCRYPTED_CODE: &str = "InvalidBlockDeviceMapping";

/// `KmsKeyId` in a mapping entry of CreateImage or RegisterImage: is it refused, or ignored?
/// API EbsBlockDevice: "only supported by RunInstances" and Spot requests; no recording. Ours: refused, so that nobody
/// believes in a key that is not used.
pub const MAPPING_REFUSES_KEY: bool = true;

/// Is the answer's `KmsKeyId` absent when a new volume goes to the default EBS key?
/// Recorded: absent in CreateVolume's answer, the key's ARN in DescribeVolumes; with encryption by default by analogy.
pub const ANSWER_HIDES_DEFAULT_KEY: bool = true;

/// An unencrypted snapshot copied again into another Region or account, encrypted under the key of the earlier copies: full?
/// UG "Copy a snapshot" says both: "encrypting is always a full copy" and "incremental if all copies there are encrypted
/// under one same key". We follow the second: the copies there share a data key.
pub const FIRST_ENCRYPTION_IS_FULL_EVERYWHERE: bool = false;

/// ModifyEbsDefaultKmsKeyId: are keys that can never work refused at once?
/// API: the key is authenticated asynchronously, a bad id may be accepted and later creations fail. Ours: what can be known
/// at once is refused at once, with the codes recorded for CopySnapshot; permissions stay asynchronous.
pub const DEFAULT_KEY_CHECKED_AT_ONCE: bool = true;

/// An asymmetric or HMAC key named in CopySnapshot or as the default key: the message, completed by the key as sent.
/// API: "not supported", without a text. Recorded only for unknown keys: `is invalid`. Ours: the same text.
pub const UNSUITABLE_KEY_IS: &str = "is invalid";

/// Deleting or unlocking a snapshot under a lock that holds: the code.
/// API LockSnapshot: refused, without a code. Ours.
pub const LOCKED_CODE: &str = "SnapshotLocked";

/// LockSnapshot again within a running cooling-off period without `CoolOffPeriod`: does the running period stay?
/// API LockSnapshot: omit it "to lock immediately", said of the first lock. Ours: it stays, since ending it is irreversible.
pub const RELOCK_KEEPS_COOL_OFF: bool = true;

/// ModifySnapshotAttribute making a snapshot public against block public access: the code.
/// UG "Block public access": refused, without a code. Ours.
pub const PUBLIC_SHARING_BLOCKED_CODE: &str = "OperationNotPermitted";

/// CreateVolume smaller than its snapshot: the message, which RunInstances prints with the code InvalidBlockDeviceMapping
/// (public reports; two blanks after `than`). CreateVolume's own text is not known. Ours: the same text.
pub fn smaller_than_snapshot(size: i32, snapshot: &str, snapshot_size: u32) -> String {
    format!(
        "Volume of size {size}GB is smaller than  snapshot '{snapshot}', expect size >= {snapshot_size}GB"
    )
}

#[cfg(test)]
mod tests {
    /// The list is read by people: each choice says what the sources say and what we do.
    #[test]
    fn every_choice_names_its_sources_and_what_we_follow() {
        let code = include_str!("choices.rs").split("#[cfg(test)]").next().unwrap();
        let mut comment = String::new();
        let mut choices = 0;
        for line in code.lines() {
            if let Some(text) = line.strip_prefix("///") {
                comment.push_str(text);
            } else if line.starts_with("pub ") {
                choices += 1;
                let sources = ["UG ", "UG:", "API ", "API:", "Recorded", "User Guide", "public reports"];
                assert!(sources.iter().any(|s| comment.contains(s)), "no source: {line}");
                let decisions = ["We follow", "we follow", "Ours", "by analogy"];
                assert!(decisions.iter().any(|d| comment.contains(d)), "no decision: {line}");
                comment.clear();
            }
        }
        assert!(choices > 10);
    }
}
