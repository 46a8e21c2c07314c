//! AWS's names to Rust's.

/// `KmsKeyId` to `kms_key_id`, `AWSAccountId` to `aws_account_id`, `AutoEnableIO` to `auto_enable_io`: a word begins
/// at a capital that follows a small letter or digit, or that precedes a small letter.
pub fn snake(name: &str) -> String {
    let chars: Vec<char> = name.chars().collect();
    let mut out = String::new();
    for (at, c) in chars.iter().enumerate() {
        let after_small = at > 0 && !chars[at - 1].is_uppercase();
        let before_small = at > 0 && chars.get(at + 1).is_some_and(|next| next.is_lowercase());
        if c.is_uppercase() && (after_small || before_small) {
            out.push('_');
        }
        out.extend(c.to_lowercase());
    }
    out
}

/// A field name; Rust's own words are written raw.
pub fn field(name: &str) -> String {
    let snake = snake(name);
    match snake.as_str() {
        "type" | "ref" | "match" | "move" | "use" | "in" | "for" | "where" | "async" | "gen" => {
            format!("r#{snake}")
        }
        _ => snake,
    }
}

/// `KeyIdType` to `KEY_ID_TYPE`.
pub fn constant(name: &str) -> String {
    snake(name).to_uppercase()
}

pub fn lower_first(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

pub fn upper_first(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_snakes() {
        for (name, expected) in [
            ("KmsKeyId", "kms_key_id"),
            ("AWSAccountId", "aws_account_id"),
            ("AutoEnableIO", "auto_enable_io"),
            ("Ipv6AddressCount", "ipv6_address_count"),
            ("EnableResourceNameDnsAAAARecord", "enable_resource_name_dns_aaaa_record"),
            ("VolumeIds", "volume_ids"),
            ("LaunchTemplateAndOverrides", "launch_template_and_overrides"),
        ] {
            assert_eq!(snake(name), expected);
        }
        assert_eq!(field("Type"), "r#type");
        assert_eq!(constant("KeyIdType"), "KEY_ID_TYPE");
        assert_eq!(lower_first("AWSAccountId"), "aWSAccountId");
    }
}
