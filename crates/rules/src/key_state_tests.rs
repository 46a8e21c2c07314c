//! The page's own table, read as text and compared with the code cell by cell.

use super::*;
use KeyStateRefusal as No;

/// KMS Developer Guide, "Key state table", with its footnote numbers. Columns: Enabled, Disabled, pending (replica) deletion,
/// pending import, unavailable, creating, updating. The last rows are operations newer than the page.
const PAGE: &str = "
CancelKeyDeletion | n 4 | n 4 | y | n 4 | n 4 13 | n 4 | n 4
CreateAlias | y | y | n 3 | y | y | y | y
CreateGrant | y | n 1 | n 2 3 | n 5 | y | n 14 | y
Decrypt | y | n 1 | n 2 3 | n 5 | n 11 | n 14 | y
DeleteAlias | y | y | y | y | y | y | y
DeleteImportedKeyMaterial | y 9 | y 9 | y 9 | y | N/A | n 14 | n 15
DescribeKey | y | y | y | y | y | y | y
DisableKey | y | y | n 3 | n 5 | y 12 | n 14 | n 15
DisableKeyRotation | ? 7 | n 1 7 | n 3 7 | n 6 | n 7 | n 14 | ? 7
EnableKey | y | y | n 3 | n 5 | y 12 | n 14 | n 15
EnableKeyRotation | ? 7 | n 1 7 | n 3 7 | n 6 | n 7 | n 14 | ? 7
Encrypt | y | n 1 | n 2 3 | n 5 | n 11 | n 14 | y
GenerateDataKey | y | n 1 | n 2 3 | n 5 | n 11 | n 14 | y
GenerateDataKeyPair | y | n 1 | n 2 3 | n 5 | n 11 | n 14 | y
GenerateDataKeyPairWithoutPlaintext | y | n 1 | n 2 3 | n 5 | n 11 | n 14 | y
GenerateDataKeyWithoutPlaintext | y | n 1 | n 2 3 | n 5 | n 11 | n 14 | y
GenerateMac | y | n 1 | n 2 3 | N/A | N/A | n 14 | y
GetKeyPolicy | y | y | y | y | y | y | y
GetKeyRotationStatus | ? 7 | ? 7 | ? 7 | n 6 | n 7 | ? 7 | ? 7
GetParametersForImport | ? 9 | ? 9 | n 8 9 | y | n 9 | n 14 | n 15
GetPublicKey | y | n 1 | n 2 3 | N/A | N/A | n 14 | y
ImportKeyMaterial | ? 9 | ? 9 | n 8 9 | y | n 9 | n 14 | y
ListAliases | y | y | y | y | y | y | y
ListGrants | y | y | y | y | y | y | y
ListKeyPolicies | y | y | y | y | y | y | y
ListResourceTags | y | y | y | y | y | y | y
PutKeyPolicy | y | y | y | y | y | y | y
ReEncrypt | y | n 1 | n 2 3 | n 5 | n 11 | n 14 | y
ReplicateKey | y | n 1 | n 2 3 | n 5 | N/A | n 14 | n 15
RetireGrant | y | y | y | y | y | y | y
RevokeGrant | y | y | y | y | y | y | y
ScheduleKeyDeletion | y | y | n 3 | y | y | y | n 15
Sign | y | n 1 | n 2 3 | N/A | N/A | n 14 | y
TagResource | y | y | n 3 | y | y | y | y
UntagResource | y | y | n 3 | y | y | y | y
UpdateAlias | y | y | n 10 | y | y | y | y
UpdateKeyDescription | y | y | n 3 | y | y | y | y
UpdatePrimaryRegion | y | n 1 | n 2 3 | n 5 | N/A | n 14 | n 15
Verify | y | n 1 | n 2 3 | N/A | N/A | n 14 | y
VerifyMac | y | n 1 | n 2 3 | N/A | N/A | n 14 | y
DeriveSharedSecret | y | n 1 | n 2 3 | N/A | N/A | n 14 | y
RotateKeyOnDemand | y | n 1 | n 3 | n 5 | n 11 | n 14 | n 15
ListKeyRotations | y | y | y | y | y | y | y
";

const COLUMNS: [&[KeyState]; 7] = [
    &[KeyState::Enabled],
    &[KeyState::Disabled],
    &[KeyState::PendingDeletion, KeyState::PendingReplicaDeletion],
    &[KeyState::PendingImport],
    &[KeyState::Unavailable],
    &[KeyState::Creating],
    &[KeyState::Updating],
];

use KeyOperation::*;
const OPERATIONS: [KeyOperation; 43] = [
    CancelKeyDeletion,
    CreateAlias,
    CreateGrant,
    Decrypt,
    DeleteAlias,
    DeleteImportedKeyMaterial,
    DescribeKey,
    DisableKey,
    DisableKeyRotation,
    EnableKey,
    EnableKeyRotation,
    Encrypt,
    GenerateDataKey,
    GenerateDataKeyPair,
    GenerateDataKeyPairWithoutPlaintext,
    GenerateDataKeyWithoutPlaintext,
    GenerateMac,
    GetKeyPolicy,
    GetKeyRotationStatus,
    GetParametersForImport,
    GetPublicKey,
    ImportKeyMaterial,
    ListAliases,
    ListGrants,
    ListKeyPolicies,
    ListResourceTags,
    PutKeyPolicy,
    ReEncrypt,
    ReplicateKey,
    RetireGrant,
    RevokeGrant,
    ScheduleKeyDeletion,
    Sign,
    TagResource,
    UntagResource,
    UpdateAlias,
    UpdateKeyDescription,
    UpdatePrimaryRegion,
    Verify,
    VerifyMac,
    DeriveSharedSecret,
    RotateKeyOnDemand,
    ListKeyRotations,
];

/// The origin for which a cell is read: what awaits import is EXTERNAL, what is unavailable is in a key store, and the
/// operations on imported material are asked of keys that can have some. Other origins are tested below.
fn origin_of(op: KeyOperation, state: KeyState) -> KeyOrigin {
    match (op, state) {
        (_, KeyState::PendingImport) => KeyOrigin::External,
        (_, KeyState::Unavailable) => KeyOrigin::CloudHsm,
        (DeleteImportedKeyMaterial | GetParametersForImport | ImportKeyMaterial, _) => KeyOrigin::External,
        _ => KeyOrigin::AwsKms,
    }
}

/// What a cell says: its mark, and its first footnote as the reason.
fn expected(cell: &str, op: KeyOperation, state: KeyState) -> Result<(), No> {
    let mut words = cell.split(' ');
    match (words.next(), words.next()) {
        (Some("y" | "?"), _) => Ok(()),
        (Some("n"), Some("1")) => Err(No::Disabled),
        (Some("n"), Some("2" | "3" | "8" | "10")) => Err(No::PendingDeletion),
        (Some("n"), Some("4")) => Err(No::NotPendingDeletion),
        (Some("n"), Some("5")) => Err(No::PendingImport),
        (Some("n"), Some("6" | "7" | "9")) => Err(No::Origin(origin_of(op, state))),
        (Some("n"), Some("11")) => Err(No::Unavailable),
        (Some("n"), Some("14")) => Err(No::Creating),
        (Some("n"), Some("15")) => Err(No::Updating),
        // Not applicable when the page was written.
        (Some("N/A"), _) if op == DeleteImportedKeyMaterial => Err(No::Origin(KeyOrigin::CloudHsm)),
        (Some("N/A"), _) if state == KeyState::PendingImport => Err(No::PendingImport),
        (Some("N/A"), _) => Err(No::Unavailable),
        other => panic!("unknown cell {other:?}"),
    }
}

#[test]
fn every_cell_of_the_page_is_what_the_code_says() {
    let mut cells = 0;
    for (line, op) in PAGE.trim().lines().zip(OPERATIONS) {
        let mut fields = line.split('|').map(str::trim);
        assert_eq!(fields.next(), Some(format!("{op:?}").as_str()), "rows and operations are in one order");
        for (cell, states) in fields.zip(COLUMNS) {
            for state in states {
                let said = check(op, *state, origin_of(op, *state));
                assert_eq!(said, expected(cell, op, *state), "{op:?} in {state:?}");
                cells += 1;
            }
        }
    }
    assert_eq!(cells, 43 * 8);
}

#[test]
fn rotation_is_for_material_of_ours_and_import_for_external_material() {
    let states =
        [KeyState::Enabled, KeyState::Disabled, KeyState::PendingDeletion, KeyState::PendingReplicaDeletion];
    for state in states {
        for origin in KeyOrigin::ALL {
            let rotation = [EnableKeyRotation, DisableKeyRotation, GetKeyRotationStatus];
            for op in rotation.into_iter().filter(|_| origin != KeyOrigin::AwsKms) {
                assert_eq!(check(op, state, origin), Err(No::Origin(origin)), "{op:?} {state:?}");
            }
            let import = [DeleteImportedKeyMaterial, GetParametersForImport, ImportKeyMaterial];
            for op in import.into_iter().filter(|_| origin != KeyOrigin::External) {
                assert_eq!(check(op, state, origin), Err(No::Origin(origin)), "{op:?} {state:?}");
            }
        }
    }
}

#[test]
fn the_origin_does_not_matter_to_anything_else() {
    let special = [
        EnableKeyRotation,
        DisableKeyRotation,
        GetKeyRotationStatus,
        DeleteImportedKeyMaterial,
        GetParametersForImport,
        ImportKeyMaterial,
    ];
    for op in OPERATIONS.into_iter().filter(|op| !special.contains(op)) {
        for state in KeyState::ALL {
            let answers = KeyOrigin::ALL.map(|origin| check(op, state, origin));
            assert!(answers.iter().all(|a| *a == answers[0]), "{op:?} in {state:?}");
        }
    }
}

#[test]
fn refusals_have_the_codes_and_texts_of_aws() {
    let arn = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    let table = [
        (No::Disabled, "DisabledException", "is disabled."),
        (No::PendingDeletion, "KMSInvalidStateException", "is pending deletion."),
        (
            No::NotPendingDeletion,
            "KMSInvalidStateException",
            "is not pending deletion (or pending replica deletion).",
        ),
        (No::PendingImport, "KMSInvalidStateException", "is pending import."),
        (No::Unavailable, "KMSInvalidStateException", "is unavailable."),
        (No::Creating, "KMSInvalidStateException", "is creating."),
        (No::Updating, "KMSInvalidStateException", "is updating."),
        (
            No::Origin(KeyOrigin::External),
            "UnsupportedOperationException",
            "origin is EXTERNAL which is not valid for this operation.",
        ),
        (
            No::Origin(KeyOrigin::AwsKms),
            "UnsupportedOperationException",
            "origin is AWS_KMS which is not valid for this operation.",
        ),
    ];
    for (no, code, text) in table {
        let refusal = no.refusal(arn);
        assert_eq!((refusal.code.as_ref(), refusal.status), (code, 400));
        assert_eq!(refusal.message, format!("{arn} {text}"));
    }
}

#[test]
fn changes_lead_to_the_states_of_the_picture() {
    use KeyChange::*;
    use KeyState::*;
    let ours = |change, state| after(change, state, KeyOrigin::AwsKms);
    let schedule = ScheduleDeletion { replicas: false };
    let cancel = CancelDeletion { material: true };
    assert_eq!(initial(KeyOrigin::AwsKms), Enabled);
    assert_eq!(initial(KeyOrigin::External), PendingImport);
    for state in [KeyState::Enabled, KeyState::Disabled] {
        assert_eq!(ours(Enable, state), Ok(Enabled));
        assert_eq!(ours(Disable, state), Ok(Disabled));
        assert_eq!(ours(schedule, state), Ok(PendingDeletion));
        assert_eq!(ours(ScheduleDeletion { replicas: true }, state), Ok(PendingReplicaDeletion));
        assert_eq!(ours(cancel, state), Err(No::NotPendingDeletion));
    }
    for state in [PendingDeletion, PendingReplicaDeletion] {
        assert_eq!(ours(cancel, state), Ok(Disabled), "never Enabled");
        for change in [Enable, Disable, schedule] {
            assert_eq!(ours(change, state), Err(No::PendingDeletion));
        }
    }
    let external = |change, state| after(change, state, KeyOrigin::External);
    assert_eq!(external(Enable, PendingImport), Err(No::PendingImport));
    assert_eq!(external(schedule, PendingImport), Ok(PendingDeletion));
    assert_eq!(external(CancelDeletion { material: false }, PendingDeletion), Ok(PendingImport));
}

#[test]
fn material_comes_and_goes() {
    let import = |complete, state| after(KeyChange::Import { complete }, state, KeyOrigin::External);
    assert_eq!(import(true, KeyState::PendingImport), Ok(KeyState::Enabled));
    assert_eq!(import(false, KeyState::PendingImport), Ok(KeyState::PendingImport), "another one is missing");
    for state in [KeyState::Enabled, KeyState::Disabled] {
        assert_eq!(import(true, state), Ok(state), "importing again enables nothing");
        assert_eq!(without_material(state), KeyState::PendingImport);
    }
    for state in [KeyState::PendingDeletion, KeyState::PendingReplicaDeletion] {
        assert_eq!(import(true, state), Err(No::PendingDeletion));
        assert_eq!(without_material(state), state);
    }
    let ours = after(KeyChange::Import { complete: true }, KeyState::Enabled, KeyOrigin::AwsKms);
    assert_eq!(ours, Err(No::Origin(KeyOrigin::AwsKms)));
}

#[test]
fn names_read_back() {
    for state in KeyState::ALL {
        assert_eq!(KeyState::parse(state.name()), Some(state));
    }
    for origin in KeyOrigin::ALL {
        assert_eq!(KeyOrigin::parse(origin.name()), Some(origin));
    }
    assert_eq!((KeyState::parse("enabled"), KeyOrigin::parse("AWS")), (None, None));
}
