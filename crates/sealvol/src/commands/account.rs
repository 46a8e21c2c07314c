//! `sealvol account create` and `sealvol account list`: the accounts of a running server.

use super::print;
use crate::client::Remote;
use crate::{AccountArguments, AccountCommand};
use base::Fault;
use serde_json::{Value, json};

pub fn run(arguments: &AccountArguments) -> Result<(), Fault> {
    match &arguments.command {
        AccountCommand::Create { name, email } => {
            profile_name(name)?;
            let made = arguments.remote.call(
                "Sealvol.CreateAccount",
                &json!({ "Name": name, "Email": email.as_deref().unwrap_or("") }),
            )?;
            print(&credentials(name, &made))
        }
        AccountCommand::List => {
            let mut out = String::new();
            for account in every(&arguments.remote)? {
                out.push_str(&line(&account));
            }
            print(&out)
        }
    }
}

/// The name becomes a section of a credentials file, so it must not end one or begin another line.
fn profile_name(name: &str) -> Result<(), Fault> {
    let bad = |c: char| c.is_control() || "[]#;\"'".contains(c);
    if name.trim().is_empty() || name.trim() != name || name.chars().any(bad) {
        return Err(Fault::new(format!("{name:?} cannot be the name of a profile of the aws CLI")));
    }
    Ok(())
}

fn credentials(name: &str, made: &Value) -> String {
    let text = |member: &str| made[member].as_str().unwrap_or_default().to_owned();
    format!(
        "# Root credentials of account {}. Shown this once; whoever has them owns the account.\n[{name}]\n\
         aws_access_key_id = {}\naws_secret_access_key = {}\n",
        text("AccountId"),
        text("AccessKeyId"),
        text("SecretAccessKey")
    )
}

/// All accounts, page after page.
fn every(remote: &Remote) -> Result<Vec<Value>, Fault> {
    let (mut all, mut token) = (Vec::new(), Value::Null);
    loop {
        let body = if token.is_null() { json!({}) } else { json!({ "NextToken": token }) };
        let page = remote.call("Sealvol.ListAccounts", &body)?;
        all.extend(page["Accounts"].as_array().into_iter().flatten().cloned());
        token = page["NextToken"].clone();
        if token.is_null() {
            return Ok(all);
        }
    }
}

/// Id, name, and what is special about it.
fn line(account: &Value) -> String {
    let text = |member: &str| account[member].as_str().unwrap_or_default();
    let mut line = format!("{}  {}", text("AccountId"), text("Name"));
    if !text("Organization").is_empty() {
        line.push_str(&format!("  in organization {}", text("Organization")));
    }
    if account["Closed"] == json!(true) {
        line.push_str("  closed");
    }
    line.chars().map(|c| if c.is_control() { '?' } else { c }).chain(['\n']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_credentials_are_a_profile_of_the_aws_cli() {
        let made = json!({"AccountId": "111122223333", "AccessKeyId": "AKIAX", "SecretAccessKey": "s/+"});
        let text = credentials("lab", &made);
        assert!(text.starts_with("# Root credentials of account 111122223333."));
        assert!(text.ends_with("[lab]\naws_access_key_id = AKIAX\naws_secret_access_key = s/+\n"));
    }

    #[test]
    fn names_that_would_break_the_file_are_refused() {
        for bad in ["", " ", " a", "a]", "[a", "a\nb", "a#b", "a;b", "a'b"] {
            assert!(profile_name(bad).is_err(), "{bad:?}");
        }
        for good in ["lab", "Team A", "a.b-c_d"] {
            assert!(profile_name(good).is_ok(), "{good}");
        }
    }

    #[test]
    fn an_account_is_one_line() {
        let account = json!({"AccountId": "1", "Name": "a\u{1b}b", "Organization": "o-1", "Closed": true});
        assert_eq!(line(&account), "1  a?b  in organization o-1  closed\n");
        assert_eq!(line(&json!({"AccountId": "1", "Name": "x"})), "1  x\n");
    }
}
