//! ListAliases: the aliases of the account in the Region, or of one key, by name; 50 to a page, at most 100. `alias/aws/ebs` is
//! listed even before its key exists, then without a target.
//!
//! Needs `kms:ListAliases`; until policies exist, the account root. Source: KMS API Reference, ListAliases.

use crate::access::{self, Asks};
use crate::find::{self, Accepts, Named};
use crate::paging::Paging;
use crate::rows::Alias;
use crate::{managed, shapes};
use api::{Action, Answer, Cx};
use catalog::Row;
use wire::generated::kms::{AliasListEntry, ListAliases as Op, ListAliasesInput, ListAliasesOutput};

pub struct ListAliases;

impl Action for ListAliases {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "kms:ListAliases";

    fn authorise(cx: &mut Cx, input: &ListAliasesInput) -> Answer<()> {
        cx.authorise(Self::IAM, &api::Touched::anything())?;
        // The permission is the account's, not the key's; a key of another account is refused as for every operation of owners.
        match &input.key_id {
            Some(name) if matches!(find::read(cx, name, Accepts::Key)?, Named::Foreign(_)) => {
                access::key(cx, name, Accepts::Key, "ListAliases", &Asks::nothing()).map(|_| ())
            }
            _ => Ok(()),
        }
    }

    fn handle(cx: &mut Cx, input: ListAliasesInput) -> Answer<ListAliasesOutput> {
        let paging = Paging {
            action: "ListAliases",
            limit: input.limit,
            marker: input.marker.as_deref(),
            default: 50,
            max: 100,
        };
        let page = match &input.key_id {
            Some(name) => {
                let key = find::key(cx, name, Accepts::Key)?;
                paging.scan_index::<Alias>(cx, "target", &key.key())?.map(shapes::alias_entry)
            }
            None => {
                // Read whole: an account has some dozens, and one of them may be a name without a row.
                let tenant = cx.tenant();
                let rows = cx.tx.scan::<Alias>(&tenant, None, usize::MAX)?;
                let mut aliases: Vec<AliasListEntry> = rows.into_iter().map(shapes::alias_entry).collect();
                let name = Some(managed::ALIAS.to_owned());
                if aliases.iter().all(|alias| alias.alias_name != name) {
                    let arn =
                        base::Arn::new("kms", cx.region().as_str(), cx.account().as_str(), managed::ALIAS);
                    let alias_arn = Some(arn.to_string());
                    aliases.push(AliasListEntry { alias_name: name, alias_arn, ..Default::default() });
                    aliases.sort_by(|a, b| a.alias_name.cmp(&b.alias_name));
                }
                paging.list(cx, aliases, |alias| alias.alias_name.clone().unwrap_or_default())?
            }
        };
        Ok(ListAliasesOutput {
            truncated: page.truncated(),
            aliases: Some(page.items),
            next_marker: page.next_marker,
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::Bench;
    use serde_json::{Value, json};

    fn names(answer: &Value) -> Vec<&str> {
        answer["Aliases"].as_array().unwrap().iter().map(|a| a["AliasName"].as_str().unwrap()).collect()
    }

    #[test]
    fn all_names_are_listed_and_the_managed_one_from_the_start() {
        let bench = Bench::new();
        let key = bench.create_key();
        for name in ["alias/b", "alias/a"] {
            bench.ok("CreateAlias", json!({"AliasName": name, "TargetKeyId": key.id}));
        }
        let before = bench.ok("ListAliases", json!({}));
        assert_eq!(names(&before), ["alias/a", "alias/aws/ebs", "alias/b"]);
        assert_eq!(before["Aliases"][0]["TargetKeyId"], json!(key.id));
        assert_eq!(before["Aliases"][0]["AliasArn"], "arn:aws:kms:us-east-1:111122223333:alias/a");
        assert_eq!(before["Aliases"][1]["TargetKeyId"], Value::Null);
        bench.ok("DescribeKey", json!({"KeyId": "alias/aws/ebs"}));
        let after = bench.ok("ListAliases", json!({}));
        assert_eq!(names(&after), names(&before));
        assert!(after["Aliases"][1]["TargetKeyId"].is_string());
    }

    #[test]
    fn one_key_s_names_and_pages() {
        let bench = Bench::new();
        let (key, other) = (bench.create_key(), bench.create_key());
        for (name, target) in [("alias/a", &key), ("alias/b", &other), ("alias/c", &key), ("alias/d", &key)] {
            bench.ok("CreateAlias", json!({"AliasName": name, "TargetKeyId": target.id}));
        }
        let first = bench.ok("ListAliases", json!({"KeyId": key.arn, "Limit": 2}));
        assert_eq!((names(&first), &first["Truncated"]), (vec!["alias/a", "alias/c"], &json!(true)));
        let input = json!({"KeyId": key.arn, "Limit": 2, "Marker": first["NextMarker"]});
        let second = bench.ok("ListAliases", input);
        assert_eq!((names(&second), &second["Truncated"]), (vec!["alias/d"], &json!(false)));
        let whole = bench.ok("ListAliases", json!({"Limit": 3}));
        let rest = bench.ok("ListAliases", json!({"Marker": whole["NextMarker"]}));
        assert_eq!([names(&whole), names(&rest)].concat().len(), 5);
        let (_, body) = bench.call_as(&bench.root(), "ListAliases", json!({"Limit": 101}));
        assert_eq!(body["__type"], "ValidationException");
    }
}
