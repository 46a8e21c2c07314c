//! Quotas and conflicts: the 409s of IAM. Source: IAM User Guide, "IAM and AWS STS quotas"; messages recorded of AWS.

use api::{Answer, Cx};
use base::Refusal;
use catalog::Row;

pub const USERS: usize = 5000;
pub const GROUPS: usize = 300;
pub const ROLES: usize = 1000;
pub const INSTANCE_PROFILES: usize = 1000;
pub const POLICIES: usize = 1500;
pub const POLICY_VERSIONS: usize = 5;
pub const ACCESS_KEYS_PER_USER: usize = 2;
pub const GROUPS_PER_USER: usize = 10;
/// managed policies attached to one user, group or role
pub const ATTACHED: usize = 10;
/// characters of a managed policy, white space not counted
pub const POLICY_CHARS: usize = 6144;
/// characters of all inline policies of a user, white space not counted
pub const USER_INLINE_CHARS: usize = 2048;
pub const GROUP_INLINE_CHARS: usize = 5120;
pub const ROLE_INLINE_CHARS: usize = 10240;
/// characters of a trust policy, white space not counted
pub const TRUST_CHARS: usize = 2048;

/// `LimitExceeded`, 409: `Cannot exceed quota for UsersPerAccount: 5000`.
pub fn exceeded(quota: &str, limit: usize) -> Refusal {
    Refusal::new("LimitExceeded", format!("Cannot exceed quota for {quota}: {limit}")).with_status(409)
}

/// `DeleteConflict`, 409: `Cannot delete entity, must detach all policies first.`
pub fn delete_conflict(first: &str) -> Refusal {
    Refusal::new("DeleteConflict", format!("Cannot delete entity, must {first}.")).with_status(409)
}

/// Refuses to delete what still has something: of each hindrance whether it is there and what must be done first.
pub fn nothing_first(hindrances: &[(bool, &str)]) -> Result<(), Refusal> {
    match hindrances.iter().find(|(there, _)| *there) {
        Some((_, first)) => Err(delete_conflict(first)),
        None => Ok(()),
    }
}

/// `EntityAlreadyExists`, 409: `User with name x already exists.`
pub fn already_exists(kind: &str, name: &str) -> Refusal {
    Refusal::new("EntityAlreadyExists", format!("{kind} with name {name} already exists.")).with_status(409)
}

/// Refuses one more row of this kind than the account may have.
pub fn room_for_one<R: Row>(cx: &mut Cx, quota: &str, limit: usize) -> Answer<()> {
    let prefix = format!("{}/", cx.account());
    if cx.tx.scan::<R>(&prefix, None, limit)?.len() < limit {
        Ok(())
    } else {
        Err(exceeded(quota, limit).into())
    }
}

/// Length of a policy as its quota counts it.
pub fn policy_chars(document: &str) -> usize {
    document.chars().filter(|c| !c.is_whitespace()).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conflicts_are_409_in_aws_words() {
        let told = |r: Refusal| (r.status, r.code.to_string(), r.message);
        assert_eq!(
            told(exceeded("UsersPerAccount", 5000)),
            (409, "LimitExceeded".into(), "Cannot exceed quota for UsersPerAccount: 5000".into())
        );
        assert_eq!(
            told(delete_conflict("detach all policies first")).2,
            "Cannot delete entity, must detach all policies first."
        );
        assert_eq!(told(already_exists("User", "x")).2, "User with name x already exists.");
    }

    #[test]
    fn white_space_does_not_count() {
        assert_eq!(policy_chars("{ \"a\" :\n\t1 }"), 7);
    }
}
