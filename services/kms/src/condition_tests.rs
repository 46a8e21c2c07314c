//! Every condition key of KMS decides: a call whose value fits is allowed, one whose value does not (or which has none) is denied.

use crate::testing::{ACCOUNT, Bench, Made, b64, region};
use crate::testing_people::allow;
use serde_json::{Value, json};

/// The keys that the cases use.
struct Keys {
    symmetric: Made,
    other: Made,
    rsa: Made,
    signer: Made,
    mac: Made,
    agreement: Made,
    external: Made,
    many: Made,
}

impl Keys {
    fn new(bench: &Bench) -> Keys {
        let make = |input: Value| bench.create_key_with(input);
        let keys = Keys {
            symmetric: make(json!({"Tags": [{"TagKey": "team", "TagValue": "red"}]})),
            other: make(json!({"Tags": [{"TagKey": "team", "TagValue": "blue"}]})),
            rsa: make(json!({"KeySpec": "RSA_2048", "KeyUsage": "ENCRYPT_DECRYPT"})),
            signer: make(json!({"KeySpec": "RSA_2048", "KeyUsage": "SIGN_VERIFY"})),
            mac: make(json!({"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"})),
            agreement: make(json!({"KeySpec": "ECC_NIST_P256", "KeyUsage": "KEY_AGREEMENT"})),
            external: make(json!({"Origin": "EXTERNAL"})),
            many: make(json!({"MultiRegion": true})),
        };
        bench.ok("CreateAlias", json!({"AliasName": "alias/red", "TargetKeyId": keys.symmetric.id}));
        bench.ok("CreateAlias", json!({"AliasName": "alias/blue", "TargetKeyId": keys.other.id}));
        keys
    }
}

/// One key: the condition, the operation, an input that fits, and one that does not.
struct Case {
    condition: Value,
    operation: &'static str,
    fits: Value,
    not: Value,
}

fn case(operator: &str, key: &str, value: Value, operation: &'static str, fits: Value, not: Value) -> Case {
    Case { condition: json!({operator: {key: value}}), operation, fits, not }
}

fn of_the_key(keys: &Keys) -> Vec<Case> {
    let describe = |key: &Made| json!({"KeyId": key.arn});
    let by = |operator: &str, key: &str, value: Value, fits: &Made, not: &Made| {
        case(operator, key, value, "DescribeKey", describe(fits), describe(not))
    };
    vec![
        by("StringEquals", "kms:KeySpec", json!("SYMMETRIC_DEFAULT"), &keys.symmetric, &keys.rsa),
        by("StringEquals", "kms:KeyUsage", json!("SIGN_VERIFY"), &keys.signer, &keys.rsa),
        by("StringEquals", "kms:KeyOrigin", json!("EXTERNAL"), &keys.external, &keys.symmetric),
        by("Bool", "kms:MultiRegion", json!("true"), &keys.many, &keys.symmetric),
        by("StringEquals", "kms:MultiRegionKeyType", json!("PRIMARY"), &keys.many, &keys.symmetric),
        by(
            "ForAnyValue:StringEquals",
            "kms:ResourceAliases",
            json!("alias/red"),
            &keys.symmetric,
            &keys.other,
        ),
        by("StringEquals", "aws:ResourceTag/team", json!("red"), &keys.symmetric, &keys.other),
        case(
            "StringEquals",
            "kms:RequestAlias",
            json!("alias/red"),
            "DescribeKey",
            json!({"KeyId": "alias/red"}),
            describe(&keys.symmetric),
        ),
        case(
            "StringEquals",
            "kms:RequestAlias",
            json!("alias/red"),
            "Encrypt",
            json!({"KeyId": format!("arn:aws:kms:us-east-1:{ACCOUNT}:alias/red"), "Plaintext": "eA=="}),
            json!({"KeyId": "alias/blue", "Plaintext": "eA=="}),
        ),
    ]
}

fn of_contexts_and_algorithms(bench: &Bench, keys: &Keys) -> Vec<Case> {
    let id = &keys.symmetric.arn;
    let encrypt = |context: Value| json!({"KeyId": id, "Plaintext": b64(b"x"), "EncryptionContext": context});
    let sealed = |context: Value| bench.ok("Encrypt", encrypt(context))["CiphertextBlob"].clone();
    let (red, none) = (sealed(json!({"team": "red"})), sealed(json!({})));
    let decrypt =
        |blob: &Value, context: Value| json!({"CiphertextBlob": blob, "EncryptionContext": context});
    let move_to = |key: &Made| json!({"CiphertextBlob": none, "DestinationKeyId": key.arn});
    let oaep =
        |name: &str| json!({"KeyId": keys.rsa.arn, "Plaintext": b64(b"x"), "EncryptionAlgorithm": name});
    let data_key = |context: Value| json!({"KeyId": id, "NumberOfBytes": 8, "EncryptionContext": context});
    let by_context = "kms:EncryptionContext:team";
    vec![
        case(
            "StringEquals",
            by_context,
            json!("red"),
            "Encrypt",
            encrypt(json!({"team": "red"})),
            encrypt(json!({})),
        ),
        case(
            "StringEquals",
            "kms:EncryptionContext:TEAM",
            json!("red"),
            "Encrypt",
            encrypt(json!({"team": "red"})),
            encrypt(json!({"team": "Red"})),
        ),
        case(
            "StringEquals",
            by_context,
            json!("red"),
            "Decrypt",
            decrypt(&red, json!({"team": "red"})),
            decrypt(&none, json!({})),
        ),
        case(
            "StringEquals",
            by_context,
            json!("red"),
            "GenerateDataKey",
            data_key(json!({"team": "red", "b": "2"})),
            data_key(json!({"b": "red"})),
        ),
        case(
            "StringEquals",
            by_context,
            json!("red"),
            "GenerateDataKeyWithoutPlaintext",
            data_key(json!({"team": "red"})),
            data_key(json!({"team": "blue"})),
        ),
        case(
            "ForAnyValue:StringEquals",
            "kms:EncryptionContextKeys",
            json!("team"),
            "Encrypt",
            encrypt(json!({"team": "x", "b": "2"})),
            encrypt(json!({"Team": "x"})),
        ),
        case(
            "Bool",
            "kms:ReEncryptOnSameKey",
            json!("true"),
            "ReEncrypt",
            move_to(&keys.symmetric),
            move_to(&keys.other),
        ),
        case(
            "StringEquals",
            "kms:EncryptionAlgorithm",
            json!("RSAES_OAEP_SHA_256"),
            "Encrypt",
            oaep("RSAES_OAEP_SHA_256"),
            oaep("RSAES_OAEP_SHA_1"),
        ),
        case(
            "StringEquals",
            "kms:EncryptionAlgorithm",
            json!("SYMMETRIC_DEFAULT"),
            "Encrypt",
            encrypt(json!({})),
            oaep("RSAES_OAEP_SHA_1"),
        ),
    ]
}

fn of_asymmetric_operations(keys: &Keys) -> Vec<Case> {
    let sign = |algorithm: &str, kind: &str| {
        let message = b64(&[7; 32]);
        json!({"KeyId": keys.signer.arn, "Message": message, "SigningAlgorithm": algorithm, "MessageType": kind})
    };
    let (pss, pkcs) = ("RSASSA_PSS_SHA_256", "RSASSA_PKCS1_V1_5_SHA_256");
    let pair = |spec: &str| json!({"KeyId": keys.symmetric.arn, "KeyPairSpec": spec});
    let mac = |key: &Made, algorithm: &str| json!({"KeyId": key.arn, "Message": b64(b"m"), "MacAlgorithm": algorithm});
    let import = |algorithm: &str, spec: &str| json!({"KeyId": keys.external.arn, "WrappingAlgorithm": algorithm, "WrappingKeySpec": spec});
    let (sha1, sha256) = ("RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256");
    vec![
        case(
            "StringEquals",
            "kms:SigningAlgorithm",
            json!(pss),
            "Sign",
            sign(pss, "DIGEST"),
            sign(pkcs, "DIGEST"),
        ),
        case(
            "StringEquals",
            "kms:MessageType",
            json!("DIGEST"),
            "Sign",
            sign(pss, "DIGEST"),
            sign(pss, "RAW"),
        ),
        case(
            "StringEquals",
            "kms:MacAlgorithm",
            json!("HMAC_SHA_256"),
            "GenerateMac",
            mac(&keys.mac, "HMAC_SHA_256"),
            mac(&keys.mac, "HMAC_SHA_512"),
        ),
        case(
            "StringEquals",
            "kms:DataKeyPairSpec",
            json!("ECC_NIST_P256"),
            "GenerateDataKeyPairWithoutPlaintext",
            pair("ECC_NIST_P256"),
            pair("ECC_NIST_P384"),
        ),
        case(
            "StringEquals",
            "kms:WrappingAlgorithm",
            json!(sha256),
            "GetParametersForImport",
            import(sha256, "RSA_2048"),
            import(sha1, "RSA_2048"),
        ),
        case(
            "StringEquals",
            "kms:WrappingKeySpec",
            json!("RSA_2048"),
            "GetParametersForImport",
            import(sha256, "RSA_2048"),
            import(sha256, "RSA_3072"),
        ),
    ]
}

fn of_grants(bench: &Bench, keys: &Keys) -> Vec<Case> {
    let grantee = bench.session().arn();
    let grant = |more: Value| {
        let mut input =
            json!({"KeyId": keys.symmetric.arn, "GranteePrincipal": grantee, "Operations": ["Decrypt"]});
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        input
    };
    let by = |operator: &str, key: &str, value: Value, fits: Value, not: Value| {
        case(operator, key, value, "CreateGrant", grant(fits), grant(not))
    };
    let (equals, subset) = (
        json!({"Constraints": {"EncryptionContextEquals": {"a": "1"}}}),
        json!({"Constraints": {"EncryptionContextSubset": {"a": "1"}}}),
    );
    let (root, ec2) = (format!("arn:aws:iam::{ACCOUNT}:root"), "ec2.us-east-1.amazonaws.com");
    vec![
        by(
            "StringEquals",
            "kms:GrantConstraintType",
            json!("EncryptionContextSubset"),
            subset.clone(),
            equals.clone(),
        ),
        by(
            "StringEquals",
            "kms:GrantConstraintType",
            json!("EncryptionContextEquals"),
            equals.clone(),
            json!({}),
        ),
        by(
            "ForAllValues:StringEquals",
            "kms:GrantOperations",
            json!(["Decrypt", "Encrypt"]),
            json!({}),
            json!({"Operations": ["Decrypt", "CreateGrant"]}),
        ),
        by(
            "StringEquals",
            "kms:GranteePrincipal",
            json!(grantee),
            json!({}),
            json!({"GranteePrincipal": root}),
        ),
        by("StringEquals", "kms:GranteePrincipal", json!(ec2), json!({"GranteePrincipal": ec2}), json!({})),
        by(
            "StringEquals",
            "kms:RetiringPrincipal",
            json!(root),
            json!({"RetiringPrincipal": root}),
            json!({}),
        ),
        by("StringEquals", "kms:EncryptionContext:a", json!("1"), subset.clone(), json!({})),
        by("ForAnyValue:StringEquals", "kms:EncryptionContextKeys", json!("a"), equals, json!({})),
    ]
}

fn of_management(keys: &Keys) -> Vec<Case> {
    let (id, arn) = (&keys.symmetric.id, &keys.symmetric.arn);
    let policy = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "kms:*", "Resource": "*",
        "Principal": {"AWS": ACCOUNT}}});
    let put = |bypass: bool| json!({"KeyId": id, "Policy": policy.to_string(), "BypassPolicyLockoutSafetyCheck": bypass});
    let tags = |name: &str, value: &str| json!({"KeyId": arn, "Tags": [{"TagKey": name, "TagValue": value}]});
    let days = |days: i32| json!({"KeyId": keys.other.arn, "PendingWindowInDays": days});
    let rotation = |days: i32| json!({"KeyId": arn, "RotationPeriodInDays": days});
    let create_rsa = json!({"KeySpec": "RSA_2048", "KeyUsage": "ENCRYPT_DECRYPT"});
    let own = |operator: &str, key: &str, value: Value, fits: Value, not: Value| {
        case(operator, key, value, "CreateKey", fits, not)
    };
    vec![
        case(
            "Bool",
            "kms:BypassPolicyLockoutSafetyCheck",
            json!("false"),
            "PutKeyPolicy",
            put(false),
            put(true),
        ),
        case("StringEquals", "aws:RequestTag/a", json!("1"), "TagResource", tags("a", "1"), tags("a", "2")),
        case(
            "ForAllValues:StringEquals",
            "aws:TagKeys",
            json!(["a"]),
            "TagResource",
            tags("a", "1"),
            tags("b", "1"),
        ),
        case(
            "ForAllValues:StringEquals",
            "aws:TagKeys",
            json!(["a"]),
            "UntagResource",
            json!({"KeyId": arn, "TagKeys": ["a"]}),
            json!({"KeyId": arn, "TagKeys": ["a", "team"]}),
        ),
        case(
            "NumericLessThanEquals",
            "kms:RotationPeriodInDays",
            json!("180"),
            "EnableKeyRotation",
            rotation(180),
            rotation(365),
        ),
        case(
            "NumericGreaterThanEquals",
            "kms:ScheduleKeyDeletionPendingWindowInDays",
            json!("14"),
            "ScheduleKeyDeletion",
            days(14),
            days(7),
        ),
        own("StringEquals", "kms:KeySpec", json!("RSA_2048"), create_rsa.clone(), json!({})),
        own(
            "StringEquals",
            "kms:KeyUsage",
            json!("ENCRYPT_DECRYPT"),
            json!({}),
            json!({"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"}),
        ),
        own("StringEquals", "kms:KeyOrigin", json!("AWS_KMS"), json!({}), json!({"Origin": "EXTERNAL"})),
        own("Bool", "kms:MultiRegion", json!("false"), json!({}), json!({"MultiRegion": true})),
        own(
            "StringEquals",
            "kms:MultiRegionKeyType",
            json!("PRIMARY"),
            json!({"MultiRegion": true}),
            json!({}),
        ),
        own(
            "Bool",
            "kms:BypassPolicyLockoutSafetyCheck",
            json!("false"),
            json!({}),
            json!({"BypassPolicyLockoutSafetyCheck": true}),
        ),
        own(
            "StringEquals",
            "aws:RequestTag/team",
            json!("red"),
            json!({"Tags": [{"TagKey": "team", "TagValue": "red"}]}),
            json!({}),
        ),
    ]
}

#[test]
fn each_condition_key_allows_what_fits_and_denies_the_rest() {
    let bench = Bench::new();
    let keys = Keys::new(&bench);
    let cases = [
        of_the_key(&keys),
        of_contexts_and_algorithms(&bench, &keys),
        of_asymmetric_operations(&keys),
        of_grants(&bench, &keys),
        of_management(&keys),
    ];
    for Case { condition, operation, fits, not } in cases.into_iter().flatten() {
        let actions = match operation {
            "ReEncrypt" => json!("kms:ReEncrypt*"),
            _ => json!(format!("kms:{operation}")),
        };
        let mut statement = allow(actions);
        statement["Condition"] = condition.clone();
        // Tags at a key's creation need their own permission.
        let tagging = if operation == "CreateKey" { "kms:TagResource" } else { "kms:ListKeys" };
        let only = bench.user(ACCOUNT, "ann", json!([statement, allow(tagging)]));
        let (_, body) = bench.call_as(&only, operation, not.clone());
        assert_eq!(body["__type"], "AccessDeniedException", "{operation} {condition} {not}: {body}");
        let reason = bench.last_record(operation).reason.unwrap_or_default();
        let key = condition.as_object().unwrap().values().next().unwrap().as_object().unwrap();
        assert!(reason.contains(key.keys().next().unwrap()), "{operation} {condition}: {reason}");
        bench.ok_as(&only, operation, fits);
    }
}

#[test]
fn key_agreement_has_its_algorithm_as_a_condition() {
    let bench = Bench::new();
    let keys = Keys::new(&bench);
    let public = bench.ok("GetPublicKey", json!({"KeyId": keys.agreement.arn}))["PublicKey"].clone();
    let input = json!({"KeyId": keys.agreement.arn, "KeyAgreementAlgorithm": "ECDH", "PublicKey": public});
    for (value, may) in [("ECDH", true), ("OTHER", false)] {
        let mut statement = allow("kms:DeriveSharedSecret");
        statement["Condition"] = json!({"StringEquals": {"kms:KeyAgreementAlgorithm": value}});
        let user = bench.user(ACCOUNT, "ann", json!([statement]));
        assert_eq!(bench.call_as(&user, "DeriveSharedSecret", input.clone()).0 == 200, may, "{value}");
    }
}

#[test]
fn the_caller_s_account_and_the_service_between_are_conditions() {
    let bench = Bench::new();
    let key = bench.create_key();
    for (condition, direct, through) in [
        (json!({"StringEquals": {"kms:CallerAccount": ACCOUNT}}), true, true),
        (json!({"StringEquals": {"kms:CallerAccount": "444455556666"}}), false, false),
        (json!({"StringEquals": {"kms:ViaService": "ec2.us-east-1.amazonaws.com"}}), false, true),
        (json!({"StringEquals": {"kms:ViaService": "ec2.eu-west-1.amazonaws.com"}}), false, false),
        (json!({"Null": {"kms:ViaService": "true"}}), true, false),
        (json!({"Bool": {"kms:GrantIsForAWSResource": "true"}}), false, true),
        (json!({"Bool": {"kms:GrantIsForAWSResource": "false"}}), true, false),
    ] {
        let mut statement = allow("kms:ListGrants");
        statement["Condition"] = condition.clone();
        let user = bench.user(ACCOUNT, "ann", json!([statement]));
        let may = |caller| bench.call_as(caller, "ListGrants", json!({"KeyId": key.arn})).0 == 200;
        assert_eq!((may(&user), may(&user.forwarded_by_ec2(&region()))), (direct, through), "{condition}");
    }
}

#[test]
fn a_condition_in_the_key_policy_decides_as_one_in_iam_does() {
    let bench = Bench::new();
    let user = bench.user(ACCOUNT, "ann", Value::Null);
    let statements = json!([
        {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "kms:*", "Resource": "*"},
        {"Effect": "Allow", "Principal": {"AWS": user.arn()}, "Action": "kms:Encrypt", "Resource": "*",
         "Condition": {"StringEquals": {"kms:EncryptionContext:team": "red"},
            "ForAllValues:StringEquals": {"kms:EncryptionContextKeys": ["team"]}}},
    ]);
    let policy = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
    let key = bench.create_key_with(json!({"Policy": policy}));
    for (context, may) in [
        (json!({"team": "red"}), true),
        (json!({"team": "red", "more": "x"}), false),
        (json!({"TEAM": "red"}), false),
        (json!({}), false),
    ] {
        let input = json!({"KeyId": key.arn, "Plaintext": "eA==", "EncryptionContext": context});
        assert_eq!(bench.call_as(&user, "Encrypt", input).0 == 200, may, "{context}");
    }
}
