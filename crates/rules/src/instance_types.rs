//! Instance types by the form of their names, `family.size`. With no guests to size, which of AWS's thousand types one is makes no
//! difference; a name that no type could have is refused. Source: EC2 User Guide, "Instance type naming conventions".

use base::Refusal;

/// Refuses names that are not `<letters><digit><letters>.<size>`.
pub fn check(name: &str) -> Result<(), Refusal> {
    let good = name.split_once('.').is_some_and(|(family, size)| is_family(family) && is_size(size));
    if good {
        return Ok(());
    }
    Err(Refusal::new("InvalidParameterValue", format!("Invalid value '{name}' for InstanceType."))
        .because(format!("'{name}' is not the name of an instance type, like t3.micro or m5.2xlarge")))
}

/// `t3`, `m6gd`, `u-6tb1`, `hpc7a`, `x2iedn`, `c7i-flex`.
fn is_family(family: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    family.starts_with(|c: char| c.is_ascii_lowercase())
        && family.bytes().all(allowed)
        && family.bytes().any(|b| b.is_ascii_digit())
}

fn is_size(size: &str) -> bool {
    if let Some(count) = size.strip_suffix("xlarge") {
        return count.is_empty() || count.bytes().all(|b| b.is_ascii_digit());
    }
    matches!(size, "nano" | "micro" | "small" | "medium" | "large" | "metal") || size.starts_with("metal-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_form_are_taken_and_others_refused() {
        for good in [
            "t3.nano",
            "m1.small",
            "m5.2xlarge",
            "u-6tb1.112xlarge",
            "c7i-flex.large",
            "i3.metal",
            "m7i.metal-24xl",
            "x2iedn.xlarge",
            "cr1.8xlarge",
        ] {
            assert!(check(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "t3",
            ".micro",
            "t3.",
            "z9.huge",
            "T3.micro",
            "t3.micro ",
            "m5.xxlarge",
            "t.micro",
            "t3.micro.x",
        ] {
            assert_eq!(check(bad).unwrap_err().code, "InvalidParameterValue", "{bad}");
        }
    }
}
