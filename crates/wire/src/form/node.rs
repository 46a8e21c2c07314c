//! Names and values as a tree, without building one: sorted by name, the parameters below `Filter.1.` are one
//! stretch of the list. So a request takes memory in proportion to its text, however its names nest.
//!
//! ```text
//! below of the root:   Filter.1.Name  Filter.1.Value.1  Filter.2.Name  VolumeId.1
//! child "Filter":     └──────────────── below ────────────────────────┘
//! child "1" of it:    └──────────── below ──────────┘
//! ```
//! Reading a value takes it out of its parameter; a parameter that still has its value in the end was not recognised.

use super::parse::{Form, malformed};
use base::Refusal;
use std::cell::Cell;
use std::collections::BTreeSet;

/// Deepest name, in parts; the deepest one that EC2 knows has eight. What reads the names nests no deeper than its
/// types, so this only turns nonsense away early.
pub const DEPTH_MAX: usize = 16;

/// Highest list index. EC2's largest list, resources of one CreateTags call, has 1,000 entries.
pub const INDEX_MAX: u32 = 10_000;

/// One parameter.
pub struct Parameter {
    name: String,
    /// Nothing once read.
    value: Cell<Option<String>>,
    /// Place in the request.
    order: usize,
}

/// All parameters of a request, sorted by name.
pub struct Parameters(Vec<Parameter>);

impl Parameters {
    /// Errors: `MalformedQueryString` if a name nests too deep, has an empty part, or comes twice.
    pub fn of(form: Form) -> Result<Self, Refusal> {
        let mut all = Vec::with_capacity(form.parameters().len());
        for (order, (name, value)) in form.into_parameters().into_iter().enumerate() {
            if name.split('.').any(str::is_empty) || name.split('.').count() > DEPTH_MAX {
                return Err(malformed(format!("the parameter name {name:?}")));
            }
            all.push(Parameter { name, value: Cell::new(Some(value)), order });
        }
        all.sort_by(|a, b| a.name.cmp(&b.name));
        match all.windows(2).find(|pair| pair[0].name == pair[1].name) {
            Some(pair) => Err(malformed(format!("the parameter {:?} comes twice", pair[0].name))),
            None => Ok(Parameters(all)),
        }
    }

    pub fn root(&self) -> Node<'_> {
        Node { own: None, below: &self.0, skip: 0 }
    }

    /// The name of the parameter that nobody read, the first in the request if there are several.
    pub fn unread(self) -> Option<String> {
        let unread = self
            .0
            .into_iter()
            .filter_map(|Parameter { name, value, order }| value.into_inner().map(|_| (order, name)));
        unread.min_by_key(|(order, _)| *order).map(|(_, name)| name)
    }
}

/// A place in the tree: a parameter of exactly this name, and those whose names go on from here.
#[derive(Clone, Copy)]
pub struct Node<'a> {
    own: Option<&'a Parameter>,
    below: &'a [Parameter],
    /// How many bytes of the names below lead here, the last dot included.
    skip: usize,
}

impl<'a> Node<'a> {
    /// What stands under `part`, if anything does.
    pub fn child(&self, part: &str) -> Option<Node<'a>> {
        let own = self.below.binary_search_by(|parameter| self.rest(parameter).cmp(part)).ok();
        let before = |parameter: &Parameter| self.rest(parameter).bytes().lt(part.bytes().chain([b'.']));
        let start = self.below.partition_point(before);
        let from = self.below.get(start..).unwrap_or_default();
        let inside = |parameter: &Parameter| {
            self.rest(parameter).strip_prefix(part).is_some_and(|rest| rest.starts_with('.'))
        };
        let below = from.get(..from.partition_point(inside)).unwrap_or_default();
        let own = own.and_then(|at| self.below.get(at));
        let there = own.is_some() || !below.is_empty();
        there.then_some(Node { own, below, skip: self.skip + part.len() + 1 })
    }

    /// Takes the value of the parameter of exactly this name.
    pub fn take(&self) -> Option<String> {
        self.own.and_then(|parameter| parameter.value.take())
    }

    /// Whether names go on from here.
    pub fn has_parts(&self) -> bool {
        !self.below.is_empty()
    }

    /// The entries of a list in the order of their indexes. A part that is no index is passed over, and so unread.
    pub fn entries(&self) -> Vec<(u32, Node<'a>)> {
        let parts = self.below.iter().filter_map(|parameter| self.rest(parameter).split('.').next());
        let indexes: BTreeSet<u32> = parts.filter_map(index).collect();
        indexes.into_iter().filter_map(|index| Some((index, self.child(&index.to_string())?))).collect()
    }

    /// The part of a name that goes on from here.
    fn rest<'b>(&self, parameter: &'b Parameter) -> &'b str {
        parameter.name.get(self.skip..).unwrap_or_default()
    }
}

/// A list index, 1 to [`INDEX_MAX`]. Leading zeros and signs pass here, but the entry is then looked up under the
/// index's plain form, so they stay unread: no entry has two names.
fn index(part: &str) -> Option<u32> {
    part.parse().ok().filter(|index| (1..=INDEX_MAX).contains(index))
}
