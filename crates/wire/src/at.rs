//! Where in a request a value stands. A list of frames on the stack, so that a path costs nothing until a refusal
//! has to name it.

use std::fmt;

/// One step of the path from the request to a value.
#[derive(Clone, Copy)]
enum Step {
    Root,
    Member(&'static str),
    /// 1-based, as AWS counts.
    Index(u32),
}

/// A place in a request.
#[derive(Clone, Copy)]
pub struct At<'a> {
    parent: Option<&'a At<'a>>,
    step: Step,
}

impl At<'static> {
    /// The request itself.
    pub const ROOT: At<'static> = At { parent: None, step: Step::Root };
}

impl<'a> At<'a> {
    pub fn member(&'a self, name: &'static str) -> At<'a> {
        At { parent: Some(self), step: Step::Member(name) }
    }

    pub fn index(&'a self, index: u32) -> At<'a> {
        At { parent: Some(self), step: Step::Index(index) }
    }

    /// As form parameters are named: `TagSpecification.1.Tag.2.Key`.
    pub fn form(&self) -> String {
        self.joined(|step| match step {
            Step::Root => String::new(),
            Step::Member(name) => name.to_owned(),
            Step::Index(index) => index.to_string(),
        })
    }

    /// As AWS's JSON validation names members: `tags.1.member.tagKey`.
    pub fn json(&self) -> String {
        self.joined(|step| match step {
            Step::Root => String::new(),
            Step::Member(name) => lower_first(name),
            Step::Index(index) => format!("{index}.member"),
        })
    }

    fn joined(&self, show: impl Fn(Step) -> String) -> String {
        let mut steps = Vec::new();
        let mut here = Some(self);
        while let Some(at) = here {
            steps.push(show(at.step));
            here = at.parent;
        }
        steps.reverse();
        steps.retain(|step| !step.is_empty());
        steps.join(".")
    }
}

impl fmt::Debug for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.form())
    }
}

/// AWS lowers the first letter and nothing else: `KeyId` is `keyId`, `AWSAccountId` is `aWSAccountId`.
fn lower_first(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_named_as_each_protocol_names_it() {
        let tags = At::ROOT.member("Tags");
        let first = tags.index(1);
        let key = first.member("TagKey");
        assert_eq!(key.form(), "Tags.1.TagKey");
        assert_eq!(key.json(), "tags.1.member.tagKey");
        assert_eq!(At::ROOT.form(), "");
    }
}
