//! The aws CLI's files, `credentials` and `config`.
//!
//! ```text
//! [profile dev]                  `[dev]` in the credentials file
//! region = eu-central-1
//! services = local               name of a section of services
//! [services local]
//! sealvol =                      a setting without a value opens a nested part
//!   endpoint_url = http://127.0.0.1:4566
//! ```
//! Source: AWS CLI User Guide, "Configuration and credential file settings in the AWS CLI".

/// A file's sections in order.
#[derive(Default)]
pub struct Ini {
    sections: Vec<Section>,
}

struct Section {
    name: String,
    /// Name and value; of nested settings the name is `outer.inner`.
    settings: Vec<(String, String)>,
}

impl Ini {
    /// Reads a file. Lines that are no setting are passed over, as botocore does for all but the worst.
    pub fn parse(text: &str) -> Ini {
        let mut ini = Ini::default();
        let mut outer: Option<String> = None;
        for line in text.lines() {
            let nested = line.starts_with([' ', '\t']);
            let line = line.trim();
            if line.is_empty() || line.starts_with(['#', ';']) {
                continue;
            }
            if let Some(name) =
                line.strip_prefix('[').and_then(|rest| rest.split_once(']')).filter(|_| !nested)
            {
                let name = name.0.split_whitespace().collect::<Vec<_>>().join(" ");
                ini.sections.push(Section { name: name.replace(['"', '\''], ""), settings: Vec::new() });
                outer = None;
                continue;
            }
            let (Some((name, value)), Some(section)) = (line.split_once('='), ini.sections.last_mut()) else {
                continue;
            };
            let (name, value) = (name.trim().to_ascii_lowercase(), value.trim().to_owned());
            match &outer {
                Some(outer) if nested => section.settings.push((format!("{outer}.{name}"), value)),
                _ => {
                    outer = value.is_empty().then(|| name.clone());
                    section.settings.push((name, value));
                }
            }
        }
        ini
    }

    /// Whether there is such a section.
    pub fn has(&self, section: &str) -> bool {
        self.sections.iter().any(|found| found.name == section)
    }

    /// A setting's value, if it is there and not empty; the last one counts.
    pub fn get(&self, section: &str, name: &str) -> Option<&str> {
        let sections = self.sections.iter().filter(|found| found.name == section);
        let mut settings = sections.flat_map(|found| &found.settings).filter(|(found, _)| found == name);
        settings.next_back().map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_settings_and_nested_settings_are_read() {
        let ini = Ini::parse(
            "# comment\nstray = 1\n[default]\nAWS_Access_Key_Id=AKID\naws_secret_access_key = a=b/+ \n\n; more\n\
             [profile  \"dev\"]\nregion = eu-central-1\nservices = local\n\
             [services local]\nec2 =\n  endpoint_url = http://a\nsealvol =\n\tendpoint_url = http://b\nplain = x\n\
             [default]\nregion = us-west-2\n",
        );
        assert_eq!(ini.get("default", "aws_access_key_id"), Some("AKID"));
        assert_eq!(ini.get("default", "aws_secret_access_key"), Some("a=b/+"));
        assert_eq!(ini.get("default", "region"), Some("us-west-2"));
        assert_eq!(ini.get("profile dev", "region"), Some("eu-central-1"));
        assert_eq!(ini.get("services local", "ec2.endpoint_url"), Some("http://a"));
        assert_eq!(ini.get("services local", "sealvol.endpoint_url"), Some("http://b"));
        assert_eq!(ini.get("services local", "plain"), Some("x"));
        assert_eq!(ini.get("services local", "sealvol"), None);
        assert!(!ini.has("dev") && ini.get("dev", "region").is_none());
    }

    #[test]
    fn any_text_is_read_without_complaint() {
        for text in
            ["", "[", "[]", "[x", "=", "[x]\n=\n = \n", "[x]\nname\n  y = z\n", "\u{feff}[x]\na=b", "a\0b"]
        {
            let ini = Ini::parse(text);
            assert_eq!(ini.get("x", "name"), None, "{text:?}");
        }
    }
}
