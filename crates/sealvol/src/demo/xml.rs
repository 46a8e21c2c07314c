//! Picks one element's text out of an XML answer, by its path from the root. Enough for what the demo asks of EC2; it reads no
//! DTDs, comments or CDATA, which EC2 does not send.

/// The text of the first element at this path below the root element (whose own name is not part of the path), unescaped.
/// `None` if there is no such element, if it holds elements, or if the document is not well-formed up to there.
pub fn text(xml: &str, path: &[&str]) -> Option<String> {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = xml;
    while let Some(start) = rest.find('<') {
        let end = start + rest[start..].find('>')?;
        let tag = &rest[start + 1..end];
        rest = &rest[end + 1..];
        if tag.starts_with(['?', '!']) {
            continue;
        }
        if let Some(name) = tag.strip_prefix('/') {
            if open.pop()? != name.trim_end() {
                return None;
            }
            continue;
        }
        let empty = tag.ends_with('/');
        let name = tag.trim_end_matches('/').split_ascii_whitespace().next()?;
        open.push(name);
        if open.get(1..)? == path {
            if empty {
                return Some(String::new());
            }
            let close = rest.find('<')?;
            let closing = rest[close..].strip_prefix("</")?.strip_prefix(name)?;
            return closing.trim_start().starts_with('>').then(|| unescape(&rest[..close])).flatten();
        }
        if empty {
            open.pop();
        }
    }
    None
}

/// Replaces XML's five named entities and numeric references.
fn unescape(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        let end = at + rest[at..].find(';')?;
        out.push(match &rest[at + 1..end] {
            "lt" => '<',
            "gt" => '>',
            "amp" => '&',
            "quot" => '"',
            "apos" => '\'',
            number => {
                let code = match number.strip_prefix("#x") {
                    Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                    None => number.strip_prefix('#')?.parse().ok()?,
                };
                char::from_u32(code)?
            }
        });
        rest = &rest[end + 1..];
    }
    out.push_str(rest);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::text;

    const VOLUMES: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
        <DescribeVolumesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>r-1</requestId><volumeSet>
        <item><attachmentSet><item><status>attached</status></item></attachmentSet><status>in-use</status><empty/>
        <kmsKeyId>a&amp;b &lt;&#x41;&#66;&gt;</kmsKeyId></item></volumeSet></DescribeVolumesResponse>"#;

    #[test]
    fn an_element_is_found_by_its_whole_path_only() {
        assert_eq!(text(VOLUMES, &["requestId"]).as_deref(), Some("r-1"));
        assert_eq!(text(VOLUMES, &["volumeSet", "item", "status"]).as_deref(), Some("in-use"));
        let attached = text(VOLUMES, &["volumeSet", "item", "attachmentSet", "item", "status"]);
        assert_eq!(attached.as_deref(), Some("attached"));
        assert_eq!(text(VOLUMES, &["volumeSet", "item", "empty"]).as_deref(), Some(""));
        assert_eq!(text(VOLUMES, &["status"]), None);
        assert_eq!(text(VOLUMES, &["volumeSet", "item"]), None, "it holds elements, not text");
    }

    #[test]
    fn entities_are_unescaped() {
        assert_eq!(text(VOLUMES, &["volumeSet", "item", "kmsKeyId"]).as_deref(), Some("a&b <AB>"));
        assert_eq!(text("<r><a>&unknown;</a></r>", &["a"]), None);
        assert_eq!(text("<r><a>&lt</a></r>", &["a"]), None);
        assert_eq!(text("<r><a>&#xD800;</a></r>", &["a"]), None);
    }

    #[test]
    fn broken_documents_give_nothing_and_never_panic() {
        for broken in [
            "",
            "<",
            "<>",
            "< >",
            "</a>",
            "<a><b",
            "<a><b>x",
            "<a><b></c><b>x</b></a>",
            "<a><c></d><b>x</b></a>",
            "<a></a></a>",
            "<ü>ü",
        ] {
            assert_eq!(text(broken, &["b"]), None, "{broken}");
        }
        for cut in (0..VOLUMES.len()).filter(|c| VOLUMES.is_char_boundary(*c)) {
            text(&VOLUMES[..cut], &["volumeSet", "item", "status"]);
        }
    }
}
