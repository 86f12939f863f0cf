//! Whether a query asks for what there is: all rules, before anything is fetched.
//!
//! `selections` are fields, arguments and directives against the schema; `fragments` how they hang together and how
//! large the query is with fragments put in their places; `variables` what is declared and used; `merge` that one
//! name in the answer is one thing.

mod fragments;
mod merge;
mod selections;
mod variables;

use std::collections::{HashMap, HashSet};

use crate::ast::{Document, Name, OperationKind};
use crate::error::{Error, Place};
use crate::schema::{Schema, TypeRef};

/// More than these help nobody.
const ERRORS_MAX: usize = 50;

struct Check<'a, 'q> {
    schema: &'a Schema,
    document: &'a Document<'q>,
    /// What each fragment uses, by its name.
    used: HashMap<&'q str, Used<'a, 'q>>,
    errors: Vec<Error>,
}

/// What the selections of an operation or fragment use.
#[derive(Clone, Default)]
struct Used<'a, 'q> {
    variables: Vec<Use<'a, 'q>>,
    fragments: Vec<&'q str>,
}

/// A variable where it is used.
#[derive(Clone, Copy)]
struct Use<'a, 'q> {
    name: &'q str,
    place: Place,
    /// What is wanted there; nothing in particular inside of free JSON.
    of: Option<&'a TypeRef>,
    has_default: bool,
}

/// All that is wrong with a query.
pub(crate) fn check<'q>(schema: &Schema, document: &Document<'q>) -> Result<(), Vec<Error>> {
    let mut check = Check { schema, document, used: HashMap::new(), errors: Vec::new() };
    check.operations();
    check.fragments();
    let mut reached = HashSet::new();
    for operation in &document.operations {
        check.variables(operation, &mut reached);
    }
    for fragment in document.fragments.iter().filter(|fragment| !reached.contains(fragment.name.text)) {
        check.wrong(format!("the fragment `{}` is not used", fragment.name.text), fragment.name.place);
    }
    // What follows takes for granted that every name stands for something, and that fragments end.
    if check.errors.is_empty() {
        check.sizes();
    }
    if check.errors.is_empty() {
        document.operations.iter().for_each(|operation| check.merges(operation));
    }
    check.errors.truncate(ERRORS_MAX);
    if check.errors.is_empty() { Ok(()) } else { Err(check.errors) }
}

impl<'a, 'q> Check<'a, 'q> {
    fn wrong(&mut self, message: impl Into<String>, place: Place) {
        if self.errors.len() <= ERRORS_MAX {
            self.errors.push(Error::invalid(message, place));
        }
    }

    /// No name twice.
    fn unique(&mut self, what: &str, names: impl IntoIterator<Item = Name<'q>>) {
        let mut seen = HashSet::new();
        for name in names {
            if !seen.insert(name.text) {
                self.wrong(format!("there are two {what} `{}`", name.text), name.place);
            }
        }
    }

    fn operations(&mut self) {
        let all = &self.document.operations;
        if let (Some(first), true) = (self.document.fragments.first(), all.is_empty()) {
            self.wrong("there is no operation", first.name.place);
        }
        self.unique("operations", all.iter().filter_map(|operation| operation.name));
        for operation in all {
            if operation.name.is_none() && all.len() > 1 {
                self.wrong("an operation without a name stands alone", operation.place);
            }
            match operation.kind {
                OperationKind::Query => {}
                OperationKind::Mutation => {
                    self.wrong("nothing is changed here: there are no mutations", operation.place);
                }
                OperationKind::Subscription => {
                    self.wrong("nothing is followed here: there are no subscriptions", operation.place);
                }
            }
        }
    }
}
