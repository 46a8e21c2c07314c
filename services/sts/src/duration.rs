//! How long a session lasts. Source: STS API Reference, "DurationSeconds" of each action; IAM User Guide, "Role chaining".

use crate::validate::constraint;
use api::{Caller, Principal};
use base::Refusal;

const MIN: i32 = 900;
const HOUR: i32 = 3600;
/// AssumeRole's longest for any role.
const ROLE_MAX: i32 = 43_200;
/// GetSessionToken's and GetFederationToken's longest for a user.
const USER_MAX: i32 = 129_600;
const USER_DEFAULT: i32 = 43_200;

/// AssumeRole: what is out of range for every role.
pub fn check_role(asked: Option<i32>) -> Result<(), Refusal> {
    in_range(asked, ROLE_MAX)
}

/// GetSessionToken and GetFederationToken: what is out of range for every caller.
pub fn check_user(asked: Option<i32>) -> Result<(), Refusal> {
    in_range(asked, USER_MAX)
}

fn in_range(asked: Option<i32>, max: i32) -> Result<(), Refusal> {
    let Some(seconds) = asked else { return Ok(()) };
    let must = match seconds {
        n if n < MIN => format!("have value greater than or equal to {MIN}"),
        n if n > max => format!("have value less than or equal to {max}"),
        _ => return Ok(()),
    };
    Err(constraint("durationSeconds", &seconds.to_string(), must))
}

/// Seconds of a session of a role whose own maximum is `role_max`.
pub fn of_role(caller: &Caller, asked: Option<i32>, role_max: u32) -> Result<u32, Refusal> {
    let seconds = asked.unwrap_or(HOUR).unsigned_abs();
    let chained = matches!(caller.principal, Principal::Role { .. });
    if chained && seconds > HOUR.unsigned_abs() {
        return Err(Refusal::new(
            "ValidationError",
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
        ));
    }
    if seconds > role_max {
        return Err(Refusal::new(
            "ValidationError",
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        )
        .because(format!("{seconds} seconds were asked for, the role allows {role_max}")));
    }
    Ok(seconds)
}

/// Seconds of GetSessionToken's and GetFederationToken's sessions: for the root at most an hour, whatever was asked.
pub fn of_user(caller: &Caller, asked: Option<i32>) -> u32 {
    let root = matches!(caller.principal, Principal::Root);
    let seconds = asked.unwrap_or(if root { HOUR } else { USER_DEFAULT });
    if root { seconds.min(HOUR) } else { seconds }.unsigned_abs()
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::AccountId;

    #[test]
    fn the_limits_are_those_of_the_documentation() {
        assert!([900, 43_200].iter().all(|n| check_role(Some(*n)).is_ok()) && check_role(None).is_ok());
        assert!([-1, 0, 899, 43_201].iter().all(|n| check_role(Some(*n)).is_err()));
        assert!(check_user(Some(129_600)).is_ok() && check_user(Some(129_601)).is_err());
        let message = check_role(Some(60)).unwrap_err().message;
        assert!(message.ends_with("'60' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900"), "{message}");
    }

    #[test]
    fn the_root_gets_an_hour_at_most() {
        let root = Caller::root(AccountId::parse("111122223333").unwrap(), "AKIA", "", "");
        assert_eq!([None, Some(900), Some(7200)].map(|asked| of_user(&root, asked)), [3600, 900, 3600]);
    }
}
