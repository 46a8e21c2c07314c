//! Names and values to a tree: `Filter.1.Name` is the child `Name` of the child `1` of the child `Filter`.

use super::parse::{Form, malformed};
use base::Refusal;
use std::collections::BTreeMap;

/// Deepest name, in parts. The deepest that EC2 knows here has 8 (`NetworkInterface.1.PrivateIpAddresses.…`).
pub const DEPTH_MAX: usize = 16;

/// Highest list index. EC2's largest list, resources of one CreateTags call, has 1,000 entries.
pub const INDEX_MAX: u32 = 10_000;

/// A parameter, a structure or a list; which one, the type that reads it decides.
#[derive(Debug, Default)]
pub struct Node {
    pub(super) value: Option<String>,
    pub(super) children: BTreeMap<String, Node>,
}

impl Node {
    /// Errors: `MalformedQueryString` if a name nests too deep, has an empty part, or comes twice.
    pub fn of(form: Form) -> Result<Self, Refusal> {
        let mut root = Node::default();
        for (name, value) in form.into_parameters() {
            let mut node = &mut root;
            for (depth, part) in name.split('.').enumerate() {
                if part.is_empty() || depth == DEPTH_MAX {
                    return Err(malformed(format!("the parameter name {name:?}")));
                }
                // Looked up first so that a part seen before costs no allocation.
                if !node.children.contains_key(part) {
                    node.children.insert(part.to_owned(), Node::default());
                }
                node = node.children.get_mut(part).ok_or_else(Refusal::internal)?;
            }
            if node.value.replace(value).is_some() {
                return Err(malformed(format!("the parameter {name:?} comes twice")));
            }
        }
        Ok(root)
    }

    /// Takes the child of this name out of the tree: what stays behind in the end was not recognised.
    pub(super) fn take(&mut self, name: &str) -> Option<Node> {
        self.children.remove(name)
    }

    /// The dotted name of the first parameter in this tree, below `prefix`.
    pub(super) fn first_name(&self, prefix: &str) -> Option<String> {
        if self.value.is_some() {
            return Some(prefix.to_owned());
        }
        let (name, child) = self.children.first_key_value()?;
        child.first_name(&if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") })
    }

    /// The entries of a list in order of their indexes; a part that is no index comes back as the error.
    pub(super) fn into_entries(self) -> Result<Vec<(u32, Node)>, (String, Node)> {
        let mut entries = Vec::with_capacity(self.children.len());
        for (part, node) in self.children {
            match index(&part) {
                Some(index) => entries.push((index, node)),
                None => return Err((part, node)),
            }
        }
        entries.sort_by_key(|(index, _)| *index);
        Ok(entries)
    }
}

/// A list index: 1 to [`INDEX_MAX`], plain decimal. Leading zeros and signs are no index, or one entry would have
/// two names.
fn index(part: &str) -> Option<u32> {
    let digits = !part.starts_with('0') && part.bytes().all(|byte| byte.is_ascii_digit());
    part.parse().ok().filter(|index| digits && (1..=INDEX_MAX).contains(index))
}
