//! The whole table.

use super::*;

/// What one layer of policies says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Says {
    /// there is no such layer
    Absent,
    Allow,
    Silent,
    Deny,
}

/// Whom the key policy lets in, or that it denies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Nobody,
    Account,
    Issuer,
    Itself,
    Everybody,
    DeniesAll,
}

/// One cell.
#[derive(Clone, Copy, Debug)]
struct Cell {
    kind: AskerKind,
    foreign: bool,
    form: Form,
    grant: Option<Whom>,
    identity: Says,
    boundary: Says,
    session: Says,
    control: Says,
}

const KINDS: [AskerKind; 6] = [
    AskerKind::Root,
    AskerKind::User,
    AskerKind::RoleSession,
    AskerKind::ServiceLinkedRoleSession,
    AskerKind::FederatedUser,
    AskerKind::Service,
];
const FORMS: [Form; 6] =
    [Form::Nobody, Form::Account, Form::Issuer, Form::Itself, Form::Everybody, Form::DeniesAll];
const GRANTS: [Option<Whom>; 4] = [None, Some(Whom::Account), Some(Whom::Issuer), Some(Whom::Itself)];
const IDENTITY: [Says; 3] = [Says::Allow, Says::Silent, Says::Deny];
const LAYER: [Says; 4] = [Says::Absent, Says::Allow, Says::Silent, Says::Deny];

fn cells() -> Vec<Cell> {
    let mut cells = Vec::new();
    for kind in KINDS {
        for foreign in [false, true] {
            for form in FORMS {
                for grant in GRANTS {
                    for identity in IDENTITY {
                        for boundary in LAYER {
                            for session in LAYER {
                                for control in LAYER {
                                    let cell = Cell {
                                        kind,
                                        foreign,
                                        form,
                                        grant,
                                        identity,
                                        boundary,
                                        session,
                                        control,
                                    };
                                    cells.push(cell);
                                }
                            }
                        }
                    }
                }
            }
        }
    }
    cells
}

/// The table of `mod.rs`, written down again without looking at how it is decided.
fn expected(cell: &Cell) -> bool {
    let Cell { kind, foreign, form, grant, identity, boundary, session, control } = *cell;
    let service = kind == AskerKind::Service;
    let foreign = foreign && !service;
    let person = !service && kind != AskerKind::Root;
    let controlled = !service && kind != AskerKind::ServiceLinkedRoleSession;
    let denied = form == Form::DeniesAll
        || (controlled && control == Says::Deny)
        || (person && [identity, boundary, session].contains(&Says::Deny));
    if denied || (controlled && control == Says::Silent) {
        return false;
    }
    let limits = !person
        || (boundary != Says::Silent
            && session != Says::Silent
            && !(kind == AskerKind::FederatedUser && session == Says::Absent));
    let all = match kind {
        AskerKind::Root => true,
        AskerKind::Service => false,
        _ => identity == Says::Allow && limits,
    };
    // What a name is worth on the caller's side.
    let worth = |whom: Whom| match whom {
        Whom::Itself => true,
        Whom::Issuer => limits,
        _ => all,
    };
    let has_issuer = matches!(
        kind,
        AskerKind::RoleSession | AskerKind::ServiceLinkedRoleSession | AskerKind::FederatedUser
    );
    let named = match form {
        Form::Nobody | Form::DeniesAll => None,
        Form::Account if service => None,
        Form::Account if kind == AskerKind::Root => Some(Whom::Itself),
        Form::Account => Some(Whom::Account),
        Form::Issuer => has_issuer.then_some(Whom::Issuer),
        Form::Itself | Form::Everybody => Some(Whom::Itself),
    };
    let by_policy = named.is_some_and(|whom| if foreign { all } else { worth(whom) });
    by_policy || grant.is_some_and(worth)
}

fn layer(says: Says, kind: PolicyType) -> Option<Attached> {
    match says {
        Says::Absent => None,
        Says::Allow => Some(attached("Allow", "kms:Decrypt", kind)),
        Says::Silent => Some(attached("Allow", "kms:Encrypt", kind)),
        Says::Deny => Some(attached("Deny", "kms:Decrypt", kind)),
    }
}

fn principal(cell: &Cell, who: &Who) -> Option<String> {
    Some(match cell.form {
        Form::Nobody => return None,
        Form::Account => aws(who.account),
        Form::Issuer => aws(who.issuer.as_deref()?),
        Form::Itself if cell.kind == AskerKind::Service => format!(r#"{{"Service": "{}"}}"#, who.arn),
        Form::Itself => aws(&who.arn),
        Form::Everybody | Form::DeniesAll => "\"*\"".to_owned(),
    })
}

fn asking<'a>(cell: &Cell, who: &'a Who) -> Asking<'a> {
    let mut statements = vec![lets(&aws("arn:aws:iam::111122223333:user/somebody-else"))];
    statements.extend(principal(cell, who).map(|principal| lets(&principal)));
    if cell.form == Form::DeniesAll {
        let deny = r#"{"Effect": "Deny", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*"}"#;
        statements.push(deny.to_owned());
    }
    let mut asking = Asking::new(who, &statements.join(","));
    let both = |says: Says| match says {
        // A Deny beside an Allow: it is the Deny that counts.
        Says::Deny => vec![Says::Allow, Says::Deny],
        says => vec![says],
    };
    let list = |says: Says, kind: PolicyType| -> Vec<Attached> {
        both(says).into_iter().filter_map(|says| layer(says, kind)).collect()
    };
    asking.layers = Layers {
        identity: list(cell.identity, PolicyType::Identity),
        boundary: layer(cell.boundary, PolicyType::Identity),
        session: (cell.session != Says::Absent).then(|| list(cell.session, PolicyType::Identity)),
        control: match cell.control {
            Says::Absent => vec![],
            says => vec![list(Says::Allow, PolicyType::Control), list(says, PolicyType::Control)],
        },
    };
    match cell.grant {
        Some(whom) => asking.granted(whom, &["Decrypt"], Constraint::default()),
        None => asking,
    }
}

#[test]
fn every_combination_is_decided_as_the_table_says() {
    let cells = cells();
    assert!(cells.len() > 50_000);
    for cell in &cells {
        let who = Who::new(cell.kind, if cell.foreign { OTHER } else { OWNER });
        let decided = asking(cell, &who).decide();
        assert_eq!(decided.is_ok(), expected(cell), "{cell:?}: {decided:?}");
    }
}

#[test]
fn who_is_let_in_by_nothing_of_another_account_hears_what_it_would_hear_of_no_key() {
    for cell in cells().iter().filter(|cell| cell.foreign && cell.kind != AskerKind::Service) {
        let who = Who::new(cell.kind, OTHER);
        let asking = asking(cell, &who);
        let Err(denied) = asking.decide() else { continue };
        let let_in =
            cell.grant.is_some() || !matches!(cell.form, Form::Nobody | Form::DeniesAll | Form::Issuer);
        if let_in {
            continue;
        }
        let shown = Arn::parse(KEY).unwrap();
        let nothing = no_such_key_or_not_allowed(&UnknownKey {
            asker: who.asker(),
            layers: &asking.layers,
            shown: &shown,
            operation: "Decrypt",
            bare: &iam::Context::default(),
        });
        if cell.form == Form::Issuer && who.issuer.is_some() {
            continue;
        }
        assert_eq!(denied, nothing, "{cell:?}");
    }
}

#[test]
fn a_refusal_has_a_reason_and_one_of_aws_s_sentences() {
    let sentences = [
        "because no identity-based policy allows the kms:Decrypt action",
        "because no resource-based policy allows the kms:Decrypt action",
        "because no permissions boundary allows the kms:Decrypt action",
        "because no session policy allows the kms:Decrypt action",
        "because no service control policy allows the kms:Decrypt action",
        "with an explicit deny in an identity-based policy",
        "with an explicit deny in a resource-based policy",
        "with an explicit deny in a permissions boundary",
        "with an explicit deny in a session policy",
        "with an explicit deny in a service control policy",
    ];
    let mut heard = std::collections::BTreeSet::new();
    for cell in cells() {
        let who = Who::new(cell.kind, if cell.foreign { OTHER } else { OWNER });
        let Err(denied) = asking(&cell, &who).decide() else { continue };
        let start =
            format!("User: {} is not authorized to perform: kms:Decrypt on resource: {KEY} ", who.arn);
        let rest = denied.message.strip_prefix(&start).unwrap_or_else(|| panic!("{}", denied.message));
        assert!(sentences.contains(&rest), "{rest}");
        assert_eq!(denied.explicit, rest.starts_with("with"), "{cell:?}");
        assert!(!denied.reason.is_empty(), "{cell:?}");
        heard.insert(rest.to_owned());
    }
    assert_eq!(heard.len(), sentences.len(), "{heard:?}");
}
