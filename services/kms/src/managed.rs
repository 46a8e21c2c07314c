//! The AWS managed key `alias/aws/ebs`: one per account and Region, made when it is first named.

use crate::rows::{Alias, Key, Rotation};
use crate::usage::KeyUsage;
use crate::{material, policy};
use api::{Answer, Cx};
use keys::KeySpec;
use rules::key_access::KeyManager;
use rules::key_state::{KeyOrigin, KeyState};
use rules::rotation::{self, PERIOD_DAYS_DEFAULT};

pub const ALIAS: &str = "alias/aws/ebs";
const DESCRIPTION: &str = "Default key that protects my EBS volumes when no other key is defined";

/// Makes the key and its alias in the caller's account and Region. Two callers at once: one of them finds at commit that the
/// alias it had not seen is there, and runs again.
pub fn create(cx: &mut Cx) -> Answer<Key> {
    let key_id = cx.door.env.ids.uuid();
    let material_id = material::create(cx, &key_id, KeySpec::SymmetricDefault)?;
    let key = Key {
        account: cx.account().clone(),
        region: cx.region().clone(),
        key_id: key_id.clone(),
        spec: KeySpec::SymmetricDefault,
        usage: KeyUsage::EncryptDecrypt,
        state: KeyState::Enabled,
        manager: KeyManager::Aws,
        origin: KeyOrigin::AwsKms,
        created: cx.now(),
        description: DESCRIPTION.to_owned(),
        material_id: Some(material_id),
        policy: policy::of_managed_key(cx.account(), cx.region()),
        deletion_date: None,
        rotation: Some(Rotation {
            period_days: PERIOD_DAYS_DEFAULT,
            next: rotation::next(cx.now(), PERIOD_DAYS_DEFAULT),
        }),
        on_demand_rotations: 0,
        multi_region: false,
        pending_window_days: None,
        material_expires: None,
        reminded: None,
        tags: Vec::new(),
    };
    cx.tx.put(&key)?;
    cx.tx.put(&Alias {
        account: cx.account().clone(),
        region: cx.region().clone(),
        name: ALIAS.to_owned(),
        key_id,
        created: cx.now(),
        updated: cx.now(),
    })?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use crate::testing::Bench;
    use serde_json::json;
    use std::collections::BTreeSet;

    #[test]
    fn callers_at_the_same_moment_get_the_same_key() {
        let bench = Bench::new();
        let ask =
            || bench.ok("DescribeKey", json!({"KeyId": "alias/aws/ebs"}))["KeyMetadata"]["Arn"].to_string();
        let arns: BTreeSet<String> = std::thread::scope(|scope| {
            let callers: Vec<_> = (0..8).map(|_| scope.spawn(ask)).collect();
            callers.into_iter().map(|caller| caller.join().unwrap()).collect()
        });
        assert_eq!(arns.len(), 1);
        assert_eq!(bench.rows(), (1, 1, 1, 0));
    }

    #[test]
    fn a_customer_cannot_change_the_managed_key() {
        let bench = Bench::new();
        let metadata = bench.ok("DescribeKey", json!({"KeyId": "alias/aws/ebs"}))["KeyMetadata"].clone();
        let id = &metadata["KeyId"];
        let policy = bench.ok("GetKeyPolicy", json!({"KeyId": id}))["Policy"].clone();
        let before = bench.rows();
        for (operation, more) in [
            ("CancelKeyDeletion", json!({})),
            ("CreateGrant", json!({"GranteePrincipal": bench.root().arn(), "Operations": ["Decrypt"]})),
            ("DeleteImportedKeyMaterial", json!({})),
            ("DisableKey", json!({})),
            ("DisableKeyRotation", json!({})),
            ("EnableKey", json!({})),
            ("EnableKeyRotation", json!({})),
            ("Encrypt", json!({"Plaintext": "eA=="})),
            ("PutKeyPolicy", json!({"Policy": policy})),
            ("RotateKeyOnDemand", json!({})),
            ("ScheduleKeyDeletion", json!({})),
            ("TagResource", json!({"Tags": [{"TagKey": "a", "TagValue": "b"}]})),
            ("UntagResource", json!({"TagKeys": ["a"]})),
            ("UpdateKeyDescription", json!({"Description": "mine"})),
        ] {
            let mut input = json!({"KeyId": id});
            input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let (status, body) = bench.call_as(&bench.root(), operation, input);
            assert_eq!(
                (status, &body["__type"]),
                (400, &json!("AccessDeniedException")),
                "{operation}: {body}"
            );
        }
        assert_eq!(bench.rows(), before);
        let after = bench.ok("DescribeKey", json!({"KeyId": "alias/aws/ebs"}))["KeyMetadata"].clone();
        assert_eq!(after, metadata);
    }
}
